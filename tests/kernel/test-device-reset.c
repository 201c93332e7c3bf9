/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Function reset and hot reset. */
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <string.h>

#include "sim/host/host-internal.h"
#include "tests/kernel/rig.h"

/* Two functions of one slot in groups 0 and 1, one that cannot be reset, one on the root bus, one beside a host's own.
 */
static void describe(SimHost *host) {
  assert_true(sim_host_add_device(host, 0, "0000:01:00.0", NULL));
  assert_true(sim_host_add_device(host, 1, "0000:01:00.1", NULL));
  assert_true(sim_host_device_model(sim_host_find_device(host, 0x101), "e1000e"));
  assert_true(sim_host_add_device(host, 2, "0000:02:00.0", NULL));
  sim_host_find_device(host, 0x200)->reset = FALSE;
  assert_true(sim_host_add_device(host, 3, "0000:00:04.0", NULL));
  assert_true(sim_host_add_device(host, 4, "0000:03:00.0", NULL));
  assert_true(sim_host_add_device(host, 5, "0000:03:00.1", NULL));
  sim_host_find_device(host, 0x301)->host_driver = TRUE;
}

static int open_device(Rig *rig, guint number, const char *name, int *group) {
  int container = -1;

  *group = rig_attach(rig, number, &container);
  return rig_device(rig, *group, name);
}

static guint32 scribble(Rig *rig, int fd) {
  guint32 word = 0x12345678;

  assert_int_equal(sim_process_pwrite(rig->process, fd, &word, 4, 0x10), 4);
  return word;
}

static guint32 look(Rig *rig, int fd) {
  guint32 word = 0;

  assert_int_equal(sim_process_pread(rig->process, fd, &word, 4, 0x10), 4);
  return word;
}

/* PD-75, PD-77 */
static void test_function(void **state) {
  const guint64 config = (guint64)VFIO_PCI_CONFIG_REGION_INDEX << 40;
  g_autoptr(Rig) rig = rig_new(describe);
  int group, fd = open_device(rig, 0, "0000:01:00.0", &group), fixed = open_device(rig, 2, "0000:02:00.0", &group);
  guint16 command = GUINT16_TO_LE(PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER), back;
  struct vfio_device_info info = {.argsz = sizeof info};

  scribble(rig, fd);
  assert_int_equal(sim_process_pwrite(rig->process, fd, &command, 2, config + PCI_COMMAND), 2);
  expect(rig, rig_call(rig, fd, ABI_DEVICE_RESET, NULL), 0, RULE_PD_77);
  assert_int_equal(look(rig, fd), 0);
  assert_int_equal(sim_process_pread(rig->process, fd, &back, 2, config + PCI_COMMAND), 2);
  assert_int_equal(back, command); /* config space is restored */
  assert_int_equal(rig_call(rig, fixed, ABI_DEVICE_GET_INFO, &info), 0);
  assert_int_equal(info.flags, VFIO_DEVICE_FLAGS_PCI);
  expect(rig, rig_call(rig, fixed, ABI_DEVICE_RESET, NULL), -EINVAL, RULE_PD_75);
}

/* The bit in the device control register does it, too. */
static void test_flr_bit(void **state) {
  const guint64 config = (guint64)VFIO_PCI_CONFIG_REGION_INDEX << 40;
  g_autoptr(Rig) rig = rig_new(describe);
  int group, fd = open_device(rig, 1, "0000:01:00.1", &group);
  guint8 at = PCI_CAPABILITY_LIST, id = 0;
  guint16 control;

  sim_process_pread(rig->process, fd, &at, 1, config + at);
  while (at) {
    sim_process_pread(rig->process, fd, &id, 1, config + at);
    if (id == PCI_CAP_ID_EXP)
      break;
    sim_process_pread(rig->process, fd, &at, 1, config + at + 1);
  }
  assert_int_equal(id, PCI_CAP_ID_EXP);
  scribble(rig, fd);
  control = GUINT16_TO_LE(PCI_EXP_DEVCTL_BCR_FLR);
  assert_int_equal(sim_process_pwrite(rig->process, fd, &control, 2, config + at + PCI_EXP_DEVCTL), 2);
  assert_int_equal(look(rig, fd), 0);
  assert_int_equal(sim_process_pread(rig->process, fd, &control, 2, config + at + PCI_EXP_DEVCTL), 2);
  assert_int_equal(control, 0);
}

typedef struct {
  guint32 argsz, flags, count; /* struct vfio_pci_hot_reset_info */
  struct vfio_pci_dependent_device devices[3];
} ResetInfo;

