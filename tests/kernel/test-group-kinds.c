/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Groups that are not the usual: without IOMMU, without TCE tables, of mediated devices, of firmware that refuses. */
#include <linux/kvm.h>
#include <linux/vfio.h>

#include "vfio-rig.h"

static const guint64 gib = G_GUINT64_CONSTANT(1) << 30;

static void set_group(Rig *rig, guint group, const char *key, const char *value) {
  assert_true(sim_host_group_set(rig->host, group, key, value, NULL));
  rig_restart(rig);
}

static int open_group(Rig *rig, guint group) {
  g_autofree char *node = sim_host_group_node(sim_host_group(rig->host, group));
  g_autofree char *path = g_strconcat("/dev/vfio/", node, NULL);
  int fd = sim_process_open(rig->process, path, 0);

  assert_true(fd >= 0);
  return fd;
}

static int open_container(Rig *rig) {
  return sim_process_open(rig->process, "/dev/vfio/vfio", 0);
}

/* ---- no-IOMMU ---- */

static Rig *noiommu(const char *version) {
  Rig *rig = rig_new("64K");

  set_group(rig, 0, "iommu", "none");
  rig_set(rig, "version", version);
  rig_set(rig, "noiommu", "on");
  rig_set(rig, "sys-rawio", "on");
  return rig;
}

/* The process loses the capability: the host is what its processes are asked of. */
static void drop_rawio(Rig *rig) {
  rig->host->sys_rawio = FALSE;
}

static void CG_4_the_node_wants_a_capability(void **state) {
  g_autoptr(Rig) rig = noiommu("6.12");

  assert_int_equal(sim_process_open(rig->process, "/dev/vfio/0", 0), -ENOENT);
  assert_int_equal(sim_process_close(rig->process, open_group(rig, 0)), 0);
  drop_rawio(rig);
  assert_int_equal(sim_process_open(rig->process, "/dev/vfio/noiommu-0", 0), -EPERM);
  assert_int_equal(rig_rule(rig), RULE_CG_4);
}

static void CG_23_49_50_71_from_6_1(void **state) {
  g_autoptr(Rig) rig = noiommu("6.12");
  int group = open_group(rig, 0), other = open_group(rig, 1), container = open_container(rig), fd;

  assert_int_equal(rig_call(rig, container, ABI_CHECK_EXTENSION, VFIO_NOIOMMU_IOMMU), 1);
  assert_true(rig_met(rig, RULE_CG_23));
  assert_int_equal(rig_set_container(rig, group, container), 0);
  rig_refused(rig, rig_set_container(rig, other, container), EPERM, RULE_CG_50);
  assert_int_equal(rig_call(rig, group, ABI_UNSET_CONTAINER, 0), 0);
  assert_int_equal(rig_set_container(rig, other, container), 0);
  rig_refused(rig, rig_set_container(rig, group, container), EPERM, RULE_CG_50);
  assert_int_equal(rig_call(rig, other, ABI_UNSET_CONTAINER, 0), 0);

  assert_int_equal(rig_set_container(rig, group, container), 0);
  drop_rawio(rig);
  rig_refused(rig, rig_call(rig, container, ABI_SET_IOMMU, VFIO_NOIOMMU_IOMMU), EPERM, RULE_CG_27);
  rig->host->sys_rawio = TRUE;
  assert_int_equal(rig_call(rig, container, ABI_SET_IOMMU, VFIO_NOIOMMU_IOMMU), 0);
  drop_rawio(rig);
  rig_refused(rig, rig_call(rig, group, ABI_GET_DEVICE_FD, (guintptr) "0000:01:00.0"), EPERM, RULE_CG_71);
  rig->host->sys_rawio = TRUE;
  fd = (int)rig_call(rig, group, ABI_GET_DEVICE_FD, (guintptr) "0000:01:00.0");
  assert_true(fd >= 0);
  drop_rawio(rig); /* the first open only, from 6.3 on */
  assert_true(rig_call(rig, group, ABI_GET_DEVICE_FD, (guintptr) "0000:01:00.0") >= 0);

  rig_restart(rig);
  container = open_container(rig);
  rig->host->sys_rawio = TRUE;
  group = open_group(rig, 0);
  drop_rawio(rig);
  rig_refused(rig, rig_set_container(rig, group, container), EPERM, RULE_CG_49);
  rig_refused(rig, rig_set_container(rig, group, -1), EBADF, RULE_CG_43); /* the fd first */
}

