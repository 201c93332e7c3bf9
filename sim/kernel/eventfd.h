/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Eventfds of clients that a device holds. */
#pragma once

#include "sim/kernel/internal.h"

G_BEGIN_DECLS

/* Takes an eventfd of the caller; fd >= 0. 0, -EBADF or -EINVAL. */
static inline int sim_event_get(SimCall *call, int fd, gpointer *event) {
  *event = NULL;
  return call->kernel->port->event_get(call->kernel->port_data, call->task, fd, event);
}

/* *event may be NULL, and is afterwards. */
static inline void sim_event_put(SimKernel *kernel, gpointer *event) {
  if (*event)
    kernel->port->event_put(kernel->port_data, *event);
  *event = NULL;
}

/* event may be NULL. */
static inline void sim_event_signal(SimKernel *kernel, gpointer event) {
  if (event)
    kernel->port->event_signal(kernel->port_data, event);
}

G_END_DECLS
