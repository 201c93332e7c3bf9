/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A vCPU of a POWER host: its registers, its exits, the guest that is scripted. Expectations are read in
 * virt/kvm/kvm_main.c: kvm_vcpu_ioctl(), arch/powerpc/kvm/powerpc.c and book3s_hv.c; the calls are those of
 * qemu-7.2-01-cold-boot and qemu-7.2-09a-guest-ddw.
 */
#include <linux/kvm.h>
#include <string.h>

#include "tests/kernel/rig.h"

enum { GPRS = 17, REGS = 49, PC = 0, CR = 1, MSR = 5, PID = 8 }; /* of struct kvm_regs, in 64-bit words */

#define REG_U32(nr) (G_GUINT64_CONSTANT(0x1020000000000000) | (nr))
#define REG_U64(nr) (G_GUINT64_CONSTANT(0x1030000000000000) | (nr))
#define REG_U128(nr) (G_GUINT64_CONSTANT(0x1040000000000000) | (nr))

static void no_radix(SimHost *host) {
  host->tce_page_sizes = 0x11011000; /* PNV-2: a POWER8 */
}

static void x86(SimHost *host) {
  host->platform = SIM_X86;
}

static int vcpu_of(Rig *rig, int vm) {
  long fd = rig_call_value(rig, vm, ABI_CREATE_VCPU, 0);

  assert_true(fd >= 0);
  return (int)fd;
}

static struct kvm_run *run_of(Rig *rig, int vcpu) {
  void *run = NULL;

  assert_int_equal(sim_process_mmap(rig->process, vcpu, 0x10000, 3, TRUE, 0, &run), 0);
  return run;
}

static void enable(Rig *rig, int vcpu, guint32 cap, long expected, RuleId rule) {
  struct kvm_enable_cap args = {.cap = cap};

  expect(rig, rig_call(rig, vcpu, ABI_ENABLE_CAP, &args), expected, rule);
}

static long one_reg(Rig *rig, int vcpu, AbiCallId id, guint64 reg, void *value) {
  struct kvm_one_reg args = {.id = reg, .addr = (guintptr)value};

  return rig_call(rig, vcpu, id, &args);
}

/* kvm_arch_vcpu_ioctl_set_regs(): all but the pid; the condition register has 32 bits, a guest has ME and not HV */
static void test_regs(void **state) {
  g_autoptr(Rig) rig = rig_new(NULL);
  int vcpu = vcpu_of(rig, rig_vm(rig));
  guint64 regs[REGS], got[REGS];

  for (guint i = 0; i < REGS; i++)
    regs[i] = (guint64)i << 32 | i;
  regs[MSR] = G_GUINT64_CONSTANT(0x9000000600000000);
  expect(rig, rig_call(rig, vcpu, ABI_SET_REGS, regs), 0, RULE_NONE);
  expect(rig, rig_call(rig, vcpu, ABI_GET_REGS, got), 0, RULE_NONE);
  regs[CR] = 1;
  regs[MSR] = G_GUINT64_CONSTANT(0x8000000000001000);
  regs[PID] = 0;
  assert_memory_equal(got, regs, sizeof regs);
  expect(rig, one_reg(rig, vcpu, ABI_SET_ONE_REG, REG_U64(0xb2), &regs[3]), 0, RULE_NONE);
  expect(rig, rig_call(rig, vcpu, ABI_GET_REGS, got), 0, RULE_NONE);
  assert_int_equal(got[PID], regs[3]);
  expect(rig, rig_call(rig, vcpu, ABI_SET_REGS, RIG_BAD), -EFAULT, RULE_VC_1);
  expect(rig, rig_call(rig, vcpu, ABI_GET_REGS, RIG_BAD), -EFAULT, RULE_VC_1);
}

