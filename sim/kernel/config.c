/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The virtual config space: what a user of the device reads and what of its writes takes effect. Registers that the
 * kernel leaves to the hardware behave as a plain function's would. drivers/vfio/pci/vfio_pci_config.c.
 */
#include "sim/kernel/config.h"

#include <linux/pci_regs.h>
#include <string.h>

enum {
  PM_AT = 0x40,
  MSI_AT = 0x50,
  MSIX_AT = 0x70,
  EXPRESS_AT = 0x80,
  CONFIG_SIZE = 256,
  CONFIG_SIZE_EXPRESS = 4096,
};

/* Where the host put the BARs: bus addresses as a POWER9 host bridge has them. */
#define BAR_BASE_32 G_GUINT64_CONSTANT(0xc0000000)
#define BAR_BASE_64 G_GUINT64_CONSTANT(0x6000000000000)
#define BAR_BASE_IO G_GUINT64_CONSTANT(0x1000)

static guint16 get16(const SimConfig *config, guint at) {
  return (guint16)(config->value[at] | config->value[at + 1] << 8);
}

static void put(SimConfig *config, guint at, guint size, guint32 value, guint32 writable) {
  for (guint i = 0; i < size; i++) {
    config->value[at + i] = (guint8)(value >> (8 * i));
    config->writable[at + i] = (guint8)(writable >> (8 * i));
  }
}

guint sim_config_size(const SimHostDevice *host) {
  return host->express ? CONFIG_SIZE_EXPRESS : CONFIG_SIZE;
}

/* ---- building it ---- */

static guint64 place(guint64 *cursor, guint64 size) {
  guint64 start = (*cursor + size - 1) & ~(size - 1);

  *cursor = start + size;
  return start;
}

/* The address bits of a BAR can be written, so that its size can be read back; the hardware's BAR never moves (PD-117).
 */
static guint16 build_bars(SimConfig *config, const SimHostDevice *host) {
  guint64 next32 = BAR_BASE_32, next64 = BAR_BASE_64, next_io = BAR_BASE_IO;
  guint16 command = 0;

  for (guint i = 0; i < 6; i++) {
    const SimBar *bar = &host->bars[i];
    guint at = PCI_BASE_ADDRESS_0 + 4 * i;
    guint64 size = bar->size, mask = ~(size - 1), start;
    guint32 flags = bar->io ? PCI_BASE_ADDRESS_SPACE_IO : 0;

    if (!size)
      continue;
    command |= bar->io ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY;
    start = place(bar->io ? &next_io : bar->is64 ? &next64 : &next32, size);
    if (!bar->io)
      flags |= (bar->prefetch ? PCI_BASE_ADDRESS_MEM_PREFETCH : 0) | (bar->is64 ? PCI_BASE_ADDRESS_MEM_TYPE_64 : 0);
    put(config, at, 4, (guint32)start | flags, (guint32)mask & (bar->io ? ~3u : ~15u));
    if (bar->is64 && i < 5)
      put(config, at + 4, 4, (guint32)(start >> 32), (guint32)(mask >> 32));
  }
  if (host->rom_size) {
    command |= PCI_COMMAND_MEMORY;
    put(config, PCI_ROM_ADDRESS, 4, (guint32)place(&next32, host->rom_size),
        ((guint32) ~(host->rom_size - 1) & ~0x7ffu) | PCI_ROM_ADDRESS_ENABLE);
  }
  return command;
}

static guint log2_of(guint n) {
  return n > 1 ? g_bit_storage(n - 1) : 0;
}

/* Links a capability into the chain; *link is where its offset belongs. */
static guint chain(SimConfig *config, guint *link, guint at, guint8 id) {
  put(config, *link, 1, at, 0);
  put(config, at, 1, id, 0);
  *link = at + PCI_CAP_LIST_NEXT;
  return at;
}

