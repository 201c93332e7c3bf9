/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* /dev/kvm, VMs, their references, memory slots and vcpus. */
#include <linux/kvm.h>

#include "tests/kernel/rig.h"

static void one_group(SimHost *host) {
  assert_true(sim_host_add_device(host, 0, "0000:01:00.0", NULL));
}

static long capability(Rig *rig, int fd, AbiCallId id, guint64 cap) {
  return rig_call_value(rig, fd, id, cap);
}

/* kvm.02-14: the answers of /dev/kvm */
static void test_kvm(void **state) {
  g_autoptr(Rig) rig = rig_new(NULL);
  int kvm = rig_open(rig, "/dev/kvm");

  expect(rig, rig_call_value(rig, kvm, ABI_KVM_GET_API_VERSION, 0), 12, RULE_NONE);
  expect(rig, rig_call_value(rig, kvm, ABI_KVM_GET_API_VERSION, 1), -EINVAL, RULE_NONE);
  expect(rig, rig_call_value(rig, kvm, ABI_GET_VCPU_MMAP_SIZE, 0), 65536, RULE_KV_63);
  expect(rig, capability(rig, kvm, ABI_KVM_CHECK_EXTENSION, KVM_CAP_SPAPR_TCE), 1, RULE_KV_1);
  expect(rig, capability(rig, kvm, ABI_KVM_CHECK_EXTENSION, KVM_CAP_SPAPR_TCE_64), 1, RULE_KV_1);
  expect(rig, capability(rig, kvm, ABI_KVM_CHECK_EXTENSION, KVM_CAP_SPAPR_TCE_VFIO), 1, RULE_KV_2);
  expect(rig, capability(rig, kvm, ABI_KVM_CHECK_EXTENSION, KVM_CAP_SPAPR_MULTITCE), 1, RULE_KV_1);
  expect(rig, capability(rig, kvm, ABI_KVM_CHECK_EXTENSION, KVM_CAP_DEVICE_CTRL), 1, RULE_KV_4);
  expect(rig, capability(rig, kvm, ABI_KVM_CHECK_EXTENSION, KVM_CAP_PPC_HTM), 0, RULE_KV_64);
  expect(rig, capability(rig, kvm, ABI_KVM_CHECK_EXTENSION, KVM_CAP_PPC_ENABLE_HCALL), 1, RULE_KV_64);
  expect(rig, capability(rig, kvm, ABI_KVM_CHECK_EXTENSION, KVM_CAP_PPC_MMU_RADIX), 1, RULE_KV_64);
  expect(rig, capability(rig, kvm, ABI_KVM_CHECK_EXTENSION, KVM_CAP_PPC_MMU_HASH_V3), 1, RULE_KV_64);
  expect(rig, capability(rig, kvm, ABI_KVM_CHECK_EXTENSION, KVM_CAP_NR_MEMSLOTS), 32767, RULE_KV_64);
  expect(rig, capability(rig, kvm, ABI_KVM_CHECK_EXTENSION, 9999), 0, RULE_KV_64);
  /* KV-67: a VM's call, and none that anybody knows */
  expect(rig, rig_call(rig, kvm, ABI_CREATE_SPAPR_TCE_64, NULL), -EINVAL, RULE_KV_67);
  expect(rig, sim_process_ioctl(rig->process, kvm, 0x1234, 0), -EINVAL, RULE_KV_67);
}

static void older(SimHost *host) {
  host->version = SIM_VERSION(4, 11);
}

static void lacking(SimHost *host) {
  host->spapr_tce_vfio = host->spapr_tce_64 = host->spapr_multitce = FALSE;
}

static void power8(SimHost *host) {
  host->tce_page_sizes = 0x11011000;
}

static void nested(SimHost *host) {
  host->platform = SIM_PSERIES;
}

static void x86(SimHost *host) {
  host->platform = SIM_X86;
}

