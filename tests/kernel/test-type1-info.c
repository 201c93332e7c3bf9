/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an x86 host offers: extensions, IOMMU types, GET_INFO, no SPAPR TCE, no KVM calls for it. */
#include <linux/kvm.h>

#include "tests/kernel/type1-rig.h"

static long check(Rig *rig, int container, guint64 extension) {
  return rig_call(rig, container, ABI_CHECK_EXTENSION, extension);
}

static void T1_1_to_5_extensions(void **state) {
  static const struct {
    const char *version;
    guint64 extension;
    long before, after;
  } cases[] = {
      {"6.12", 1, 1, 1}, {"6.12", 3, 1, 1},  {"6.12", 6, 1, 1},  {"6.12", 9, 1, 1},
      {"6.12", 4, 0, 1}, {"6.12", 10, 0, 1}, {"5.15", 10, 1, 1}, {"6.12", 2, 0, 0},
      {"6.12", 7, 0, 0}, {"6.12", 5, 0, 0},  {"7.0", 6, 0, 0},
  };

  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    int container, group;
    g_autoptr(Rig) rig = type1_new(0, &container);

    rig_set(rig, "version", cases[i].version);
    container = rig_container(rig, 0, &group, 0, -1);
    assert_int_equal(check(rig, container, cases[i].extension), cases[i].before);
    assert_int_equal(rig_call(rig, container, ABI_SET_IOMMU, TYPE1V2), 0);
    assert_int_equal(check(rig, container, cases[i].extension), cases[i].after);
  }
}

/* CG-27: an extension that is no type; CG-26: nothing that the driver knows. */
static void T1_6_types(void **state) {
  int container;
  g_autoptr(Rig) rig = type1_new(0, &container);

  rig_refused(rig, rig_call(rig, container, ABI_SET_IOMMU, 9), EINVAL, RULE_T1_6);
  rig_refused(rig, rig_call(rig, container, ABI_SET_IOMMU, 4), ENODEV, RULE_CG_26);
  rig_refused(rig, rig_call(rig, container, ABI_SET_IOMMU, 10), ENODEV, RULE_CG_26);
  rig_refused(rig, rig_call(rig, container, ABI_SET_IOMMU, RIG_V2), ENODEV, RULE_CG_26);
  rig_refused(rig, rig_call(rig, container, ABI_SET_IOMMU, 6), EINVAL, RULE_T1_10);
  assert_int_equal(rig_call(rig, container, ABI_SET_IOMMU, TYPE1V2), 0);
  rig_refused(rig, rig_call(rig, container, ABI_ENABLE, 0), ENOTTY, RULE_T1_16);
  rig_refused(rig, rig_call(rig, container, ABI_TCE_CREATE, 0), ENOTTY, RULE_T1_16);
}

static void CG_18_power_has_no_type1(void **state) {
  g_autoptr(Rig) rig = rig_new("64K");
  int group, container = rig_container(rig, 0, &group, 0, -1);

  assert_int_equal(check(rig, container, TYPE1), 0);
  assert_int_equal(check(rig, container, TYPE1V2), 0);
  rig_refused(rig, rig_call(rig, container, ABI_SET_IOMMU, TYPE1V2), ENODEV, RULE_CG_26);
}

static guint32 u32(const guint8 *info, gsize at) {
  guint32 value;

  memcpy(&value, info + at, sizeof value);
  return value;
}

static guint64 u64(const guint8 *info, gsize at) {
  return u32(info, at) | (guint64)u32(info, at + 4) << 32;
}

static void T1_18_to_20_info_without_room(void **state) {
  int container;
  g_autoptr(Rig) rig = type1_new(TYPE1V2, &container);
  guint8 info[256];

  rig_refused(rig, type1_info(rig, container, 15, info), EINVAL, RULE_T1_18);
  assert_int_equal(type1_info(rig, container, 16, info), 0);
  assert_int_equal(u32(info, 0), 120); /* 24 + 32 + 16 + 48 */
  assert_int_equal(u32(info, 4), 3);
  assert_int_equal(u64(info, 8), 0x40201000);
  assert_int_equal(u32(info, 16), 0xeeeeeeee);
  assert_int_equal(type1_info(rig, container, 119, info), 0);
  assert_int_equal(u32(info, 0), 120);
  assert_int_equal(u32(info, 16), 0);
  assert_int_equal(u32(info, 24), 0xeeeeeeee);
}