static void build_capabilities(SimConfig *config, const SimHostDevice *host) {
  guint link = PCI_CAPABILITY_LIST, at;

  put(config, PCI_STATUS, 2, PCI_STATUS_CAP_LIST, 0);
  at = config->pm = chain(config, &link, PM_AT, PCI_CAP_ID_PM);
  put(config, at + PCI_PM_PMC, 2, 3, 0); /* version 1.2, D0 and D3hot */
  put(config, at + PCI_PM_CTRL, 2, PCI_PM_CTRL_NO_SOFT_RESET, PCI_PM_CTRL_STATE_MASK);
  if (host->msi) {
    at = config->msi = chain(config, &link, MSI_AT, PCI_CAP_ID_MSI);
    put(config, at + PCI_MSI_FLAGS, 2, PCI_MSI_FLAGS_64BIT | log2_of(host->msi) << 1,
        PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE);
    put(config, at + PCI_MSI_ADDRESS_LO, 4, 0, ~3u);
    put(config, at + PCI_MSI_ADDRESS_HI, 4, 0, ~0u);
    put(config, at + PCI_MSI_DATA_64, 2, 0, 0xffff);
  }
  if (host->msix) {
    at = config->msix = chain(config, &link, MSIX_AT, PCI_CAP_ID_MSIX);
    put(config, at + PCI_MSIX_FLAGS, 2, host->msix - 1, 0);
    put(config, at + PCI_MSIX_TABLE, 4, host->msix_offset | host->msix_bar, 0);
    put(config, at + PCI_MSIX_PBA, 4, (host->msix_offset + host->msix * PCI_MSIX_ENTRY_SIZE) | host->msix_bar, 0);
  }
  if (host->express) {
    at = config->express = chain(config, &link, EXPRESS_AT, PCI_CAP_ID_EXP);
    put(config, at + PCI_EXP_FLAGS, 2, 2, 0); /* version 2, an endpoint */
    put(config, at + PCI_EXP_DEVCAP, 4, host->reset ? PCI_EXP_DEVCAP_FLR : 0, 0);
    put(config, at + PCI_EXP_DEVCTL, 2, PCI_EXP_DEVCTL_READRQ_512B,
        0xffff & ~(PCI_EXP_DEVCTL_PHANTOM | PCI_EXP_DEVCTL_BCR_FLR));
    put(config, at + PCI_EXP_LNKCAP, 4, PCI_EXP_LNKCAP_SLS_8_0GB | 8 << 4, 0);
    put(config, at + PCI_EXP_LNKSTA, 2, PCI_EXP_LNKSTA_CLS_8_0GB | 8 << 4, 0);
    put(config, PCI_CFG_SPACE_SIZE, 4, PCI_EXT_CAP_ID_ERR | 2 << 16, 0);
    put(config, PCI_CFG_SPACE_SIZE + PCI_ERR_UNCOR_MASK, 4, 0, ~0u);
    put(config, PCI_CFG_SPACE_SIZE + PCI_ERR_UNCOR_SEVER, 4, 0x00462030, ~0u);
    put(config, PCI_CFG_SPACE_SIZE + PCI_ERR_COR_MASK, 4, 0x2000, ~0u);
  }
}

void sim_config_build(SimConfig *config, const SimHostDevice *host, gboolean multifunction) {
  guint16 command;

  config->flr = host->express && host->reset;
  config->size = sim_config_size(host);
  config->value = g_malloc0(2 * config->size);
  config->writable = config->value + config->size;
  put(config, PCI_VENDOR_ID, 2, host->vendor, 0);
  put(config, PCI_DEVICE_ID, 2, host->device, 0);
  put(config, PCI_CLASS_REVISION, 4, host->class_code << 8 | host->revision, 0);
  put(config, PCI_CACHE_LINE_SIZE, 1, 0, 0xff);
  put(config, PCI_LATENCY_TIMER, 1, 0, 0xff);
  put(config, PCI_HEADER_TYPE, 1, multifunction ? 0x80 : 0, 0);
  put(config, PCI_SUBSYSTEM_VENDOR_ID, 2, host->subsystem_vendor, 0);
  put(config, PCI_SUBSYSTEM_ID, 2, host->subsystem_device, 0);
  put(config, PCI_INTERRUPT_LINE, 1, 0, 0xff);
  put(config, PCI_INTERRUPT_PIN, 1, host->intx_pin, 0);
  command = build_bars(config, host);
  put(config, PCI_COMMAND, 2, command,
      PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_PARITY | PCI_COMMAND_SERR |
          PCI_COMMAND_INTX_DISABLE);
  build_capabilities(config, host);
}

