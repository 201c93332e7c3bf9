/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Drivers that come and go while clients run: CG-3, CG-5, CG-33, CG-45, CG-89 to CG-91, KV-44, PD-93. */
#include <linux/vfio.h>
#include <sys/eventfd.h>

#include "vfio-rig.h"

static const guint64 device = 0x100; /* 0000:01:00.0, of group 0 */

static int attach(Rig *rig, int *group) {
  return rig_container(rig, rig->host->platform == SIM_X86 ? VFIO_TYPE1v2_IOMMU : RIG_V2, group, 0, -1);
}

static int open_device(Rig *rig, int group) {
  int fd = (int)rig_call(rig, group, ABI_GET_DEVICE_FD, (guintptr) "0000:01:00.0");

  assert_true(fd >= 0);
  return fd;
}

static void CG_89_the_user_is_asked_to_let_go(void **state) {
  g_autoptr(Rig) rig = rig_new("64K");
  struct {
    struct vfio_irq_set set;
    gint32 fd;
  } irqs = {{.argsz = sizeof irqs,
             .flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
             .index = VFIO_PCI_REQ_IRQ_INDEX,
             .count = 1},
            eventfd(0, EFD_NONBLOCK)};
  eventfd_t count = 0;
  int group, fd;

  attach(rig, &group);
  fd = open_device(rig, group);
  assert_int_equal(rig_call(rig, fd, ABI_SET_IRQS, (guintptr)&irqs), 0);
  assert_int_equal(eventfd_read(irqs.fd, &count), -1);
  assert_int_equal(sim_unbind(rig->kernel, device), SIM_UNBIND_WAITS);
  assert_true(rig_met(rig, RULE_CG_89));
  assert_int_equal(eventfd_read(irqs.fd, &count), 0);
  assert_int_equal(count, 1);
  rig_refused(rig, rig_call(rig, group, ABI_GET_DEVICE_FD, (guintptr) "0000:01:00.0"), ENODEV, RULE_CG_66);
  assert_int_equal(sim_bind(rig->kernel, device, SIM_DRIVER_VFIO), -EBUSY);
  assert_int_equal(sim_process_close(rig->process, fd), 0);
  assert_int_equal(sim_driver_of(rig->kernel, device), SIM_DRIVER_NONE);
  assert_int_equal(sim_unbind(rig->kernel, device), -ENODEV);
  close(irqs.fd);
}

/* The group that comes back is not the one that went, though the old one's file is still open. */
static void CG_90_an_old_file_and_a_new_group(void **state) {
  g_autoptr(Rig) rig = rig_new("64K");
  guint32 status[2] = {sizeof status, 0};
  int old, fresh, container = attach(rig, &old), copy = sim_process_dup(rig->process, old);

  assert_int_equal(sim_unbind(rig->kernel, device), 0);
  assert_true(rig_met(rig, RULE_CG_90));
  assert_true(rig_met(rig, RULE_CG_61));
  rig_refused(rig, rig_call(rig, container, ABI_TCE_GET_INFO, 0), EINVAL, RULE_CG_12);
  assert_int_equal(sim_process_open(rig->process, "/dev/vfio/0", 0), -ENOENT);
  assert_int_equal(rig_rule(rig), RULE_CG_3);
  assert_int_equal(sim_bind(rig->kernel, device, SIM_DRIVER_VFIO), 0);
  fresh = sim_process_open(rig->process, "/dev/vfio/0", 0);
  assert_true(fresh >= 0);
  assert_int_equal(sim_process_open(rig->process, "/dev/vfio/0", 0), -EBUSY);
  assert_int_equal(rig_set_container(rig, fresh, container), 0);
  assert_int_equal(rig_call(rig, container, ABI_SET_IOMMU, RIG_V2), 0);
  rig_refused(rig, rig_call(rig, old, ABI_GROUP_GET_STATUS, (guintptr)status), ENODEV, RULE_CG_33);
  rig_refused(rig, rig_set_container(rig, copy, container), ENODEV, RULE_CG_45);
  rig_refused(rig, rig_call(rig, old, ABI_UNSET_CONTAINER, 0), EINVAL, RULE_CG_58);
  rig_refused(rig, rig_call(rig, old, ABI_GET_DEVICE_FD, (guintptr) "0000:01:00.0"), ENODEV, RULE_CG_66);
  /* that it is closed is nothing to the new one */
  assert_int_equal(sim_process_close(rig->process, old), 0);
  assert_int_equal(sim_process_close(rig->process, copy), 0);
  assert_int_equal(rig_status(rig, fresh), 3);
  open_device(rig, fresh);
}