/* kvm_arch_vcpu_ioctl_set_sregs_hv(): the host's PVR and no other; SLB entries that are valid close up */
static void test_sregs(void **state) {
  g_autoptr(Rig) rig = rig_new(NULL);
  int vcpu = vcpu_of(rig, rig_vm(rig));
  guint64 sregs[1232 / 8] = {0}, got[1232 / 8];

  expect(rig, rig_call(rig, vcpu, ABI_GET_SREGS, sregs), 0, RULE_NONE);
  assert_int_equal((guint32)sregs[0], 0x004e1200);
  sregs[2] = 0x1000; /* slb[0]: not valid */
  sregs[4] = 0x08000001;
  sregs[5] = 0x400;
  expect(rig, rig_call(rig, vcpu, ABI_SET_SREGS, sregs), 0, RULE_NONE);
  expect(rig, rig_call(rig, vcpu, ABI_GET_SREGS, got), 0, RULE_NONE);
  assert_int_equal(got[2], 0x08000001);
  assert_int_equal(got[3], 0x400);
  assert_int_equal(got[4], 0);
  sregs[0] = 0x004e1202;
  expect(rig, rig_call(rig, vcpu, ABI_SET_SREGS, sregs), -EINVAL, RULE_VC_27);
  expect(rig, rig_call(rig, vcpu, ABI_SET_SREGS, RIG_BAD), -EFAULT, RULE_VC_1);
  expect(rig, rig_call(rig, vcpu, ABI_GET_SREGS, RIG_BAD), -EFAULT, RULE_VC_1);
}

static guint64 read_reg(Rig *rig, int vcpu, guint64 reg) {
  guint64 value = 0;

  expect(rig, one_reg(rig, vcpu, ABI_GET_ONE_REG, reg, &value), 0, RULE_NONE);
  return value;
}

static void write_reg(Rig *rig, int vcpu, guint64 reg, guint64 value, long expected, RuleId rule) {
  expect(rig, one_reg(rig, vcpu, ABI_SET_ONE_REG, reg, &value), expected, rule);
}

