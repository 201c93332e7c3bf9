/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names, opening and closing, information, features, ioeventfds, mmap of a device. */
#include <linux/vfio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sim/host/host-internal.h"
#include "tests/kernel/rig.h"

#define BAR0 G_GUINT64_CONSTANT(0)
#define REGION(index) ((guint64)(index) << 40)

/* A plain device, and an e1000e: PCI Express, I/O BAR, ROM, MSI-X in BAR 3. Group 2: its BAR 0 has 64 bits. */
static void describe(SimHost *host) {
  SimHostDevice *device;

  assert_true(sim_host_add_device(host, 0, "0000:01:00.0", NULL));
  assert_true(sim_host_add_device(host, 1, "0001:02:03.4", NULL));
  assert_true(sim_host_device_model(sim_host_find_device(host, 0x1021c), "e1000e"));
  assert_true(sim_host_add_device(host, 2, "0000:03:00.0", NULL));
  device = sim_host_find_device(host, 0x300);
  device->bars[0].is64 = TRUE;
  device->intx_pin = 0;
  device->msi = device->msix = 0;
}

static int open_device(Rig *rig, guint group, const char *name) {
  int container = -1;

  return rig_device(rig, rig_attach(rig, group, &container), name);
}

/* PD-1..PD-3 */
static void test_names(void **state) {
  static const struct {
    const char *name;
    long result;
    RuleId rule;
  } rows[] = {
      {"0000:01:00.00", -ENODEV, RULE_CG_66},
      {"0000:01:00", -ENODEV, RULE_CG_66},
      {"", -ENODEV, RULE_CG_66},
      {"0000:01:00.0\t", -ENODEV, RULE_CG_66},
      {"0000:01:00.0 x", -EINVAL, RULE_PD_2},
      {"0000:01:00.0 vf_token=1234", -EINVAL, RULE_PD_2},
      {"0000:01:00.0 vf_token=00112233-4455-6677-8899-aabbccddeefg", -EINVAL, RULE_PD_2},
      {"0000:01:00.0 vf_token=00112233-4455-6677-8899-aabbccddeeff", -EINVAL, RULE_PD_3},
      {"0000:01:00.0 vf_token=00112233-4455-6677-8899-aabbccddeeff vf_token=0", -EINVAL, RULE_PD_2},
  };
  g_autoptr(Rig) rig = rig_new(describe);
  int container = -1, group = rig_attach(rig, 0, &container);

  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
    expect(rig, rig_call(rig, group, ABI_GET_DEVICE_FD, rows[i].name), rows[i].result, rows[i].rule);
  rig_device(rig, group, "0000:01:00.0");
  rig_device(rig, group, "0000:01:00.0  ");
}

/* CG-73, CG-86, CG-87, PD-9: all fds share one state, which goes with the last of them */
static void test_lifetime(void **state) {
  g_autoptr(Rig) rig = rig_new(describe);
  int container = -1, group = rig_attach(rig, 0, &container);
  int first = rig_device(rig, group, "0000:01:00.0"), second = rig_device(rig, group, "0000:01:00.0");
  guint32 word = 0x12345678, back = 0;

  assert_int_equal(rig_census(rig).devices_open, 1);
  assert_int_equal(sim_process_pwrite(rig->process, first, &word, 4, BAR0), 4);
  rig_close(rig, first);
  expect(rig, 0, 0, RULE_CG_86);
  assert_int_equal(sim_process_pread(rig->process, second, &back, 4, BAR0), 4);
  assert_int_equal(back, word);
  assert_int_equal(rig_call_value(rig, group, ABI_UNSET_CONTAINER, 0), -EBUSY);
  rig_close(rig, second);
  expect(rig, 0, 0, RULE_CG_87);
  expect(rig, 0, 0, RULE_NONE);
  assert_int_equal(rig_census(rig).devices_open, 0);
  first = rig_device(rig, group, "0000:01:00.0");
  expect(rig, 0, 0, RULE_PD_8);
  assert_int_equal(sim_process_pread(rig->process, first, &back, 4, BAR0), 4);
  assert_int_equal(back, 0);
  rig_close(rig, first);
  assert_int_equal(rig_call_value(rig, group, ABI_UNSET_CONTAINER, 0), 0);
}

