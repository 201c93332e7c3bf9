/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What QEMU asks of a VM beside memory and TCE tables (qemu-7.2-01-cold-boot): the MMU, eventfds, the dirty log.
 * Expectations are read in arch/powerpc/kvm/book3s_hv.c, powerpc.c and virt/kvm/eventfd.c; the structs' offsets in
 * arch/powerpc/include/uapi/asm/kvm.h.
 */
#include <linux/kvm.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "tests/kernel/rig.h"

#define REG_LPCR_64 G_GUINT64_CONSTANT(0x10300000000000b5)

enum { LPCR_HR = 0x00100000, LPCR_GTSE = 0x00000400 };

static void power8(SimHost *host) {
  host->tce_page_sizes = 0x11011000; /* PNV-2 */
}

static void nested(SimHost *host) {
  host->platform = SIM_PSERIES;
}

static void x86(SimHost *host) {
  host->platform = SIM_X86;
}

static guint32 word(const guint8 *info, gsize offset) {
  guint32 value;

  memcpy(&value, info + offset, sizeof value);
  return value;
}

/* kvm_vm_ioctl_get_smmu_info_hv() */
static void test_smmu_info(void **state) {
  g_autoptr(Rig) rig = rig_new(NULL), guest = rig_new(nested);
  int vm = rig_vm(rig);
  guint8 info[592];

  expect(rig, rig_call(rig, vm, ABI_PPC_GET_SMMU_INFO, info), 0, RULE_NONE);
  assert_int_equal(word(info, 0), 3); /* real page sizes, 1T segments */
  assert_int_equal(word(info, 8), 32);
  assert_int_equal(word(info, 12), 32 << 16 | 32);
  assert_int_equal(word(info, 16), 12);
  assert_int_equal(word(info, 16 + 72), 16);
  assert_int_equal(word(info, 16 + 72 + 4), 0x110);
  assert_int_equal(word(info, 16 + 2 * 72), 24);
  assert_int_equal(word(info, 16 + 3 * 72), 0);
  expect(rig, rig_call(rig, vm, ABI_PPC_GET_SMMU_INFO, RIG_BAD), -EFAULT, RULE_VC_1);
  expect(guest, rig_call(guest, rig_vm(guest), ABI_PPC_GET_SMMU_INFO, info), 0, RULE_NONE);
  assert_int_equal(word(info, 0), 7); /* no hashed page tables */
}

/* kvmhv_get_rmmu_info() */
static void test_rmmu_info(void **state) {
  static const guint8 geometries[16] = {12, 9, 9, 9, 13, 0, 0, 0, 16, 5, 9, 9, 13};
  static const guint32 encodings[8] = {0x0000000c, 0xa0000010, 0x20000015, 0x4000001e};
  g_autoptr(Rig) power9 = rig_new(NULL), old = rig_new(power8);
  guint8 info[96];

  expect(power9, rig_call(power9, rig_vm(power9), ABI_PPC_GET_RMMU_INFO, info), 0, RULE_NONE);
  assert_memory_equal(info, geometries, sizeof geometries);
  assert_memory_equal(info + 64, encodings, sizeof encodings);
  expect(old, rig_call(old, rig_vm(old), ABI_PPC_GET_RMMU_INFO, info), 0, RULE_NONE);
  for (guint i = 0; i < sizeof info; i++)
    assert_int_equal(info[i], 0);
}

/* A pseries guest of QEMU 7.2 starts with its mitigations on only if KVM has them: L1D flush by thread, the barrier,
 * the serialised branches. */
static void test_cpu_char(void **state) {
  g_autoptr(Rig) rig = rig_new(NULL);
  guint64 info[4];

  expect(rig, rig_call(rig, rig_vm(rig), ABI_PPC_GET_CPU_CHAR, info), 0, RULE_NONE);
  assert_int_equal(info[0] & ~info[2], 0);
  assert_int_equal(info[1] & ~info[3], 0);
  assert_int_equal(info[0] >> 52, 0x984);
  assert_int_equal(info[1] >> 56, 0xe4);
}

static void test_pvinfo(void **state) {
  g_autoptr(Rig) rig = rig_new(NULL);
  guint8 info[128];

  expect(rig, rig_call(rig, rig_vm(rig), ABI_PPC_GET_PVINFO, info), 0, RULE_NONE);
  assert_memory_equal(info, "\1\0\0\0\x3c\x00\x4b\x56\x60\x00\x4d\x21\x44\0\0\2\x60\0\0\0", 20);
}

static guint64 lpcr(Rig *rig, int vcpu) {
  guint64 value = 0;
  struct kvm_one_reg reg = {.id = REG_LPCR_64, .addr = (guintptr)&value};

  expect(rig, rig_call(rig, vcpu, ABI_GET_ONE_REG, &reg), 0, RULE_NONE);
  return value;
}

