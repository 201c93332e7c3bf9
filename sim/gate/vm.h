/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * VMs of the machine's own KVM that client processes have: which fd is one, and which fds are the same one. All of them
 * are anonymous files, which fdinfo does not tell apart: kcmp(2) does, on copies that this process holds.
 *
 * Not thread-safe: its caller holds the model's lock.
 */
#pragma once

#include "sim/gate/process.h"

G_BEGIN_DECLS

typedef struct GateVms GateVms;
typedef struct GateVm GateVm;

GateVms *gate_vms_new(void);
void gate_vms_free(GateVms *vms);

/* Whether a thread's fd is a VM. */
gboolean gate_is_vm(pid_t tid, int fd);

/* The VM behind the process's fd, the same handle for the same VM, until as many puts. It lives till then even if the
 * process closes it: as in the kernel, where a device keeps its VM. NULL: the fd is not open. */
GateVm *gate_vms_get(GateVms *vms, const GateProcess *process, int fd);
void gate_vms_put(GateVms *vms, GateVm *vm);

/* /dev/kvm answers here with the interface that all of KVM's users know, version 12. GATE_ERROR_UNAVAILABLE with the
 * remedy. */
gboolean gate_kvm_usable(GError **error);

G_END_DECLS
