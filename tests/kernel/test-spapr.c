/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The SPAPR TCE driver: what no recording shows, by rule. The recorded answers are in recorded-*.txt. */
#include "vfio-rig.h"

#include "sim/kernel/internal.h"

enum { PAGE = 0x10000, DEFAULT_WINDOW_PAGES = 128, MIB = 1 << 20 };

static const guint64 GIB = 1 << 30;

static SimCensus census_of(Rig *rig) {
  SimCensus census;

  sim_census(rig->kernel, &census);
  return census;
}

static long register_at(Rig *rig, int container, guint64 vaddr, guint64 size) {
  struct {
    guint32 argsz, flags;
    guint64 vaddr, size;
  } memory = {sizeof memory, 0, vaddr, size};

  return rig_call(rig, container, ABI_REGISTER_MEMORY, (guintptr)&memory);
}

static void TCE_24_another_process_is_refused_whatever_it_asks(void **state) {
  g_autoptr(Rig) rig = rig_new("64K");
  int group, container = rig_container(rig, RIG_V2, &group, 0, -1);
  g_autoptr(SimProcess) child = sim_process_fork(rig->process, 2);
  guint32 info[8] = {sizeof info};

  /* TCE-25: GET_INFO, MAP and UNMAP make nobody the owner */
  assert_int_equal(sim_process_ioctl(child, container, abi_call(ABI_TCE_GET_INFO)->nr_x86, (guintptr)info), 0);
  rig_refused(rig, rig_map(rig, container, 0, 0, PAGE), EPERM, RULE_TCE_67);
  rig_refused(rig, rig_unregister(rig, container, 0, PAGE), EPERM, RULE_TCE_54);
  /* ... but a REGISTER that fails does (TCE-45) */
  rig_refused(rig, rig_call(rig, container, ABI_REGISTER_MEMORY, 8), EFAULT, RULE_TCE_46);
  assert_int_equal(sim_process_ioctl(child, container, abi_call(ABI_TCE_GET_INFO)->nr_x86, (guintptr)info), -EPERM);
  assert_int_equal(rig_rule(rig), RULE_TCE_24);
  assert_int_equal(sim_process_ioctl(child, container, 0x3bc7, 0), -EPERM);
  assert_int_equal(sim_process_ioctl(child, container, abi_call(ABI_CHECK_EXTENSION)->nr_x86, 7), 1);
}

static void TCE_19_a_leaving_group_takes_all_mappings_along(void **state) {
  g_autoptr(Rig) rig = rig_new("64K");
  int groups[2], container = rig_container(rig, RIG_V2, groups, 0, 1, -1);

  assert_int_equal(rig_register(rig, container, 0, MIB), 0);
  assert_int_equal(rig_map(rig, container, 0, 0, MIB), 0);
  assert_ptr_equal(sim_group_table(sim_kernel_group(rig->kernel, 0), 0),
                   sim_group_table(sim_kernel_group(rig->kernel, 1), 0));
  assert_int_equal(rig_call(rig, groups[1], ABI_UNSET_CONTAINER, 0), 0);
  assert_int_equal(rig_rule(rig), RULE_TCE_19);
  assert_int_equal(census_of(rig).tces, 0);
  assert_int_equal(census_of(rig).windows, 1);
  assert_int_equal(rig_map(rig, container, 0, 0, MIB), 0);
  assert_int_equal(rig_unregister(rig, container, 0, MIB), 0);
  assert_int_equal(rig_rule(rig), RULE_TCE_63);
}

static void TCE_20_before_6_11_mappings_stay_for_the_other_group(void **state) {
  g_autoptr(Rig) rig = rig_new("64K");
  int groups[2], container;

  rig_set(rig, "version", "6.8");
  container = rig_container(rig, RIG_V2, groups, 0, 1, -1);
  assert_int_equal(rig_register(rig, container, 0, MIB), 0);
  assert_int_equal(rig_map(rig, container, 0, 0, MIB), 0);
  assert_int_equal(rig_call(rig, groups[1], ABI_UNSET_CONTAINER, 0), 0);
  assert_int_equal(census_of(rig).tces, 256);
}