static long configure(Rig *rig, int vm, guint64 flags, guint64 table) {
  guint64 config[2] = {flags, table};

  return rig_call(rig, vm, ABI_PPC_CONFIGURE_V3_MMU, config);
}

/* kvmhv_configure_mmu(), kvmppc_alloc_reset_hpt() */
static void test_page_tables(void **state) {
  const guint64 guest_radix = G_GUINT64_CONSTANT(1) << 63;
  const guint32 good = 25, small = 17, large = 47;
  g_autoptr(Rig) rig = rig_new(NULL), old = rig_new(power8), guest = rig_new(nested);
  int vm = rig_vm(rig);
  int vcpu = (int)rig_call_value(rig, vm, ABI_CREATE_VCPU, 0);

  assert_int_equal(lpcr(rig, vcpu) & (LPCR_HR | LPCR_GTSE), LPCR_HR | LPCR_GTSE);
  expect(rig, rig_call(rig, vm, ABI_PPC_CONFIGURE_V3_MMU, RIG_BAD), -EFAULT, RULE_VC_1);
  expect(rig, configure(rig, vm, 4, 0), -EINVAL, RULE_VC_25);
  expect(rig, configure(rig, vm, 1, 0), -EINVAL, RULE_VC_25);
  expect(rig, configure(rig, vm, 0, guest_radix), -EINVAL, RULE_VC_25);
  expect(rig, configure(rig, vm, 1, guest_radix | 25), -EINVAL, RULE_VC_25);
  expect(rig, configure(rig, vm, 1, guest_radix | 24), 0, RULE_NONE);
  assert_int_equal(lpcr(rig, vcpu) & (LPCR_HR | LPCR_GTSE), LPCR_HR);
  expect(rig, configure(rig, vm, 0, 0), 0, RULE_NONE);
  assert_int_equal(lpcr(rig, vcpu) & (LPCR_HR | LPCR_GTSE), 0);
  expect(rig, configure(rig, vm, 3, guest_radix), 0, RULE_NONE);
  assert_int_equal(lpcr(rig, vcpu) & (LPCR_HR | LPCR_GTSE), LPCR_HR | LPCR_GTSE);

  expect(rig, rig_call(rig, vm, ABI_PPC_ALLOCATE_HTAB, RIG_BAD), -EFAULT, RULE_VC_1);
  expect(rig, rig_call(rig, vm, ABI_PPC_ALLOCATE_HTAB, &large), -EINVAL, RULE_VC_23);
  assert_int_equal(lpcr(rig, vcpu) & LPCR_HR, 0); /* it has left the radix tree all the same */
  expect(rig, rig_call(rig, vm, ABI_PPC_ALLOCATE_HTAB, &small), -EINVAL, RULE_VC_23);
  expect(rig, rig_call(rig, vm, ABI_PPC_ALLOCATE_HTAB, &good), 0, RULE_NONE);
  vcpu = (int)rig_call_value(rig, vm, ABI_CREATE_VCPU, 1);
  assert_int_equal(lpcr(rig, vcpu) & LPCR_HR, 0);

  expect(old, configure(old, rig_vm(old), 0, 0), -ENODEV, RULE_VC_24);
  expect(guest, configure(guest, rig_vm(guest), 0, 0), -EINVAL, RULE_VC_25);
  expect(guest, rig_call(guest, rig_vm(guest), ABI_PPC_ALLOCATE_HTAB, &good), -EOPNOTSUPP, RULE_VC_22);
}

static void older(SimHost *host) {
  host->version = SIM_VERSION(4, 19);
}

static void test_svm_off(void **state) {
  g_autoptr(Rig) rig = rig_new(NULL), old = rig_new(older);

  expect(rig, rig_call_value(rig, rig_vm(rig), ABI_PPC_SVM_OFF, 0), 0, RULE_NONE);
  expect(old, rig_call_value(old, rig_vm(old), ABI_PPC_SVM_OFF, 0), -ENOTTY, RULE_VC_2);
}

static void test_x86(void **state) {
  g_autoptr(Rig) rig = rig_new(x86);
  guint8 info[592];

  expect(rig, rig_call(rig, rig_vm(rig), ABI_PPC_GET_SMMU_INFO, info), -ENOTTY, RULE_VC_2);
}