static void check_chain(Rig *rig, int container, guint32 size, guint32 avail, guint32 iova) {
  guint8 info[256];

  assert_int_equal(type1_info(rig, container, size, info), 0);
  assert_int_equal(u32(info, 0), size);
  assert_int_equal(u32(info, 16), 24);
  assert_int_equal(u32(info, 24), 1 << 16 | 2);
  assert_int_equal(u32(info, 28), 56);
  assert_int_equal(u64(info, 40), PAGE);
  assert_int_equal(u64(info, 48), 0x10000000);
  assert_int_equal(u32(info, avail), 1 << 16 | 3);
  assert_int_equal(u32(info, avail + 4), iova);
  assert_int_equal(u32(info, avail + 8), 65535);
  assert_int_equal(u32(info, iova), 1 << 16 | 1);
  assert_int_equal(u32(info, iova + 4), 0);
  assert_int_equal(u32(info, iova + 8), 2);
  assert_int_equal(u64(info, iova + 16), 0);
  assert_int_equal(u64(info, iova + 24), 0xfedfffff);
  assert_int_equal(u64(info, iova + 32), 0xfef00000);
  assert_int_equal(u32(info, iova + 48), 0xeeeeeeee);
}

static void T1_21_22_info_with_capabilities(void **state) {
  int container, group;
  g_autoptr(Rig) rig = type1_new(TYPE1V2, &container);
  guint8 info[256];

  check_chain(rig, container, 120, 56, 72);
  rig_set(rig, "version", "6.1");
  container = rig_container(rig, TYPE1V2, &group, 0, -1);
  check_chain(rig, container, 116, 56, 68);
  assert_int_equal(type1_info(rig, container, 24, info), 0);
  assert_int_equal(u32(info, 16), 0);
  assert_int_equal(u32(info, 20), 0xeeeeeeee);
}

static void T1_17_a_struct_that_cannot_be_read_or_written(void **state) {
  int container;
  g_autoptr(Rig) rig = type1_new(TYPE1V2, &container);

  rig_refused(rig, rig_call(rig, container, ABI_TYPE1_GET_INFO, 8), EFAULT, RULE_T1_17);
  rig_refused(rig, rig_call(rig, container, ABI_TYPE1_GET_INFO, (guintptr)rig->buf + RIG_BUF - 15), EFAULT, RULE_T1_17);
  memcpy(rig->buf, &(guint32){256}, 4);
  assert_int_equal(mprotect(rig->buf, 4096, PROT_READ), 0);
  rig_refused(rig, rig_call(rig, container, ABI_TYPE1_GET_INFO, (guintptr)rig->buf), EFAULT, RULE_T1_17);
}

static void KV_24_kvm_vfio_without_spapr(void **state) {
  int container;
  g_autoptr(Rig) rig = type1_new(TYPE1V2, &container);
  struct kvm_create_device create = {.type = KVM_DEV_TYPE_VFIO};
  struct kvm_device_attr attr = {.group = KVM_DEV_VFIO_GROUP, .attr = 3};
  int kvm = sim_process_open(rig->process, "/dev/kvm", 0), vm = (int)rig_call(rig, kvm, ABI_CREATE_VM, 0);

  assert_true(vm >= 0);
  assert_int_equal(rig_call(rig, vm, ABI_CREATE_DEVICE, (guintptr)&create), 0);
  rig_refused(rig, rig_call(rig, (int)create.fd, ABI_SET_DEVICE_ATTR, (guintptr)&attr), ENXIO, RULE_KV_24);
  rig_refused(rig, rig_call(rig, (int)create.fd, ABI_HAS_DEVICE_ATTR, (guintptr)&attr), ENXIO, RULE_KV_19);
  attr.attr = KVM_DEV_VFIO_GROUP_ADD;
  assert_int_equal(rig_call(rig, (int)create.fd, ABI_HAS_DEVICE_ATTR, (guintptr)&attr), 0);
  assert_int_equal(rig_call(rig, vm, ABI_CREATE_SPAPR_TCE_64, 0), -ENOTTY);
  assert_int_equal(rig_call(rig, vm, ABI_CREATE_SPAPR_TCE, 0), -ENOTTY);
  assert_int_equal(rig_call(rig, vm, ABI_VM_CHECK_EXTENSION, KVM_CAP_SPAPR_TCE), 0);
  assert_int_equal(rig_call(rig, vm, ABI_VM_CHECK_EXTENSION, KVM_CAP_SPAPR_TCE_VFIO), 0);
  assert_int_equal(rig_call(rig, vm, ABI_VM_CHECK_EXTENSION, KVM_CAP_PPC_SMT), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(T1_1_to_5_extensions),
      cmocka_unit_test(T1_6_types),
      cmocka_unit_test(CG_18_power_has_no_type1),
      cmocka_unit_test(T1_18_to_20_info_without_room),
      cmocka_unit_test(T1_21_22_info_with_capabilities),
      cmocka_unit_test(T1_17_a_struct_that_cannot_be_read_or_written),
      cmocka_unit_test(KV_24_kvm_vfio_without_spapr),
  };

  return cmocka_run_group_tests_name("type1-info", tests, NULL, NULL);
}
