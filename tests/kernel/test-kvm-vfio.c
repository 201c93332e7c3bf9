/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kvm-vfio device: making it, its attributes, groups and what SET_SPAPR_TCE attaches. */
#include <linux/kvm.h>
#include <linux/vfio.h>
#include <unistd.h>

#include "tests/kernel/rig.h"

#define GIB (G_GUINT64_CONSTANT(1) << 30)
#define SLOT1 (G_GUINT64_CONSTANT(1) << 59)

static void two_groups(SimHost *host) {
  assert_true(sim_host_add_device(host, 0, "0000:01:00.0", NULL));
  assert_true(sim_host_add_device(host, 1, "0000:02:00.0", NULL));
}

static void two_groups_4k(SimHost *host) {
  two_groups(host);
  host->page_shift = 12;
}

static const TraceEvent *last_event(const Rig *rig) {
  return trace_get(rig->trace, trace_len(rig->trace) - 1);
}

/* A VM with its device, a group known to it in a container with one window of 1 GiB of 4K pages, and a table that fits.
 */
typedef struct {
  Rig *rig;
  int vm, device, container, group, table;
} World;

static World world_new(void (*describe)(SimHost *)) {
  World world = {.rig = rig_new(describe), .container = -1};

  world.vm = rig_vm(world.rig);
  world.device = rig_kvm_vfio(world.rig, world.vm);
  world.group = rig_attach(world.rig, 0, &world.container);
  rig_remove_window(world.rig, world.container, 0);
  rig_create_window(world.rig, world.container, 12, GIB);
  world.table = (int)rig_table(world.rig, world.vm, 0x80000000, 12, 0, GIB >> 12);
  assert_true(world.table >= 0);
  expect(world.rig, rig_group_add(world.rig, world.device, world.group), 0, RULE_KV_34);
  return world;
}

/* kvm.25-36, kvm.65-68 */
static void test_create(void **state) {
  g_autoptr(Rig) rig = rig_new(two_groups);
  int vm = rig_vm(rig);
  struct kvm_create_device args = {.type = KVM_DEV_TYPE_VFIO, .fd = 77, .flags = 3};
  int device;

  expect(rig, rig_call(rig, vm, ABI_CREATE_DEVICE, RIG_BAD), -EFAULT, RULE_KV_7);
  expect(rig, rig_call(rig, vm, ABI_CREATE_DEVICE, &args), 0, RULE_KV_9);
  assert_int_equal(args.fd, 77);
  args.flags = 2;
  expect(rig, rig_call(rig, vm, ABI_CREATE_DEVICE, &args), 0, RULE_KV_10);
  device = (int)args.fd;
  args.flags = 0;
  expect(rig, rig_call(rig, vm, ABI_CREATE_DEVICE, &args), -EBUSY, RULE_KV_11);
  args.type = 9999;
  args.flags = 1;
  expect(rig, rig_call(rig, vm, ABI_CREATE_DEVICE, &args), -ENODEV, RULE_KV_8);
  args.type = 0;
  expect(rig, rig_call(rig, vm, ABI_CREATE_DEVICE, &args), -ENODEV, RULE_KV_8);
  expect(rig, rig_call(rig, device, ABI_SET_DEVICE_ATTR, RIG_BAD), -EFAULT, RULE_KV_23);
  expect(rig, rig_call(rig, device, ABI_HAS_DEVICE_ATTR, RIG_BAD), -EFAULT, RULE_KV_16);
  expect(rig, rig_call(rig, device, ABI_CREATE_VM, 0), -ENOTTY, RULE_KV_21); /* kvm.66 */
  rig_close(rig, device);
  expect(rig, 0, 0, RULE_KV_58);
  device = rig_kvm_vfio(rig, vm); /* kvm.68 */
  expect(rig, 0, 0, RULE_KV_14);
}