/* kvm_vm_ioctl_get_dirty_log_hv() */
static void test_dirty_log(void **state) {
  g_autoptr(Rig) rig = rig_new(NULL);
  int vm = rig_vm(rig);
  guint8 bitmap[16];
  struct kvm_userspace_memory_region logged = {
      .slot = 3, .flags = KVM_MEM_LOG_DIRTY_PAGES, .memory_size = 65 << 16, .userspace_addr = (guintptr)rig->ram};
  struct kvm_dirty_log log = {.slot = 3, .dirty_bitmap = bitmap};

  expect(rig, rig_call(rig, vm, ABI_GET_DIRTY_LOG, RIG_BAD), -EFAULT, RULE_VC_1);
  expect(rig, rig_call(rig, vm, ABI_GET_DIRTY_LOG, &log), -ENOENT, RULE_VC_10);
  expect(rig, rig_call(rig, vm, ABI_SET_USER_MEMORY_REGION, &logged), 0, RULE_NONE);
  memset(bitmap, 0xff, sizeof bitmap);
  expect(rig, rig_call(rig, vm, ABI_GET_DIRTY_LOG, &log), 0, RULE_NONE);
  for (guint i = 0; i < sizeof bitmap; i++) /* 65 pages: two words */
    assert_int_equal(bitmap[i], 0);
  log.dirty_bitmap = RIG_BAD;
  expect(rig, rig_call(rig, vm, ABI_GET_DIRTY_LOG, &log), -EFAULT, RULE_VC_1);
  log.slot = 32767;
  expect(rig, rig_call(rig, vm, ABI_GET_DIRTY_LOG, &log), -EINVAL, RULE_VC_9);
  expect(rig, rig_memslot(rig, vm, 4, 0x10000000, 0x10000, rig->ram), 0, RULE_NONE);
  log.slot = 4; /* its writes are not logged */
  expect(rig, rig_call(rig, vm, ABI_GET_DIRTY_LOG, &log), -ENOENT, RULE_VC_10);
}

static long ioeventfd(Rig *rig, int vm, struct kvm_ioeventfd args) {
  return rig_call(rig, vm, ABI_VM_IOEVENTFD, &args);
}

/* kvm_assign_ioeventfd(), ioeventfd_check_collision() */
static void test_ioeventfd(void **state) {
  const guint32 match = KVM_IOEVENTFD_FLAG_DATAMATCH, off = KVM_IOEVENTFD_FLAG_DEASSIGN;
  g_autoptr(Rig) rig = rig_new(NULL);
  int vm = rig_vm(rig), fd = eventfd(0, EFD_CLOEXEC);
  struct kvm_ioeventfd io = {.addr = 0x1000, .len = 2, .fd = fd, .flags = match, .datamatch = 7};
  struct kvm_ioeventfd odd = {.addr = 0x1000, .len = 3, .fd = fd}, wild = {.addr = G_MAXUINT64, .len = 4, .fd = fd};
  struct kvm_ioeventfd nothing = {.addr = 0x1000, .fd = fd, .flags = match}, unknown = {.fd = fd, .flags = 1 << 5};
  struct kvm_ioeventfd closed = {.addr = 0x1000, .len = 2, .fd = -1}, other = {.addr = 0x1000, .len = 2, .fd = vm};

  expect(rig, rig_call(rig, vm, ABI_VM_IOEVENTFD, RIG_BAD), -EFAULT, RULE_VC_1);
  expect(rig, ioeventfd(rig, vm, odd), -EINVAL, RULE_VC_15);
  expect(rig, ioeventfd(rig, vm, wild), -EINVAL, RULE_VC_15);
  expect(rig, ioeventfd(rig, vm, nothing), -EINVAL, RULE_VC_15);
  expect(rig, ioeventfd(rig, vm, unknown), -EINVAL, RULE_VC_15);
  expect(rig, ioeventfd(rig, vm, closed), -EBADF, RULE_VC_16);
  expect(rig, ioeventfd(rig, vm, other), -EINVAL, RULE_VC_16);
  expect(rig, ioeventfd(rig, vm, io), 0, RULE_NONE);
  expect(rig, ioeventfd(rig, vm, io), -EEXIST, RULE_VC_17);
  io.datamatch = 8;
  expect(rig, ioeventfd(rig, vm, io), 0, RULE_NONE);
  io.flags = 0; /* any data: one of them is in the way */
  expect(rig, ioeventfd(rig, vm, io), -EEXIST, RULE_VC_17);
  io.flags = off;
  expect(rig, ioeventfd(rig, vm, io), -ENOENT, RULE_VC_18);
  io.flags = off | match;
  expect(rig, ioeventfd(rig, vm, io), 0, RULE_NONE);
  expect(rig, ioeventfd(rig, vm, io), -ENOENT, RULE_VC_18);
  io.fd = -1;
  expect(rig, ioeventfd(rig, vm, io), -EBADF, RULE_VC_16);
  close(fd);
}

