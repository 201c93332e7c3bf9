/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* VFIO_IOMMU_MAP_DMA of the type1 driver, and the device's DMA through its mappings. */
#include "tests/kernel/type1-rig.h"

enum { DEVICE = 0x100 }; /* 0000:01:00.0 of group 0 */

static void T1_23_to_27_parameters_in_order(void **state) {
  static const struct {
    guint32 argsz, flags;
    guint64 vaddr, iova, size;
    RuleId rule;
  } cases[] = {
      {31, 8, 1, 1, 0, RULE_T1_24},
      {32, 8, 1, 1, 0, RULE_T1_24},
      {32, 0, 1, 1, 0, RULE_T1_25},
      {32, READ | MAP_VADDR, 1, 1, 0, RULE_T1_25},
      {32, READ, 0, 0, 0, RULE_T1_26},
      {32, READ, 0, 0, 0x800, RULE_T1_26},
      {32, READ, 0, 0x800, PAGE, RULE_T1_26},
      {32, READ, 0x800, 0, PAGE, RULE_T1_26},
      {32, READ, 0, 0xfffffffffffff000, 2 * PAGE, RULE_T1_27},
      {32, READ, 0xfffffffffffff000, 0, 2 * PAGE, RULE_T1_27},
  };
  int container;
  g_autoptr(Rig) rig = type1_new(TYPE1V2, &container);

  for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
    rig_refused(rig, rig_call(rig, container, ABI_TYPE1_MAP_DMA, (guintptr)&cases[i]), EINVAL, cases[i].rule);
}

static void T1_32_34_38_what_can_be_mapped(void **state) {
  int container;
  g_autoptr(Rig) rig = type1_new(TYPE1V2, &container);

  assert_int_equal(type1_avail(rig, container), 65535);
  assert_int_equal(type1_map(rig, container, READ | WRITE, 0x10000, 0, 4 * PAGE), 0);
  assert_int_equal(type1_avail(rig, container), 65534);
  assert_int_equal(rig_locked(rig), 4);
  rig_refused(rig, type1_map(rig, container, READ, 0x10000, 0, 4 * PAGE), EEXIST, RULE_T1_32);
  rig_refused(rig, type1_map(rig, container, READ, 0xf000, 0, 2 * PAGE), EEXIST, RULE_T1_32);
  rig_refused(rig, type1_map(rig, container, READ, 0x13000, 0, PAGE), EEXIST, RULE_T1_32);
  assert_int_equal(type1_map(rig, container, READ, 0xf000, 0, PAGE), 0);
  assert_int_equal(type1_map(rig, container, READ, 0x14000, 0, PAGE), 0);
  rig_refused(rig, type1_map(rig, container, READ, 0xfee00000, 0, PAGE), EINVAL, RULE_T1_34);
  rig_refused(rig, type1_map(rig, container, READ, 0xfedff000, 0, 2 * PAGE), EINVAL, RULE_T1_34);
  rig_refused(rig, type1_map(rig, container, READ, 0x1000000000000, 0, PAGE), EINVAL, RULE_T1_34);
  assert_int_equal(type1_map(rig, container, READ, 0xfedff000, 0, PAGE), 0);
  assert_int_equal(type1_map(rig, container, READ, 0xfef00000, 0, PAGE), 0);
  assert_int_equal(type1_map(rig, container, READ, 0xfffffffff000, 0, PAGE), 0);
  assert_int_equal(rig_locked(rig), 9);
}

static void T1_35_38_memory_that_cannot_be_written(void **state) {
  int container;
  g_autoptr(Rig) rig = type1_new(TYPE1V2, &container);

  sim_process_map(rig->process, rig->buf + 2 * PAGE, PAGE, FALSE, 0);
  rig_refused(rig, type1_map(rig, container, READ | WRITE, 0, 0, 4 * PAGE), EFAULT, RULE_T1_35);
  assert_int_equal(rig_locked(rig), 0);
  assert_int_equal(type1_avail(rig, container), 65535);
  assert_int_equal(type1_map(rig, container, READ, 0, 0, 4 * PAGE), 0);
  assert_int_equal(rig_locked(rig), 4);
}

static void T1_35_a_hole(void **state) {
  int container;
  g_autoptr(Rig) rig = type1_new(TYPE1V2, &container);

  sim_process_unmap(rig->process, rig->buf + RIG_BUF - PAGE, PAGE);
  munmap(rig->buf + RIG_BUF - PAGE, PAGE);
  rig_refused(rig, type1_map(rig, container, READ, 0, RIG_BUF - 2 * PAGE, 2 * PAGE), EFAULT, RULE_T1_35);
  assert_int_equal(type1_map(rig, container, READ, 0, RIG_BUF - 2 * PAGE, PAGE), 0);
}