static void TCE_13_a_late_group_gets_the_windows(void **state) {
  g_autoptr(Rig) rig = rig_new("64K");
  int group, container = rig_container(rig, RIG_V2, &group, 0, -1);
  SimGroup *late = sim_kernel_group(rig->kernel, 1);
  int fd = sim_process_open(rig->process, "/dev/vfio/1", 0);

  assert_int_equal(rig_create(rig, container, 16, GIB, 1, NULL), 0);
  assert_int_equal(rig_rule(rig), RULE_TCE_106); /* it landed behind the default window */
  /* TCE-17, KV-61: until then the host's own table, of the host's page size, is programmed */
  assert_int_equal(sim_tce_table_page_shift(sim_group_table(late, 0)), 16);
  assert_false(sim_tce_table_userspace(sim_group_table(late, 0)));
  assert_int_equal(rig_set_container(rig, fd, container), 0);
  for (guint slot = 0; slot < 2; slot++)
    assert_ptr_equal(sim_group_table(late, slot), sim_group_table(sim_kernel_group(rig->kernel, 0), slot));
  assert_int_equal(rig_call(rig, fd, ABI_UNSET_CONTAINER, 0), 0);
  assert_false(sim_tce_table_userspace(sim_group_table(late, 0)));
  assert_null(sim_group_table(late, 1));
}

static void TCE_16_the_host_table_goes_with_set_container(void **state) {
  g_autoptr(Rig) rig = rig_new("64K");
  int group;

  rig_container(rig, 0, &group, 0, -1);
  assert_null(sim_group_table(sim_kernel_group(rig->kernel, 0), 0));
}

static void TCE_34_to_43_v1_enable_and_disable(void **state) {
  g_autoptr(Rig) rig = rig_new("64K");
  int group, container;

  rig_set(rig, "memlock", "2G");
  container = rig_container(rig, RIG_V1, &group, 0, -1);
  rig_refused(rig, rig_map(rig, container, 0, 0, PAGE), EPERM, RULE_TCE_67);
  rig_refused(rig, rig_unmap(rig, container, 0, PAGE), EPERM, RULE_TCE_89);
  assert_int_equal(rig_call(rig, container, ABI_DISABLE, 0), 0);
  assert_true(rig_met(rig, RULE_TCE_42));
  assert_int_equal(rig_call(rig, container, ABI_ENABLE, 0), 0);
  assert_int_equal(rig_locked(rig), 0x80000000u / PAGE); /* MM-1: just the limit is allowed */
  rig_refused(rig, rig_call(rig, container, ABI_ENABLE, 0), EBUSY, RULE_TCE_35);
  /* the default window is accounted on top and does not fit: TCE-66, TCE-71 */
  rig_refused(rig, rig_map(rig, container, 0, 0, PAGE), ENOMEM, RULE_TCE_111);
  assert_true(rig_met(rig, RULE_TCE_71));
  rig_set(rig, "memlock", "4G");
  container = rig_container(rig, RIG_V1, &group, 0, -1);
  assert_int_equal(rig_call(rig, container, ABI_ENABLE, 0), 0);
  assert_int_equal(rig_map(rig, container, 0, 0x1000, PAGE), 0);
  assert_int_equal(rig_locked(rig), 0x80000000u / PAGE + DEFAULT_WINDOW_PAGES);
  assert_int_equal(rig_call(rig, container, ABI_DISABLE, 0), 0);
  assert_int_equal(rig_locked(rig), DEFAULT_WINDOW_PAGES);
  assert_int_equal(census_of(rig).tces, 16); /* TCE-43 */
  assert_int_equal(rig_call(rig, container, ABI_ENABLE, 0), 0);
  assert_int_equal(rig_call(rig, group, ABI_UNSET_CONTAINER, 0), 0);
  assert_int_equal(rig_locked(rig), 0);
  assert_int_equal(census_of(rig).tces, 0);
}