static void test_one_reg(void **state) {
  g_autoptr(Rig) rig = rig_new(NULL);
  int vcpu = vcpu_of(rig, rig_vm(rig));
  guint64 vsr[2] = {1, 2}, vpa[2] = {0x10000, 100};

  write_reg(rig, vcpu, REG_U64(0x09), 0x1234, 0, RULE_NONE); /* DSCR */
  assert_int_equal(read_reg(rig, vcpu, REG_U64(0x09)), 0x1234);
  /* FPR5 is half of VSR5 */
  expect(rig, one_reg(rig, vcpu, ABI_SET_ONE_REG, REG_U128(0x65), vsr), 0, RULE_NONE);
  assert_int_equal(read_reg(rig, vcpu, REG_U64(0x25)), 2);
  /* one that the CPU lacks, a size that is not its own, none of PowerPC, a size that nothing has */
  write_reg(rig, vcpu, REG_U64(0x8e), 0, -EINVAL, RULE_VC_29);
  write_reg(rig, vcpu, REG_U32(0x09), 0, -EINVAL, RULE_VC_29);
  write_reg(rig, vcpu, G_GUINT64_CONSTANT(0x2030000000000009), 0, -EINVAL, RULE_VC_29);
  write_reg(rig, vcpu, G_GUINT64_CONSTANT(0x1050000000000009), 0, -EINVAL, RULE_VC_28);
  expect(rig, one_reg(rig, vcpu, ABI_GET_ONE_REG, REG_U64(0x8e), vsr), -EINVAL, RULE_VC_29);
  /* the value is copied in before the id is looked at, and out after */
  expect(rig, one_reg(rig, vcpu, ABI_SET_ONE_REG, REG_U64(0x8e), RIG_BAD), -EFAULT, RULE_VC_1);
  expect(rig, one_reg(rig, vcpu, ABI_GET_ONE_REG, REG_U64(0x8e), RIG_BAD), -EINVAL, RULE_VC_29);
  expect(rig, one_reg(rig, vcpu, ABI_GET_ONE_REG, REG_U64(0x09), RIG_BAD), -EFAULT, RULE_VC_1);
  expect(rig, rig_call(rig, vcpu, ABI_GET_ONE_REG, RIG_BAD), -EFAULT, RULE_VC_1);
  /* HIOR is 0; no interrupt controller; what a breakpoint is, is the host's to say */
  write_reg(rig, vcpu, REG_U64(0x01), 0, 0, RULE_NONE);
  write_reg(rig, vcpu, REG_U64(0x01), 1, -EINVAL, RULE_VC_31);
  write_reg(rig, vcpu, REG_U64(0x8c), 0, -ENXIO, RULE_VC_30);
  expect(rig, one_reg(rig, vcpu, ABI_GET_ONE_REG, REG_U64(0x8c), vsr), -ENXIO, RULE_VC_30);
  write_reg(rig, vcpu, REG_U32(0x8b), 0, -EINVAL, RULE_VC_31);
  assert_int_equal(read_reg(rig, vcpu, REG_U32(0x8b)), 0x00dddd00);
  /* the time base moves by 2^24; the guest's part of PSSCR */
  write_reg(rig, vcpu, REG_U64(0x9c), 1, 0, RULE_NONE);
  assert_int_equal(read_reg(rig, vcpu, REG_U64(0x9c)), 1 << 24);
  write_reg(rig, vcpu, REG_U64(0xbd), G_MAXUINT64, 0, RULE_NONE);
  assert_int_equal(read_reg(rig, vcpu, REG_U64(0xbd)), G_GUINT64_CONSTANT(0xf0000000000003ff));
  /* the areas shared with the hypervisor: none without the first */
  expect(rig, one_reg(rig, vcpu, ABI_SET_ONE_REG, REG_U128(0x84), vpa), -EINVAL, RULE_VC_31);
  write_reg(rig, vcpu, REG_U64(0x82), 0x20000, 0, RULE_NONE);
  expect(rig, one_reg(rig, vcpu, ABI_SET_ONE_REG, REG_U128(0x84), vpa), 0, RULE_NONE);
  expect(rig, one_reg(rig, vcpu, ABI_GET_ONE_REG, REG_U128(0x84), vsr), 0, RULE_NONE);
  assert_int_equal(vsr[1], 96); /* whole entries of 48 bytes */
  write_reg(rig, vcpu, REG_U64(0x82), 0, -EINVAL, RULE_VC_31);
}

/* kvmppc_set_lpcr(): a few bits are user space's; the 32-bit id leaves the upper half alone */
static void test_lpcr(void **state) {
  g_autoptr(Rig) power9 = rig_new(NULL), power8 = rig_new(no_radix);
  int vcpu = vcpu_of(power9, rig_vm(power9));
  guint64 first = read_reg(power9, vcpu, REG_U64(0xb5));

  assert_int_equal(read_reg(power9, vcpu, REG_U32(0xb5)), (guint32)first);
  assert_true(first & 0x00100000); /* HR: the host is radix, and so is a new guest */
  write_reg(power9, vcpu, REG_U64(0xb5), G_MAXUINT64, 0, RULE_VC_32);
  assert_int_equal(read_reg(power9, vcpu, REG_U64(0xb5)), first | G_GUINT64_CONSTANT(0x0070000003820200));
  write_reg(power9, vcpu, REG_U32(0xb5), 0x00800000, 0, RULE_VC_32); /* AIL 1 is reserved */
  assert_int_equal(read_reg(power9, vcpu, REG_U64(0xb5)), first | G_GUINT64_CONSTANT(0x0070000000000000));

  vcpu = vcpu_of(power8, rig_vm(power8));
  first = read_reg(power8, vcpu, REG_U64(0xb5));
  assert_false(first & 0x00100000);
  write_reg(power8, vcpu, REG_U64(0xb5), 0x00020000, 0, RULE_VC_32); /* LD is POWER9's */
  assert_false(read_reg(power8, vcpu, REG_U64(0xb5)) & 0x00020000);
  write_reg(power8, vcpu, REG_U32(0xb7), 0x0f000005, -EINVAL, RULE_VC_31); /* nor is it compatible with one */
  write_reg(power8, vcpu, REG_U32(0xb7), 0x0f000004, 0, RULE_NONE);
}

