/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Calls of programs of another architecture, as the library preloaded into them makes them: see sim/preload/message.h.
 */
#pragma once

#include <glib.h>
#include <sys/types.h>

#include "sim/preload/message.h"

G_BEGIN_DECLS

/* Whether an ioctl() of the thread carries another call: reads it. Its pointers are addresses of the thread's memory.
 */
gboolean gate_carried_read(pid_t tid, guint32 number, guint64 arg, CarriedMessage *message);

G_END_DECLS