static void CG_42_65_KV_30_up_to_5_18(void **state) {
  g_autoptr(Rig) rig = noiommu("5.15");
  struct kvm_create_device create = {.type = KVM_DEV_TYPE_VFIO};
  gint32 group = open_group(rig, 0), param[2] = {group, -1};
  struct kvm_device_attr add = {.group = 1, .attr = KVM_DEV_VFIO_GROUP_ADD, .addr = (guintptr)&group},
                         set = {.group = 1, .attr = 3, .addr = (guintptr)param};
  int container = open_container(rig), vm;

  drop_rawio(rig);
  rig_refused(rig, rig_set_container(rig, group, 777), EPERM, RULE_CG_42); /* before the fd */
  rig_refused(rig, rig_call(rig, group, ABI_GET_DEVICE_FD, (guintptr) "wrong"), EINVAL, RULE_CG_64);
  rig->host->sys_rawio = TRUE;
  assert_int_equal(rig_set_container(rig, group, container), 0);
  assert_int_equal(rig_call(rig, container, ABI_SET_IOMMU, VFIO_NOIOMMU_IOMMU), 0);
  drop_rawio(rig);
  rig_refused(rig, rig_call(rig, group, ABI_GET_DEVICE_FD, (guintptr) "wrong"), EPERM, RULE_CG_65);
  vm = (int)rig_call(rig, sim_process_open(rig->process, "/dev/kvm", 0), ABI_CREATE_VM, 0);
  assert_int_equal(rig_call(rig, vm, ABI_CREATE_DEVICE, (guintptr)&create), 0);
  rig_refused(rig, rig_call(rig, (int)create.fd, ABI_SET_DEVICE_ATTR, (guintptr)&add), EPERM, RULE_KV_30);
  rig_refused(rig, rig_call(rig, (int)create.fd, ABI_SET_DEVICE_ATTR, (guintptr)&set), EPERM, RULE_KV_42);
}

static void CG_23_the_parameter_is_off(void **state) {
  g_autoptr(Rig) rig = noiommu("6.12");
  int group, container;

  rig_set(rig, "noiommu", "off");
  group = open_group(rig, 0);
  container = open_container(rig);
  assert_int_equal(rig_call(rig, container, ABI_CHECK_EXTENSION, VFIO_NOIOMMU_IOMMU), 0);
  assert_int_equal(rig_set_container(rig, group, container), 0);
  rig_refused(rig, rig_call(rig, container, ABI_SET_IOMMU, VFIO_NOIOMMU_IOMMU), ENODEV, RULE_CG_26);
}

/* ---- ownership ---- */

static void CG_52_54_a_group_that_is_not_handed_over(void **state) {
  g_autoptr(Rig) rig = rig_new("64K");
  int group;

  set_group(rig, 0, "iommu", "other-domain");
  rig_refused(rig, rig_set_container(rig, open_group(rig, 0), open_container(rig)), EBUSY, RULE_CG_52);
  rig_set(rig, "version", "5.15"); /* nobody asked for ownership then */
  assert_int_equal(rig_set_container(rig, open_group(rig, 0), open_container(rig)), 0);

  set_group(rig, 0, "iommu", "busy");
  rig_set(rig, "profile", "linux-6.12-powernv"); /* powernv hands over whatever is mapped */
  assert_int_equal(rig_set_container(rig, open_group(rig, 0), open_container(rig)), 0);
  rig_set(rig, "profile", "linux-6.12-pseries");
  group = open_group(rig, 0);
  rig_refused(rig, rig_set_container(rig, group, open_container(rig)), EPERM, RULE_CG_54);
  assert_int_equal(rig_status(rig, group), 1);
}

