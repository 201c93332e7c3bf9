/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A virtual machine: references, who may call, dispatch. virt/kvm/kvm_main.c: kvm_vm_ioctl(), kvm_put_kvm();
 * arch/powerpc/kvm/powerpc.c: kvm_arch_vm_ioctl().
 */
#include "sim/kernel/enable-cap.h"
#include "sim/kernel/vcpu.h"

struct SimVm {
  SimKernel *kernel;
  guint refs;
  guint serial;
  gboolean open; /* its own file is */
  SimMm *mm;
  GArray *slots;     /* of SimMemslot, by start */
  GPtrArray *tables; /* of SimGuestTable*, borrowed, oldest first */
  SimKvmVfio *kvm_vfio;
  GHashTable *vcpus; /* id -> SimVcpu */
  guint hcalls;      /* TCE hypercalls enabled */
  SimVmMmu mmu;
  SimVmEvents events;
  gpointer real; /* the port's, of a VM of the machine's own KVM */
};

SimVm *sim_vm_new(SimCall *call) {
  SimVm *vm = g_new0(SimVm, 1);

  vm->kernel = call->kernel;
  vm->refs = 1;
  vm->serial = ++call->kernel->n_vms;
  vm->mm = sim_mm_ref(sim_call_mm(call));
  vm->slots = g_array_new(FALSE, FALSE, sizeof(SimMemslot));
  vm->tables = g_ptr_array_new();
  vm->vcpus = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)sim_vcpu_free);
  vm->hcalls = SIM_HCALLS_DEFAULT;
  sim_vm_mmu_init(&vm->mmu, sim_host_of(call->kernel));
  sim_vm_events_init(&vm->events, call->kernel);
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
  sim_vm_events_clear(&vm->events);
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

GHashTable *sim_vm_vcpus(const SimVm *vm) {
  return vm->vcpus;
}

const SimVmMmu *sim_vm_mmu(const SimVm *vm) {
  return &vm->mmu;
}

SimVmEvents *sim_vm_events(SimVm *vm) {
  return &vm->events;
}

void sim_vm_enable_hcalls(SimVm *vm, guint bits, gboolean enable) {
  vm->hcalls = enable ? vm->hcalls | bits : vm->hcalls & ~bits;
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

/* ---- the VM's ioctls ---- */

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

  switch (id) {
  case ABI_CREATE_SPAPR_TCE_64:
    return !host->spapr_tce_64 || host->platform == SIM_X86;
  case ABI_PPC_SVM_OFF:
    return !sim_since(vm->kernel, 5, 7) || host->platform == SIM_X86;
  case ABI_CREATE_SPAPR_TCE:
  case ABI_PPC_GET_PVINFO:
  case ABI_PPC_GET_SMMU_INFO:
  case ABI_PPC_ALLOCATE_HTAB:
  case ABI_PPC_CONFIGURE_V3_MMU:
  case ABI_PPC_GET_RMMU_INFO:
  case ABI_PPC_GET_CPU_CHAR:
    return host->platform == SIM_X86;
  default:
    return FALSE;
  }
}

/* ---- the MMU ---- */

/* The page table of the guest is another one: each vCPU's LPCR says so. */
static long change_mmu(SimCall *call, SimVm *vm, AbiCallId id) {
  GHashTableIter iter;
  gpointer vcpu;
  long r =
      id == ABI_PPC_ALLOCATE_HTAB ? sim_vm_mmu_allocate_htab(call, &vm->mmu) : sim_vm_mmu_configure(call, &vm->mmu);

  g_hash_table_iter_init(&iter, vm->vcpus);
  while (g_hash_table_iter_next(&iter, NULL, &vcpu))
    sim_one_regs_set_mmu(&((SimVcpu *)vcpu)->one_regs, &vm->mmu);
  return r;
}

/* What a guest without hypercall instructions of its own would call with; a guest of HV needs none. */
static long get_pvinfo(SimCall *call) {
  enum { LIS_R0 = 0x3c000000, ORI_R0 = 0x60000000, SC = 0x44000002, NOP = 0x60000000, MAGIC = 0x4b564d21 };
  const struct {
    guint32 flags, hcall[4];
    guint8 padding[108];
  } info = {.flags = 1, /* EV_IDLE */
            .hcall = {GUINT32_TO_BE(LIS_R0 | MAGIC >> 16), GUINT32_TO_BE(ORI_R0 | (MAGIC & 0xffff)), GUINT32_TO_BE(SC),
                      GUINT32_TO_BE(NOP)}};

  return sim_write(call, call->arg, &info, sizeof info) ? sim_refuse(call, EFAULT, RULE_VC_1) : 0;
}

/* No VM of the model has an interrupt controller. */
static long irq_line(SimCall *call) {
  guint32 level[2]; /* struct kvm_irq_level */

  if (sim_read(call, call->arg, level, sizeof level))
    return sim_refuse(call, EFAULT, RULE_VC_1);
  return sim_refuse(call, ENXIO, RULE_VC_21);
}

static long vm_ioctl(SimCall *call, gpointer object) {
  SimVm *vm = object;
  AbiCallId id = sim_call_find(call, ABI_VM);
  long r = sim_call_is(call, id);

  if (!r)
    r = sim_vm_check_caller(call, vm);
  if (!r && lacks(vm, id))
    r = sim_refuse(call, ENOTTY, RULE_VC_2);
  if (r)
    return r;
  switch (id) {
  case ABI_VM_CHECK_EXTENSION:
    return sim_kvm_capability(call, call->arg);
  case ABI_CREATE_VCPU:
    return sim_vcpu_create(call, vm);
  case ABI_SET_USER_MEMORY_REGION:
    return sim_memslots_set(call, vm->slots);
  case ABI_ENABLE_CAP:
    return sim_enable_cap_vm(call, vm);
  case ABI_CREATE_SPAPR_TCE:
  case ABI_CREATE_SPAPR_TCE_64:
    return create_table(call, vm, id);
  case ABI_CREATE_DEVICE:
    return sim_kvm_vfio_create(call, vm);
  case ABI_GET_DIRTY_LOG:
    return sim_memslots_dirty_log(call, vm->slots);
  case ABI_VM_IOEVENTFD:
    return sim_vm_ioeventfd(call, &vm->events);
  case ABI_IRQFD:
    return sim_vm_irqfd(call);
  case ABI_IRQ_LINE:
    return irq_line(call);
  case ABI_PPC_GET_PVINFO:
    return get_pvinfo(call);
  case ABI_PPC_GET_SMMU_INFO:
    return sim_vm_mmu_smmu_info(call);
  case ABI_PPC_GET_RMMU_INFO:
    return sim_vm_mmu_rmmu_info(call);
  case ABI_PPC_GET_CPU_CHAR:
    return sim_vm_mmu_cpu_char(call);
  case ABI_PPC_ALLOCATE_HTAB:
  case ABI_PPC_CONFIGURE_V3_MMU:
    return change_mmu(call, vm, id);
  case ABI_PPC_SVM_OFF: /* no guest is secure */
    return 0;
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
