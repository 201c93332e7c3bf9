/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is asked of a running QEMU's machine, in its monitor's words: devices, bridges and memory that come and go,
 * resets.
 */
#pragma once

#include "harness/qemu/guest.h"
#include "harness/qemu/qmp.h"

G_BEGIN_DECLS

/* device_add of what the options (consumed) say. A refusal has left nothing behind when this returns. */
gboolean monitor_plug(Qmp *qmp, JsonObject *options, GError **error);

/* device_del, and the guest's half of it if QEMU waits for that: it isolates the connector drc (PAPR's index of it),
 * and if it is a logical one makes it unusable. count: so many connectors from drc on. What QEMU frees later than it
 * says so is freed when this returns. */
typedef QemuGuest *(*MonitorGuestFunc)(gpointer data, GError **error); /* the guest, once it has to do something */
gboolean monitor_unplug(Qmp *qmp, MonitorGuestFunc guest, gpointer data, const char *id, guint32 drc, guint count,
                        gboolean logical, GError **error);

gboolean monitor_reset(Qmp *qmp, GError **error);

/* PAPR's index of a PCI device's connector, of its PHB's, and of a 256M block of memory's. QEMU: hw/ppc/spapr_drc.c,
 * spapr_drc_index(); hw/ppc/spapr_pci.c, drc_id_from_devfn(). */
gboolean monitor_device_drc(Qmp *qmp, guint phb, const char *id, guint32 *drc, GError **error);
guint32 monitor_phb_drc(guint phb);
guint32 monitor_memory_drc(guint64 address);

/* A gdbstub, connected to this end: an fd, or -1. */
int monitor_open_gdb(Qmp *qmp, GError **error);

G_END_DECLS