void sim_config_clear(SimConfig *config) {
  g_free(config->value);
  *config = (SimConfig){0};
}

gboolean sim_config_decodes_memory(const SimConfig *config) {
  return get16(config, PCI_COMMAND) & PCI_COMMAND_MEMORY &&
         (get16(config, config->pm + PCI_PM_CTRL) & PCI_PM_CTRL_STATE_MASK) != 3;
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
  config->msi_vectors = vectors;
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

/* Only D0 and D3hot exist; anything else leaves the state as it was. */
static void after_pm(SimConfig *config, guint8 old) {
  guint8 *control = &config->value[config->pm + PCI_PM_CTRL];
  guint8 state = *control & PCI_PM_CTRL_STATE_MASK;

  if (state == 1 || state == 2)
    *control = (guint8)((*control & ~PCI_PM_CTRL_STATE_MASK) | (old & PCI_PM_CTRL_STATE_MASK));
}

/* vfio_msi_config_write(): MSI is enabled by SET_IRQS, never from here, and no more vectors are to be had than it
 * enabled. */
static void after_msi(SimConfig *config) {
  guint at = config->msi + PCI_MSI_FLAGS;
  guint flags = get16(config, at), most = log2_of(config->msi_vectors);

  if (!config->msi_vectors)
    flags &= ~(guint)PCI_MSI_FLAGS_ENABLE;
  if ((flags & PCI_MSI_FLAGS_QSIZE) > most << 4)
    flags = (flags & ~(guint)PCI_MSI_FLAGS_QSIZE) | most << 4;
  config->value[at] = (guint8)flags;
  config->value[at + 1] = (guint8)(flags >> 8);
}

ssize_t sim_config_write(SimCall *call, SimConfig *config, const void *buf, gsize len, guint64 offset, guint *asks) {
  const guint8 *from = buf;
  guint8 old_pm;

  if (offset > config->size || len > config->size - offset)
    return sim_refuse(call, EFAULT, RULE_PD_115);
  old_pm = config->value[config->pm + PCI_PM_CTRL];
  for (gsize i = 0; i < len; i++) {
    guint8 mask = config->writable[offset + i], *value = &config->value[offset + i];

    *value = (guint8)((*value & ~mask) | (from[i] & mask));
  }
  sim_met(call, RULE_PD_116);
  if (touches(offset, len, PCI_BASE_ADDRESS_0, 24) || touches(offset, len, PCI_ROM_ADDRESS, 4))
    sim_met(call, RULE_PD_117);
  *asks = touches(offset, len, PCI_COMMAND, 2) ? SIM_CONFIG_COMMAND : 0;
  if (touches(offset, len, config->pm + PCI_PM_CTRL, 1))
    after_pm(config, old_pm);
  if (config->msi && touches(offset, len, config->msi + PCI_MSI_FLAGS, 2))
    after_msi(config);
  /* the bit that starts a function reset reads as 0; a function that can do one does it */
  if (config->flr && touches(offset, len, config->express + PCI_EXP_DEVCTL + 1, 1) &&
      from[config->express + PCI_EXP_DEVCTL + 1 - offset] & PCI_EXP_DEVCTL_BCR_FLR >> 8)
    *asks |= SIM_CONFIG_FLR;
  return (ssize_t)len;
}