/* PD-78..PD-84 */
static void test_hot_reset_info(void **state) {
  g_autoptr(Rig) rig = rig_new(describe);
  int group, fd = open_device(rig, 1, "0000:01:00.1", &group), root = open_device(rig, 3, "0000:00:04.0", &group);
  ResetInfo args;

  memset(&args, 0xa5, sizeof args);
  args.argsz = 11;
  expect(rig, rig_call(rig, fd, ABI_GET_HOT_RESET_INFO, RIG_BAD), -EFAULT, RULE_PD_78);
  expect(rig, rig_call(rig, fd, ABI_GET_HOT_RESET_INFO, &args), -EINVAL, RULE_PD_79);
  args.argsz = sizeof args;
  expect(rig, rig_call(rig, root, ABI_GET_HOT_RESET_INFO, &args), -ENODEV, RULE_PD_80);
  args.argsz = 12;
  expect(rig, rig_call(rig, fd, ABI_GET_HOT_RESET_INFO, &args), -ENOSPC, RULE_PD_81);
  assert_int_equal(args.count, 2);
  assert_int_equal(args.flags, 0);
  assert_int_equal(args.devices[0].group_id, 0xa5a5a5a5);
  args.argsz = 20;
  expect(rig, rig_call(rig, fd, ABI_GET_HOT_RESET_INFO, &args), -ENOSPC, RULE_PD_81);
  args.argsz = 28;
  expect(rig, rig_call(rig, fd, ABI_GET_HOT_RESET_INFO, &args), 0, RULE_PD_84);
  assert_int_equal(args.count, 2);
  assert_int_equal(args.devices[0].group_id, 0);
  assert_int_equal(args.devices[0].segment, 0);
  assert_int_equal(args.devices[0].bus, 1);
  assert_int_equal(args.devices[0].devfn, 0);
  assert_int_equal(args.devices[1].group_id, 1);
  assert_int_equal(args.devices[1].devfn, 1);
  assert_int_equal(args.devices[2].group_id, 0xa5a5a5a5);
}

static void test_info_not_written(void **state) {
  g_autoptr(Rig) rig = rig_new(describe);
  int group, fd = open_device(rig, 1, "0000:01:00.1", &group);
  ResetInfo args = {.argsz = 12};

  rig_read_only(rig);
  expect(rig, rig_call(rig, fd, ABI_GET_HOT_RESET_INFO, &args), -EFAULT, RULE_NONE);
  args.argsz = sizeof args;
  expect(rig, rig_call(rig, fd, ABI_GET_HOT_RESET_INFO, &args), -EFAULT, RULE_NONE);
}

static long hot_reset(Rig *rig, int fd, guint32 argsz, guint32 flags, guint32 count, gint32 first, gint32 second) {
  gint32 args[6] = {(gint32)argsz, (gint32)flags, (gint32)count, first, second, -1};

  return rig_call(rig, fd, ABI_HOT_RESET, args);
}

/* PD-85..PD-96 */
static void test_hot_reset(void **state) {
  g_autoptr(Rig) rig = rig_new(describe);
  int group0, group1, group3, group4, fd0 = open_device(rig, 0, "0000:01:00.0", &group0);
  int fd1 = open_device(rig, 1, "0000:01:00.1", &group1), root = open_device(rig, 3, "0000:00:04.0", &group3);
  int mixed = open_device(rig, 4, "0000:03:00.0", &group4);
  guint32 edge[3] = {16, 0, 1};

  expect(rig, rig_call(rig, fd0, ABI_HOT_RESET, RIG_BAD), -EFAULT, RULE_PD_85);
  expect(rig, hot_reset(rig, fd0, 11, 0, 1, group0, -1), -EINVAL, RULE_PD_86);
  expect(rig, hot_reset(rig, fd0, 16, 1, 1, group0, -1), -EINVAL, RULE_PD_86);
  expect(rig, hot_reset(rig, root, 12, 0, 0, -1, -1), -EINVAL, RULE_PD_87);
  expect(rig, hot_reset(rig, root, 16, 0, 1, group3, -1), -ENODEV, RULE_PD_88);
  expect(rig, hot_reset(rig, fd0, 24, 0, 3, group0, group1), -EINVAL, RULE_PD_89);
  expect(rig, rig_call(rig, fd0, ABI_HOT_RESET, rig_at_edge(rig, edge, sizeof edge)), -EFAULT, RULE_PD_90);
  expect(rig, hot_reset(rig, fd0, 12, 0, 2, group0, -1), -EBADF, RULE_PD_91); /* argsz is not compared */
  expect(rig, hot_reset(rig, fd0, 20, 0, 2, group0, fd0), -EINVAL, RULE_PD_92);
  expect(rig, hot_reset(rig, mixed, 16, 0, 1, group4, -1), -EINVAL, RULE_PD_93);
  expect(rig, hot_reset(rig, fd0, 16, 0, 1, group0, -1), -EINVAL, RULE_PD_94);
  assert_int_equal(look(rig, fd0), 0);
  scribble(rig, fd0);
  scribble(rig, fd1);
  expect(rig, hot_reset(rig, fd0, 20, 0, 2, group1, group0), 0, RULE_PD_96);
  assert_int_equal(look(rig, fd0), 0);
  assert_int_equal(look(rig, fd1), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_function),         cmocka_unit_test(test_flr_bit),   cmocka_unit_test(test_hot_reset_info),
      cmocka_unit_test(test_info_not_written), cmocka_unit_test(test_hot_reset),
  };

  return cmocka_run_group_tests_name("device-reset", tests, NULL, NULL);
}
