/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/kernel/config-image.h"

#include <linux/pci_regs.h>
#include <string.h>

enum {
  PM_AT = 0x40,
  MSI_AT = 0x50,
  MSIX_AT = 0x70,
  EXPRESS_AT = 0x80,
};

/* Where the host put the BARs: bus addresses as a POWER9 host bridge has them. */
#define BAR_BASE_32 G_GUINT64_CONSTANT(0xc0000000)
#define BAR_BASE_64 G_GUINT64_CONSTANT(0x6000000000000)
#define BAR_BASE_IO G_GUINT64_CONSTANT(0x1000)

static void put(guint8 *bytes, guint at, guint size, guint32 value) {
  for (guint i = 0; i < size; i++)
    bytes[at + i] = (guint8)(value >> (8 * i));
}

static guint64 place(guint64 *cursor, guint64 size) {
  guint64 start = (*cursor + size - 1) & ~(size - 1);

  *cursor = start + size;
  return start;
}

static void place_bars(guint8 *bytes, const SimHostDevice *host) {
  guint64 next32 = BAR_BASE_32, next64 = BAR_BASE_64, next_io = BAR_BASE_IO;

  for (guint i = 0; i < G_N_ELEMENTS(host->bars); i++) {
    const SimBar *bar = &host->bars[i];
    guint at = PCI_BASE_ADDRESS_0 + 4 * i;
    guint64 start;

    if (!bar->size)
      continue;
    start = place(bar->io ? &next_io : bar->is64 ? &next64 : &next32, bar->size);
    put(bytes, at, 4, (guint32)start);
    if (bar->is64)
      put(bytes, at + 4, 4, (guint32)(start >> 32));
  }
  if (host->rom_size)
    put(bytes, PCI_ROM_ADDRESS, 4, (guint32)place(&next32, host->rom_size));
}

static guint log2_of(guint n) {
  return n > 1 ? g_bit_storage(n - 1) : 0;
}

/* Links a capability into the chain; *link is where its offset belongs. */
static guint chain(guint8 *bytes, guint *link, guint at, guint8 id) {
  put(bytes, *link, 1, at);
  put(bytes, at, 1, id);
  *link = at + PCI_CAP_LIST_NEXT;
  return at;
}

static void put_express(guint8 *bytes, guint at, const SimHostDevice *host) {
  put(bytes, at + PCI_EXP_FLAGS, 2, 2); /* version 2, an endpoint */
  put(bytes, at + PCI_EXP_DEVCAP, 4, host->reset ? PCI_EXP_DEVCAP_FLR : 0);
  put(bytes, at + PCI_EXP_DEVCTL, 2, PCI_EXP_DEVCTL_READRQ_512B);
  put(bytes, at + PCI_EXP_LNKCAP, 4, PCI_EXP_LNKCAP_SLS_8_0GB | 8 << 4);
  put(bytes, at + PCI_EXP_LNKSTA, 2, PCI_EXP_LNKSTA_CLS_8_0GB | 8 << 4);
  put(bytes, PCI_CFG_SPACE_SIZE, 4, PCI_EXT_CAP_ID_ERR | 2 << 16);
  /* what PCI Express wants after a reset */
  put(bytes, PCI_CFG_SPACE_SIZE + PCI_ERR_UNCOR_MASK, 4, 0x00400000);
  put(bytes, PCI_CFG_SPACE_SIZE + PCI_ERR_UNCOR_SEVER, 4, 0x00462030);
  put(bytes, PCI_CFG_SPACE_SIZE + PCI_ERR_COR_MASK, 4, 0xe000);
}

static void put_capabilities(guint8 *bytes, const SimHostDevice *host) {
  guint link = PCI_CAPABILITY_LIST, at;

  put(bytes, PCI_STATUS, 2, PCI_STATUS_CAP_LIST);
  at = chain(bytes, &link, PM_AT, PCI_CAP_ID_PM);
  put(bytes, at + PCI_PM_PMC, 2, 3); /* version 1.2, D0 and D3hot */
  put(bytes, at + PCI_PM_CTRL, 2, PCI_PM_CTRL_NO_SOFT_RESET);
  if (host->msi) {
    at = chain(bytes, &link, MSI_AT, PCI_CAP_ID_MSI);
    put(bytes, at + PCI_MSI_FLAGS, 2, PCI_MSI_FLAGS_64BIT | log2_of(host->msi) << 1);
  }
  if (host->msix) {
    at = chain(bytes, &link, MSIX_AT, PCI_CAP_ID_MSIX);
    put(bytes, at + PCI_MSIX_FLAGS, 2, host->msix - 1);
    put(bytes, at + PCI_MSIX_TABLE, 4, host->msix_offset | host->msix_bar);
    put(bytes, at + PCI_MSIX_PBA, 4, (host->msix_offset + host->msix * PCI_MSIX_ENTRY_SIZE) | host->msix_bar);
  }
  if (host->express)
    put_express(bytes, chain(bytes, &link, EXPRESS_AT, PCI_CAP_ID_EXP), host);
}

static void describe(guint8 *bytes, const SimHostDevice *host, gboolean multifunction) {
  put(bytes, PCI_HEADER_TYPE, 1, multifunction ? 0x80 : 0);
  put_capabilities(bytes, host);
  place_bars(bytes, host);
}

/* What the host file says beside a recording holds, too. */
void sim_config_image(guint8 *bytes, const SimHostDevice *host, gboolean multifunction) {
  if (host->recorded)
    memcpy(bytes, g_bytes_get_data(host->recorded, NULL),
           MIN(g_bytes_get_size(host->recorded), host->express ? SIM_CONFIG_SIZE_EXPRESS : SIM_CONFIG_SIZE));
  else
    describe(bytes, host, multifunction);
  put(bytes, PCI_VENDOR_ID, 2, host->vendor);
  put(bytes, PCI_DEVICE_ID, 2, host->device);
  put(bytes, PCI_CLASS_REVISION, 4, host->class_code << 8 | host->revision);
  put(bytes, PCI_SUBSYSTEM_VENDOR_ID, 2, host->subsystem_vendor);
  put(bytes, PCI_SUBSYSTEM_ID, 2, host->subsystem_device);
  put(bytes, PCI_INTERRUPT_PIN, 1, host->intx_pin);
}
