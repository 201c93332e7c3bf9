/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* VMs of the machine's own KVM: what becomes of KVM_CREATE_DEVICE on their fds. */
#include <linux/kvm.h>

#include "tests/kernel/rig.h"

/* Fds of VMs, as the port tells them: 101 is another fd of 100's. */
enum { VM = 100, SAME_VM = 101, OTHER_VM = 102, N_VMS = 2 };

static guint held[N_VMS];

static int vm_get(gpointer port, gpointer task, int fd, gpointer *vm) {
  if (fd < VM || fd > OTHER_VM)
    return -EBADF;
  *vm = &held[fd == OTHER_VM];
  (*(guint *)*vm)++;
  return 0;
}

static void vm_put(gpointer port, gpointer vm) {
  assert_true((*(guint *)vm)-- > 0);
}

static void x86(SimHost *host) {
  assert_true(sim_host_set(host, "profile", "linux-6.12-x86", NULL));
  assert_true(sim_host_set(host, "kvm", "real", NULL));
  assert_true(sim_host_add_device(host, 0, "0000:01:00.0", NULL));
}

static Rig *real_rig_new(void) {
  Rig *rig = rig_new(x86);

  memset(held, 0, sizeof held);
  rig->port.vm_get = vm_get;
  rig->port.vm_put = vm_put;
  return rig;
}

static long create(Rig *rig, int vm, guint32 type, guint32 flags, int *device) {
  struct kvm_create_device args = {.type = type, .flags = flags};
  long result = sim_real_vm_create_device(rig->kernel, rig->process, vm, (guintptr)&args);

  *device = (int)args.fd;
  return result;
}

/* KV-8, KV-9, KV-11: answers are those that a VM of the model gives. */
static void each_vm_has_one_device(void **state) {
  g_autoptr(Rig) rig = real_rig_new();
  int device, other, none;

  expect(rig, create(rig, VM, KVM_DEV_TYPE_VFIO, KVM_CREATE_DEVICE_TEST, &none), 0, RULE_KV_9);
  assert_int_equal(held[0], 0);
  expect(rig, create(rig, VM, KVM_DEV_TYPE_VFIO, 0, &device), 0, RULE_KV_14);
  expect(rig, create(rig, SAME_VM, KVM_DEV_TYPE_VFIO, 0, &none), -EBUSY, RULE_KV_11);
  expect(rig, create(rig, OTHER_VM, KVM_DEV_TYPE_VFIO, 0, &other), 0, RULE_KV_14);
  expect(rig, create(rig, VM, KVM_DEV_TYPE_FSL_MPIC_20, 0, &none), -ENODEV, RULE_KV_8);
  expect(rig, sim_real_vm_create_device(rig->kernel, rig->process, VM, (guintptr)RIG_BAD), -EFAULT, RULE_KV_7);
  expect(rig, create(rig, OTHER_VM + 1, KVM_DEV_TYPE_VFIO, 0, &none), -EBADF, RULE_NONE);
  assert_int_equal(held[0], 1);
  assert_int_equal(held[1], 1);
  assert_int_equal(rig_census(rig).vms, 2);
  assert_int_equal(rig_census(rig).kvm_vfio, 2);
}

/* KV-58: the device goes with its fd; then nothing of the VM is left here, and the next one is new. */
static void the_vm_is_held_as_long_as_its_device(void **state) {
  g_autoptr(Rig) rig = real_rig_new();
  int device, again, group = rig_open(rig, "/dev/vfio/0");

  expect(rig, create(rig, VM, KVM_DEV_TYPE_VFIO, 0, &device), 0, RULE_KV_14);
  expect(rig, rig_group_add(rig, device, group), 0, RULE_KV_34);
  expect(rig, rig_group_add(rig, device, group), -EEXIST, RULE_KV_33);
  expect(rig, rig_group_del(rig, device, group), 0, RULE_KV_39);
  expect(rig, rig_set_spapr_tce(rig, device, group, -1), -ENXIO, RULE_KV_24);
  expect(rig, rig_group_add(rig, device, group), 0, RULE_KV_34);
  assert_int_equal(sim_rules_met(rig->kernel)[RULE_KV_60], 0); /* whether the VM's fd is open is not known */
  rig_close(rig, device);
  assert_int_equal(held[0], 0);
  assert_int_equal(rig_census(rig).vms, 0);
  assert_int_equal(rig_census(rig).kvm_vfio, 0);
  expect(rig, create(rig, SAME_VM, KVM_DEV_TYPE_VFIO, 0, &again), 0, RULE_KV_14);
  expect(rig, rig_group_add(rig, again, group), 0, RULE_KV_34);
}

/* KV-5 */
static void a_forked_process_may_not_use_it(void **state) {
  g_autoptr(Rig) rig = real_rig_new();
  int device, none, group = rig_open(rig, "/dev/vfio/0");
  struct kvm_create_device args = {.type = KVM_DEV_TYPE_VFIO};
  SimProcess *child;

  expect(rig, create(rig, VM, KVM_DEV_TYPE_VFIO, 0, &device), 0, RULE_KV_14);
  child = sim_process_fork(rig->process, 2);
  expect(rig, sim_real_vm_create_device(rig->kernel, child, VM, (guintptr)&args), -EIO, RULE_KV_5);
  assert_int_equal(held[0], 1);
  expect(rig, create(rig, VM, KVM_DEV_TYPE_VFIO, 0, &none), -EBUSY, RULE_KV_11);
  expect(rig, rig_group_add(rig, device, group), 0, RULE_KV_34);
  sim_process_free(child);
}

static int no_create(const TraceEvent *event, gpointer data) {
  return event->call == ABI_CREATE_DEVICE && event->object.kind == ABI_VM ? -ENOMEM : 0;
}

static void it_can_be_made_to_fail(void **state) {
  g_autoptr(Rig) rig = real_rig_new();
  int none;

  sim_kernel_set_fault(rig->kernel, no_create, NULL);
  assert_int_equal(create(rig, VM, KVM_DEV_TYPE_VFIO, 0, &none), -ENOMEM);
  assert_int_equal(held[0], 0);
}

static void the_model_has_no_kvm_of_its_own(void **state) {
  g_autoptr(Rig) rig = real_rig_new();

  assert_int_equal(sim_process_open(rig->process, "/dev/kvm", 0), -ENOENT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_vm_has_one_device),          cmocka_unit_test(the_vm_is_held_as_long_as_its_device),
      cmocka_unit_test(a_forked_process_may_not_use_it), cmocka_unit_test(it_can_be_made_to_fail),
      cmocka_unit_test(the_model_has_no_kvm_of_its_own),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
