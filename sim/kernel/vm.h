/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * KVM's side of the model: a virtual machine with its memory slots, its guest TCE tables and its kvm-vfio device.
 * Private to sim/kernel.
 *
 * Sources: virt/kvm/kvm_main.c, virt/kvm/vfio.c, arch/powerpc/kvm/powerpc.c, book3s_hv.c, book3s_64_vio.c.
 */
#pragma once

#include "sim/kernel/internal.h"
#include "sim/kernel/vm-eventfd.h"
#include "sim/kernel/vm-mmu.h"

G_BEGIN_DECLS

typedef struct SimGuestTable SimGuestTable;
typedef struct SimKvmVfio SimKvmVfio;
typedef struct SimVcpu SimVcpu;

/* ---- capabilities ------------------------------------------------------------------------------------------
 * kvm-dev.c */

/* KVM_CHECK_EXTENSION on /dev/kvm and on a VM; 0 for what is unknown (KV-1..KV-4, KV-64). */
long sim_kvm_capability(SimCall *call, guint64 cap);

/* ---- the VM ------------------------------------------------------------------------------------------------------
 * vm.c */

/* A VM owned by the caller's address space, with one reference; its serial is the next of the kernel. */
SimVm *sim_vm_new(SimCall *call);
/* A new file of the VM, which takes a reference of its own. */
SimFile *sim_vm_file(SimVm *vm);

SimVm *sim_kernel_vm(SimKernel *kernel, guint serial); /* borrowed; NULL: no such VM lives */
SimKernel *sim_vm_kernel(const SimVm *vm);
guint sim_vm_serial(const SimVm *vm);
SimMm *sim_vm_mm(const SimVm *vm);

gboolean sim_vm_is_open(const SimVm *vm); /* its own fd is; of a real VM that is not known: TRUE */

/* The port's handle of the VM if it is one of the machine's own KVM, else NULL. The VM takes over what is set. */
gpointer sim_vm_real(const SimVm *vm);
void sim_vm_set_real(SimVm *vm, gpointer real);

/* Its vCPUs by id, of SimVcpu*; KVM gives neither back while the VM lives. */
GHashTable *sim_vm_vcpus(const SimVm *vm);

const SimVmMmu *sim_vm_mmu(const SimVm *vm);
SimVmEvents *sim_vm_events(SimVm *vm);

/* KV-5: 0, or -EIO if the caller's address space is not the one that made the VM. */
long sim_vm_check_caller(SimCall *call, const SimVm *vm);

/* The kvm-vfio device of the VM; NULL: none. */
SimKvmVfio *sim_vm_kvm_vfio(const SimVm *vm);
void sim_vm_set_kvm_vfio(SimVm *vm, SimKvmVfio *device);

/* ---- memory slots ----------------------------------------------------------------------------------------- memslot.c
 */

typedef struct {
  guint32 slot, flags;
  guint64 start, size; /* guest physical address, bytes */
  guint64 ua;          /* user address of its first byte */
} SimMemslot;

/* KVM_SET_USER_MEMORY_REGION on the VM's slots, an array of SimMemslot ordered by start. */
long sim_memslots_set(SimCall *call, GArray *slots);
/* KVM_GET_DIRTY_LOG: nothing is ever dirty, as no instruction of a guest is executed. */
long sim_memslots_dirty_log(SimCall *call, const GArray *slots);
/* The slots of a VM, for sim_memslots_ua(). */
GArray *sim_vm_memslots(const SimVm *vm);
/* The user address behind a guest physical address. FALSE: it is in no slot. kvmppc_tce_to_ua() */
gboolean sim_memslots_ua(const GArray *slots, guint64 gpa, guint64 *ua);

/* ---- hypercalls ------------------------------------------------------------------------------------------------
 * hcall.c */

enum { SIM_H_GET_TCE = 0x1c, SIM_H_PUT_TCE = 0x20, SIM_H_STUFF_TCE = 0x138, SIM_H_PUT_TCE_INDIRECT = 0x13c };

/* The TCE hypercalls that the kernel takes itself, a mask of the bits that sim_hcall_bit() gives. */
enum { SIM_HCALLS_DEFAULT = 1 << 0 | 1 << 1 }; /* H_GET_TCE, H_PUT_TCE (HC-25) */
guint sim_hcall_bit(guint64 hcall);            /* 0: no TCE hypercall */
guint sim_vm_hcalls(const SimVm *vm);
void sim_vm_enable_hcalls(SimVm *vm, guint bits, gboolean enable);

/* Whether KVM-HV has any handler of the number: what KVM_CAP_PPC_ENABLE_HCALL accepts. */
gboolean sim_hcall_implemented(guint64 hcall);

/* ---- guest TCE tables ----------------------------------------------------------------------------------------
 * kvm-tce.c */

/* A hardware table that the guest's table feeds; count goes up with every SET_SPAPR_TCE (KV-49). */
typedef struct {
  SimTceTable *hw;
  guint count;
  const SimGroup *group; /* by which it was attached first */
} SimAttachment;

struct SimGuestTable {
  SimVm *vm; /* a reference */
  guint64 liobn;
  guint page_shift;
  guint64 offset;    /* first I/O page */
  guint64 size;      /* entries the guest may use */
  guint64 *tces;     /* host byte order, shared with clients */
  guint64 allocated; /* entries that `tces` holds */
  guint64 accounted; /* host pages */
  GArray *attached;  /* of SimAttachment, oldest first */
};

typedef struct {
  guint64 liobn;
  guint32 page_shift;
  guint32 flags;
  guint64 offset, size; /* I/O pages */
} SimGuestTableArgs;

/* KVM_CREATE_SPAPR_TCE_64 past the copy and the flags (KT-4..KT-12): an fd or -errno. */
long sim_guest_table_create(SimCall *call, SimVm *vm, const SimGuestTableArgs *args);
/* The VM's table of that LIOBN, or NULL. */
SimGuestTable *sim_vm_table(SimVm *vm, guint64 liobn);
/* Of SimGuestTable*, borrowed, oldest first. */
GPtrArray *sim_vm_tables(const SimVm *vm);

/* KV-46..KV-52: attaches to the VM's table behind the file (NULL: no file of the model) the hardware table of the group
 * that matches it. 0 or -errno. */
long sim_vm_attach_group(SimCall *call, SimVm *vm, const SimFile *table_file, SimGroup *group);
/* KV-53, KV-54: lets go of the hardware tables that are programmed in the group now. Returns what that left behind:
 * KV-55, attachments with counts left; KV-56, attachments to tables that the group has no more; else RULE_NONE. */
RuleId sim_vm_release_group(SimVm *vm, SimGroup *group);
/* Whether some table of the VM is attached to one that is programmed in the group. */
gboolean sim_vm_feeds_group(SimVm *vm, const SimGroup *group);

/* ---- kvm-vfio ------------------------------------------------------------------------------------------------
 * kvm-vfio.c */

/* KVM_CREATE_DEVICE: 0 or -errno (KV-7..KV-15). */
long sim_kvm_vfio_create(SimCall *call, SimVm *vm);
/* The VM is gone and its device was kept till now (KV-59). */
void sim_kvm_vfio_free(SimKvmVfio *device);

G_END_DECLS
