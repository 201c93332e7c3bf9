/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A virtual machine and its vcpus: references, who may call, dispatch. virt/kvm/kvm_main.c: kvm_vm_ioctl(),
 * kvm_vcpu_ioctl(), kvm_put_kvm(); arch/powerpc/kvm/powerpc.c: kvm_arch_vm_ioctl().
 */
#include <linux/kvm.h>

#include "sim/kernel/vm.h"

enum { VCPUS = 2048, VCPU_IDS = 16384 };

struct SimVm {
  SimKernel *kernel;
  guint refs;
  guint serial;
  gboolean open; /* its own file is */
  SimMm *mm;
  GArray *slots;     /* of SimMemslot, by start */
  GPtrArray *tables; /* of SimGuestTable*, borrowed, oldest first */
  SimKvmVfio *kvm_vfio;
  GHashTable *vcpus; /* ids taken: KVM never gives one back while the VM lives */
  guint hcalls;      /* TCE hypercalls enabled */
  gpointer real;     /* the port's, of a VM of the machine's own KVM */
};

typedef struct {
  SimVm *vm;
  void *run; /* the page that kvm_run lies in, once it was mapped */
} SimVcpu;

SimVm *sim_vm_new(SimCall *call) {
  SimVm *vm = g_new0(SimVm, 1);

  vm->kernel = call->kernel;
  vm->refs = 1;
  vm->serial = ++call->kernel->n_vms;
  vm->mm = sim_mm_ref(sim_call_mm(call));
  vm->slots = g_array_new(FALSE, FALSE, sizeof(SimMemslot));
  vm->tables = g_ptr_array_new();
  vm->vcpus = g_hash_table_new(NULL, NULL);
  vm->hcalls = SIM_HCALLS_DEFAULT;
  g_ptr_array_add(call->kernel->vms, vm);
  call->kernel->census.vms++;
  return vm;
}

SimVm *sim_vm_ref(SimVm *vm) {
  vm->refs++;
  return vm;
}

void sim_vm_unref(SimVm *vm) {
  if (--vm->refs)
    return;
  if (vm->kvm_vfio)
    sim_kvm_vfio_free(vm->kvm_vfio);
  g_assert(vm->tables->len == 0); /* each holds a reference */
  g_ptr_array_remove(vm->kernel->vms, vm);
  vm->kernel->census.vms--;
  if (vm->real)
    vm->kernel->port->vm_put(vm->kernel->port_data, vm->real);
  g_hash_table_unref(vm->vcpus);
  g_ptr_array_unref(vm->tables);
  g_array_unref(vm->slots);
  sim_mm_unref(vm->mm);
  g_free(vm);
}

SimVm *sim_kernel_vm(SimKernel *kernel, guint serial) {
  for (guint i = 0; i < kernel->vms->len; i++) {
    SimVm *vm = g_ptr_array_index(kernel->vms, i);

    if (vm->serial == serial)
      return vm;
  }
  return NULL;
}

SimKernel *sim_vm_kernel(const SimVm *vm) {
  return vm->kernel;
}

guint sim_vm_serial(const SimVm *vm) {
  return vm->serial;
}

SimMm *sim_vm_mm(const SimVm *vm) {
  return vm->mm;
}

GArray *sim_vm_memslots(const SimVm *vm) {
  return vm->slots;
}

GPtrArray *sim_vm_tables(const SimVm *vm) {
  return vm->tables;
}

SimKvmVfio *sim_vm_kvm_vfio(const SimVm *vm) {
  return vm->kvm_vfio;
}

void sim_vm_set_kvm_vfio(SimVm *vm, SimKvmVfio *device) {
  vm->kvm_vfio = device;
}

guint sim_vm_hcalls(const SimVm *vm) {
  return vm->hcalls;
}

gboolean sim_vm_is_open(const SimVm *vm) {
  return vm->open || vm->real;
}

gpointer sim_vm_real(const SimVm *vm) {
  return vm->real;
}

void sim_vm_set_real(SimVm *vm, gpointer real) {
  vm->real = real;
}

long sim_vm_check_caller(SimCall *call, const SimVm *vm) {
  return sim_call_mm(call) == vm->mm ? 0 : sim_refuse(call, EIO, RULE_KV_5);
}

/* ---- vcpus ---- */

static long vcpu_ioctl(SimCall *call, gpointer object) {
  const SimVcpu *vcpu = object;
  AbiCallId id = sim_call_find(call, ABI_VCPU);
  struct kvm_enable_cap cap;
  long r = sim_call_is(call, id);

  if (!r)
    r = sim_vm_check_caller(call, vcpu->vm);
  if (r)
    return r;
  if (id != ABI_ENABLE_CAP)
    return sim_refuse(call, EINVAL, RULE_NONE);
  if (sim_read(call, call->arg, &cap, sizeof cap))
    return sim_refuse(call, EFAULT, RULE_NONE);
  return cap.flags == 0 && cap.cap == KVM_CAP_PPC_PAPR ? 0 : sim_refuse(call, EINVAL, RULE_NONE);
}

/* kvm_vcpu_fault(): the run structure is in the first page; what follows it is not modelled. */
static int vcpu_mmap(SimCall *call, gpointer object, gsize len, int prot, gboolean shared, guint64 offset,
                     void **memory) {
  SimVcpu *vcpu = object;
  gsize page = (gsize)1 << sim_page_shift(call->kernel);

  if (offset || len > page)
    return (int)sim_refuse(call, EINVAL, RULE_NONE);
  if (!vcpu->run)
    vcpu->run = call->kernel->port->shared_new(call->kernel->port_data, page);
  if (!vcpu->run)
    return (int)sim_refuse(call, ENOMEM, RULE_NONE);
  *memory = vcpu->run;
  return 0;
}