/* CG-83: the device keeps the group's file */
static void test_group_closed_first(void **state) {
  g_autoptr(Rig) rig = rig_new(describe);
  int container = -1, group = rig_attach(rig, 0, &container), fd = rig_device(rig, group, "0000:01:00.0");

  rig_close(rig, group);
  assert_int_equal(sim_process_open(rig->process, "/dev/vfio/0", 0), -EBUSY);
  rig_close(rig, fd);
  rig_open(rig, "/dev/vfio/0");
}

/* PD-10..PD-12 */
static void test_info(void **state) {
  g_autoptr(Rig) rig = rig_new(describe);
  int fd = open_device(rig, 0, "0000:01:00.0");
  guint32 info[7];

  memset(info, 0xa5, sizeof info);
  expect(rig, rig_call(rig, fd, ABI_DEVICE_GET_INFO, RIG_BAD), -EFAULT, RULE_PD_10);
  info[0] = 15;
  expect(rig, rig_call(rig, fd, ABI_DEVICE_GET_INFO, info), -EINVAL, RULE_PD_11);
  info[0] = 16;
  expect(rig, rig_call(rig, fd, ABI_DEVICE_GET_INFO, info), 0, RULE_PD_12);
  assert_int_equal(info[1], VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET);
  assert_int_equal(info[2], 9);
  assert_int_equal(info[3], 5);
  assert_int_equal(info[4], 0xa5a5a5a5);
  info[0] = 100;
  expect(rig, rig_call(rig, fd, ABI_DEVICE_GET_INFO, info), 0, RULE_PD_12);
  assert_int_equal(info[0], 100);
  assert_int_equal(info[4], 0);
  assert_int_equal(info[5], 0);
  assert_int_equal(info[6], 0xa5a5a5a5);
}

static struct vfio_region_info region(Rig *rig, int fd, guint32 index, long result, RuleId rule) {
  struct vfio_region_info info = {.argsz = sizeof info, .index = index, .cap_offset = 0x77};

  expect(rig, rig_call(rig, fd, ABI_GET_REGION_INFO, &info), result, rule);
  if (!result) {
    assert_int_equal(info.argsz, sizeof info);
    assert_int_equal(info.cap_offset, 0x77); /* written back as it came: there are no capabilities */
    assert_int_equal(info.offset, REGION(index));
  }
  return info;
}

/* PD-14..PD-23; the model's regions have no MMAP flag */
static void test_regions(void **state) {
  const guint32 rw = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
  g_autoptr(Rig) rig = rig_new(describe);
  int dumb = open_device(rig, 0, "0000:01:00.0"), nic = open_device(rig, 1, "0001:02:03.4");
  int wide = open_device(rig, 2, "0000:03:00.0");
  struct vfio_region_info info = {.argsz = 31};

  expect(rig, rig_call(rig, dumb, ABI_GET_REGION_INFO, RIG_BAD), -EFAULT, RULE_PD_14);
  expect(rig, rig_call(rig, dumb, ABI_GET_REGION_INFO, &info), -EINVAL, RULE_PD_15);
  info = region(rig, dumb, 0, 0, RULE_PD_18);
  assert_int_equal(info.size, 0x10000);
  assert_int_equal(info.flags, rw);
  info = region(rig, dumb, 1, 0, RULE_PD_17);
  assert_int_equal(info.size, 0);
  assert_int_equal(info.flags, 0);
  info = region(rig, wide, 1, 0, RULE_PD_17);
  assert_int_equal(info.size, 0);
  info = region(rig, dumb, 6, 0, RULE_PD_20);
  assert_int_equal(info.size, 0);
  assert_int_equal(info.flags, 0);
  info = region(rig, nic, 6, 0, RULE_PD_20);
  assert_int_equal(info.size, 0x40000);
  assert_int_equal(info.flags, VFIO_REGION_INFO_FLAG_READ);
  info = region(rig, dumb, 7, 0, RULE_PD_16);
  assert_int_equal(info.size, 256);
  assert_int_equal(info.flags, rw);
  info = region(rig, nic, 7, 0, RULE_PD_16);
  assert_int_equal(info.size, 4096);
  region(rig, nic, 8, -EINVAL, RULE_PD_21);
  region(rig, nic, 9, -EINVAL, RULE_PD_23);
}

