/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A vCPU's life and its ioctls. virt/kvm/kvm_main.c: kvm_vm_ioctl_create_vcpu(), kvm_vcpu_ioctl(), kvm_vcpu_fault();
 * arch/powerpc/kvm/powerpc.c: kvm_arch_vcpu_ioctl().
 */
#include "sim/kernel/vcpu.h"

#include "sim/kernel/enable-cap.h"

enum { VCPUS = 2048, VCPU_IDS = 16384 };

/* Copies the struct that an ioctl is given and does nothing with it but refuse, if err says so. */
static long take(SimCall *call, gsize size, int err, RuleId rule) {
  guint8 payload[512];

  g_assert(size <= sizeof payload);
  if (sim_read(call, call->arg, payload, size))
    return sim_refuse(call, EFAULT, RULE_VC_1);
  return err ? sim_refuse(call, err, rule) : 0;
}

/* KVM_TRANSLATE of book3s answers what it was asked. */
static long translate(SimCall *call) {
  struct kvm_translation translation;

  if (sim_read(call, call->arg, &translation, sizeof translation) ||
      sim_write(call, call->arg, &translation, sizeof translation))
    return sim_refuse(call, EFAULT, RULE_VC_1);
  return 0;
}

/* What a signal does while the guest runs is the gate's; here the mask is looked at only. */
static long set_signal_mask(SimCall *call) {
  guint32 len;
  guint64 mask; /* the kernel's sigset_t */

  if (!call->arg)
    return 0;
  if (sim_read(call, call->arg, &len, sizeof len))
    return sim_refuse(call, EFAULT, RULE_VC_1);
  if (len != sizeof mask)
    return sim_refuse(call, EINVAL, RULE_VC_35);
  return sim_read(call, call->arg + sizeof len, &mask, sizeof mask) ? sim_refuse(call, EFAULT, RULE_VC_1) : 0;
}

static long answer(SimCall *call, SimVcpu *vcpu, AbiCallId id) {
  switch (id) {
  case ABI_RUN:
    return sim_vcpu_run(call, vcpu);
  case ABI_GET_REGS:
    return sim_vcpu_get_regs(call, vcpu);
  case ABI_SET_REGS:
    return sim_vcpu_set_regs(call, vcpu);
  case ABI_GET_SREGS:
    return sim_vcpu_get_sregs(call, vcpu);
  case ABI_SET_SREGS:
    return sim_vcpu_set_sregs(call, vcpu);
  case ABI_GET_ONE_REG:
    return sim_one_reg_get(call, &vcpu->one_regs);
  case ABI_SET_ONE_REG:
    return sim_one_reg_set(call, &vcpu->one_regs);
  case ABI_ENABLE_CAP:
    return sim_enable_cap_vcpu(call, vcpu);
  case ABI_TRANSLATE:
    return translate(call);
  case ABI_SET_SIGNAL_MASK:
    return set_signal_mask(call);
  case ABI_INTERRUPT: /* reaches no one: the guest is a script */
  case ABI_SET_GUEST_DEBUG:
    return take(call, abi_call(id)->size, 0, RULE_NONE);
  case ABI_SET_FPU:
    return take(call, abi_call(id)->size, EOPNOTSUPP, RULE_VC_33);
  case ABI_GET_FPU:
    return sim_refuse(call, EOPNOTSUPP, RULE_VC_33);
  case ABI_SET_MP_STATE:
    return take(call, abi_call(id)->size, EINVAL, RULE_VC_34);
  case ABI_GET_MP_STATE:
    return sim_refuse(call, EINVAL, RULE_VC_34);
  default:
    return sim_refuse(call, EINVAL, RULE_VC_26);
  }
}

static long vcpu_ioctl(SimCall *call, gpointer object) {
  SimVcpu *vcpu = object;
  AbiCallId id = sim_call_find(call, ABI_VCPU);
  long r = sim_call_is(call, id);

  if (!r)
    r = sim_vm_check_caller(call, vcpu->vm);
  if (!r && sim_host_of(call->kernel)->platform == SIM_X86)
    r = sim_refuse(call, EINVAL, RULE_VC_26); /* a vCPU of x86 can be made, and that is all */
  return r ? r : answer(call, vcpu, id);
}

/* The run structure is in the first page; nothing follows it where MMIO is not coalesced. */
static int vcpu_mmap(SimCall *call, gpointer object, gsize len, int prot, gboolean shared, guint64 offset,
                     void **memory) {
  SimVcpu *vcpu = object;

  if (offset || len > (gsize)1 << sim_page_shift(call->kernel))
    return (int)sim_refuse(call, EINVAL, RULE_NONE);
  *memory = vcpu->run;
  return 0;
}

static void vcpu_release(SimFile *file, gpointer object) {
  sim_vm_unref(((SimVcpu *)object)->vm);
}

static const SimFileOps vcpu_ops = {.kind = ABI_VCPU, .ioctl = vcpu_ioctl, .mmap = vcpu_mmap, .release = vcpu_release};

void sim_vcpu_free(SimVcpu *vcpu) {
  SimKernel *kernel = sim_vm_kernel(vcpu->vm);

  kernel->port->shared_free(kernel->port_data, vcpu->run, (gsize)1 << sim_page_shift(kernel));
  g_free(vcpu);
}

static SimVcpu *vcpu_new(SimVm *vm, guint id) {
  SimKernel *kernel = sim_vm_kernel(vm);
  void *run = kernel->port->shared_new(kernel->port_data, (gsize)1 << sim_page_shift(kernel));
  SimVcpu *vcpu;

  if (!run)
    return NULL;
  vcpu = g_new0(SimVcpu, 1);
  vcpu->vm = vm;
  vcpu->id = id;
  vcpu->run = run;
  sim_one_regs_init(&vcpu->one_regs, sim_host_of(kernel), sim_vm_mmu(vm));
  return vcpu;
}

long sim_vcpu_create(SimCall *call, SimVm *vm) {
  GHashTable *vcpus = sim_vm_vcpus(vm);
  SimVcpu *vcpu;
  long fd;

  if (call->arg >= VCPU_IDS || g_hash_table_size(vcpus) >= VCPUS)
    return sim_refuse(call, EINVAL, RULE_VC_3);
  if (g_hash_table_contains(vcpus, GUINT_TO_POINTER((guint)call->arg)))
    return sim_refuse(call, EEXIST, RULE_VC_4);
  vcpu = vcpu_new(vm, (guint)call->arg);
  if (!vcpu)
    return sim_refuse(call, ENOMEM, RULE_NONE);
  sim_vm_ref(vm);
  fd = sim_call_install(call, sim_file_new(sim_vm_kernel(vm), &vcpu_ops, call->arg, vcpu));
  if (fd >= 0)
    g_hash_table_insert(vcpus, GUINT_TO_POINTER(vcpu->id), vcpu);
  else
    sim_vcpu_free(vcpu);
  return fd;
}