/* KV-15: the device exists, though the caller never learns its fd */
static void test_create_not_told(void **state) {
  g_autoptr(Rig) rig = rig_new(NULL);
  int vm = rig_vm(rig);
  struct kvm_create_device args = {.type = KVM_DEV_TYPE_VFIO};

  rig_read_only(rig);
  expect(rig, rig_call(rig, vm, ABI_CREATE_DEVICE, &args), -EFAULT, RULE_KV_15);
  assert_int_equal(rig_census(rig).kvm_vfio, 1);
  expect(rig, rig_call(rig, vm, ABI_CREATE_DEVICE, &args), -EBUSY, RULE_KV_11);
}

static void test_no_free_fd(void **state) {
  g_autoptr(Rig) rig = rig_new(NULL);
  int vm = rig_vm(rig), last = -1;
  struct kvm_create_device args = {.type = KVM_DEV_TYPE_VFIO};
  SimCensus census;

  for (int fd = vm; fd >= 0; fd = sim_process_dup(rig->process, vm))
    last = fd;
  census = rig_census(rig);
  expect(rig, rig_call(rig, vm, ABI_CREATE_DEVICE, &args), -EMFILE, RULE_KV_13);
  expect(rig, rig_table(rig, vm, 1, 12, 0, 1), -EMFILE, RULE_KT_11);
  expect(rig, rig_call_value(rig, vm, ABI_CREATE_VCPU, 0), -EMFILE, RULE_NONE);
  assert_memory_equal(&census, &(SimCensus){.vms = 1}, sizeof census);
  rig_close(rig, last);
  rig_kvm_vfio(rig, vm);
}

/* kvm.37-63 */
static void test_attributes(void **state) {
  g_autoptr(Rig) rig = rig_new(NULL);
  int device = rig_kvm_vfio(rig, rig_vm(rig));
  struct kvm_device_attr attr = {0};

  for (attr.group = 0; attr.group <= 2; attr.group++) {
    for (attr.attr = 0; attr.attr <= 4; attr.attr++) {
      gboolean known = attr.group == 1 && attr.attr >= 1 && attr.attr <= 3;
      RuleId rule = attr.attr == 3 ? RULE_KV_18 : RULE_KV_17;

      expect(rig, rig_call(rig, device, ABI_HAS_DEVICE_ATTR, &attr), known ? 0 : -ENXIO, known ? rule : RULE_KV_19);
      if (!known)
        expect(rig, rig_call(rig, device, ABI_SET_DEVICE_ATTR, &attr), -ENXIO, RULE_KV_24);
    }
  }
  attr = (struct kvm_device_attr){.group = 1, .attr = 1, .flags = 7};
  expect(rig, rig_call(rig, device, ABI_HAS_DEVICE_ATTR, &attr), 0, RULE_KV_17);
  expect(rig, rig_call(rig, device, ABI_SET_DEVICE_ATTR, &attr), -EFAULT, RULE_KV_25); /* kvm.60 */
  attr.attr = 2;
  expect(rig, rig_call(rig, device, ABI_SET_DEVICE_ATTR, &attr), -EFAULT, RULE_KV_35);
  attr.attr = 3;
  expect(rig, rig_call(rig, device, ABI_SET_DEVICE_ATTR, &attr), -EFAULT, RULE_KV_40);
  expect(rig, rig_call(rig, device, ABI_GET_DEVICE_ATTR, RIG_BAD), -EPERM, RULE_KV_20);
  assert_int_equal(sim_process_mmap(rig->process, device, 4096, 3, TRUE, 0, (void *[1]){NULL}), -ENODEV);
  expect(rig, -ENODEV, -ENODEV, RULE_KV_22);
}