/* kvm_vcpu_ioctl_enable_cap(): the sanity check comes after whatever was enabled */
static void test_enable_cap(void **state) {
  g_autoptr(Rig) rig = rig_new(NULL);
  int vcpu = vcpu_of(rig, rig_vm(rig));

  enable(rig, vcpu, KVM_CAP_PPC_FWNMI, -EINVAL, RULE_VC_36);
  enable(rig, vcpu, KVM_CAP_PPC_PAPR, 0, RULE_NONE);
  enable(rig, vcpu, KVM_CAP_PPC_FWNMI, 0, RULE_NONE);
  enable(rig, vcpu, KVM_CAP_PPC_OSI, 0, RULE_NONE);
  enable(rig, vcpu, KVM_CAP_PPC_HTM, -EINVAL, RULE_VC_11);
}

static void test_small_calls(void **state) {
  g_autoptr(Rig) rig = rig_new(NULL);
  int vcpu = vcpu_of(rig, rig_vm(rig));
  guint8 zeros[512] = {0};
  struct {
    guint32 len;
    guint8 mask[8];
  } signals = {.len = 8};

  expect(rig, rig_call(rig, vcpu, ABI_GET_FPU, zeros), -EOPNOTSUPP, RULE_VC_33);
  expect(rig, rig_call(rig, vcpu, ABI_SET_FPU, zeros), -EOPNOTSUPP, RULE_VC_33);
  expect(rig, rig_call(rig, vcpu, ABI_SET_FPU, RIG_BAD), -EFAULT, RULE_VC_1);
  expect(rig, rig_call(rig, vcpu, ABI_GET_MP_STATE, zeros), -EINVAL, RULE_VC_34);
  expect(rig, rig_call(rig, vcpu, ABI_SET_MP_STATE, zeros), -EINVAL, RULE_VC_34);
  expect(rig, rig_call(rig, vcpu, ABI_SET_MP_STATE, RIG_BAD), -EFAULT, RULE_VC_1);
  expect(rig, rig_call(rig, vcpu, ABI_TRANSLATE, zeros), 0, RULE_NONE);
  expect(rig, rig_call(rig, vcpu, ABI_INTERRUPT, zeros), 0, RULE_NONE);
  expect(rig, rig_call(rig, vcpu, ABI_INTERRUPT, RIG_BAD), -EFAULT, RULE_VC_1);
  expect(rig, rig_call(rig, vcpu, ABI_SET_GUEST_DEBUG, zeros), 0, RULE_NONE);
  expect(rig, rig_call(rig, vcpu, ABI_SET_SIGNAL_MASK, NULL), 0, RULE_NONE);
  expect(rig, rig_call(rig, vcpu, ABI_SET_SIGNAL_MASK, &signals), 0, RULE_NONE);
  expect(rig, rig_call(rig, vcpu, ABI_SET_SIGNAL_MASK, RIG_BAD), -EFAULT, RULE_VC_1);
  signals.len = 16;
  expect(rig, rig_call(rig, vcpu, ABI_SET_SIGNAL_MASK, &signals), -EINVAL, RULE_VC_35);
}

/* A vCPU of x86 is none that the model knows. */
static void test_x86(void **state) {
  g_autoptr(Rig) rig = rig_new(x86);
  int vcpu = vcpu_of(rig, rig_vm(rig));
  guint64 regs[REGS];

  expect(rig, rig_call(rig, vcpu, ABI_GET_REGS, regs), -EINVAL, RULE_VC_26);
  expect(rig, rig_call_value(rig, vcpu, ABI_RUN, 0), -EINVAL, RULE_VC_26);
}

/* ---- the guest ---- */