static void TCE_39_enable_over_the_limit(void **state) {
  g_autoptr(Rig) rig = rig_new("64K");
  int group, container;

  rig_set(rig, "memlock", "0x7fffffff");
  container = rig_container(rig, RIG_V1, &group, 0, -1);
  rig_refused(rig, rig_call(rig, container, ABI_ENABLE, 0), ENOMEM, RULE_TCE_39);
  rig_set(rig, "ipc-lock", "on");
  container = rig_container(rig, RIG_V1, &group, 0, -1);
  assert_int_equal(rig_call(rig, container, ABI_ENABLE, 0), 0); /* MM-2 */
}

static void TCE_86_v1_pins_for_writing(void **state) {
  g_autoptr(Rig) rig = rig_new("64K");
  int group, container = rig_container(rig, RIG_V1, &group, 0, -1);
  struct {
    guint32 argsz, flags;
    guint64 vaddr, iova, size;
  } map = {sizeof map, 1, (guintptr)rig->buf, 0, 0x2000};

  sim_process_map(rig->process, rig->buf, PAGE, FALSE, 0);
  assert_int_equal(rig_call(rig, container, ABI_ENABLE, 0), 0);
  rig_refused(rig, rig_call(rig, container, ABI_MAP_DMA, (guintptr)&map), EFAULT, RULE_TCE_86);
  rig_refused(rig, rig_map(rig, container, 0, RIG_BUF - 0x1000, 0x2000), EFAULT, RULE_TCE_86);
  assert_int_equal(census_of(rig).tces, 0); /* TCE-79 */
}

static void TCE_44_53_100_116_v2_calls_on_v1(void **state) {
  g_autoptr(Rig) rig = rig_new("64K");
  int group, container = rig_container(rig, RIG_V1, &group, 0, -1);

  rig_refused(rig, rig_register(rig, container, 0, PAGE), ENOTTY, RULE_TCE_44);
  rig_refused(rig, rig_unregister(rig, container, 0, PAGE), ENOTTY, RULE_TCE_53);
  rig_refused(rig, rig_create(rig, container, 12, GIB, 1, NULL), ENOTTY, RULE_TCE_100);
  rig_refused(rig, rig_remove(rig, container, 0), ENOTTY, RULE_TCE_116);
}

static void MM_4_registering_over_the_limit(void **state) {
  g_autoptr(Rig) rig = rig_new("64K");
  int group, container;

  rig_set(rig, "memlock", "1M");
  container = rig_container(rig, RIG_V2, &group, 0, -1);
  rig_refused(rig, rig_register(rig, container, 0, MIB + PAGE), ENOMEM, RULE_MM_4);
  /* the limit is tested before the memory (MM-9) */
  rig_refused(rig, register_at(rig, container, 0, MIB + PAGE), ENOMEM, RULE_MM_4);
  assert_int_equal(rig_register(rig, container, 0, MIB), 0);
  assert_int_equal(rig_locked(rig), 16);
  /* TCE-111: nothing stays accounted when the accounting itself fails */
  rig_refused(rig, rig_create(rig, container, 16, GIB, 1, NULL), ENOMEM, RULE_TCE_111);
  assert_true(rig_met(rig, RULE_TCE_106));
  rig_refused(rig, rig_unmap(rig, container, 0, PAGE), ENOMEM, RULE_TCE_111);
  assert_true(rig_met(rig, RULE_TCE_93));
  assert_int_equal(rig_locked(rig), 16);
}

static void MM_7_only_the_failing_chunk_is_counted(void **state) {
  g_autoptr(Rig) rig = rig_new("4K");
  int group, container = rig_container(rig, RIG_V2, &group, 0, -1);
  guint8 *far = (guint8 *)(1ull << 45);

  /* Nothing is there: what can be pinned is only declared. A chunk is 2097152 pages, 8 GiB here. */
  sim_process_map(rig->process, far, 20 * GIB, TRUE, 0);
  assert_int_equal(register_at(rig, container, (guintptr)far, 24 * GIB), 4 * GIB / 4096);
  assert_int_equal(rig_rule(rig), RULE_MM_7);
  sim_process_unmap(rig->process, far + 16 * GIB, 4 * GIB);
  rig_refused(rig, register_at(rig, container, (guintptr)far, 24 * GIB), EFAULT, RULE_MM_6);
  assert_int_equal(rig_locked(rig), 0);
  assert_int_equal(census_of(rig).regions, 0);
}

