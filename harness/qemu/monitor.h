/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is asked of a running QEMU's machine, in its monitor's words: devices, bridges and memory that come and go,
 * resets.
 */
#pragma once

#include "harness/qemu/qmp.h"

G_BEGIN_DECLS

/* device_add of what the options (consumed) say. A refusal has left nothing behind when this returns. */
gboolean monitor_plug(Qmp *qmp, JsonObject *options, GError **error);

/* device_del. *waits: QEMU waits until the guest lets go of it. */
gboolean monitor_unplug(Qmp *qmp, const char *id, gboolean *waits, GError **error);
/* What QEMU was to take out is out, and what it frees later than it says so is freed, when this returns. waited: as
 * monitor_unplug() said. */
gboolean monitor_unplugged(Qmp *qmp, const char *id, gboolean waited, GError **error);

gboolean monitor_reset(Qmp *qmp, GError **error);

/* The slot and function of a PCI device, as PAPR counts them: slot * 8 + function. */
gboolean monitor_devfn(Qmp *qmp, const char *id, guint *devfn, GError **error);

/* A gdbstub, connected to this end: an fd, or -1. */
int monitor_open_gdb(Qmp *qmp, GError **error);

G_END_DECLS