static const SimGuestWork rtas = {.kind = SIM_WORK_HCALL, .nr = 0xf000, .args = {0x1000, 2, 3}};

/* kvmppc_vcpu_run_hv(): without PAPR an internal error; with nothing to do a signal must have come */
static void test_run(void **state) {
  g_autoptr(Rig) rig = rig_new(NULL);
  int vcpu = vcpu_of(rig, rig_vm(rig));
  struct kvm_run *run = run_of(rig, vcpu);

  expect(rig, rig_call_value(rig, vcpu, ABI_RUN, 1), -EINVAL, RULE_VC_37);
  assert_int_equal(run->exit_reason, 0);
  expect(rig, rig_call_value(rig, vcpu, ABI_RUN, 0), -EINVAL, RULE_VC_40);
  assert_int_equal(run->exit_reason, KVM_EXIT_INTERNAL_ERROR);
  enable(rig, vcpu, KVM_CAP_PPC_PAPR, 0, RULE_NONE);
  expect(rig, rig_call_value(rig, vcpu, ABI_RUN, 0), -EINTR, RULE_VC_41);
  assert_int_equal(run->exit_reason, KVM_EXIT_INTR);
  run->exit_reason = 0;
  run->immediate_exit = 1;
  assert_true(sim_vcpu_give(rig->kernel, 1, 0, &rtas));
  expect(rig, rig_call_value(rig, vcpu, ABI_RUN, 0), -EINTR, RULE_VC_39);
  assert_int_equal(run->exit_reason, 0);
}

/* A hypercall that KVM does not take leaves with the registers; the answer is taken at the next KVM_RUN, even if that
 * is one that does not run. */
static void test_hypercall_of_the_vmm(void **state) {
  g_autoptr(Rig) rig = rig_new(NULL);
  int vcpu = vcpu_of(rig, rig_vm(rig));
  struct kvm_run *run = run_of(rig, vcpu);
  const TraceEvent *event;
  guint64 regs[REGS];
  SimGuestWork work;

  enable(rig, vcpu, KVM_CAP_PPC_PAPR, 0, RULE_NONE);
  assert_false(sim_vcpu_give(rig->kernel, 1, 1, &rtas));
  assert_false(sim_vcpu_give(rig->kernel, 2, 0, &rtas));
  assert_true(sim_vcpu_give(rig->kernel, 1, 0, &rtas));
  assert_false(sim_vcpu_give(rig->kernel, 1, 0, &rtas));
  assert_int_equal(sim_vcpu_take(rig->kernel, 1, 0, &work), SIM_WORK_GIVEN);
  expect(rig, rig_call_value(rig, vcpu, ABI_RUN, 0), 0, RULE_VC_42);
  event = trace_get(rig->trace, trace_len(rig->trace) - 1);
  assert_int_equal(event->out[0], KVM_EXIT_PAPR_HCALL);
  assert_int_equal(run->exit_reason, KVM_EXIT_PAPR_HCALL);
  assert_int_equal(run->papr_hcall.nr, 0xf000);
  assert_int_equal(run->papr_hcall.args[0], 0x1000);
  assert_int_equal(run->papr_hcall.args[2], 3);
  expect(rig, rig_call(rig, vcpu, ABI_GET_REGS, regs), 0, RULE_NONE);
  assert_int_equal(regs[GPRS + 3], 0xf000);
  assert_int_equal(regs[GPRS + 4], 0x1000);
  assert_int_equal(sim_vcpu_take(rig->kernel, 1, 0, &work), SIM_WORK_UNDER_WAY);
  assert_false(sim_vcpu_take_back(rig->kernel, 1, 0));
  run->papr_hcall.ret = (guint64)-4;
  run->papr_hcall.args[0] = 77;
  run->immediate_exit = 1;
  expect(rig, rig_call_value(rig, vcpu, ABI_RUN, 0), -EINTR, RULE_VC_39);
  assert_int_equal(sim_vcpu_take(rig->kernel, 1, 0, &work), SIM_WORK_DONE);
  assert_int_equal(work.result, -4);
  assert_int_equal(work.args[0], 77);
  assert_int_equal(sim_vcpu_take(rig->kernel, 1, 0, &work), SIM_WORK_NONE);
  expect(rig, rig_call(rig, vcpu, ABI_GET_REGS, regs), 0, RULE_NONE);
  assert_int_equal(regs[GPRS + 3], (guint64)-4);
  assert_int_equal(regs[GPRS + 4], 77);
}