/* Pages are pinned and counted one by one: the limit wins only if it is reached before the hole. */
static void T1_36_over_the_limit(void **state) {
  int container, group;
  g_autoptr(Rig) rig = type1_new(TYPE1V2, &container);

  rig_set(rig, "memlock", "64K");
  container = rig_container(rig, TYPE1V2, &group, 0, -1);
  assert_int_equal(type1_map(rig, container, READ, 0, 0, 10 * PAGE), 0);
  rig_refused(rig, type1_map(rig, container, READ, 0x100000, 0, 7 * PAGE), ENOMEM, RULE_T1_36);
  assert_int_equal(rig_locked(rig), 10);
  sim_process_map(rig->process, rig->buf + 6 * PAGE, PAGE, FALSE, 0);
  rig_refused(rig, type1_map(rig, container, WRITE, 0x100000, 0, 7 * PAGE), EFAULT, RULE_T1_35);
  sim_process_map(rig->process, rig->buf + 7 * PAGE, PAGE, FALSE, 0);
  sim_process_map(rig->process, rig->buf + 6 * PAGE, PAGE, TRUE, 0);
  rig_refused(rig, type1_map(rig, container, WRITE, 0x100000, 0, 8 * PAGE), ENOMEM, RULE_T1_36);
  assert_int_equal(type1_map(rig, container, READ, 0x100000, 0, 6 * PAGE), 0);
  rig_set(rig, "ipc-lock", "on");
  container = rig_container(rig, TYPE1V2, &group, 0, -1);
  assert_int_equal(type1_map(rig, container, READ, 0, 0, 1000 * PAGE), 0);
}

static void T1_33_no_entries_left(void **state) {
  int container;
  g_autoptr(Rig) rig = type1_new(TYPE1V2, &container);

  for (guint64 i = 0; i < 65535; i++)
    assert_int_equal(type1_map(rig, container, READ, i * PAGE, 0, PAGE), 0);
  assert_int_equal(type1_avail(rig, container), 0);
  rig_refused(rig, type1_map(rig, container, READ, 65535 * PAGE, 0, PAGE), ENOSPC, RULE_T1_33);
  rig_refused(rig, type1_map(rig, container, READ, 0, 0, PAGE), EEXIST, RULE_T1_32);
}

static void T1_28_to_31_new_addresses(void **state) {
  int container;
  g_autoptr(Rig) rig = type1_new(TYPE1V2, &container);
  guint64 unmapped;

  assert_int_equal(type1_map(rig, container, READ, 0x10000, 0, 2 * PAGE), 0);
  rig_refused(rig, type1_map(rig, container, MAP_VADDR, 0, 0, PAGE), ENOENT, RULE_T1_28);
  rig_refused(rig, type1_map(rig, container, MAP_VADDR, 0x10000, 0, 2 * PAGE), EINVAL, RULE_T1_29);
  assert_int_equal(type1_unmap(rig, container, UNMAP_VADDR, 0x10000, 2 * PAGE, &unmapped), 0);
  assert_int_equal(unmapped, 2 * PAGE);
  rig_refused(rig, type1_map(rig, container, MAP_VADDR, 0x10000, 0, PAGE), EINVAL, RULE_T1_29);
  rig_refused(rig, type1_unmap(rig, container, UNMAP_VADDR, 0x10000, 2 * PAGE, NULL), EINVAL, RULE_T1_49);
  rig_refused(rig, rig_set_container(rig, sim_process_open(rig->process, "/dev/vfio/1", 0), container), EBUSY,
              RULE_T1_7);
  assert_int_equal(type1_map(rig, container, MAP_VADDR, 0x10000, 8 * PAGE, 2 * PAGE), 0);
  assert_true(rig_met(rig, RULE_T1_31));
  assert_int_equal(rig_locked(rig), 2);
  assert_int_equal(rig_set_container(rig, sim_process_open(rig->process, "/dev/vfio/2", 0), container), 0);
}

/* Any process may map its own memory (unlike TCE-24) and pays for it; who gives a new address pays from then on. */
static void T1_30_another_process(void **state) {
  int container;
  g_autoptr(Rig) rig = type1_new(TYPE1V2, &container);
  g_autoptr(SimProcess) child = sim_process_fork(rig->process, 2), parent = rig->process;

  assert_int_equal(type1_map(rig, container, READ, 0, 0, 3 * PAGE), 0);
  rig->process = child;
  assert_int_equal(type1_map(rig, container, READ, 0x10000, 0, 2 * PAGE), 0);
  assert_int_equal(rig_locked(rig), 2);
  assert_int_equal(type1_unmap(rig, container, UNMAP_VADDR, 0, 3 * PAGE, NULL), 0);
  assert_int_equal(type1_map(rig, container, MAP_VADDR, 0, 0, 3 * PAGE), 0);
  assert_int_equal(rig_locked(rig), 5);
  rig->process = g_steal_pointer(&parent);
  assert_int_equal(rig_locked(rig), 0);
}

