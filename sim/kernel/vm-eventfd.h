/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Eventfds of a VM: KVM_IOEVENTFD, which a guest's store signals, and KVM_IRQFD. Private to sim/kernel.
 * virt/kvm/eventfd.c: kvm_ioeventfd(), kvm_irqfd().
 */
#pragma once

#include "sim/kernel/internal.h"

G_BEGIN_DECLS

typedef struct {
  SimKernel *kernel;
  GArray *io; /* of the ioeventfds */
} SimVmEvents;

void sim_vm_events_init(SimVmEvents *events, SimKernel *kernel);
void sim_vm_events_clear(SimVmEvents *events);

/* The ioctls past the checks of the caller: 0 or -errno. */
long sim_vm_ioeventfd(SimCall *call, SimVmEvents *events);
long sim_vm_irqfd(SimCall *call);

/* A store of the guest to memory-mapped I/O (little endian in `data`). TRUE: an eventfd took it and is signalled. */
gboolean sim_vm_events_store(SimVmEvents *events, guint64 addr, guint len, guint64 data);

G_END_DECLS
