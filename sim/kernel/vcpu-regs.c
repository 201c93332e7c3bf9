/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * KVM_GET_REGS and its like. arch/powerpc/kvm/book3s.c: kvm_arch_vcpu_ioctl_set_regs(); book3s_hv.c:
 * kvm_arch_vcpu_ioctl_set_sregs_hv(), kvmppc_set_msr_hv().
 */
#include <string.h>

#include "sim/kernel/cpu.h"
#include "sim/kernel/vcpu.h"

enum { SREGS_SLB = 64, SREGS_SIZE = 1232 };

/* struct kvm_sregs of powerpc, its book3s view */
typedef struct {
  guint32 pvr, padding;
  guint64 sdr1;
  SimSlbEntry slb[SREGS_SLB];
  guint8 others[SREGS_SIZE - 16 - SREGS_SLB * sizeof(SimSlbEntry)]; /* 32-bit CPUs' */
} Sregs;

G_STATIC_ASSERT(sizeof(SimVcpuRegs) == 392);
G_STATIC_ASSERT(sizeof(Sregs) == SREGS_SIZE);

#define MSR_ME (G_GUINT64_CONSTANT(1) << 12)
#define MSR_HV (G_GUINT64_CONSTANT(1) << 60)
#define MSR_TS (G_GUINT64_CONSTANT(3) << 33)
#define SLB_ESID_V (G_GUINT64_CONSTANT(1) << 27)

long sim_vcpu_get_regs(SimCall *call, const SimVcpu *vcpu) {
  SimVcpuRegs regs = vcpu->regs;

  regs.pid = sim_one_reg_pid(&vcpu->one_regs);
  return sim_write(call, call->arg, &regs, sizeof regs) ? sim_refuse(call, EFAULT, RULE_VC_1) : 0;
}

/* A guest always takes machine checks, is never a hypervisor, and a transaction cannot be in both states. */
static guint64 guest_msr(SimCall *call, guint64 msr) {
  if (sim_since(call->kernel, 5, 14))
    msr = (msr | MSR_ME) & ~MSR_HV;
  return (msr & MSR_TS) == MSR_TS ? msr & ~MSR_TS : msr;
}

long sim_vcpu_set_regs(SimCall *call, SimVcpu *vcpu) {
  SimVcpuRegs regs;

  if (sim_read(call, call->arg, &regs, sizeof regs))
    return sim_refuse(call, EFAULT, RULE_VC_1);
  regs.cr = (guint32)regs.cr;
  regs.msr = guest_msr(call, regs.msr);
  vcpu->regs = regs; /* pid is not taken: it is a register of KVM_SET_ONE_REG */
  return 0;
}

long sim_vcpu_get_sregs(SimCall *call, const SimVcpu *vcpu) {
  Sregs sregs = {.pvr = sim_cpu_pvr(sim_host_of(call->kernel))};

  memcpy(sregs.slb, vcpu->slb, vcpu->n_slb * sizeof vcpu->slb[0]);
  return sim_write(call, call->arg, &sregs, sizeof sregs) ? sim_refuse(call, EFAULT, RULE_VC_1) : 0;
}

long sim_vcpu_set_sregs(SimCall *call, SimVcpu *vcpu) {
  Sregs sregs;

  if (sim_read(call, call->arg, &sregs, sizeof sregs))
    return sim_refuse(call, EFAULT, RULE_VC_1);
  if (sregs.pvr != sim_cpu_pvr(sim_host_of(call->kernel)))
    return sim_refuse(call, EINVAL, RULE_VC_27);
  vcpu->n_slb = 0;
  for (guint i = 0; i < SIM_VCPU_SLB; i++)
    if (sregs.slb[i].esid & SLB_ESID_V)
      vcpu->slb[vcpu->n_slb++] = sregs.slb[i];
  return 0;
}
