/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The virtual config space: what a user of the device reads and what of its writes takes effect. Registers that the
 * kernel leaves to the hardware behave as a plain function's would. drivers/vfio/pci/vfio_pci_config.c.
 */
#include "sim/kernel/config.h"

#include <linux/pci_regs.h>
#include <string.h>

#include "sim/kernel/config-caps.h"
#include "sim/kernel/config-image.h"

enum { OPREGION_AT = 0xfc, OPREGION = 0x7a000000 }; /* where Intel graphics says where its OpRegion is */

static guint16 get16(const SimConfig *config, guint at) {
  return (guint16)(config->value[at] | config->value[at + 1] << 8);
}

static void put(guint8 *bytes, guint at, guint size, guint32 value) {
  for (guint i = 0; i < size; i++)
    bytes[at + i] = (guint8)(value >> (8 * i));
}

static guint32 get32(const SimConfig *config, guint at) {
  return get16(config, at) | (guint32)get16(config, at + 2) << 16;
}

guint sim_config_size(const SimHostDevice *host) {
  return host->express ? SIM_CONFIG_SIZE_EXPRESS : SIM_CONFIG_SIZE;
}

/* ---- the header ---- */

/* The address bits of a BAR can be written, so that its size can be read back; the hardware's BAR never moves (PD-117).
 * vfio_bar_fixup() */
static void virtualize_bar(SimConfig *config, guint at, const SimBar *bar) {
  guint32 flags =
      bar->io ? PCI_BASE_ADDRESS_SPACE_IO
              : (bar->prefetch ? PCI_BASE_ADDRESS_MEM_PREFETCH : 0) | (bar->is64 ? PCI_BASE_ADDRESS_MEM_TYPE_64 : 0);
  guint32 low = bar->size ? (guint32) ~(bar->size - 1) & (bar->io ? ~3u : ~15u) : 0;

  put(config->value, at, 4, (get32(config, at) & low) | (bar->size ? flags : 0));
  put(config->writable, at, 4, low);
}

static void virtualize_bars(SimConfig *config, const SimHostDevice *host) {
  guint32 rom = host->rom_size ? (guint32) ~(host->rom_size - 1) & PCI_ROM_ADDRESS_MASK : 0;

  for (guint i = 0; i < G_N_ELEMENTS(host->bars); i++) {
    guint at = PCI_BASE_ADDRESS_0 + 4 * i;
    const SimBar *bar = &host->bars[i];

    virtualize_bar(config, at, bar);
    config->bars[i] = get32(config, at) & (bar->io ? ~3u : ~15u);
    if (bar->is64) {
      guint32 high = (guint32)(~(bar->size - 1) >> 32);

      i++;
      put(config->value, at + 4, 4, get32(config, at + 4) & high);
      put(config->writable, at + 4, 4, high);
      config->bars[i - 1] |= (guint64)get32(config, at + 4) << 32;
    }
  }
  put(config->value, PCI_ROM_ADDRESS, 4, get32(config, PCI_ROM_ADDRESS) & rom);
  put(config->writable, PCI_ROM_ADDRESS, 4, rom ? rom | PCI_ROM_ADDRESS_ENABLE : 0);
}

/* Decoding is on as the BARs need it, bus mastering is off (PD-8). */
static guint16 command_of(const SimHostDevice *host) {
  guint16 command = host->rom_size ? PCI_COMMAND_MEMORY : 0;

  for (guint i = 0; i < G_N_ELEMENTS(host->bars); i++)
    if (host->bars[i].size)
      command |= host->bars[i].io ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY;
  return command;
}

static void virtualize_header(SimConfig *config, const SimHostDevice *host) {
  put(config->value, PCI_COMMAND, 2, command_of(host));
  put(config->writable, PCI_COMMAND, 2,
      PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_PARITY | PCI_COMMAND_SERR |
          PCI_COMMAND_INTX_DISABLE);
  put(config->writable, PCI_CACHE_LINE_SIZE, 1, 0xff);
  put(config->writable, PCI_LATENCY_TIMER, 1, host->express ? 0 : 0xff);
  put(config->writable, PCI_INTERRUPT_LINE, 1, 0xff);
  virtualize_bars(config, host);
}

/* ---- capabilities ---- */

