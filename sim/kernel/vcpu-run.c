/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * KVM_RUN and the guest behind it, which executes no instruction: it does the work that it is given, one piece at a
 * time. arch/powerpc/kvm/powerpc.c: kvm_arch_vcpu_ioctl_run(); book3s_hv.c: kvmppc_vcpu_run_hv(),
 * kvmppc_handle_exit_hv(), kvmppc_pseries_do_hcall().
 */
#include <string.h>

#include "sim/kernel/vcpu.h"

enum { GPR_NR = 3, GPR_ARGS = 4 }; /* r3: a hypercall's number, then its result */

static SimVcpu *find(SimKernel *kernel, guint serial, guint id) {
  SimVm *vm = sim_kernel_vm(kernel, serial);

  return vm ? g_hash_table_lookup(sim_vm_vcpus(vm), GUINT_TO_POINTER(id)) : NULL;
}

guint sim_newest_vm(SimKernel *kernel) {
  return kernel->vms->len ? sim_vm_serial(g_ptr_array_index(kernel->vms, kernel->vms->len - 1)) : 0;
}

gboolean sim_vcpu_gpr(SimKernel *kernel, guint vm, guint id, guint number, guint64 *value) {
  const SimVcpu *vcpu = find(kernel, vm, id);

  if (!vcpu || number >= G_N_ELEMENTS(vcpu->regs.gpr))
    return FALSE;
  *value = vcpu->regs.gpr[number];
  return TRUE;
}

/* ---- the script ---- */

static gboolean well_formed(const SimGuestWork *work) {
  guint64 size = work->args[1];

  return work->kind == SIM_WORK_HCALL || size == 1 || size == 2 || size == 4 || size == 8;
}

gboolean sim_vcpu_give(SimKernel *kernel, guint vm, guint id, const SimGuestWork *work) {
  SimVcpu *vcpu = find(kernel, vm, id);

  if (!vcpu || vcpu->work_state != SIM_WORK_NONE || !well_formed(work))
    return FALSE;
  vcpu->work = *work;
  vcpu->work_state = SIM_WORK_GIVEN;
  if (kernel->port->vcpu_work)
    kernel->port->vcpu_work(kernel->port_data, vm, id);
  return TRUE;
}

SimWorkState sim_vcpu_take(SimKernel *kernel, guint vm, guint id, SimGuestWork *work) {
  SimVcpu *vcpu = find(kernel, vm, id);
  SimWorkState state = vcpu ? vcpu->work_state : SIM_WORK_NONE;

  if (state == SIM_WORK_DONE) {
    *work = vcpu->work;
    vcpu->work_state = SIM_WORK_NONE;
  }
  return state;
}

gboolean sim_vcpu_take_back(SimKernel *kernel, guint vm, guint id) {
  SimVcpu *vcpu = find(kernel, vm, id);

  if (!vcpu || vcpu->work_state != SIM_WORK_GIVEN)
    return FALSE;
  vcpu->work_state = SIM_WORK_NONE;
  return TRUE;
}

/* ---- into the guest ---- */

static void done(SimVcpu *vcpu) {
  if (vcpu->work.kind == SIM_WORK_HCALL) {
    vcpu->work.result = (gint64)vcpu->regs.gpr[GPR_NR];
    memcpy(vcpu->work.args, vcpu->regs.gpr + GPR_ARGS, sizeof vcpu->work.args);
  }
  vcpu->work_state = SIM_WORK_DONE;
}

/* What the VMM answered to the last exit goes to the guest, whether or not it may run on. */
static void complete(SimVcpu *vcpu) {
  const struct kvm_run *run = vcpu->run;
  SimVcpuExit exit = vcpu->pending;

  vcpu->pending = SIM_EXIT_NONE;
  switch (exit) {
  case SIM_EXIT_NONE:
    return;
  case SIM_EXIT_HCALL:
    vcpu->regs.gpr[GPR_NR] = run->papr_hcall.ret;
    memcpy(vcpu->regs.gpr + GPR_ARGS, run->papr_hcall.args, sizeof run->papr_hcall.args);
    break;
  case SIM_EXIT_LOAD:
    vcpu->work.args[2] = 0;
    memcpy(&vcpu->work.args[2], run->mmio.data, vcpu->work.args[1]);
    break;
  case SIM_EXIT_STORE:
    break;
  }
  sim_kernel_met(sim_vm_kernel(vcpu->vm), RULE_VC_38);
  done(vcpu);
}

