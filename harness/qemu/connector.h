/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Dynamic reconfiguration connectors: what the guest does with them so that a part of the machine can leave. LoPAPR
 * 13.5; indexes: QEMU, hw/ppc/spapr_drc.c, spapr_drc_index().
 */
#pragma once

#include "harness/qemu/guest.h"

G_BEGIN_DECLS

/* devfn: slot * 8 + function. QEMU: hw/ppc/spapr_pci.c, drc_id_from_devfn(). */
guint32 connector_of_device(guint phb, guint devfn);
guint32 connector_of_phb(guint phb);
guint32 connector_of_memory(guint64 address); /* of the block of 256M there */

/* The guest lets go of n parts from that connector on: it isolates them, and makes those unusable that are logical. */
gboolean connector_release(QemuGuest *guest, guint32 first, guint n, GError **error);

G_END_DECLS