/* Before 6.4 the attach found it out. */
static void TCE_11_a_table_in_use_cannot_be_borrowed(void **state) {
  g_autoptr(Rig) rig = rig_new("64K");
  int group, container;

  set_group(rig, 0, "iommu", "busy");
  rig_set(rig, "profile", "linux-6.12-pseries");
  rig_set(rig, "version", "5.18");
  container = rig_container(rig, 0, &group, 0, -1);
  rig_refused(rig, rig_call(rig, container, ABI_SET_IOMMU, RIG_V2), EPERM, RULE_TCE_9);
  rig_refused(rig, rig_call(rig, container, ABI_SET_IOMMU, RIG_V1), EBUSY, RULE_TCE_11);
  assert_true(rig_met(rig, RULE_CG_28));
}

/* ---- table groups ---- */

static void TCE_1_a_mediated_devices_group(void **state) {
  g_autoptr(Rig) rig = rig_new("64K");
  int group, container;

  set_group(rig, 0, "iommu", "emulated");
  container = rig_container(rig, 0, &group, 0, -1);
  rig_refused(rig, rig_call(rig, container, ABI_SET_IOMMU, RIG_V2), EINVAL, RULE_TCE_1);
  rig_set(rig, "version", "5.15"); /* it had no table group, to which that kernel came first */
  container = rig_container(rig, 0, &group, 0, -1);
  rig_refused(rig, rig_call(rig, container, ABI_SET_IOMMU, RIG_V2), ENODEV, RULE_TCE_2);
}

static void TCE_2_KV_47_no_table_group(void **state) {
  g_autoptr(Rig) rig = rig_new("64K");
  struct kvm_create_device create = {.type = KVM_DEV_TYPE_VFIO};
  struct {
    guint64 liobn;
    guint32 page_shift, flags;
    guint64 offset, size;
  } table = {1, 12, 0, 0, 0x1000};
  gint32 group, param[2];
  struct kvm_device_attr add = {.group = 1, .attr = KVM_DEV_VFIO_GROUP_ADD, .addr = (guintptr)&group},
                         set = {.group = 1, .attr = 3, .addr = (guintptr)param};
  int container, vm;

  set_group(rig, 0, "iommu", "no-table");
  container = rig_container(rig, 0, &group, 0, -1);
  rig_refused(rig, rig_call(rig, container, ABI_SET_IOMMU, RIG_V2), ENODEV, RULE_TCE_2);
  rig_refused(rig, rig_call(rig, container, ABI_SET_IOMMU, RIG_V1), ENODEV, RULE_TCE_2);
  vm = (int)rig_call(rig, sim_process_open(rig->process, "/dev/kvm", 0), ABI_CREATE_VM, 0);
  assert_int_equal(rig_call(rig, vm, ABI_CREATE_DEVICE, (guintptr)&create), 0);
  assert_int_equal(rig_call(rig, (int)create.fd, ABI_SET_DEVICE_ATTR, (guintptr)&add), 0);
  param[0] = group;
  param[1] = -1;
  rig_refused(rig, rig_call(rig, (int)create.fd, ABI_SET_DEVICE_ATTR, (guintptr)&set), EBADF, RULE_KV_45);
  param[1] = group;
  rig_refused(rig, rig_call(rig, (int)create.fd, ABI_SET_DEVICE_ATTR, (guintptr)&set), EINVAL, RULE_KV_46);
  param[1] = (gint32)rig_call(rig, vm, ABI_CREATE_SPAPR_TCE_64, (guintptr)&table);
  rig_refused(rig, rig_call(rig, (int)create.fd, ABI_SET_DEVICE_ATTR, (guintptr)&set), EFAULT, RULE_KV_47);
}