/* PD-27..PD-30; dpdk-22.11: index 2 answers flags 9 */
static void test_irq_info(void **state) {
  static const struct { guint32 index, flags, count; } rows[] = {{0, 7, 1}, {1, 9, 1}, {2, 9, 4}, {4, 9, 1}};
  g_autoptr(Rig) rig = rig_new(describe);
  int dumb = open_device(rig, 0, "0000:01:00.0"), nic = open_device(rig, 1, "0001:02:03.4");
  int none = open_device(rig, 2, "0000:03:00.0");
  struct vfio_irq_info info = {.argsz = 15};

  expect(rig, rig_call(rig, dumb, ABI_GET_IRQ_INFO, RIG_BAD), -EFAULT, RULE_PD_27);
  expect(rig, rig_call(rig, dumb, ABI_GET_IRQ_INFO, &info), -EINVAL, RULE_PD_28);
  info = (struct vfio_irq_info){.argsz = 16, .index = 5};
  expect(rig, rig_call(rig, dumb, ABI_GET_IRQ_INFO, &info), -EINVAL, RULE_PD_28);
  info.index = VFIO_PCI_ERR_IRQ_INDEX;
  expect(rig, rig_call(rig, dumb, ABI_GET_IRQ_INFO, &info), -EINVAL, RULE_PD_29);
  expect(rig, rig_call(rig, nic, ABI_GET_IRQ_INFO, &info), 0, RULE_PD_30);
  assert_int_equal(info.count, 1);
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    info.index = rows[i].index;
    expect(rig, rig_call(rig, dumb, ABI_GET_IRQ_INFO, &info), 0, RULE_PD_30);
    assert_int_equal(info.flags, rows[i].flags);
    assert_int_equal(info.count, rows[i].count);
    expect(rig, rig_call(rig, none, ABI_GET_IRQ_INFO, &info), 0, RULE_PD_30);
    assert_int_equal(info.count, rows[i].index == 4);
  }
}

static void test_not_written(void **state) {
  g_autoptr(Rig) rig = rig_new(describe);
  int fd = open_device(rig, 0, "0000:01:00.0");
  struct vfio_region_info args = {.argsz = sizeof args};

  rig_read_only(rig);
  expect(rig, rig_call(rig, fd, ABI_DEVICE_GET_INFO, &args), -EFAULT, RULE_NONE);
  expect(rig, rig_call(rig, fd, ABI_GET_REGION_INFO, &args), -EFAULT, RULE_NONE);
  expect(rig, rig_call(rig, fd, ABI_GET_IRQ_INFO, &args), -EFAULT, RULE_NONE);
}

static void before_cdevs(SimHost *host) {
  describe(host);
  host->version = SIM_VERSION(6, 4);
}

/* PD-12, CG-74: the struct has 20 bytes and there is no iommufd to bind to */
static void test_before_6_6(void **state) {
  g_autoptr(Rig) rig = rig_new(before_cdevs);
  int fd = open_device(rig, 0, "0000:01:00.0");
  guint32 info[6] = {100, 0, 0, 0, 1, 1};

  expect(rig, rig_call(rig, fd, ABI_DEVICE_GET_INFO, info), 0, RULE_PD_12);
  assert_int_equal(info[4], 0);
  assert_int_equal(info[5], 1);
  expect(rig, rig_call(rig, fd, ABI_BIND_IOMMUFD, RIG_BAD), -ENOTTY, RULE_CG_78);
}

