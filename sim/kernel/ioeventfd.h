/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* VFIO_DEVICE_IOEVENTFD: eventfds that write a register. drivers/vfio/pci/vfio_pci_rdwr.c: vfio_pci_ioeventfd() */
#pragma once

#include "sim/kernel/internal.h"

G_BEGIN_DECLS

typedef struct {
  guint bar;
  guint64 position, data;
  guint size;
  gpointer event;
} SimIoEventFd;

typedef struct {
  SimKernel *kernel;
  const SimHostDevice *host;
  GArray *events; /* of SimIoEventFd; NULL: there were none yet */
} SimIoEventFds;

long sim_ioeventfd(SimCall *call, SimIoEventFds *fds);
void sim_ioeventfds_teardown(SimIoEventFds *fds);

G_END_DECLS
