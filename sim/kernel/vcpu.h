/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A virtual CPU: its registers as a store, the page that it shares with its VMM, and the guest that runs on it, which
 * is scripted. Private to sim/kernel.
 *
 * Sources: virt/kvm/kvm_main.c: kvm_vcpu_ioctl(); arch/powerpc/kvm/powerpc.c, book3s.c, book3s_hv.c.
 */
#pragma once

#include <linux/kvm.h>

#include "sim/kernel/one-reg.h"
#include "sim/kernel/vm.h"

G_BEGIN_DECLS

/* struct kvm_regs of powerpc, whatever machine this is built on. */
typedef struct {
  guint64 pc, cr, ctr, lr, xer, msr, srr0, srr1, pid, sprg[8], gpr[32];
} SimVcpuRegs;

enum { SIM_VCPU_SLB = 32 }; /* entries of the segment lookaside buffer, POWER7 and later */

typedef struct {
  guint64 esid, vsid;
} SimSlbEntry;

/* What the vCPU waits for when KVM_RUN is made again. */
typedef enum { SIM_EXIT_NONE, SIM_EXIT_HCALL, SIM_EXIT_LOAD, SIM_EXIT_STORE } SimVcpuExit;

struct SimVcpu {
  SimVm *vm; /* owns it, as in the kernel: a vCPU whose fd is closed lives on */
  guint id;
  struct kvm_run *run; /* in the page that the VMM maps; its union lies alike on all machines but s390 */
  gboolean papr, sane; /* kvmppc_sanity_check(): an HV guest is a PAPR guest */
  SimVcpuRegs regs;
  SimSlbEntry slb[SIM_VCPU_SLB];
  guint n_slb;
  SimOneRegs one_regs;
  SimVcpuExit pending; /* whose answer the VMM owes */
  gboolean exited;     /* the guest has left, and KVM_RUN has not said so yet */
  SimGuestWork work;   /* as it was given, then as it came out */
  SimWorkState work_state;
};

/* ---- vcpu.c */

/* KVM_CREATE_VCPU: an fd or -errno. */
long sim_vcpu_create(SimCall *call, SimVm *vm);
void sim_vcpu_free(SimVcpu *vcpu);

/* ---- vcpu-regs.c: each an ioctl past the checks of the caller; 0 or -errno */

long sim_vcpu_get_regs(SimCall *call, const SimVcpu *vcpu);
long sim_vcpu_set_regs(SimCall *call, SimVcpu *vcpu);
long sim_vcpu_get_sregs(SimCall *call, const SimVcpu *vcpu);
long sim_vcpu_set_sregs(SimCall *call, SimVcpu *vcpu);

/* ---- vcpu-run.c */

/* KVM_RUN: 0 with the exit in the run page, or -errno. Without work for the guest -EINTR, as if a signal had come: the
 * model never waits. */
long sim_vcpu_run(SimCall *call, SimVcpu *vcpu);

G_END_DECLS