/* kvmgroup.04-38 */
static void test_add_and_del(void **state) {
  g_autoptr(Rig) rig = rig_new(two_groups);
  int vm = rig_vm(rig), device = rig_kvm_vfio(rig, vm), group = rig_open(rig, "/dev/vfio/0"), copy;
  int container = rig_open(rig, "/dev/vfio/vfio");

  expect(rig, rig_group_add(rig, device, -1), -EBADF, RULE_KV_26);
  expect(rig, rig_group_add(rig, device, STDIN_FILENO), -EINVAL, RULE_KV_28);
  expect(rig, rig_group_add(rig, device, vm), -EINVAL, RULE_KV_28);
  expect(rig, rig_group_add(rig, device, container), -EINVAL, RULE_KV_28);
  expect(rig, rig_group_del(rig, device, -1), -EBADF, RULE_KV_36);
  expect(rig, rig_group_del(rig, device, STDIN_FILENO), -ENOENT, RULE_KV_37);
  expect(rig, rig_group_del(rig, device, group), -ENOENT, RULE_KV_37);
  expect(rig, rig_group_add(rig, device, group), 0, RULE_KV_32);
  expect(rig, rig_group_add(rig, device, group), -EEXIST, RULE_KV_33);
  copy = sim_process_dup(rig->process, group);
  expect(rig, rig_group_add(rig, device, copy), -EEXIST, RULE_KV_33); /* kvmgroup.33 */
  expect(rig, rig_group_del(rig, device, copy), 0, RULE_KV_39);
  expect(rig, rig_group_del(rig, device, group), -ENOENT, RULE_KV_37);
}

/* KV-28, KV-44; kvmgroup.22-31 */
static void test_device_fd(void **state) {
  g_autoptr(Rig) rig = rig_new(two_groups);
  int vm = rig_vm(rig), device = rig_kvm_vfio(rig, vm), container = -1;
  int group = rig_attach(rig, 0, &container), fd = rig_device(rig, group, "0000:01:00.0");
  int table = (int)rig_table(rig, vm, 0x80000000, 12, 0, 0x80000);

  expect(rig, rig_group_add(rig, device, fd), 0, RULE_KV_28);
  expect(rig, rig_group_add(rig, device, fd), -EEXIST, RULE_KV_33);
  expect(rig, rig_set_spapr_tce(rig, device, fd, table), -EIO, RULE_KV_44);
  expect(rig, rig_set_spapr_tce(rig, device, fd, -1), -EIO, RULE_KV_44);
  expect(rig, rig_group_del(rig, device, fd), 0, RULE_KV_39);
  expect(rig, rig_group_del(rig, device, fd), -ENOENT, RULE_KV_37);
}

static void before_6_6(SimHost *host) {
  two_groups(host);
  host->version = SIM_VERSION(6, 4);
}

static void test_device_fd_before_6_6(void **state) {
  g_autoptr(Rig) rig = rig_new(before_6_6);
  int device = rig_kvm_vfio(rig, rig_vm(rig)), container = -1;
  int fd = rig_device(rig, rig_attach(rig, 0, &container), "0000:01:00.0");

  expect(rig, rig_group_add(rig, device, fd), -EINVAL, RULE_KV_27);
}

/* KV-34: the entry holds the open file; kvmgroup.39-50 */
static void test_entry_keeps_the_group(void **state) {
  g_autoptr(Rig) rig = rig_new(two_groups);
  int device = rig_kvm_vfio(rig, rig_vm(rig)), container = -1, group = rig_attach(rig, 0, &container);

  expect(rig, rig_group_add(rig, device, group), 0, RULE_KV_34);
  rig_close(rig, group);
  assert_int_equal(sim_process_open(rig->process, "/dev/vfio/0", 0), -EBUSY);
  rig_close(rig, device);
  expect(rig, 0, 0, RULE_KV_58);
  rig_open(rig, "/dev/vfio/0");
}

/* KV-29..KV-31, KV-42, CG-59, CG-85: an entry was a user of the group's container */
static void before_files(SimHost *host) {
  two_groups(host);
  host->version = SIM_VERSION(5, 15);
}