/* KV-64: recorded on POWER8, and in a nested guest */
static void test_kvm_of_other_cpus(void **state) {
  static const struct {
    void (*describe)(SimHost *);
    long radix, hash, papr;
  } rows[] = {{power8, 0, 0, 1}, {nested, 1, 0, 1}, {x86, 0, 0, 0}};

  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(Rig) rig = rig_new(rows[i].describe);
    int vm = rig_vm(rig);

    expect(rig, capability(rig, vm, ABI_VM_CHECK_EXTENSION, KVM_CAP_PPC_MMU_RADIX), rows[i].radix, RULE_KV_64);
    expect(rig, capability(rig, vm, ABI_VM_CHECK_EXTENSION, KVM_CAP_PPC_MMU_HASH_V3), rows[i].hash, RULE_KV_64);
    expect(rig, capability(rig, vm, ABI_VM_CHECK_EXTENSION, KVM_CAP_PPC_PAPR), rows[i].papr, RULE_KV_64);
    expect(rig, capability(rig, vm, ABI_VM_CHECK_EXTENSION, KVM_CAP_USER_MEMORY), 1, RULE_KV_64);
  }
}

static void no_kvm(SimHost *host) {
  host->kvm = FALSE;
}

static void test_kvm_of_other_hosts(void **state) {
  g_autoptr(Rig) old = rig_new(older), lacks = rig_new(lacking), none = rig_new(no_kvm);
  int kvm = rig_open(old, "/dev/kvm");
  int vm;

  expect(old, capability(old, kvm, ABI_KVM_CHECK_EXTENSION, KVM_CAP_SPAPR_TCE_VFIO), 0, RULE_KV_3);
  kvm = rig_open(lacks, "/dev/kvm");
  vm = rig_vm(lacks);
  expect(lacks, capability(lacks, kvm, ABI_KVM_CHECK_EXTENSION, KVM_CAP_SPAPR_TCE_VFIO), 0, RULE_KV_2);
  expect(lacks, capability(lacks, kvm, ABI_KVM_CHECK_EXTENSION, KVM_CAP_SPAPR_TCE_64), 0, RULE_KV_1);
  expect(lacks, rig_table(lacks, vm, 1, 12, 0, 1), -ENOTTY, RULE_VC_2);
  assert_int_equal(sim_process_open(none->process, "/dev/kvm", 0), -ENOENT);
}

/* kvm.15-23 */
static void test_create_vm(void **state) {
  g_autoptr(Rig) rig = rig_new(NULL);
  int kvm = rig_open(rig, "/dev/kvm");
  long vm;

  expect(rig, rig_call_value(rig, kvm, ABI_CREATE_VM, 3), -EINVAL, RULE_KV_62);
  expect(rig, rig_call_value(rig, kvm, ABI_CREATE_VM, 2), -EINVAL, RULE_KV_62);
  assert_true(rig_call_value(rig, kvm, ABI_CREATE_VM, 1) >= 0);
  vm = rig_call_value(rig, kvm, ABI_CREATE_VM, 0);
  assert_true(vm >= 0);
  expect(rig, capability(rig, (int)vm, ABI_VM_CHECK_EXTENSION, KVM_CAP_SPAPR_TCE_VFIO), 1, RULE_KV_2);
  expect(rig, capability(rig, (int)vm, ABI_VM_CHECK_EXTENSION, KVM_CAP_DEVICE_CTRL), 1, RULE_KV_4);
  /* kvm.64: attributes are the device's */
  expect(rig, rig_call(rig, (int)vm, ABI_HAS_DEVICE_ATTR, RIG_BAD), -ENOTTY, RULE_KV_65);
  assert_int_equal(rig_census(rig).vms, 2);
}

/* KV-6: device, table and vcpu keep the VM; settce.92-93, orders.40-44 */
static void test_references(void **state) {
  g_autoptr(Rig) rig = rig_new(one_group);
  int vm = rig_vm(rig), device = rig_kvm_vfio(rig, vm);
  int table = (int)rig_table(rig, vm, 0x80000000, 12, 0, 0x40000);
  int vcpu = (int)rig_call_value(rig, vm, ABI_CREATE_VCPU, 0);
  int group = rig_open(rig, "/dev/vfio/0");

  rig_close(rig, vm);
  expect(rig, 0, 0, RULE_KV_6);
  expect(rig, rig_group_add(rig, device, group), 0, RULE_KV_60);
  rig_close(rig, device);
  assert_int_equal(rig_census(rig).vms, 1);
  rig_close(rig, table);
  assert_int_equal(rig_census(rig).vms, 1);
  rig_close(rig, vcpu);
  assert_int_equal(rig_census(rig).vms, 0);
}