/* A store of the guest that an eventfd waits for never leaves; another one does. */
static void test_ioeventfd_is_signalled(void **state) {
  SimGuestWork store = {.kind = SIM_WORK_STORE, .args = {0x1000, 2, 7}}, work;
  struct kvm_enable_cap papr = {.cap = KVM_CAP_PPC_PAPR};
  g_autoptr(Rig) rig = rig_new(NULL);
  int vm = rig_vm(rig), fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  int vcpu = (int)rig_call_value(rig, vm, ABI_CREATE_VCPU, 0);
  struct kvm_ioeventfd io = {.addr = 0x1000, .len = 2, .fd = fd, .flags = KVM_IOEVENTFD_FLAG_DATAMATCH, .datamatch = 7};
  eventfd_t count = 0;

  expect(rig, rig_call(rig, vcpu, ABI_ENABLE_CAP, &papr), 0, RULE_NONE);
  expect(rig, ioeventfd(rig, vm, io), 0, RULE_NONE);
  assert_true(sim_vcpu_give(rig->kernel, 1, 0, &store));
  expect(rig, rig_call_value(rig, vcpu, ABI_RUN, 0), -EINTR, RULE_NONE);
  assert_int_equal(sim_vcpu_take(rig->kernel, 1, 0, &work), SIM_WORK_DONE);
  assert_int_equal(eventfd_read(fd, &count), 0);
  assert_int_equal(count, 1);
  store.args[2] = 8;
  assert_true(sim_vcpu_give(rig->kernel, 1, 0, &store));
  expect(rig, rig_call_value(rig, vcpu, ABI_RUN, 0), 0, RULE_NONE);
  assert_int_equal(eventfd_read(fd, &count), -1);
  close(fd);
}

/* kvm_irqfd_assign(), kvm_vm_ioctl_irq_line(): there is no interrupt controller in the kernel */
static void test_interrupts(void **state) {
  g_autoptr(Rig) rig = rig_new(NULL);
  int vm = rig_vm(rig), fd = eventfd(0, EFD_CLOEXEC);
  struct kvm_irqfd irqfd = {.fd = (guint32)fd};
  struct kvm_irq_level line = {0};

  expect(rig, rig_call(rig, vm, ABI_IRQFD, RIG_BAD), -EFAULT, RULE_VC_1);
  expect(rig, rig_call(rig, vm, ABI_IRQFD, &irqfd), -EAGAIN, RULE_VC_20);
  irqfd.flags = KVM_IRQFD_FLAG_DEASSIGN;
  expect(rig, rig_call(rig, vm, ABI_IRQFD, &irqfd), 0, RULE_NONE);
  irqfd.fd = (guint32)vm;
  expect(rig, rig_call(rig, vm, ABI_IRQFD, &irqfd), -EINVAL, RULE_VC_16);
  irqfd.flags = 4;
  expect(rig, rig_call(rig, vm, ABI_IRQFD, &irqfd), -EINVAL, RULE_VC_19);
  expect(rig, rig_call(rig, vm, ABI_IRQ_LINE, &line), -ENXIO, RULE_VC_21);
  expect(rig, rig_call(rig, vm, ABI_IRQ_LINE, RIG_BAD), -EFAULT, RULE_VC_1);
  close(fd);
}

/* kvmhv_set_smt_mode() */
static void test_smt(void **state) {
  g_autoptr(Rig) rig = rig_new(NULL);
  int vm = rig_vm(rig);
  struct kvm_enable_cap smt = {.cap = KVM_CAP_PPC_SMT, .args = {4}};

  expect(rig, rig_call(rig, vm, ABI_ENABLE_CAP, &smt), 0, RULE_NONE);
  smt.args[0] = 3;
  expect(rig, rig_call(rig, vm, ABI_ENABLE_CAP, &smt), -EINVAL, RULE_VC_13);
  smt.args[0] = 16;
  expect(rig, rig_call(rig, vm, ABI_ENABLE_CAP, &smt), -EINVAL, RULE_VC_13);
  smt.args[0] = 4;
  smt.args[1] = 1;
  expect(rig, rig_call(rig, vm, ABI_ENABLE_CAP, &smt), -EINVAL, RULE_VC_13);
  smt.args[1] = 0;
  assert_true(rig_call_value(rig, vm, ABI_CREATE_VCPU, 0) >= 0);
  expect(rig, rig_call(rig, vm, ABI_ENABLE_CAP, &smt), -EBUSY, RULE_VC_14);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_smmu_info),   cmocka_unit_test(test_rmmu_info),
      cmocka_unit_test(test_cpu_char),    cmocka_unit_test(test_pvinfo),
      cmocka_unit_test(test_page_tables), cmocka_unit_test(test_svm_off),
      cmocka_unit_test(test_x86),         cmocka_unit_test(test_dirty_log),
      cmocka_unit_test(test_ioeventfd),   cmocka_unit_test(test_ioeventfd_is_signalled),
      cmocka_unit_test(test_interrupts),  cmocka_unit_test(test_smt),
  };

  return cmocka_run_group_tests_name("vm-calls", tests, NULL, NULL);
}