/* The device's fd is all that holds the group: closing it ends the unbinding, and the group with it. */
static void CG_89_the_last_close_of_all(void **state) {
  g_autoptr(Rig) rig = rig_new("64K");
  int group, container = attach(rig, &group), fd = open_device(rig, group);
  SimCensus census;

  assert_int_equal(sim_process_close(rig->process, group), 0);
  assert_int_equal(sim_unbind(rig->kernel, device), SIM_UNBIND_WAITS);
  assert_int_equal(sim_process_open(rig->process, "/dev/vfio/0", 0), -EBUSY);
  assert_int_equal(sim_process_close(rig->process, fd), 0);
  assert_int_equal(sim_process_open(rig->process, "/dev/vfio/0", 0), -ENOENT);
  rig_refused(rig, rig_call(rig, container, ABI_TCE_GET_INFO, 0), EINVAL, RULE_CG_12);
  sim_census(rig->kernel, &census);
  assert_int_equal(census.groups_open, 0);
  assert_int_equal(census.devices_open, 0);
}

static void CG_91_no_host_driver_in_a_claimed_group(void **state) {
  g_autoptr(Rig) rig = rig_new("64K");
  int group;

  assert_true(sim_host_add_device(rig->host, 0, "0000:01:00.1", NULL));
  rig_restart(rig);
  attach(rig, &group);
  assert_int_equal(sim_unbind(rig->kernel, device + 1), 0);
  assert_false(rig_met(rig, RULE_CG_90));
  assert_int_equal(sim_bind(rig->kernel, device + 1, SIM_DRIVER_HOST), -EBUSY);
  assert_true(rig_met(rig, RULE_CG_91));
  assert_int_equal(sim_driver_of(rig->kernel, device + 1), SIM_DRIVER_NONE);
  assert_int_equal(rig_status(rig, group), 3);
  assert_int_equal(rig_call(rig, group, ABI_UNSET_CONTAINER, 0), 0);
  assert_int_equal(sim_bind(rig->kernel, device + 1, SIM_DRIVER_HOST), 0);
  assert_int_equal(rig_status(rig, group), 0); /* CG-36 */
  assert_int_equal(sim_unbind(rig->kernel, device + 1), 0);
  assert_int_equal(rig_status(rig, group), 1);
}

/* K10 of Linux 6586b561a91c: it waited for the container, and for the container only. */
static void before_6_1_the_last_device_waits_for_the_container(void **state) {
  g_autoptr(Rig) rig = rig_new("64K");
  int group;

  assert_true(sim_host_add_device(rig->host, 0, "0000:01:00.1", NULL));
  rig_set(rig, "version", "5.15");
  attach(rig, &group);
  assert_int_equal(sim_unbind(rig->kernel, device + 1), 0);
  assert_int_equal(sim_unbind(rig->kernel, device), SIM_UNBIND_WAITS);
  assert_false(rig_met(rig, RULE_CG_89));
  assert_int_equal(rig_call(rig, group, ABI_UNSET_CONTAINER, 0), 0);
  assert_int_equal(sim_driver_of(rig->kernel, device), SIM_DRIVER_NONE);
  assert_int_equal(rig_status(rig, group), 1); /* CG-37: every device is driverless */
  assert_int_equal(sim_bind(rig->kernel, device, SIM_DRIVER_VFIO), 0);
  assert_int_equal(rig_set_container(rig, group, sim_process_open(rig->process, "/dev/vfio/vfio", 0)), 0);
  assert_int_equal(rig_call(rig, group, ABI_UNSET_CONTAINER, 0), 0);
  assert_int_equal(sim_unbind(rig->kernel, device), 0);
  assert_int_equal(sim_process_open(rig->process, "/dev/vfio/0", 0), -EBUSY);
  assert_int_equal(sim_process_close(rig->process, group), 0);
  assert_int_equal(sim_process_open(rig->process, "/dev/vfio/0", 0), -ENOENT);
}