/* HC-8, HC-24: KVM's own hypercalls never leave; HC-1: those that it passes on do */
static void test_hypercall_of_kvm(void **state) {
  const SimGuestWork put = {.kind = SIM_WORK_HCALL, .nr = 0x20, .args = {1, 0x1000, 0x200000}};
  const SimGuestWork get = {.kind = SIM_WORK_HCALL, .nr = 0x1c, .args = {1, 0x1000}};
  const SimGuestWork other = {.kind = SIM_WORK_HCALL, .nr = 0x20, .args = {2, 0, 0}};
  g_autoptr(Rig) rig = rig_new(NULL);
  int vm = rig_vm(rig), vcpu = vcpu_of(rig, vm);
  SimGuestWork work;

  enable(rig, vcpu, KVM_CAP_PPC_PAPR, 0, RULE_NONE);
  assert_true(rig_table(rig, vm, 1, 12, 0, 16) >= 0);
  assert_true(sim_vcpu_give(rig->kernel, 1, 0, &put));
  expect(rig, rig_call_value(rig, vcpu, ABI_RUN, 0), -EINTR, RULE_NONE);
  assert_int_equal(sim_vcpu_take(rig->kernel, 1, 0, &work), SIM_WORK_DONE);
  assert_int_equal(work.result, 0);
  assert_true(sim_vcpu_give(rig->kernel, 1, 0, &get));
  expect(rig, rig_call_value(rig, vcpu, ABI_RUN, 0), -EINTR, RULE_NONE);
  assert_int_equal(sim_vcpu_take(rig->kernel, 1, 0, &work), SIM_WORK_DONE);
  assert_int_equal(work.result, 0);
  assert_int_equal(work.args[0], 0x200000);
  assert_true(sim_vcpu_give(rig->kernel, 1, 0, &other));
  expect(rig, rig_call_value(rig, vcpu, ABI_RUN, 0), 0, RULE_NONE);
}

/* What a gate that waits is told. */
static void test_waits(void **state) {
  g_autoptr(Rig) rig = rig_new(NULL);
  int vm = rig_vm(rig), vcpu = vcpu_of(rig, vm);
  struct kvm_run *run = run_of(rig, vcpu);
  SimFile *file = sim_process_file(rig->process, vcpu);
  SimGuestWork work;

  assert_false(sim_vcpu_waits(sim_process_file(rig->process, vm), rig->process)); /* no vCPU */
  assert_false(sim_vcpu_waits(file, rig->process));                               /* KVM_RUN is refused */
  enable(rig, vcpu, KVM_CAP_PPC_PAPR, 0, RULE_NONE);
  assert_true(sim_vcpu_waits(file, rig->process));
  run->immediate_exit = 1;
  assert_false(sim_vcpu_waits(file, rig->process));
  run->immediate_exit = 0;
  assert_true(sim_vcpu_give(rig->kernel, 1, 0, &rtas));
  assert_true(sim_vcpu_take_back(rig->kernel, 1, 0));
  assert_true(sim_vcpu_waits(file, rig->process));
  assert_true(sim_vcpu_give(rig->kernel, 1, 0, &rtas));
  assert_false(sim_vcpu_waits(file, rig->process));
  assert_false(sim_vcpu_waits(file, rig->process));
  expect(rig, rig_call_value(rig, vcpu, ABI_RUN, 0), 0, RULE_NONE);
  run->papr_hcall.ret = 5;
  assert_true(sim_vcpu_waits(file, rig->process)); /* takes the answer on the way */
  assert_int_equal(sim_vcpu_take(rig->kernel, 1, 0, &work), SIM_WORK_DONE);
  assert_int_equal(work.result, 5);
  expect(rig, 0, 0, RULE_VC_38);
}