static void MM_11_huge_pages_carry_big_iommu_pages(void **state) {
  g_autoptr(Rig) rig = rig_new("64K");
  int group, container = rig_container(rig, RIG_V2, &group, 0, -1);
  guint8 *far = (guint8 *)(1ull << 45);
  struct {
    guint32 argsz, flags;
    guint64 vaddr, iova, size;
  } map = {sizeof map, 3, (guintptr)far, 0, 4 * MIB};

  sim_process_map(rig->process, far, 2 * GIB, TRUE, 21);
  assert_int_equal(register_at(rig, container, (guintptr)far, 2 * GIB), 0);
  assert_int_equal(rig_remove(rig, container, 0), 0);
  assert_int_equal(rig_create(rig, container, 21, 16 * GIB, 1, NULL), 0);
  assert_int_equal(rig_call(rig, container, ABI_MAP_DMA, (guintptr)&map), 0);
  assert_int_equal(census_of(rig).tces, 2);
  assert_int_equal(rig_remove(rig, container, 0), 0);
  assert_int_equal(rig_create(rig, container, 30, 16 * GIB, 1, NULL), 0);
  map.size = GIB;
  rig_refused(rig, rig_call(rig, container, ABI_MAP_DMA, (guintptr)&map), EINVAL, RULE_TCE_81);
}

static void TCE_80_two_adjacent_regions_do_not_do(void **state) {
  g_autoptr(Rig) rig = rig_new("64K");
  int group, container = rig_container(rig, RIG_V2, &group, 0, -1);

  guint64 at = -(guintptr)rig->buf & (2 * MIB - 1);

  assert_int_equal(rig_register(rig, container, at, MIB), 0);
  assert_int_equal(rig_register(rig, container, at + MIB, MIB), 0);
  assert_int_equal(rig_map(rig, container, 0, at, 2 * MIB), 0); /* pages of 4K: none lies across the border */
  assert_int_equal(rig_remove(rig, container, 0), 0);
  assert_int_equal(rig_create(rig, container, 21, 16 * GIB, 1, NULL), 0);
  rig_refused(rig, rig_map(rig, container, 0, at, 2 * MIB), EINVAL, RULE_TCE_80);
}

static void TCE_63_the_leak_ends_with_the_process(void **state) {
  g_autoptr(Rig) rig = rig_new("64K");
  int group, container = rig_container(rig, RIG_V2, &group, 0, -1);

  assert_int_equal(rig_register(rig, container, 0, MIB), 0);
  assert_int_equal(rig_map(rig, container, 0, 0, PAGE), 0);
  assert_int_equal(rig_unregister(rig, container, 0, MIB), 0);
  assert_int_equal(rig_rule(rig), RULE_TCE_63);
  assert_int_equal(rig_call(rig, group, ABI_UNSET_CONTAINER, 0), 0);
  assert_int_equal(census_of(rig).regions, 1);
  assert_int_equal(rig_locked(rig), 16);
  sim_kernel_mm_exit(rig->kernel, sim_process_mm(rig->process));
  assert_int_equal(census_of(rig).regions, 0);
  assert_int_equal(census_of(rig).locked_pages, 0);
}

static void TCE_85_mapping_over_a_mapping_moves_the_count(void **state) {
  g_autoptr(Rig) rig = rig_new("64K");
  int group, container = rig_container(rig, RIG_V2, &group, 0, -1);

  assert_int_equal(rig_register(rig, container, 0, MIB), 0);
  assert_int_equal(rig_register(rig, container, MIB, MIB), 0);
  assert_int_equal(rig_map(rig, container, 0, 0, PAGE), 0);
  assert_int_equal(rig_map(rig, container, 0, MIB, PAGE), 0);
  assert_int_equal(rig_unregister(rig, container, 0, MIB), 0);
  assert_int_equal(rig_rule(rig), RULE_TCE_62); /* nothing points into it any more */
  assert_int_equal(rig_unregister(rig, container, MIB, MIB), 0);
  assert_int_equal(rig_rule(rig), RULE_TCE_63);
}