static void note_capability(SimConfig *config, guint at) {
  switch (config->value[at]) {
  case PCI_CAP_ID_PM:
    config->pm = at;
    /* no wake-up by PME: its bits are virtual and 0 */
    put(config->value, at + PCI_PM_PMC, 2, get16(config, at + PCI_PM_PMC) & ~(guint)PCI_PM_CAP_PME_MASK);
    put(config->value, at + PCI_PM_CTRL, 2,
        get16(config, at + PCI_PM_CTRL) &
            ~(guint)(PCI_PM_CTRL_STATE_MASK | PCI_PM_CTRL_PME_ENABLE | PCI_PM_CTRL_PME_STATUS));
    break;
  case PCI_CAP_ID_MSI:
    config->msi = at;
    put(config->value, at + PCI_MSI_FLAGS, 2, get16(config, at + PCI_MSI_FLAGS) & ~(guint)PCI_MSI_FLAGS_ENABLE);
    break;
  case PCI_CAP_ID_MSIX:
    config->msix = at;
    put(config->value, at + PCI_MSIX_FLAGS, 2, get16(config, at + PCI_MSIX_FLAGS) & PCI_MSIX_FLAGS_QSIZE);
    break;
  case PCI_CAP_ID_EXP:
    config->express = at;
    break;
  case PCI_CAP_ID_AF:
    config->af = at;
    break;
  default:
    break;
  }
}

/* vfio_cap_init(): what is hidden is left out of the chain; its bytes stay. */
static void virtualize_capabilities(SimConfig *config) {
  guint link = PCI_CAPABILITY_LIST, at = config->value[link] & ~3u, shown = 0;

  if (!(get16(config, PCI_STATUS) & PCI_STATUS_CAP_LIST))
    return;
  for (guint left = (SIM_CONFIG_SIZE - PCI_STD_HEADER_SIZEOF) / 4; left && at >= PCI_STD_HEADER_SIZEOF; left--) {
    guint next = config->value[at + PCI_CAP_LIST_NEXT] & ~3u;

    if (sim_cap_is_shown(config->value, at)) {
      sim_cap_masks(config->value, at, config->writable);
      note_capability(config, at);
      link = at + PCI_CAP_LIST_NEXT;
      shown++;
    } else {
      config->value[link] = (guint8)next;
    }
    at = next;
  }
  if (!shown)
    put(config->value, PCI_STATUS, 2, get16(config, PCI_STATUS) & ~(guint)PCI_STATUS_CAP_LIST);
}

/* vfio_ecap_init(): the first one cannot be left out, as the chain begins there: it loses its id instead. */
static void virtualize_extended(SimConfig *config, gboolean dvsec) {
  guint before = 0, at = PCI_CFG_SPACE_SIZE, shown = 0;

  if (config->size <= PCI_CFG_SPACE_SIZE || !config->express)
    return;
  for (guint left = (config->size - PCI_CFG_SPACE_SIZE) / 4; left && at >= PCI_CFG_SPACE_SIZE; left--) {
    guint32 header = get32(config, at);
    guint next = PCI_EXT_CAP_NEXT(header);

    if (sim_ext_cap_is_shown(config->value, at, dvsec)) {
      sim_ext_cap_masks(config->value, at, config->writable, config->clears);
      before = at;
      shown++;
    } else if (before) {
      put(config->value, before, 4, (get32(config, before) & 0xfffff) | next << 20);
    } else {
      put(config->value, at, 4, header & 0xffc00000);
      before = at;
    }
    at = next;
  }
  if (!shown)
    put(config->value, PCI_CFG_SPACE_SIZE, 4, 0);
}

static gboolean can_reset_itself(const SimConfig *config) {
  if (config->express && get32(config, config->express + PCI_EXP_DEVCAP) & PCI_EXP_DEVCAP_FLR)
    return TRUE;
  return config->af && (config->value[config->af + PCI_AF_CAP] & (PCI_AF_CAP_FLR | PCI_AF_CAP_TP)) ==
                           (PCI_AF_CAP_FLR | PCI_AF_CAP_TP);
}

void sim_config_build(SimConfig *config, const SimHostDevice *host, gboolean multifunction, gboolean dvsec) {
  config->size = sim_config_size(host);
  config->value = g_malloc0(3 * config->size);
  config->writable = config->value + config->size;
  config->clears = config->writable + config->size;
  sim_config_image(config->value, host, multifunction);
  virtualize_header(config, host);
  virtualize_capabilities(config);
  virtualize_extended(config, dvsec);
  config->flr = can_reset_itself(config);
  config->always_decodes = host->virtual;
  if (host->opregion) {
    put(config->value, OPREGION_AT, 4, OPREGION);
    put(config->writable, OPREGION_AT, 4, ~0u);
  }
}

void sim_config_clear(SimConfig *config) {
  g_free(config->value);
  *config = (SimConfig){0};
}

static guint power_state(const SimConfig *config) {
  return config->pm ? get16(config, config->pm + PCI_PM_CTRL) & PCI_PM_CTRL_STATE_MASK : 0;
}

gboolean sim_config_decodes_memory(const SimConfig *config) {
  return (config->always_decodes || get16(config, PCI_COMMAND) & PCI_COMMAND_MEMORY) && power_state(config) != 3;
}

gboolean sim_config_holds(const SimConfig *config, const SimHostDevice *host, guint64 addr) {
  for (guint i = 0; i < G_N_ELEMENTS(host->bars); i++)
    if (!host->bars[i].io && addr >= config->bars[i] && addr - config->bars[i] < host->bars[i].size)
      return TRUE;
  return FALSE;
}