/* PD-105..PD-112 */
static void test_features(void **state) {
  const guint32 get = VFIO_DEVICE_FEATURE_GET, set = VFIO_DEVICE_FEATURE_SET, probe = VFIO_DEVICE_FEATURE_PROBE;
  const struct {
    guint32 argsz, flags;
    long result;
    RuleId rule;
  } rows[] = {
      {7, probe | 3, -EINVAL, RULE_PD_106},
      {8, 1u << 20 | 3, -EINVAL, RULE_PD_106},
      {8, get | set | 3, -EINVAL, RULE_PD_106},
      {8, probe | 0, -ENOTTY, RULE_PD_108},
      {8, probe | 1, -ENOTTY, RULE_PD_107},
      {8, probe | 2, -ENOTTY, RULE_PD_107},
      {8, probe | 7, -ENOTTY, RULE_PD_107},
      {8, probe | 9, -ENOTTY, RULE_PD_107},
      {8, probe | 10, -ENOTTY, RULE_PD_109},
      {8, get | 3, -EINVAL, RULE_PD_110},
      {8, probe | get | set | 3, -EINVAL, RULE_PD_110},
      {8, probe | set | 3, 0, RULE_PD_111},
      {8, probe | 5, 0, RULE_PD_111},
      {8, 3, -EINVAL, RULE_PD_112},
      {12, set | 4, -EINVAL, RULE_PD_112},
      {8, set | 3, 0, RULE_CG_77},
      {8, set | 3, -EINVAL, RULE_NONE}, /* low power already */
      {8, set | 5, 0, RULE_CG_77},
      {8, set | 3, 0, RULE_CG_77},
  };
  g_autoptr(Rig) rig = rig_new(describe);
  int fd = open_device(rig, 0, "0000:01:00.0"), event = eventfd(0, EFD_CLOEXEC);
  gint32 wakeup[4] = {16, (gint32)(set | 4), event, 0};

  expect(rig, rig_call(rig, fd, ABI_DEVICE_FEATURE, RIG_BAD), -EFAULT, RULE_PD_105);
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    struct vfio_device_feature args = {.argsz = rows[i].argsz, .flags = rows[i].flags};

    expect(rig, rig_call(rig, fd, ABI_DEVICE_FEATURE, &args), rows[i].result, rows[i].rule);
  }
  expect(rig, rig_call(rig, fd, ABI_DEVICE_FEATURE, wakeup), -EINVAL, RULE_NONE);
  wakeup[1] = (gint32)(set | 5);
  expect(rig, rig_call(rig, fd, ABI_DEVICE_FEATURE, wakeup), 0, RULE_NONE);
  wakeup[1] = (gint32)(set | 4);
  expect(rig, rig_call(rig, fd, ABI_DEVICE_FEATURE, wakeup), 0, RULE_NONE);
  wakeup[2] = STDIN_FILENO;
  expect(rig, rig_call(rig, fd, ABI_DEVICE_FEATURE, wakeup), -EINVAL, RULE_NONE);
  expect(rig, rig_call(rig, fd, ABI_DEVICE_FEATURE, rig_at_edge(rig, wakeup, 8)), -EFAULT, RULE_NONE);
  wakeup[2] = -1;
  expect(rig, rig_call(rig, fd, ABI_DEVICE_FEATURE, wakeup), -EINVAL, RULE_NONE);
  close(event);
}

/* PD-97..PD-104 */
static void test_ioeventfds(void **state) {
  g_autoptr(Rig) rig = rig_new(describe);
  int fd = open_device(rig, 0, "0000:01:00.0"), event = eventfd(0, EFD_CLOEXEC);
  struct vfio_device_ioeventfd args = {.argsz = 27, .flags = 4, .offset = 0x100, .data = 1, .fd = event};

  expect(rig, rig_call(rig, fd, ABI_IOEVENTFD, RIG_BAD), -EFAULT, RULE_PD_97);
  expect(rig, rig_call(rig, fd, ABI_IOEVENTFD, &args), -EINVAL, RULE_PD_98);
  args.argsz = 28;
  args.flags = 3;
  expect(rig, rig_call(rig, fd, ABI_IOEVENTFD, &args), -EINVAL, RULE_PD_98);
  args.flags = 16;
  expect(rig, rig_call(rig, fd, ABI_IOEVENTFD, &args), -EINVAL, RULE_PD_98);
  args.flags = 4;
  args.fd = -2;
  expect(rig, rig_call(rig, fd, ABI_IOEVENTFD, &args), -EINVAL, RULE_PD_98);
  args.fd = event;
  args.offset = REGION(7);
  expect(rig, rig_call(rig, fd, ABI_IOEVENTFD, &args), -EINVAL, RULE_PD_99);
  args.offset = 0xfffd;
  expect(rig, rig_call(rig, fd, ABI_IOEVENTFD, &args), -EINVAL, RULE_PD_99);
  args.offset = 0x803e; /* the last bytes of the MSI-X table */
  expect(rig, rig_call(rig, fd, ABI_IOEVENTFD, &args), -EINVAL, RULE_PD_99);
  args.offset = REGION(1);
  expect(rig, rig_call(rig, fd, ABI_IOEVENTFD, &args), -EINVAL, RULE_PD_99);
  args.offset = 0x8040;
  args.fd = -1;
  expect(rig, rig_call(rig, fd, ABI_IOEVENTFD, &args), -ENODEV, RULE_PD_101);
  args.fd = 99999;
  expect(rig, rig_call(rig, fd, ABI_IOEVENTFD, &args), -EBADF, RULE_PD_103);
  args.fd = STDIN_FILENO;
  expect(rig, rig_call(rig, fd, ABI_IOEVENTFD, &args), -EINVAL, RULE_PD_103);
  args.fd = event;
  expect(rig, rig_call(rig, fd, ABI_IOEVENTFD, &args), 0, RULE_PD_104);
  expect(rig, rig_call(rig, fd, ABI_IOEVENTFD, &args), -EEXIST, RULE_PD_100);
  args.flags = 8; /* another size is another one */
  expect(rig, rig_call(rig, fd, ABI_IOEVENTFD, &args), 0, RULE_PD_104);
  args.fd = -1;
  expect(rig, rig_call(rig, fd, ABI_IOEVENTFD, &args), 0, RULE_PD_100);
  expect(rig, rig_call(rig, fd, ABI_IOEVENTFD, &args), -ENODEV, RULE_PD_101);
  close(event);
}

