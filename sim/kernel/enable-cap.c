/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/kernel/enable-cap.h"

#include "sim/kernel/cpu.h"

enum { THREADS_MAX = 8, POWER8_THREADS = 8 };

static long read_cap(SimCall *call, struct kvm_enable_cap *cap) {
  if (sim_read(call, call->arg, cap, sizeof *cap))
    return sim_refuse(call, EFAULT, RULE_VC_1);
  return cap->flags ? sim_refuse(call, EINVAL, RULE_VC_11) : 0;
}

static long enable_hcall(SimCall *call, SimVm *vm, const struct kvm_enable_cap *cap) {
  if (cap->args[1] > 1 || !sim_hcall_implemented(cap->args[0]))
    return sim_refuse(call, EINVAL, RULE_VC_12);
  sim_vm_enable_hcalls(vm, sim_hcall_bit(cap->args[0]), cap->args[1] != 0);
  return 0;
}

/* kvmhv_set_smt_mode(): how many vCPU ids make a virtual core, before there is any */
static long set_smt(SimCall *call, const SimVm *vm, const struct kvm_enable_cap *cap) {
  guint64 threads = cap->args[0];

  if (cap->args[1] || threads > THREADS_MAX || !threads || threads & (threads - 1))
    return sim_refuse(call, EINVAL, RULE_VC_13);
  return g_hash_table_size(sim_vm_vcpus(vm)) ? sim_refuse(call, EBUSY, RULE_VC_14) : 0;
}

long sim_enable_cap_vm(SimCall *call, SimVm *vm) {
  struct kvm_enable_cap cap;
  long r = read_cap(call, &cap);

  if (r)
    return r;
  switch (cap.cap) {
  case KVM_CAP_PPC_ENABLE_HCALL:
    return enable_hcall(call, vm, &cap);
  case KVM_CAP_PPC_SMT:
    return set_smt(call, vm, &cap);
  default:
    return sim_refuse(call, EINVAL, RULE_VC_11);
  }
}

long sim_enable_cap_vcpu(SimCall *call, SimVcpu *vcpu) {
  struct kvm_enable_cap cap;
  long r = read_cap(call, &cap);

  if (r)
    return r;
  switch (cap.cap) {
  case KVM_CAP_PPC_PAPR:
    vcpu->papr = TRUE;
    break;
  case KVM_CAP_PPC_OSI: /* of no use to a PAPR guest, but taken */
  case KVM_CAP_PPC_EPR:
  case KVM_CAP_PPC_FWNMI:
    break;
  default:
    return sim_refuse(call, EINVAL, RULE_VC_11);
  }
  vcpu->sane = vcpu->papr; /* whatever was enabled, an HV guest without PAPR is none */
  return vcpu->sane ? 0 : sim_refuse(call, EINVAL, RULE_VC_36);
}