static void test_container_user(void **state) {
  g_autoptr(Rig) rig = rig_new(before_files);
  int vm = rig_vm(rig), device = rig_kvm_vfio(rig, vm), group = rig_open(rig, "/dev/vfio/0");
  int container = rig_open(rig, "/dev/vfio/vfio"), table = (int)rig_table(rig, vm, 0x80000000, 12, 0, 0x40000);

  expect(rig, rig_group_add(rig, device, group), -EINVAL, RULE_KV_29);
  assert_int_equal(rig_call(rig, group, ABI_SET_CONTAINER, &container), 0);
  expect(rig, rig_group_add(rig, device, group), -EINVAL, RULE_KV_31);
  assert_int_equal(rig_call_value(rig, container, ABI_SET_IOMMU, VFIO_SPAPR_TCE_v2_IOMMU), 0);
  expect(rig, rig_group_add(rig, device, group), 0, RULE_KV_34);
  expect(rig, rig_set_spapr_tce(rig, device, STDIN_FILENO, table), -EINVAL, RULE_KV_42);
  expect(rig, rig_call_value(rig, group, ABI_UNSET_CONTAINER, 0), -EBUSY, RULE_CG_59);
  expect(rig, rig_group_del(rig, device, group), 0, RULE_KV_38);
  expect(rig, rig_call_value(rig, group, ABI_UNSET_CONTAINER, 0), 0, RULE_CG_60);
}

/* KV-59: up to 6.1-rc7 the entries outlive the device's fd */
static void before_release(SimHost *host) {
  two_groups(host);
  host->version = SIM_VERSION(5, 19);
  host->platform = SIM_X86; /* no POWER host of that version has groups (CG-53) */
}

static void test_entries_kept_till_the_vm_goes(void **state) {
  g_autoptr(Rig) rig = rig_new(before_release);
  int vm = rig_vm(rig), device = rig_kvm_vfio(rig, vm), group = rig_open(rig, "/dev/vfio/0");
  struct kvm_create_device args = {.type = KVM_DEV_TYPE_VFIO};

  expect(rig, rig_group_add(rig, device, group), 0, RULE_KV_34);
  rig_close(rig, group);
  rig_close(rig, device);
  expect(rig, 0, 0, RULE_KV_59);
  assert_int_equal(sim_process_open(rig->process, "/dev/vfio/0", 0), -EBUSY);
  expect(rig, rig_call(rig, vm, ABI_CREATE_DEVICE, &args), -EBUSY, RULE_KV_11);
  rig_close(rig, vm);
  rig_open(rig, "/dev/vfio/0");
}

/* KV-66; kvmgroup.55-65 */
static void test_two_vms(void **state) {
  g_autoptr(Rig) rig = rig_new(two_groups);
  int group = rig_open(rig, "/dev/vfio/0");
  int first = rig_kvm_vfio(rig, rig_vm(rig)), second = rig_kvm_vfio(rig, rig_vm(rig));

  expect(rig, rig_group_add(rig, first, group), 0, RULE_KV_34);
  expect(rig, rig_group_add(rig, second, group), 0, RULE_KV_66);
  expect(rig, rig_group_del(rig, first, group), 0, RULE_KV_39);
  expect(rig, rig_group_del(rig, second, group), 0, RULE_KV_39);
}

/* settce.05-13, 24-33: ENOENT of the group comes before a bad table (KV-43) */
static void test_set_order(void **state) {
  World world = world_new(two_groups);
  g_autoptr(Rig) rig = world.rig;
  int stranger = rig_open(rig, "/dev/vfio/1");

  expect(rig, rig_set_spapr_tce(rig, world.device, -1, world.table), -EBADF, RULE_KV_41);
  expect(rig, rig_set_spapr_tce(rig, world.device, -1, -1), -EBADF, RULE_KV_41);
  expect(rig, rig_set_spapr_tce(rig, world.device, STDIN_FILENO, world.table), -ENOENT, RULE_KV_43);
  expect(rig, rig_set_spapr_tce(rig, world.device, stranger, world.table), -ENOENT, RULE_KV_43);
  expect(rig, rig_set_spapr_tce(rig, world.device, stranger, -1), -ENOENT, RULE_KV_43);
  expect(rig, rig_set_spapr_tce(rig, world.device, world.vm, world.table), -ENOENT, RULE_KV_43);
  expect(rig, rig_set_spapr_tce(rig, world.device, world.group, -1), -EBADF, RULE_KV_45);
  expect(rig, rig_set_spapr_tce(rig, world.device, world.group, STDIN_FILENO), -EINVAL, RULE_KV_46);
  expect(rig, rig_set_spapr_tce(rig, world.device, world.group, world.group), -EINVAL, RULE_KV_46);
  assert_false(sim_liobn_feeds_group(rig->kernel, 0x80000000, 0));
  expect(rig, rig_set_spapr_tce(rig, world.device, world.group, world.table), 0, RULE_KV_52);
  assert_true(sim_liobn_feeds_group(rig->kernel, 0x80000000, 0));
  assert_false(sim_liobn_feeds_group(rig->kernel, 0x80000000, 1));
  expect(rig, rig_set_spapr_tce(rig, world.device, world.group, world.table), 0, RULE_KV_49);
}

