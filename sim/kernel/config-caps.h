/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What vfio-pci shows of each capability, and which of its bits a user may write. drivers/vfio/pci/vfio_pci_config.c:
 * pci_cap_length, pci_ext_cap_length, init_pci_cap_*_perm(), vfio_cap_len(), vfio_ext_cap_len().
 *
 * `bytes` is a config space of the size that its function has; `at` the place of a capability in it.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Whether users see it; from 6.4 on designated vendor-specific capabilities, too. */
gboolean sim_cap_is_shown(const guint8 *bytes, guint at);
gboolean sim_ext_cap_is_shown(const guint8 *bytes, guint at, gboolean dvsec);

/* Adds the bits that writes change to `writable`, and those that a write of 1 makes 0 to `clears`: what the kernel lets
 * through and the registers of a plain function take. */
void sim_cap_masks(const guint8 *bytes, guint at, guint8 *writable);
void sim_ext_cap_masks(const guint8 *bytes, guint at, guint8 *writable, guint8 *clears);

G_END_DECLS