static void TCE_78_98_past_the_end_of_the_window(void **state) {
  g_autoptr(Rig) rig = rig_new("64K");
  int group, container = rig_container(rig, RIG_V2, &group, 0, -1);
  guint64 end = 32 * MIB;

  assert_int_equal(rig_remove(rig, container, 0), 0);
  assert_int_equal(rig_create(rig, container, 12, end, 1, NULL), 0);
  assert_int_equal(rig_register(rig, container, 0, MIB), 0);
  assert_int_equal(rig_map(rig, container, end - 0x1000, 0, 0x3000), 0);
  assert_int_equal(rig_rule(rig), RULE_TCE_78);
  assert_int_equal(census_of(rig).tces, 1);
  assert_int_equal(rig_unmap(rig, container, end - 0x1000, G_GUINT64_CONSTANT(1) << 62), 0);
  assert_int_equal(rig_rule(rig), RULE_TCE_98);
  assert_int_equal(census_of(rig).tces, 0);
}

static void TCE_33_115_structs_that_cannot_be_written(void **state) {
  g_autoptr(Rig) rig = rig_new("64K");
  int group, container = rig_container(rig, RIG_V2, &group, 0, -1);
  struct {
    guint32 argsz, flags, page_shift, reserved1;
    guint64 window_size;
    guint32 levels, reserved2;
    guint64 start_addr;
  } create = {40, 0, 16, 0, 1 << 30, 1, 0, 0};

  memcpy(rig->buf, &create, sizeof create);
  assert_int_equal(mprotect(rig->buf, PAGE, PROT_READ), 0);
  rig_refused(rig, rig_call(rig, container, ABI_TCE_GET_INFO, (guintptr)rig->buf), EFAULT, RULE_TCE_33);
  rig_refused(rig, rig_call(rig, container, ABI_TCE_CREATE, (guintptr)rig->buf), EFAULT, RULE_TCE_115);
  assert_int_equal(census_of(rig).windows, 2); /* the default one and this one exist all the same */
}

static long eeh(Rig *rig, int container, guint32 op, guint32 type, guint32 func) {
  struct {
    guint32 argsz, flags, op, padding, type, func;
    guint64 addr, mask;
  } args = {sizeof args, 0, op, 0, type, func, 0, 0};

  return rig_call(rig, container, ABI_EEH_PE_OP, (guintptr)&args);
}

static void EEH_1_to_18_operations(void **state) {
  g_autoptr(Rig) rig = rig_new("64K");
  int group, container = rig_container(rig, RIG_V2, &group, 0, -1);
  guint32 args[10] = {11, 0, 4};

  assert_int_equal(eeh(rig, container, 0, 0, 0), 0);
  assert_int_equal(eeh(rig, container, 1, 0, 0), 0);
  assert_int_equal(eeh(rig, container, 4, 0, 0), 0);
  assert_int_equal(eeh(rig, container, 9, 1, 19), 0);
  assert_int_equal(eeh(rig, container, 4, 0, 0), 0); /* it waits for a DMA write: test-engine.c */
  assert_int_equal(eeh(rig, container, 2, 0, 0), 0);
  assert_int_equal(eeh(rig, container, 3, 0, 0), 0);
  assert_int_equal(eeh(rig, container, 6, 0, 0), 0);
  assert_int_equal(eeh(rig, container, 4, 0, 0), 0); /* EEH-10: not RESET on powernv */
  assert_int_equal(eeh(rig, container, 5, 0, 0), 0);
  assert_int_equal(eeh(rig, container, 8, 0, 0), 0);
  rig_refused(rig, eeh(rig, container, 10, 0, 0), EINVAL, RULE_EEH_18);
  rig_refused(rig, eeh(rig, container, 9, 0, 20), EINVAL, RULE_EEH_14);
  rig_refused(rig, eeh(rig, container, 9, 2, 0), ERANGE, RULE_EEH_16);
  rig_refused(rig, rig_call(rig, container, ABI_EEH_PE_OP, (guintptr)args), EINVAL, RULE_EEH_4);
  rig_refused(rig, rig_call(rig, container, ABI_EEH_PE_OP, 8), EFAULT, RULE_EEH_3);
  args[0] = 12;
  args[2] = 9;
  rig_refused(rig, rig_call(rig, container, ABI_EEH_PE_OP, (guintptr)args), EINVAL, RULE_EEH_12);
  args[0] = sizeof args;
  memcpy(rig->buf + RIG_BUF - 39, args, 39); /* EEH-13: the op is there, its error not wholly */
  rig_refused(rig, rig_call(rig, container, ABI_EEH_PE_OP, (guintptr)rig->buf + RIG_BUF - 39), EFAULT, RULE_EEH_13);
  rig_set(rig, "eeh", "off");
  container = rig_container(rig, RIG_V2, &group, 0, -1);
  rig_refused(rig, rig_call(rig, container, ABI_EEH_PE_OP, 8), ENODEV, RULE_EEH_2);
}