static void TCE_7_host_bridges_of_two_kinds(void **state) {
  g_autoptr(Rig) rig = rig_new("64K");
  int groups[2], container;

  set_group(rig, 1, "iommu", "npu");
  container = rig_container(rig, RIG_V2, groups, 0, -1);
  groups[1] = open_group(rig, 1);
  rig_refused(rig, rig_set_container(rig, groups[1], container), EPERM, RULE_TCE_7);
  assert_true(rig_met(rig, RULE_CG_56));
  assert_int_equal(rig_status(rig, groups[1]), 1);
  assert_int_equal(rig_set_container(rig, groups[1], open_container(rig)), 0);
  rig_set(rig, "version", "4.19");
  container = rig_container(rig, RIG_V2, groups, 1, -1);
  rig_refused(rig, rig_set_container(rig, open_group(rig, 0), container), EPERM, RULE_TCE_7);
}

/* ---- firmware ---- */

static void TCE_12_PNV_10_firmware_without_windows(void **state) {
  g_autoptr(Rig) rig = rig_new("64K");
  int groups[2], container;
  guint64 locked, start;

  set_group(rig, 1, "iommu", "refuses-windows");
  container = rig_container(rig, RIG_V2, groups, 0, -1);
  assert_int_equal(rig_create(rig, container, 16, gib, 1, NULL), 0);
  groups[1] = open_group(rig, 1);
  locked = rig_locked(rig);
  rig_refused(rig, rig_set_container(rig, groups[1], container), EPERM, RULE_TCE_12);
  assert_int_equal(rig_locked(rig), locked);
  assert_int_equal(rig_status(rig, groups[1]), 1);

  /* the window is taken from the other group again, and its accounting undone */
  rig_restart(rig);
  container = rig_container(rig, RIG_V2, groups, 0, 1, -1);
  assert_int_equal(rig_remove(rig, container, 0), 0);
  rig_refused(rig, rig_create(rig, container, 16, gib, 1, NULL), EPERM, RULE_PNV_10);
  assert_true(rig_met(rig, RULE_TCE_113));
  assert_int_equal(rig_locked(rig), 0);
  assert_int_equal(sim_dma(rig->kernel, 0x100, 0, &(guint8){0}, 1, FALSE), -ENXIO);
  assert_int_equal(rig_call(rig, groups[1], ABI_UNSET_CONTAINER, 0), 0);
  assert_int_equal(rig_create(rig, container, 16, gib, 1, &start), 0);
  assert_int_equal(start, 0);
}

/* TCE-66: the default window stays wanted, and every call that wants it fails alike. */
static void TCE_71_93_106_the_default_window_is_refused(void **state) {
  g_autoptr(Rig) rig = rig_new("64K");
  int group, container;

  set_group(rig, 0, "iommu", "refuses-windows");
  container = rig_container(rig, RIG_V2, &group, 0, -1);
  assert_int_equal(rig_register(rig, container, 0, 0x10000), 0);
  for (int i = 0; i < 2; i++) {
    rig_refused(rig, rig_map(rig, container, 0, 0, 0x1000), EPERM, RULE_PNV_10);
    rig_refused(rig, rig_unmap(rig, container, 0, 0x1000), EPERM, RULE_PNV_10);
    rig_refused(rig, rig_create(rig, container, 16, gib, 1, NULL), EPERM, RULE_PNV_10);
  }
  assert_true(rig_met(rig, RULE_TCE_71) && rig_met(rig, RULE_TCE_93));
  assert_int_equal(rig_locked(rig), 1);
  assert_int_equal(rig_remove(rig, container, 0), 0);
}

static void PSR_2_a_hypervisor_without_windows(void **state) {
  g_autoptr(Rig) rig = rig_new("64K");
  int group, container;
  guint64 locked;

  set_group(rig, 0, "iommu", "refuses-windows");
  rig_set(rig, "profile", "linux-6.12-pseries");
  container = rig_container(rig, RIG_V2, &group, 0, -1);
  /* the default one is the hypervisor's own; every other is asked for, refused, and accounted all the same */
  rig_refused(rig, rig_create(rig, container, 16, gib, 1, NULL), ENODEV, RULE_PSR_2);
  locked = rig_locked(rig);
  assert_int_equal(rig_remove(rig, container, 0), 0);
  rig_refused(rig, rig_create(rig, container, 12, gib, 1, NULL), ENODEV, RULE_PSR_2); /* it is blacklisted */
  assert_true(rig_locked(rig) >= locked);
  assert_true(rig_met(rig, RULE_TCE_112));
}