/* PD-102 */
static int event_of_any_fd(gpointer port, gpointer task, int fd, gpointer *event) {
  *event = GINT_TO_POINTER(1);
  return 0;
}

static void put_nothing(gpointer port, gpointer event) {
}

static void test_many_ioeventfds(void **state) {
  g_autoptr(Rig) rig = rig_new(describe);
  int fd = open_device(rig, 0, "0000:01:00.0");
  struct vfio_device_ioeventfd args = {.argsz = 32, .flags = 4};

  rig->port.event_get = event_of_any_fd;
  rig->port.event_put = put_nothing;
  for (args.data = 0; args.data < 1000; args.data++)
    assert_int_equal(rig_call(rig, fd, ABI_IOEVENTFD, &args), 0);
  expect(rig, rig_call(rig, fd, ABI_IOEVENTFD, &args), -ENOSPC, RULE_PD_102);
  rig_close(rig, fd);
}

/* PD-128..PD-131: no region can be mapped */
static void test_mmap(void **state) {
  g_autoptr(Rig) rig = rig_new(describe);
  int fd = open_device(rig, 0, "0000:01:00.0");
  void *memory;

  expect(rig, sim_process_mmap(rig->process, fd, 0x10000, PROT_READ, TRUE, REGION(9), &memory), -EINVAL, RULE_PD_128);
  expect(rig, sim_process_mmap(rig->process, fd, 0x10000, PROT_READ, FALSE, 0, &memory), -EINVAL, RULE_PD_129);
  expect(rig, sim_process_mmap(rig->process, fd, 0x10000, PROT_READ, TRUE, REGION(7), &memory), -EINVAL, RULE_PD_130);
  expect(rig, sim_process_mmap(rig->process, fd, 0x10000, PROT_READ, TRUE, 0, &memory), -EINVAL, RULE_PD_131);
}

/* CG-74, CG-75, CG-78; POWER kernels have no iommufd to bind to, as a real one answered */
static void test_other_ioctls(void **state) {
  g_autoptr(Rig) rig = rig_new(describe);
  int fd = open_device(rig, 0, "0000:01:00.0");
  guint32 bind[4] = {16, 0, 0, 0};

  expect(rig, rig_call(rig, fd, ABI_BIND_IOMMUFD, RIG_BAD), -ENOTTY, RULE_CG_78);
  rig->host->platform = SIM_X86;
  expect(rig, rig_call(rig, fd, ABI_BIND_IOMMUFD, RIG_BAD), -EFAULT, RULE_CG_74);
  expect(rig, rig_call(rig, fd, ABI_BIND_IOMMUFD, bind), -EINVAL, RULE_CG_75);
  expect(rig, rig_call(rig, fd, ABI_ATTACH_IOMMUFD_PT, bind), -ENOTTY, RULE_CG_78);
  expect(rig, rig_call(rig, fd, ABI_QUERY_GFX_PLANE, bind), -ENOTTY, RULE_CG_78);
  expect(rig, sim_process_ioctl(rig->process, fd, 0x3b64, 0), -ENOTTY, RULE_CG_78);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_names),
      cmocka_unit_test(test_lifetime),
      cmocka_unit_test(test_group_closed_first),
      cmocka_unit_test(test_info),
      cmocka_unit_test(test_regions),
      cmocka_unit_test(test_irq_info),
      cmocka_unit_test(test_features),
      cmocka_unit_test(test_not_written),
      cmocka_unit_test(test_before_6_6),
      cmocka_unit_test(test_ioeventfds),
      cmocka_unit_test(test_many_ioeventfds),
      cmocka_unit_test(test_mmap),
      cmocka_unit_test(test_other_ioctls),
  };

  return cmocka_run_group_tests_name("device-open", tests, NULL, NULL);
}