static void TCE_37_no_default_window_to_enable(void **state) {
  g_autoptr(Rig) rig = rig_new("64K");
  int group, container;

  rig_set(rig, "dma32-size", "0");
  container = rig_container(rig, RIG_V1, &group, 0, -1);
  rig_refused(rig, rig_call(rig, container, ABI_ENABLE, 0), EPERM, RULE_TCE_37);
  assert_int_equal(rig_locked(rig), 0);
}

static void TCE_3_8_and_the_other_platform_switches(void **state) {
  g_autoptr(Rig) rig = rig_new("64K");
  int group, container;

  rig_set(rig, "max-windows", "0");
  container = rig_container(rig, 0, &group, 0, -1);
  rig_refused(rig, rig_call(rig, container, ABI_SET_IOMMU, RIG_V2), EINVAL, RULE_TCE_3);
  rig_set(rig, "max-windows", "2");
  rig_set(rig, "version", "5.15");
  container = rig_container(rig, 0, &group, 0, -1);
  rig_refused(rig, rig_call(rig, container, ABI_SET_IOMMU, RIG_V1), EPERM, RULE_TCE_8);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(TCE_24_another_process_is_refused_whatever_it_asks),
      cmocka_unit_test(TCE_19_a_leaving_group_takes_all_mappings_along),
      cmocka_unit_test(TCE_20_before_6_11_mappings_stay_for_the_other_group),
      cmocka_unit_test(TCE_13_a_late_group_gets_the_windows),
      cmocka_unit_test(TCE_16_the_host_table_goes_with_set_container),
      cmocka_unit_test(TCE_34_to_43_v1_enable_and_disable),
      cmocka_unit_test(TCE_39_enable_over_the_limit),
      cmocka_unit_test(TCE_86_v1_pins_for_writing),
      cmocka_unit_test(TCE_44_53_100_116_v2_calls_on_v1),
      cmocka_unit_test(MM_4_registering_over_the_limit),
      cmocka_unit_test(MM_7_only_the_failing_chunk_is_counted),
      cmocka_unit_test(MM_11_huge_pages_carry_big_iommu_pages),
      cmocka_unit_test(TCE_80_two_adjacent_regions_do_not_do),
      cmocka_unit_test(TCE_63_the_leak_ends_with_the_process),
      cmocka_unit_test(TCE_85_mapping_over_a_mapping_moves_the_count),
      cmocka_unit_test(TCE_78_98_past_the_end_of_the_window),
      cmocka_unit_test(TCE_33_115_structs_that_cannot_be_written),
      cmocka_unit_test(EEH_1_to_18_operations),
      cmocka_unit_test(TCE_37_no_default_window_to_enable),
      cmocka_unit_test(TCE_3_8_and_the_other_platform_switches),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