gboolean sim_config_masters_bus(const SimConfig *config) {
  return (get16(config, PCI_COMMAND) & PCI_COMMAND_MASTER) != 0;
}

gboolean sim_config_intx_disabled(const SimConfig *config) {
  return (get16(config, PCI_COMMAND) & PCI_COMMAND_INTX_DISABLE) != 0;
}

void sim_config_set_msix(SimConfig *config, gboolean enabled) {
  guint8 *flags = &config->value[config->msix + PCI_MSIX_FLAGS + 1];

  *flags = (guint8)(enabled ? *flags | PCI_MSIX_FLAGS_ENABLE >> 8 : *flags & ~(PCI_MSIX_FLAGS_ENABLE >> 8));
}

void sim_config_set_msi(SimConfig *config, guint vectors) {
  config->msi_on = vectors > 0;
  if (vectors)
    config->msi_most = g_bit_storage(2 * vectors - 1) - 1;
}

/* ---- reading and writing it ---- */

ssize_t sim_config_read(SimCall *call, const SimConfig *config, void *buf, gsize len, guint64 offset) {
  if (offset > config->size || len > config->size - offset)
    return sim_refuse(call, EFAULT, RULE_PD_115);
  memcpy(buf, config->value + offset, len);
  sim_met(call, RULE_PD_116);
  return (ssize_t)len;
}

static gboolean touches(guint64 offset, gsize len, guint at, guint size) {
  return offset < at + size && at < offset + len;
}

/* A state that the function does not have leaves the one it was in. On the way back from D3hot it forgets what it was,
 * unless it says otherwise. */
static void after_pm(SimConfig *config, guint old, guint *asks) {
  guint8 *control = &config->value[config->pm + PCI_PM_CTRL];
  guint16 can = get16(config, config->pm + PCI_PM_PMC);
  guint state = power_state(config);

  if ((state == 1 && !(can & PCI_PM_CAP_D1)) || (state == 2 && !(can & PCI_PM_CAP_D2)))
    *control = (guint8)((*control & ~PCI_PM_CTRL_STATE_MASK) | old);
  if (old == 3 && power_state(config) == 0 && !(*control & PCI_PM_CTRL_NO_SOFT_RESET))
    *asks |= SIM_CONFIG_RESET;
}

/* vfio_msi_config_write(): MSI is enabled by SET_IRQS, never from here, and no more vectors are to be had than it
 * enabled. */
static void after_msi(SimConfig *config) {
  guint at = config->msi + PCI_MSI_FLAGS;
  guint flags = get16(config, at), most = config->msi_most;

  if (!config->msi_on)
    flags &= ~(guint)PCI_MSI_FLAGS_ENABLE;
  if ((flags & PCI_MSI_FLAGS_QSIZE) > most << 4)
    flags = (flags & ~(guint)PCI_MSI_FLAGS_QSIZE) | most << 4;
  put(config->value, at, 2, flags);
}

/* The bits that start a function reset read as 0. */
static gboolean asks_for_reset(const SimConfig *config, const guint8 *from, gsize len, guint64 offset) {
  guint express = config->express + PCI_EXP_DEVCTL + 1, af = config->af + PCI_AF_CTRL;

  if (!config->flr)
    return FALSE;
  if (config->express && touches(offset, len, express, 1) && from[express - offset] & PCI_EXP_DEVCTL_BCR_FLR >> 8)
    return TRUE;
  return config->af && touches(offset, len, af, 1) && from[af - offset] & PCI_AF_CTRL_FLR;
}

ssize_t sim_config_write(SimCall *call, SimConfig *config, const void *buf, gsize len, guint64 offset, guint *asks) {
  const guint8 *from = buf;
  guint power;

  if (offset > config->size || len > config->size - offset)
    return sim_refuse(call, EFAULT, RULE_PD_115);
  power = power_state(config);
  for (gsize i = 0; i < len; i++) {
    guint8 mask = config->writable[offset + i], *value = &config->value[offset + i];

    *value = (guint8)((*value & ~mask) | (from[i] & mask));
    *value &= (guint8) ~(from[i] & config->clears[offset + i]);
  }
  sim_met(call, RULE_PD_116);
  if (touches(offset, len, PCI_BASE_ADDRESS_0, 24) || touches(offset, len, PCI_ROM_ADDRESS, 4))
    sim_met(call, RULE_PD_117);
  *asks = touches(offset, len, PCI_COMMAND, 2) ? SIM_CONFIG_COMMAND : 0;
  if (config->pm && touches(offset, len, config->pm + PCI_PM_CTRL, 1))
    after_pm(config, power, asks);
  if (config->msi && touches(offset, len, config->msi + PCI_MSI_FLAGS, 1))
    after_msi(config);
  if (asks_for_reset(config, from, len, offset))
    *asks |= SIM_CONFIG_RESET;
  return (ssize_t)len;
}
