/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/kernel/config-caps.h"

#include <linux/pci_regs.h>

/* Capabilities newer than some of the headers that this is built with. */
enum { EXT_DVSEC = 0x23 };

static guint16 get16(const guint8 *bytes, guint at) {
  return (guint16)(bytes[at] | bytes[at + 1] << 8);
}

static void allow(guint8 *mask, guint at, guint size, guint32 bits) {
  for (guint i = 0; i < size; i++)
    mask[at + i] |= (guint8)(bits >> (8 * i));
}

gboolean sim_cap_is_shown(const guint8 *bytes, guint at) {
  switch (bytes[at]) {
  case PCI_CAP_ID_PM:
  case PCI_CAP_ID_AGP:
  case PCI_CAP_ID_VPD:
  case PCI_CAP_ID_MSI:
  case PCI_CAP_ID_PCIX:
  case PCI_CAP_ID_HT:
  case PCI_CAP_ID_EXP:
  case PCI_CAP_ID_MSIX:
  case PCI_CAP_ID_SATA:
  case PCI_CAP_ID_AF:
    return TRUE;
  case PCI_CAP_ID_VNDR:
    return bytes[at + PCI_CAP_FLAGS] != 0; /* its length */
  default:
    return FALSE;
  }
}

gboolean sim_ext_cap_is_shown(const guint8 *bytes, guint at, gboolean dvsec) {
  switch (get16(bytes, at)) {
  case PCI_EXT_CAP_ID_ERR:
  case PCI_EXT_CAP_ID_VC:
  case PCI_EXT_CAP_ID_DSN:
  case PCI_EXT_CAP_ID_PWR:
  case PCI_EXT_CAP_ID_MFVC:
  case PCI_EXT_CAP_ID_VC9:
  case PCI_EXT_CAP_ID_ACS:
  case PCI_EXT_CAP_ID_ARI:
  case PCI_EXT_CAP_ID_ATS:
  case PCI_EXT_CAP_ID_SRIOV:
  case PCI_EXT_CAP_ID_MCAST:
  case PCI_EXT_CAP_ID_PRI:
  case PCI_EXT_CAP_ID_REBAR:
  case PCI_EXT_CAP_ID_DPA:
  case PCI_EXT_CAP_ID_TPH:
  case PCI_EXT_CAP_ID_LTR:
    return TRUE;
  case PCI_EXT_CAP_ID_VNDR:
    return get16(bytes, at + PCI_VNDR_HEADER + 2) >> 4 != 0; /* its length */
  case EXT_DVSEC:
    return dvsec && get16(bytes, at + PCI_VNDR_HEADER + 2) >> 4 != 0;
  default:
    return FALSE;
  }
}

/* All bits of the low control byte, even those that describe the device: they change in the virtual copy alone. */
static void mask_msi(const guint8 *bytes, guint at, guint8 *writable) {
  guint16 flags = get16(bytes, at + PCI_MSI_FLAGS);
  gboolean is64 = (flags & PCI_MSI_FLAGS_64BIT) != 0;

  allow(writable, at + PCI_MSI_FLAGS, 1, 0xff);
  allow(writable, at + PCI_MSI_ADDRESS_LO, 4, ~0u);
  if (is64)
    allow(writable, at + PCI_MSI_ADDRESS_HI, 4, ~0u);
  allow(writable, at + (is64 ? PCI_MSI_DATA_64 : PCI_MSI_DATA_32), 2, 0xffff);
  if (flags & PCI_MSI_FLAGS_MASKBIT)
    allow(writable, at + (is64 ? PCI_MSI_MASK_64 : PCI_MSI_MASK_32), 4, ~0u);
}

void sim_cap_masks(const guint8 *bytes, guint at, guint8 *writable) {
  switch (bytes[at]) {
  case PCI_CAP_ID_PM:
    allow(writable, at + PCI_PM_CTRL, 2, PCI_PM_CTRL_STATE_MASK);
    break;
  case PCI_CAP_ID_VPD:
    allow(writable, at + PCI_VPD_ADDR, 2, 0xffff);
    allow(writable, at + PCI_VPD_DATA, 4, ~0u);
    break;
  case PCI_CAP_ID_MSI:
    mask_msi(bytes, at, writable);
    break;
  case PCI_CAP_ID_PCIX:
    allow(writable, at + PCI_X_CMD, 2, 0x7f);
    break;
  case PCI_CAP_ID_EXP:
    allow(writable, at + PCI_EXP_DEVCTL, 2, 0xffff & ~(PCI_EXP_DEVCTL_PHANTOM | PCI_EXP_DEVCTL_BCR_FLR));
    if ((get16(bytes, at + PCI_EXP_FLAGS) & PCI_EXP_FLAGS_VERS) > 1)
      allow(writable, at + PCI_EXP_DEVCTL2, 2, bytes[at + PCI_EXP_DEVCAP2] & PCI_EXP_DEVCAP2_COMP_TMOUT_DIS ? 0x1f : 0);
    break;
  default:
    break;
  }
}

void sim_ext_cap_masks(const guint8 *bytes, guint at, guint8 *writable, guint8 *clears) {
  const guint32 uncorrectable = 0x03fff030, correctable = 0xf1c1; /* every error that has a name */

  if (get16(bytes, at) != PCI_EXT_CAP_ID_ERR)
    return;
  allow(clears, at + PCI_ERR_UNCOR_STATUS, 4, uncorrectable);
  allow(writable, at + PCI_ERR_UNCOR_MASK, 4, uncorrectable);
  allow(writable, at + PCI_ERR_UNCOR_SEVER, 4, uncorrectable);
  allow(clears, at + PCI_ERR_COR_STATUS, 4, correctable);
  allow(writable, at + PCI_ERR_COR_MASK, 4, correctable);
  allow(writable, at + PCI_ERR_CAP, 2,
        (get16(bytes, at + PCI_ERR_CAP) & (PCI_ERR_CAP_ECRC_GENC | PCI_ERR_CAP_ECRC_CHKC)) << 1);
}