/* KV-5 */
static void test_other_process(void **state) {
  g_autoptr(Rig) rig = rig_new(NULL);
  int vm = rig_vm(rig), device = rig_kvm_vfio(rig, vm);
  int vcpu = (int)rig_call_value(rig, vm, ABI_CREATE_VCPU, 0);
  SimProcess *parent = rig->process;

  rig->process = sim_process_fork(parent, 2);
  expect(rig, capability(rig, vm, ABI_VM_CHECK_EXTENSION, KVM_CAP_DEVICE_CTRL), -EIO, RULE_KV_5);
  expect(rig, rig_call(rig, device, ABI_GET_DEVICE_ATTR, NULL), -EIO, RULE_KV_5);
  expect(rig, rig_call(rig, device, ABI_SET_DEVICE_ATTR, RIG_BAD), -EIO, RULE_KV_5);
  expect(rig, rig_call(rig, vcpu, ABI_ENABLE_CAP, RIG_BAD), -EIO, RULE_KV_5);
  expect(rig, sim_process_ioctl(rig->process, device, 0x1234, 0), -EIO, RULE_KV_5);
  sim_process_free(rig->process);
  rig->process = parent;
  expect(rig, capability(rig, vm, ABI_VM_CHECK_EXTENSION, KVM_CAP_DEVICE_CTRL), 1, RULE_KV_4);
}

/* virt/kvm/kvm_main.c: __kvm_set_memory_region() */
static void test_memory_slots(void **state) {
  g_autoptr(Rig) rig = rig_new(NULL);
  int vm = rig_vm(rig);
  struct kvm_userspace_memory_region region = {.slot = 5, .flags = 1 << 5};

  expect(rig, rig_call(rig, vm, ABI_SET_USER_MEMORY_REGION, RIG_BAD), -EFAULT, RULE_VC_1);
  expect(rig, rig_call(rig, vm, ABI_SET_USER_MEMORY_REGION, &region), -EINVAL, RULE_VC_5);
  expect(rig, rig_memslot(rig, vm, 0, 0, 0x100000, rig->ram), 0, RULE_NONE);
  expect(rig, rig_memslot(rig, vm, 0, 0, 0x100000, rig->ram), 0, RULE_NONE); /* nothing changes */
  expect(rig, rig_memslot(rig, vm, 0, 0, 0x200000, rig->ram), -EINVAL, RULE_VC_7);
  expect(rig, rig_memslot(rig, vm, 0, 0, 0x100000, rig->ram + 0x10000), -EINVAL, RULE_VC_7);
  expect(rig, rig_memslot(rig, vm, 1, 0xf0000, 0x100000, rig->ram), -EEXIST, RULE_VC_8);
  expect(rig, rig_memslot(rig, vm, 1, 0x100000, 0x100000, rig->ram), 0, RULE_NONE);
  expect(rig, rig_memslot(rig, vm, 1, 0xf0000, 0x100000, rig->ram), -EEXIST, RULE_VC_8);
  expect(rig, rig_memslot(rig, vm, 1, 0x300000, 0x100000, rig->ram), 0, RULE_NONE); /* moved */
  expect(rig, rig_memslot(rig, vm, 2, 0x1000, 0x10000, rig->ram), -EINVAL, RULE_VC_5);
  expect(rig, rig_memslot(rig, vm, 2, 0x400000, 0x1000, rig->ram), -EINVAL, RULE_VC_5);
  expect(rig, rig_memslot(rig, vm, 2, 0x400000, 0x10000, rig->ram + 0x1000), -EINVAL, RULE_VC_5);
  expect(rig, rig_memslot(rig, vm, 32767, 0x400000, 0x10000, rig->ram), -EINVAL, RULE_VC_5);
  expect(rig, rig_memslot(rig, vm, 2, 0xffffffffffff0000, 0x20000, rig->ram), -EINVAL, RULE_VC_5);
  expect(rig, rig_memslot(rig, vm, 2, 0, 0, NULL), -EINVAL, RULE_VC_6);
  expect(rig, rig_memslot(rig, vm, 1, 0, 0, NULL), 0, RULE_NONE);
  expect(rig, rig_memslot(rig, vm, 1, 0, 0, NULL), -EINVAL, RULE_VC_6);
}