static void vcpu_release(SimFile *file, gpointer object) {
  SimVcpu *vcpu = object;
  SimKernel *kernel = vcpu->vm->kernel;

  if (vcpu->run)
    kernel->port->shared_free(kernel->port_data, vcpu->run, (gsize)1 << sim_page_shift(kernel));
  sim_vm_unref(vcpu->vm);
  g_free(vcpu);
}

static const SimFileOps vcpu_ops = {.kind = ABI_VCPU, .ioctl = vcpu_ioctl, .mmap = vcpu_mmap, .release = vcpu_release};

static long create_vcpu(SimCall *call, SimVm *vm) {
  SimVcpu *vcpu;
  long fd;

  if (call->arg >= VCPU_IDS || g_hash_table_size(vm->vcpus) >= VCPUS)
    return sim_refuse(call, EINVAL, RULE_NONE);
  if (g_hash_table_contains(vm->vcpus, GUINT_TO_POINTER((guint)call->arg)))
    return sim_refuse(call, EEXIST, RULE_NONE);
  vcpu = g_new0(SimVcpu, 1);
  vcpu->vm = sim_vm_ref(vm);
  fd = sim_call_install(call, sim_file_new(vm->kernel, &vcpu_ops, call->arg, vcpu));
  if (fd >= 0)
    g_hash_table_add(vm->vcpus, GUINT_TO_POINTER((guint)call->arg));
  return fd;
}

/* ---- the VM's ioctls ---- */

static long enable_cap(SimCall *call, SimVm *vm) {
  struct kvm_enable_cap cap;
  guint bit;

  if (sim_read(call, call->arg, &cap, sizeof cap))
    return sim_refuse(call, EFAULT, RULE_NONE);
  if (cap.flags || cap.cap != KVM_CAP_PPC_ENABLE_HCALL)
    return sim_refuse(call, EINVAL, RULE_NONE);
  if (cap.args[1] > 1 || !sim_hcall_implemented(cap.args[0]))
    return sim_refuse(call, EINVAL, RULE_NONE);
  bit = sim_hcall_bit(cap.args[0]);
  vm->hcalls = cap.args[1] ? vm->hcalls | bit : vm->hcalls & ~bit;
  return 0;
}

static long create_table(SimCall *call, SimVm *vm, AbiCallId id) {
  SimGuestTableArgs args;
  struct {
    guint64 liobn;
    guint32 window_size, padding;
  } old;

  if (id == ABI_CREATE_SPAPR_TCE) {
    if (sim_read(call, call->arg, &old, sizeof old))
      return sim_refuse(call, EFAULT, RULE_KT_1);
    sim_met(call, RULE_KT_3);
    args = (SimGuestTableArgs){.liobn = old.liobn, .page_shift = 12, .size = old.window_size >> 12};
    return sim_guest_table_create(call, vm, &args);
  }
  if (sim_read(call, call->arg, &args, sizeof args))
    return sim_refuse(call, EFAULT, RULE_KT_1);
  if (args.flags)
    return sim_refuse(call, EINVAL, RULE_KT_2);
  return sim_guest_table_create(call, vm, &args);
}

/* A host without the capability has no such ioctl. */
static gboolean lacks(const SimVm *vm, AbiCallId id) {
  const SimHost *host = sim_host_of(vm->kernel);

  if (id == ABI_CREATE_SPAPR_TCE_64 && !host->spapr_tce_64)
    return TRUE;
  return host->platform == SIM_X86 && (id == ABI_CREATE_SPAPR_TCE || id == ABI_CREATE_SPAPR_TCE_64);
}

static long vm_ioctl(SimCall *call, gpointer object) {
  SimVm *vm = object;
  AbiCallId id = sim_call_find(call, ABI_VM);
  long r = sim_call_is(call, id);

  if (!r)
    r = sim_vm_check_caller(call, vm);
  if (!r && lacks(vm, id))
    r = sim_refuse(call, ENOTTY, RULE_NONE);
  if (r)
    return r;
  switch (id) {
  case ABI_VM_CHECK_EXTENSION:
    return sim_kvm_capability(call, call->arg);
  case ABI_CREATE_VCPU:
    return create_vcpu(call, vm);
  case ABI_SET_USER_MEMORY_REGION:
    return sim_memslots_set(call, vm->slots);
  case ABI_ENABLE_CAP:
    return enable_cap(call, vm);
  case ABI_CREATE_SPAPR_TCE:
  case ABI_CREATE_SPAPR_TCE_64:
    return create_table(call, vm, id);
  case ABI_CREATE_DEVICE:
    return sim_kvm_vfio_create(call, vm);
  default:
    return sim_refuse(call, ENOTTY, RULE_KV_65); /* also what only a device has: KVM_SET_DEVICE_ATTR */
  }
}

static void vm_release(SimFile *file, gpointer object) {
  SimVm *vm = object;

  vm->open = FALSE;
  if (vm->refs > 1)
    sim_kernel_met(vm->kernel, RULE_KV_6);
  sim_vm_unref(vm);
}

static const SimFileOps vm_ops = {.kind = ABI_VM, .ioctl = vm_ioctl, .release = vm_release};

SimFile *sim_vm_file(SimVm *vm) {
  vm->open = TRUE;
  return sim_file_new(vm->kernel, &vm_ops, vm->serial, sim_vm_ref(vm));
}