static void CG_5_a_device_open_by_its_own_node(void **state) {
  g_autoptr(Rig) rig = rig_new("64K");
  int group;

  assert_int_equal(sim_device_node_close(rig->kernel, device), -EBADF);
  assert_int_equal(sim_device_node_open(rig->kernel, device), 0);
  assert_int_equal(sim_process_open(rig->process, "/dev/vfio/0", 0), -EBUSY);
  assert_int_equal(rig_rule(rig), RULE_CG_5);
  assert_int_equal(sim_device_node_open(rig->kernel, device), -EBUSY);
  assert_int_equal(sim_unbind(rig->kernel, device), SIM_UNBIND_WAITS);
  assert_int_equal(sim_device_node_close(rig->kernel, device), 0);
  assert_int_equal(sim_driver_of(rig->kernel, device), SIM_DRIVER_NONE);
  assert_int_equal(sim_device_node_open(rig->kernel, device), -ENOENT);
  group = sim_process_open(rig->process, "/dev/vfio/1", 0);
  assert_true(group >= 0);
  assert_int_equal(sim_device_node_open(rig->kernel, 1 << 16 | device), -EBUSY);
  rig_set(rig, "version", "6.5"); /* there were no such nodes */
  assert_int_equal(sim_device_node_open(rig->kernel, device), -ENOENT);
}

static void PD_93_an_unbound_function_forbids_a_hot_reset(void **state) {
  g_autoptr(Rig) rig = rig_new("64K");
  struct {
    struct vfio_pci_hot_reset reset;
    gint32 group;
  } args = {{.argsz = sizeof args, .count = 1}, -1};
  int fd;

  assert_true(sim_host_add_device(rig->host, 0, "0000:01:00.1", NULL));
  rig_restart(rig);
  attach(rig, &args.group);
  fd = open_device(rig, args.group);
  assert_int_equal(rig_call(rig, fd, ABI_HOT_RESET, (guintptr)&args), 0);
  assert_int_equal(sim_unbind(rig->kernel, device + 1), 0);
  rig_refused(rig, rig_call(rig, fd, ABI_HOT_RESET, (guintptr)&args), EINVAL, RULE_PD_93);
}

static void no_such_device(void **state) {
  g_autoptr(Rig) rig = rig_new("64K");

  assert_int_equal(sim_unbind(rig->kernel, 0x999), -ENODEV);
  assert_int_equal(sim_bind(rig->kernel, 0x999, SIM_DRIVER_HOST), -ENODEV);
  assert_int_equal(sim_bind(rig->kernel, device, SIM_DRIVER_HOST), -EBUSY);
  assert_int_equal(sim_driver_of(rig->kernel, 0x999), SIM_DRIVER_NONE);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(CG_89_the_user_is_asked_to_let_go),
      cmocka_unit_test(CG_90_an_old_file_and_a_new_group),
      cmocka_unit_test(CG_89_the_last_close_of_all),
      cmocka_unit_test(CG_91_no_host_driver_in_a_claimed_group),
      cmocka_unit_test(before_6_1_the_last_device_waits_for_the_container),
      cmocka_unit_test(CG_5_a_device_open_by_its_own_node),
      cmocka_unit_test(PD_93_an_unbound_function_forbids_a_hot_reset),
      cmocka_unit_test(no_such_device),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