static void test_io(void **state) {
  const SimGuestWork load = {.kind = SIM_WORK_LOAD, .args = {0x200080000000, 4}};
  const SimGuestWork store = {.kind = SIM_WORK_STORE, .args = {0x200080000010, 2, 0xbeef}};
  const SimGuestWork odd = {.kind = SIM_WORK_LOAD, .args = {0x200080000000, 3}};
  g_autoptr(Rig) rig = rig_new(NULL);
  int vcpu = vcpu_of(rig, rig_vm(rig));
  struct kvm_run *run = run_of(rig, vcpu);
  SimGuestWork work;

  enable(rig, vcpu, KVM_CAP_PPC_PAPR, 0, RULE_NONE);
  assert_false(sim_vcpu_give(rig->kernel, 1, 0, &odd));
  assert_true(sim_vcpu_give(rig->kernel, 1, 0, &load));
  expect(rig, rig_call_value(rig, vcpu, ABI_RUN, 0), 0, RULE_VC_43);
  assert_int_equal(run->exit_reason, KVM_EXIT_MMIO);
  assert_int_equal(run->mmio.phys_addr, 0x200080000000);
  assert_int_equal(run->mmio.len, 4);
  assert_int_equal(run->mmio.is_write, 0);
  memcpy(run->mmio.data, "\x78\x56\x34\x12\xff", 5);
  expect(rig, rig_call_value(rig, vcpu, ABI_RUN, 0), -EINTR, RULE_NONE);
  assert_int_equal(sim_vcpu_take(rig->kernel, 1, 0, &work), SIM_WORK_DONE);
  assert_int_equal(work.args[2], 0x12345678);
  assert_true(sim_vcpu_give(rig->kernel, 1, 0, &store));
  expect(rig, rig_call_value(rig, vcpu, ABI_RUN, 0), 0, RULE_VC_43);
  assert_int_equal(run->mmio.is_write, 1);
  assert_memory_equal(run->mmio.data, "\xef\xbe\0\0\0\0\0\0", 8);
  expect(rig, rig_call_value(rig, vcpu, ABI_RUN, 0), -EINTR, RULE_NONE);
  assert_int_equal(sim_vcpu_take(rig->kernel, 1, 0, &work), SIM_WORK_DONE);
}

/* A vCPU whose fd is closed lives on with its VM: its id stays taken. */
static void test_outlives_its_fd(void **state) {
  g_autoptr(Rig) rig = rig_new(NULL);
  int vm = rig_vm(rig), vcpu = vcpu_of(rig, vm);

  rig_close(rig, vcpu);
  expect(rig, rig_call_value(rig, vm, ABI_CREATE_VCPU, 0), -EEXIST, RULE_VC_4);
  assert_true(sim_vcpu_give(rig->kernel, 1, 0, &rtas));
  rig_close(rig, vm);
  assert_false(sim_vcpu_take_back(rig->kernel, 1, 0));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_regs),
      cmocka_unit_test(test_sregs),
      cmocka_unit_test(test_one_reg),
      cmocka_unit_test(test_lpcr),
      cmocka_unit_test(test_enable_cap),
      cmocka_unit_test(test_small_calls),
      cmocka_unit_test(test_x86),
      cmocka_unit_test(test_run),
      cmocka_unit_test(test_hypercall_of_the_vmm),
      cmocka_unit_test(test_hypercall_of_kvm),
      cmocka_unit_test(test_waits),
      cmocka_unit_test(test_io),
      cmocka_unit_test(test_outlives_its_fd),
  };

  return cmocka_run_group_tests_name("vcpu", tests, NULL, NULL);
}