/* ---- x86 ---- */

static Rig *x86(void) {
  Rig *rig = rig_new("4K");

  rig_set(rig, "profile", "linux-6.12-x86");
  return rig;
}

static void T1_10_memory_that_the_firmware_wants(void **state) {
  g_autoptr(Rig) rig = x86();
  int group, container;

  set_group(rig, 0, "iommu", "rmrr");
  container = rig_container(rig, 0, &group, 0, -1);
  rig_refused(rig, rig_call(rig, container, ABI_SET_IOMMU, VFIO_TYPE1v2_IOMMU), EPERM, RULE_T1_10);
}

static void T1_12_no_interrupt_remapping(void **state) {
  g_autoptr(Rig) rig = x86();
  int group, container;

  rig_set(rig, "interrupt-remapping", "off");
  container = rig_container(rig, 0, &group, 0, -1);
  rig_refused(rig, rig_call(rig, container, ABI_SET_IOMMU, VFIO_TYPE1v2_IOMMU), EPERM, RULE_T1_12);
}

static long map(Rig *rig, int container, guint64 iova) {
  struct vfio_iommu_type1_dma_map map = {
      .argsz = sizeof map, .flags = 3, .vaddr = (guintptr)rig->buf, .iova = iova, .size = 0x1000};

  return rig_call(rig, container, ABI_TYPE1_MAP_DMA, (guintptr)&map);
}

/* T1-13: what may be mapped is what all groups reach, while they are there. */
static void T1_11_an_iommu_of_fewer_bits(void **state) {
  g_autoptr(Rig) rig = x86();
  const guint64 high = G_GUINT64_CONSTANT(1) << 40;
  struct vfio_iommu_type1_dma_unmap unmap = {.argsz = sizeof unmap, .iova = high, .size = 0x1000};
  int groups[2], container;

  set_group(rig, 1, "iova-bits", "39");
  container = rig_container(rig, VFIO_TYPE1v2_IOMMU, groups, 0, -1);
  groups[1] = open_group(rig, 1);
  assert_int_equal(map(rig, container, high), 0);
  rig_refused(rig, rig_set_container(rig, groups[1], container), EINVAL, RULE_T1_11);
  assert_int_equal(rig_call(rig, container, ABI_TYPE1_UNMAP_DMA, (guintptr)&unmap), 0);
  assert_int_equal(map(rig, container, (high >> 1) - 0x1000), 0);
  assert_int_equal(rig_set_container(rig, groups[1], container), 0);
  rig_refused(rig, map(rig, container, high), EINVAL, RULE_T1_34);
  assert_int_equal(rig_call(rig, groups[1], ABI_UNSET_CONTAINER, 0), 0);
  assert_int_equal(map(rig, container, high), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(CG_4_the_node_wants_a_capability),
      cmocka_unit_test(CG_23_49_50_71_from_6_1),
      cmocka_unit_test(CG_42_65_KV_30_up_to_5_18),
      cmocka_unit_test(CG_23_the_parameter_is_off),
      cmocka_unit_test(CG_52_54_a_group_that_is_not_handed_over),
      cmocka_unit_test(TCE_11_a_table_in_use_cannot_be_borrowed),
      cmocka_unit_test(TCE_1_a_mediated_devices_group),
      cmocka_unit_test(TCE_2_KV_47_no_table_group),
      cmocka_unit_test(TCE_7_host_bridges_of_two_kinds),
      cmocka_unit_test(TCE_12_PNV_10_firmware_without_windows),
      cmocka_unit_test(TCE_71_93_106_the_default_window_is_refused),
      cmocka_unit_test(PSR_2_a_hypervisor_without_windows),
      cmocka_unit_test(T1_10_memory_that_the_firmware_wants),
      cmocka_unit_test(T1_12_no_interrupt_remapping),
      cmocka_unit_test(T1_11_an_iommu_of_fewer_bits),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