/* settce.68-70 */
static void test_table_of_another_vm(void **state) {
  World world = world_new(two_groups);
  g_autoptr(Rig) rig = world.rig;
  int other = (int)rig_table(rig, rig_vm(rig), 0x80000000, 12, 0, GIB >> 12);

  expect(rig, rig_set_spapr_tce(rig, world.device, world.group, other), -EINVAL, RULE_KV_46);
}

/* settce.36-58: windows of 1 GiB of 4K pages at 0 and of 4 GiB of 64K pages at 1 << 59 */
static void test_matching(void **state) {
  static const struct {
    guint shift;
    guint64 offset, size;
    long result;
  } rows[] = {
      {12, 0, 0x20000, 0},                     /* settce.39 */
      {12, 0, 0x80000, -EINVAL},               /* settce.41 */
      {12, 0x100, 0x100, -EINVAL},             /* settce.43 */
      {16, 0, 0x4000, 0},                      /* settce.45 */
      {24, 0, 0x40, 0},                        /* settce.47 */
      {16, 0, 0x8000, -EINVAL},                /* settce.49 */
      {16, SLOT1 >> 16, 0x10000, 0},           /* settce.52 */
      {12, SLOT1 >> 12, 0x100000, -EINVAL},    /* settce.54 */
      {16, SLOT1 >> 16, 0x10001, -EINVAL},     /* settce.56 */
      {16, (SLOT1 >> 16) + 1, 0x100, -EINVAL}, /* settce.58 */
  };
  World world = world_new(two_groups);
  g_autoptr(Rig) rig = world.rig;

  assert_int_equal(rig_create_window(rig, world.container, 16, 4 * GIB), SLOT1);
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    long table = rig_table(rig, world.vm, 0x80000100 + i, rows[i].shift, rows[i].offset, rows[i].size);

    assert_true(table >= 0);
    expect(rig, rig_set_spapr_tce(rig, world.device, world.group, (int)table), rows[i].result,
           rows[i].result ? RULE_KV_48 : RULE_KV_52);
  }
}

static void with_4_12(SimHost *host) {
  two_groups(host);
  host->version = SIM_VERSION(4, 12);
}

/* KV-48 up to 4.12: page size, offset and size must be equal */
static void test_matching_of_4_12(void **state) {
  World world = world_new(with_4_12);
  g_autoptr(Rig) rig = world.rig;
  int smaller = (int)rig_table(rig, world.vm, 1, 12, 0, 0x20000),
      bigger_pages = (int)rig_table(rig, world.vm, 2, 16, 0, 0x4000);

  expect(rig, rig_set_spapr_tce(rig, world.device, world.group, smaller), -EINVAL, RULE_KV_48);
  expect(rig, rig_set_spapr_tce(rig, world.device, world.group, bigger_pages), -EINVAL, RULE_KV_48);
  expect(rig, rig_set_spapr_tce(rig, world.device, world.group, world.table), 0, RULE_KV_52);
}