/* A hypercall: KVM's own are answered here; for the others the vCPU leaves with the registers. */
static gboolean hypercall(SimKernel *kernel, SimVcpu *vcpu) {
  const SimGuestWork *work = &vcpu->work;
  struct kvm_run *run = vcpu->run;
  guint64 value;
  long r;

  vcpu->regs.gpr[GPR_NR] = work->nr;
  memcpy(vcpu->regs.gpr + GPR_ARGS, work->args, sizeof work->args);
  r = sim_hypercall(kernel, sim_vm_serial(vcpu->vm), work->nr, work->args, &value);
  if (r != SIM_H_TOO_HARD) {
    vcpu->regs.gpr[GPR_NR] = (guint64)r;
    if (work->nr == SIM_H_GET_TCE && r == 0)
      vcpu->regs.gpr[GPR_ARGS] = value;
    done(vcpu);
    return FALSE;
  }
  run->exit_reason = KVM_EXIT_PAPR_HCALL;
  run->papr_hcall.nr = work->nr;
  memcpy(run->papr_hcall.args, work->args, sizeof run->papr_hcall.args);
  vcpu->pending = SIM_EXIT_HCALL;
  return TRUE;
}

/* An access to what is no memory of the guest; a store may be for an ioeventfd. */
static gboolean access_io(SimVcpu *vcpu) {
  const SimGuestWork *work = &vcpu->work;
  struct kvm_run *run = vcpu->run;
  gboolean store = work->kind == SIM_WORK_STORE;

  if (store && sim_vm_events_store(sim_vm_events(vcpu->vm), work->args[0], (guint)work->args[1], work->args[2])) {
    done(vcpu);
    return FALSE;
  }
  run->exit_reason = KVM_EXIT_MMIO;
  run->mmio.phys_addr = work->args[0];
  run->mmio.len = (guint32)work->args[1];
  run->mmio.is_write = store;
  memset(run->mmio.data, 0, sizeof run->mmio.data);
  if (store)
    memcpy(run->mmio.data, &work->args[2], work->args[1]);
  vcpu->pending = store ? SIM_EXIT_STORE : SIM_EXIT_LOAD;
  return TRUE;
}

/* The guest runs until it has nothing to do or leaves: TRUE, with the exit in the run page. */
static gboolean enter(SimKernel *kernel, SimVcpu *vcpu) {
  if (vcpu->work_state != SIM_WORK_GIVEN)
    return FALSE;
  vcpu->work_state = SIM_WORK_UNDER_WAY;
  return vcpu->work.kind == SIM_WORK_HCALL ? hypercall(kernel, vcpu) : access_io(vcpu);
}

gboolean sim_vcpu_waits(SimFile *file, gpointer task) {
  SimCall caller = {.kernel = sim_file_kernel(file), .task = task};
  SimVcpu *vcpu = sim_file_get(file, ABI_VCPU);

  if (!vcpu || vcpu->exited || !vcpu->sane || sim_host_of(sim_file_kernel(file))->platform == SIM_X86)
    return FALSE;
  if (sim_call_mm(&caller) != sim_vm_mm(vcpu->vm))
    return FALSE; /* KVM_RUN is refused */
  complete(vcpu);
  if (vcpu->run->immediate_exit)
    return FALSE;
  vcpu->exited = enter(sim_file_kernel(file), vcpu);
  return !vcpu->exited;
}

/* ---- KVM_RUN ---- */

/* The event shows why the guest left. */
static void show_exit(SimCall *call, const struct kvm_run *run) {
  TraceEvent *event = call->event;

  memset(event->out, 0, 2 * sizeof run->papr_hcall.nr);
  memcpy(event->out, &run->exit_reason, sizeof run->exit_reason);
  event->out_len = sizeof run->exit_reason;
  if (run->exit_reason != KVM_EXIT_PAPR_HCALL)
    return;
  memcpy(event->out + sizeof run->papr_hcall.nr, &run->papr_hcall.nr, sizeof run->papr_hcall.nr);
  event->out_len = 2 * sizeof run->papr_hcall.nr;
}

long sim_vcpu_run(SimCall *call, SimVcpu *vcpu) {
  struct kvm_run *run = vcpu->run;

  if (call->arg)
    return sim_refuse(call, EINVAL, RULE_VC_37);
  if (!vcpu->exited) {
    complete(vcpu);
    if (run->immediate_exit)
      return sim_refuse(call, EINTR, RULE_VC_39);
    if (!vcpu->sane) {
      run->exit_reason = KVM_EXIT_INTERNAL_ERROR;
      return sim_refuse(call, EINVAL, RULE_VC_40);
    }
    vcpu->exited = enter(call->kernel, vcpu);
  }
  if (!vcpu->exited) {
    run->exit_reason = KVM_EXIT_INTR;
    return sim_refuse(call, EINTR, RULE_VC_41);
  }
  vcpu->exited = FALSE;
  sim_met(call, run->exit_reason == KVM_EXIT_PAPR_HCALL ? RULE_VC_42 : RULE_VC_43);
  show_exit(call, run);
  return 0;
}