static void T1_23_a_struct_that_cannot_be_read(void **state) {
  int container;
  g_autoptr(Rig) rig = type1_new(TYPE1V2, &container);

  rig_refused(rig, rig_call(rig, container, ABI_TYPE1_MAP_DMA, 8), EFAULT, RULE_T1_23);
  rig_refused(rig, rig_call(rig, container, ABI_TYPE1_MAP_DMA, (guintptr)rig->buf + RIG_BUF - 31), EFAULT, RULE_T1_23);
}

/* The new owner pays for the whole mapping, or it stays as it was: another's, and without an address. */
static void T1_30_the_new_owner_cannot_pay(void **state) {
  int group, container;
  g_autoptr(Rig) rig = type1_new(TYPE1V2, &container);
  g_autoptr(SimProcess) child = NULL;
  struct {
    guint32 argsz, flags;
    guint64 vaddr, iova, size;
  } map = {sizeof map, MAP_VADDR, (guintptr)rig->buf, 0, 4 * PAGE};

  rig_set(rig, "memlock", "16K");
  container = rig_container(rig, TYPE1V2, &group, 0, -1);
  child = sim_process_fork(rig->process, 2);
  assert_int_equal(type1_map(rig, container, READ, 0, 0, 4 * PAGE), 0);
  assert_int_equal(type1_unmap(rig, container, UNMAP_VADDR, 0, 4 * PAGE, NULL), 0);
  rig->host->memlock = 0x3fff;
  assert_int_equal(sim_process_ioctl(child, container, abi_call(ABI_TYPE1_MAP_DMA)->nr_x86, (guintptr)&map), -ENOMEM);
  assert_int_equal(rig_rule(rig), RULE_T1_30);
  assert_int_equal(rig_locked(rig), 4);
  assert_int_equal(sim_locked_pages(rig->kernel, sim_process_mm(child)), 0);
  rig->host->memlock = 0x4000;
  assert_int_equal(sim_process_ioctl(child, container, abi_call(ABI_TYPE1_MAP_DMA)->nr_x86, (guintptr)&map), 0);
  assert_int_equal(rig_locked(rig), 0);
  assert_int_equal(sim_locked_pages(rig->kernel, sim_process_mm(child)), 4);
}

static void T1_38_dma_reaches_what_is_mapped(void **state) {
  int container;
  g_autoptr(Rig) rig = type1_new(TYPE1V2, &container);
  guint8 in[PAGE], out[PAGE];

  for (guint i = 0; i < PAGE; i++)
    out[i] = (guint8)(i * 7);
  assert_int_equal(sim_dma(rig->kernel, DEVICE, 0, in, 1, FALSE), -ENXIO);
  assert_int_equal(type1_map(rig, container, READ | WRITE, 0, 0x4000, PAGE), 0);
  assert_int_equal(type1_map(rig, container, READ | WRITE, PAGE, 0x8000, PAGE), 0);
  assert_int_equal(type1_map(rig, container, READ, 2 * PAGE, 0xa000, PAGE), 0);
  assert_int_equal(type1_map(rig, container, WRITE, 3 * PAGE, 0xc000, PAGE), 0);
  assert_int_equal(sim_dma(rig->kernel, DEVICE, 0x800, out, PAGE, TRUE), 0);
  assert_memory_equal(rig->buf + 0x4800, out, 0x800);
  assert_memory_equal(rig->buf + 0x8000, out + 0x800, 0x800);
  assert_int_equal(sim_dma(rig->kernel, DEVICE, 0x800, in, PAGE, FALSE), 0);
  assert_memory_equal(in, out, PAGE);
  assert_int_equal(sim_dma(rig->kernel, DEVICE, 2 * PAGE, in, 1, FALSE), 0);
  assert_int_equal(sim_dma(rig->kernel, DEVICE, 2 * PAGE, in, 1, TRUE), -EPERM);
  assert_int_equal(sim_dma(rig->kernel, DEVICE, 3 * PAGE, in, 1, FALSE), -EPERM);
  assert_int_equal(sim_dma(rig->kernel, DEVICE, 4 * PAGE - 1, in, 2, TRUE), -ENXIO);
  assert_int_equal(type1_unmap(rig, container, 0, 0, 4 * PAGE, NULL), 0);
  assert_int_equal(sim_dma(rig->kernel, DEVICE, 0, in, 1, FALSE), -ENXIO);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(T1_23_to_27_parameters_in_order),
      cmocka_unit_test(T1_32_34_38_what_can_be_mapped),
      cmocka_unit_test(T1_35_38_memory_that_cannot_be_written),
      cmocka_unit_test(T1_35_a_hole),
      cmocka_unit_test(T1_36_over_the_limit),
      cmocka_unit_test(T1_33_no_entries_left),
      cmocka_unit_test(T1_28_to_31_new_addresses),
      cmocka_unit_test(T1_30_another_process),
      cmocka_unit_test(T1_23_a_struct_that_cannot_be_read),
      cmocka_unit_test(T1_30_the_new_owner_cannot_pay),
      cmocka_unit_test(T1_38_dma_reaches_what_is_mapped),
  };

  return cmocka_run_group_tests_name("type1-map", tests, NULL, NULL);
}