/* settce.11, 16-22: no window, no match */
static void test_no_window_yet(void **state) {
  g_autoptr(Rig) rig = rig_new(two_groups);
  int vm = rig_vm(rig), device = rig_kvm_vfio(rig, vm), group = rig_open(rig, "/dev/vfio/0");
  int container = rig_open(rig, "/dev/vfio/vfio"), table = (int)rig_table(rig, vm, 0x80000000, 12, 0, 0x40000);

  expect(rig, rig_group_add(rig, device, group), 0, RULE_KV_34);
  expect(rig, rig_set_spapr_tce(rig, device, group, table), -EINVAL, RULE_KV_48);
  assert_int_equal(rig_call(rig, group, ABI_SET_CONTAINER, &container), 0);
  expect(rig, rig_set_spapr_tce(rig, device, group, table), -EINVAL, RULE_KV_48);
  assert_int_equal(rig_call_value(rig, container, ABI_SET_IOMMU, VFIO_SPAPR_TCE_v2_IOMMU), 0);
  expect(rig, rig_set_spapr_tce(rig, device, group, table), -EINVAL, RULE_KV_48);
  rig_remove_window(rig, container, 0);
  expect(rig, rig_set_spapr_tce(rig, device, group, table), -EINVAL, RULE_KV_48);
}

/* KV-61; settce.11 and settce.78 of the host with 4K pages */
static void test_the_hosts_own_table(void **state) {
  g_autoptr(Rig) rig = rig_new(two_groups_4k);
  int vm = rig_vm(rig), device = rig_kvm_vfio(rig, vm), group = rig_open(rig, "/dev/vfio/0");
  int table = (int)rig_table(rig, vm, 0x80000000, 12, 0, 0x40000);

  expect(rig, rig_group_add(rig, device, group), 0, RULE_KV_34);
  expect(rig, rig_set_spapr_tce(rig, device, group, table), 0, RULE_KV_61);
}

/* KV-55: two SETs need two releases, DEL gives one, closing the table ends it */
static void test_del_gives_one_count(void **state) {
  World world = world_new(two_groups);
  g_autoptr(Rig) rig = world.rig;

  for (int i = 0; i < 2; i++)
    expect(rig, rig_set_spapr_tce(rig, world.device, world.group, world.table), 0, RULE_NONE);
  expect(rig, rig_group_del(rig, world.device, world.group), 0, RULE_KV_55);
  assert_int_equal(last_event(rig)->flags, TRACE_NOTABLE);
  assert_true(sim_liobn_feeds_group(rig->kernel, 0x80000000, 0));
  rig_close(rig, world.table);
  expect(rig, 0, 0, RULE_KT_18);
  assert_false(sim_liobn_feeds_group(rig->kernel, 0x80000000, 0));
}

/* KV-53: by the hardware table, whoever attached it; KV-57: untouched where SET was never asked for */
static void test_shared_window(void **state) {
  World world = world_new(two_groups);
  g_autoptr(Rig) rig = world.rig;
  int second = rig_attach(rig, 1, &world.container);

  expect(rig, rig_group_add(rig, world.device, second), 0, RULE_KV_34);
  expect(rig, rig_set_spapr_tce(rig, world.device, world.group, world.table), 0, RULE_KV_52);
  assert_true(sim_liobn_feeds_group(rig->kernel, 0x80000000, 1));
  expect(rig, rig_group_del(rig, world.device, second), 0, RULE_KV_57);
  assert_true(sim_liobn_feeds_group(rig->kernel, 0x80000000, 0));
  expect(rig, rig_group_add(rig, world.device, second), 0, RULE_KV_34);
  expect(rig, rig_set_spapr_tce(rig, world.device, second, -1), -EBADF, RULE_KV_45); /* asked, though refused */
  expect(rig, rig_group_del(rig, world.device, second), 0, RULE_KV_53);
  assert_false(sim_liobn_feeds_group(rig->kernel, 0x80000000, 0));
}