static void test_vcpus(void **state) {
  g_autoptr(Rig) rig = rig_new(NULL);
  int vm = rig_vm(rig);
  struct kvm_enable_cap papr = {.cap = KVM_CAP_PPC_PAPR}, other = {.cap = KVM_CAP_PPC_PAPR, .flags = 1};
  long vcpu = rig_call_value(rig, vm, ABI_CREATE_VCPU, 7);
  void *run = NULL;

  assert_true(vcpu >= 0);
  expect(rig, rig_call_value(rig, vm, ABI_CREATE_VCPU, 7), -EEXIST, RULE_VC_4);
  expect(rig, rig_call_value(rig, vm, ABI_CREATE_VCPU, 16384), -EINVAL, RULE_VC_3);
  expect(rig, rig_call(rig, (int)vcpu, ABI_ENABLE_CAP, &papr), 0, RULE_NONE); /* hcall.05 */
  expect(rig, rig_call(rig, (int)vcpu, ABI_ENABLE_CAP, &other), -EINVAL, RULE_VC_11);
  expect(rig, rig_call(rig, (int)vcpu, ABI_ENABLE_CAP, RIG_BAD), -EFAULT, RULE_VC_1);
  expect(rig, sim_process_ioctl(rig->process, (int)vcpu, 0x1234, 0), -EINVAL, RULE_VC_26);
  assert_int_equal(sim_process_mmap(rig->process, (int)vcpu, 0x10000, 3, TRUE, 0, &run), 0);
  assert_non_null(run);
  assert_int_equal(*(guint8 *)run, 0);
  assert_int_equal(sim_process_mmap(rig->process, (int)vcpu, 0x10000, 3, TRUE, 0x10000, &run), -EINVAL);
}

/* arch/powerpc/kvm/powerpc.c: kvm_vm_ioctl_enable_cap(); qemu-7.2-02-hotplug's ENABLE_CAP calls */
static void test_enable_cap(void **state) {
  static const guint64 of_qemu[] = {0x3c, 0x40, 0x31c, 0x14, 0x10, 0x2c, 0x13c, 0x138};
  g_autoptr(Rig) rig = rig_new(NULL);
  int vm = rig_vm(rig);
  struct kvm_enable_cap other = {.cap = KVM_CAP_PPC_HTM}, flags = {.cap = KVM_CAP_PPC_ENABLE_HCALL, .flags = 1};

  for (gsize i = 0; i < G_N_ELEMENTS(of_qemu); i++)
    expect(rig, rig_enable_hcall(rig, vm, of_qemu[i], 1), 0, RULE_NONE);
  expect(rig, rig_enable_hcall(rig, vm, 0x138, 2), -EINVAL, RULE_VC_12);
  expect(rig, rig_enable_hcall(rig, vm, 0x139, 1), -EINVAL, RULE_VC_12);
  expect(rig, rig_enable_hcall(rig, vm, 0x10000, 1), -EINVAL, RULE_VC_12);
  expect(rig, rig_call(rig, vm, ABI_ENABLE_CAP, &other), -EINVAL, RULE_VC_11);
  expect(rig, rig_call(rig, vm, ABI_ENABLE_CAP, &flags), -EINVAL, RULE_VC_11);
  expect(rig, rig_call(rig, vm, ABI_ENABLE_CAP, RIG_BAD), -EFAULT, RULE_VC_1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_kvm),
      cmocka_unit_test(test_kvm_of_other_hosts),
      cmocka_unit_test(test_kvm_of_other_cpus),
      cmocka_unit_test(test_create_vm),
      cmocka_unit_test(test_references),
      cmocka_unit_test(test_other_process),
      cmocka_unit_test(test_memory_slots),
      cmocka_unit_test(test_vcpus),
      cmocka_unit_test(test_enable_cap),
  };

  return cmocka_run_group_tests_name("kvm-vm", tests, NULL, NULL);
}
