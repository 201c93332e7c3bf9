/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The machine's KVM: /dev/kvm, the VM, what it can do, its memory slots and in-kernel TCE tables. */
#pragma once

#include "vfio/kvm.h"

G_BEGIN_DECLS

typedef struct PseriesVm PseriesVm;

/* sys must outlive it. */
PseriesVm *pseries_vm_new(const VfioSys *sys, GError **error);
void pseries_vm_free(PseriesVm *vm);
VfioKvm *pseries_vm_kvm(PseriesVm *vm); /* borrowed */

/* A slot of guest RAM, bytes; size 0 takes it away. */
gboolean pseries_vm_set_memory(PseriesVm *vm, guint slot, guint64 gpa, guint64 size, void *memory, GError **error);

/* KVM takes H_PUT_TCE_INDIRECT and H_STUFF_TCE from now on, if it can (HC-25). */
gboolean pseries_vm_enable_multitce(PseriesVm *vm, GError **error);

/* A TCE table in the kernel of n entries for a window at `start` (bytes). The fd, with the table's memory, n * 8 bytes,
 * in *entries; or -1: this KVM can have no such table, and the guest's calls come to user space. */
int pseries_vm_create_table(PseriesVm *vm, guint64 liobn, guint page_shift, guint64 start, guint64 n,
                            guint64 **entries);
void pseries_vm_close_table(PseriesVm *vm, int fd, guint64 *entries, guint64 n);

G_END_DECLS