/* KV-56; settce.62-65: a removed window stays attached as an orphan */
static void test_orphan(void **state) {
  World world = world_new(two_groups);
  g_autoptr(Rig) rig = world.rig;
  guint64 args[4] = {0x80000000, 0, 3, 0};

  rig_register(rig, world.container, rig->ram, RIG_RAM);
  assert_int_equal(rig_memslot(rig, world.vm, 0, 0, RIG_RAM, rig->ram), 0);
  expect(rig, rig_set_spapr_tce(rig, world.device, world.group, world.table), 0, RULE_KV_52);
  rig_remove_window(rig, world.container, 0);
  assert_false(sim_liobn_feeds_group(rig->kernel, 0x80000000, 0));
  assert_int_equal(rig_census(rig).tces, 0);
  assert_int_equal(sim_hypercall(rig->kernel, 1, 0x20, args, NULL), 0);
  assert_int_equal(rig_census(rig).tces, 1);
  expect(rig, rig_group_del(rig, world.device, world.group), 0, RULE_KV_56);
  args[1] = 0x1000;
  assert_int_equal(sim_hypercall(rig->kernel, 1, 0x20, args, NULL), 0);
  assert_int_equal(rig_census(rig).tces, 2);
  rig_close(rig, world.table);
  assert_int_equal(rig_census(rig).tces, 0);
}

static void with_4_19(SimHost *host) {
  two_groups(host);
  host->version = SIM_VERSION(4, 19);
}

/* KV-54: one release in the whole VM, the newest table's */
static void test_del_of_4_19(void **state) {
  World world = world_new(with_4_19);
  g_autoptr(Rig) rig = world.rig;
  int newer = (int)rig_table(rig, world.vm, 0x80000001, 12, 0, GIB >> 12);

  expect(rig, rig_set_spapr_tce(rig, world.device, world.group, world.table), 0, RULE_KV_52);
  expect(rig, rig_set_spapr_tce(rig, world.device, world.group, newer), 0, RULE_KV_52);
  expect(rig, rig_group_del(rig, world.device, world.group), 0, RULE_KV_54);
  assert_true(sim_liobn_feeds_group(rig->kernel, 0x80000000, 0));
  assert_false(sim_liobn_feeds_group(rig->kernel, 0x80000001, 0));
}

/* The event of an attribute call holds the nested struct and the objects that it names. */
static void test_events(void **state) {
  World world = world_new(two_groups);
  g_autoptr(Rig) rig = world.rig;
  const TraceEvent *event;

  expect(rig, rig_set_spapr_tce(rig, world.device, world.group, world.table), 0, RULE_KV_52);
  event = last_event(rig);
  assert_int_equal(event->call, ABI_SET_SPAPR_TCE);
  assert_int_equal(event->refs[0].kind, ABI_GROUP);
  assert_int_equal(event->refs[0].id, 0);
  assert_int_equal(event->refs[1].kind, ABI_TABLE);
  assert_int_equal(event->refs[1].id, 0x80000000);
  assert_int_equal(event->in_len, 8);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_create),
      cmocka_unit_test(test_create_not_told),
      cmocka_unit_test(test_no_free_fd),
      cmocka_unit_test(test_attributes),
      cmocka_unit_test(test_add_and_del),
      cmocka_unit_test(test_device_fd),
      cmocka_unit_test(test_device_fd_before_6_6),
      cmocka_unit_test(test_entry_keeps_the_group),
      cmocka_unit_test(test_container_user),
      cmocka_unit_test(test_entries_kept_till_the_vm_goes),
      cmocka_unit_test(test_two_vms),
      cmocka_unit_test(test_set_order),
      cmocka_unit_test(test_table_of_another_vm),
      cmocka_unit_test(test_matching),
      cmocka_unit_test(test_matching_of_4_12),
      cmocka_unit_test(test_no_window_yet),
      cmocka_unit_test(test_the_hosts_own_table),
      cmocka_unit_test(test_del_gives_one_count),
      cmocka_unit_test(test_shared_window),
      cmocka_unit_test(test_orphan),
      cmocka_unit_test(test_del_of_4_19),
      cmocka_unit_test(test_events),
  };

  return cmocka_run_group_tests_name("kvm-vfio", tests, NULL, NULL);
}
