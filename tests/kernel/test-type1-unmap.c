/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* VFIO_IOMMU_UNMAP_DMA and VFIO_IOMMU_DIRTY_PAGES of the type1 driver. */
#include "tests/kernel/type1-rig.h"

typedef struct {
  guint32 argsz, flags;
  guint64 iova, size, pgsize, bitmap_size, data;
} Unmap;

static void T1_40_to_46_parameters_in_order(void **state) {
  guint64 bitmap[2];
  const guint64 data = (guintptr)bitmap;
  const struct {
    Unmap unmap;
    RuleId rule;
  } cases[] = {
      {{23, 8, 1, 0, 0, 0, 0}, RULE_T1_40},
      {{24, 8, 1, 0, 0, 0, 0}, RULE_T1_40},
      {{48, DIRTY | ALL, 1, 0, 0, 0, 0}, RULE_T1_40},
      {{48, DIRTY | UNMAP_VADDR, 1, 0, 0, 0, 0}, RULE_T1_40},
      {{47, DIRTY, 1, 0, 0, 0, 0}, RULE_T1_41},
      {{48, DIRTY, 1, 0, PAGE, 8, data}, RULE_T1_41},
      {{48, DIRTY, 1, 65 * PAGE, PAGE, 8, data}, RULE_T1_41},
      {{48, DIRTY, 1, PAGE, PAGE, 8, 0x7ffffffff000}, RULE_T1_41},
      {{48, DIRTY, 1, PAGE, PAGE, 8, data}, RULE_T1_42},
      {{24, ALL, 1, 0, 0, 0, 0}, RULE_T1_42},
      {{24, ALL, PAGE, 0, 0, 0, 0}, RULE_T1_43},
      {{24, ALL, 0, PAGE, 0, 0, 0}, RULE_T1_43},
      {{24, 0, PAGE, 0, 0, 0, 0}, RULE_T1_44},
      {{24, 0, PAGE, 1, 0, 0, 0}, RULE_T1_44},
      {{24, 0, 2 * PAGE, 0xfffffffffffff000, 0, 0, 0}, RULE_T1_44},
      {{48, DIRTY, PAGE, PAGE, PAGE, 8, data}, RULE_T1_45},
      {{24, 0, 0x11000, PAGE, 0, 0, 0}, RULE_T1_46},
      {{24, 0, 0xf000, 2 * PAGE, 0, 0, 0}, RULE_T1_46},
      {{24, UNMAP_VADDR, 0x12000, PAGE, 0, 0, 0}, RULE_T1_46},
  };
  int container;
  g_autoptr(Rig) rig = type1_new(TYPE1V2, &container);

  assert_int_equal(type1_map(rig, container, READ, 0x10000, 0, 4 * PAGE), 0);
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    Unmap unmap = cases[i].unmap;

    rig_refused(rig, rig_call(rig, container, ABI_TYPE1_UNMAP_DMA, (guintptr)&unmap), EINVAL, cases[i].rule);
    assert_memory_equal(&unmap, &cases[i].unmap, sizeof unmap);
  }
  assert_int_equal(rig_locked(rig), 4);
}

static void T1_50_the_size_comes_back(void **state) {
  int container;
  g_autoptr(Rig) rig = type1_new(TYPE1V2, &container);
  guint64 unmapped;

  assert_int_equal(type1_map(rig, container, READ, 0x10000, 0, 4 * PAGE), 0);
  assert_int_equal(type1_map(rig, container, READ, 0x20000, 0, 2 * PAGE), 0);
  assert_int_equal(type1_map(rig, container, READ, 0x40000, 0, PAGE), 0);
  assert_int_equal(type1_unmap(rig, container, 0, 0x100000, 0x100000, &unmapped), 0);
  assert_int_equal(unmapped, 0);
  assert_int_equal(type1_unmap(rig, container, 0, 0, 0x30000, &unmapped), 0);
  assert_int_equal(unmapped, 6 * PAGE);
  assert_int_equal(rig_locked(rig), 1);
  assert_int_equal(type1_unmap(rig, container, ALL, 0, 0, &unmapped), 0);
  assert_int_equal(unmapped, PAGE);
  assert_int_equal(rig_locked(rig), 0);
}

static void T1_47_48_v1(void **state) {
  int container;
  g_autoptr(Rig) rig = type1_new(TYPE1, &container);
  guint64 unmapped;

  assert_int_equal(type1_map(rig, container, READ, 0x10000, 0, 4 * PAGE), 0);
  assert_int_equal(type1_map(rig, container, READ, 0x20000, 0, 4 * PAGE), 0);
  assert_int_equal(type1_unmap(rig, container, 0, 0x11000, 0x10000, &unmapped), 0);
  assert_int_equal(unmapped, 0);
  assert_true(rig_met(rig, RULE_T1_47));
  assert_int_equal(type1_unmap(rig, container, 0, 0xf000, 2 * PAGE, &unmapped), 0);
  assert_int_equal(unmapped, 4 * PAGE);
  assert_true(rig_met(rig, RULE_T1_48));
  assert_int_equal(rig_locked(rig), 4);
}

/* So it is with VADDR, too: the mapping that is cut keeps its address, and so does what follows. */
static void T1_47_v1_and_addresses(void **state) {
  int container;
  g_autoptr(Rig) rig = type1_new(TYPE1, &container);
  guint64 unmapped;

  assert_int_equal(type1_map(rig, container, READ, 0, 0, 4 * PAGE), 0);
  assert_int_equal(type1_map(rig, container, READ, 4 * PAGE, 0, PAGE), 0);
  assert_int_equal(type1_unmap(rig, container, UNMAP_VADDR, PAGE, 8 * PAGE, &unmapped), 0);
  assert_int_equal(unmapped, 0);
  rig_refused(rig, type1_map(rig, container, MAP_VADDR, 4 * PAGE, 0, PAGE), EINVAL, RULE_T1_29);
  assert_int_equal(type1_unmap(rig, container, UNMAP_VADDR, 0, PAGE, &unmapped), 0);
  assert_int_equal(unmapped, 4 * PAGE);
}

static void T1_49_all_addresses_or_none(void **state) {
  int container;
  g_autoptr(Rig) rig = type1_new(TYPE1V2, &container);
  guint64 unmapped;

  assert_int_equal(type1_map(rig, container, READ, 0, 0, PAGE), 0);
  assert_int_equal(type1_map(rig, container, READ, PAGE, 0, PAGE), 0);
  assert_int_equal(type1_unmap(rig, container, UNMAP_VADDR, PAGE, PAGE, NULL), 0);
  rig_refused(rig, type1_unmap(rig, container, UNMAP_VADDR | ALL, 0, 0, NULL), EINVAL, RULE_T1_49);
  assert_int_equal(type1_unmap(rig, container, UNMAP_VADDR, 0, PAGE, &unmapped), 0);
  assert_int_equal(unmapped, PAGE);
}

static void T1_14_15_leaving_groups(void **state) {
  int container;
  g_autoptr(Rig) rig = type1_new(0, &container);
  int second = sim_process_open(rig->process, "/dev/vfio/1", 0);

  assert_int_equal(rig_set_container(rig, second, container), 0);
  assert_int_equal(rig_call(rig, container, ABI_SET_IOMMU, TYPE1V2), 0);
  assert_int_equal(type1_map(rig, container, READ, 0, 0, 3 * PAGE), 0);
  assert_int_equal(rig_call(rig, second, ABI_UNSET_CONTAINER, 0), 0);
  assert_true(rig_met(rig, RULE_T1_15));
  assert_int_equal(rig_locked(rig), 3);
  assert_int_equal(rig_call(rig, SIM_FD_BASE + 1, ABI_UNSET_CONTAINER, 0), 0);
  assert_true(rig_met(rig, RULE_T1_14));
  assert_int_equal(rig_locked(rig), 0);
}

static void T1_51_to_57_refused(void **state) {
  enum { START = 1, STOP = 2, GET = 4 };
  guint64 bitmap[2];
  const guint64 data = (guintptr)bitmap;
  const struct {
    Type1Dirty dirty;
    RuleId rule;
  } cases[] = {
      {{7, START, 0, 0, 0, 0, 0}, RULE_T1_53},
      {{8, 0, 0, 0, 0, 0, 0}, RULE_T1_53},
      {{8, 8, 0, 0, 0, 0, 0}, RULE_T1_53},
      {{8, START | STOP, 0, 0, 0, 0, 0}, RULE_T1_53},
      {{47, GET, 0, PAGE, PAGE, 8, data}, RULE_T1_55},
      {{48, GET, 0xfffffffffffff000, 2 * PAGE, PAGE, 8, data}, RULE_T1_57},
      {{48, GET, 0, 65 * PAGE, PAGE, 8, data}, RULE_T1_57},
      {{48, GET, 0, 2 * PAGE, 2 * PAGE, 8, data}, RULE_T1_57},
      {{48, GET, 0, 0, PAGE, 8, data}, RULE_T1_57},
      {{48, GET, 0x10000, PAGE, PAGE, 8, data}, RULE_T1_57},
      {{48, GET, 0x11000, 3 * PAGE, PAGE, 8, data}, RULE_T1_57},
  };
  const Type1Dirty start = {8, START, 0, 0, 0, 0, 0}, stop = {8, STOP, 0, 0, 0, 0, 0},
                   get = {48, GET, 0, 64 * PAGE, PAGE, 8, data};
  int container, v1, group;
  g_autoptr(Rig) rig = type1_new(TYPE1V2, &container);

  assert_int_equal(type1_map(rig, container, READ, 0x10000, 0, 4 * PAGE), 0);
  rig_refused(rig, type1_dirty(rig, container, &get), EINVAL, RULE_T1_57);
  assert_int_equal(type1_dirty(rig, container, &start), 0);
  assert_int_equal(type1_dirty(rig, container, &start), 0);
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
    rig_refused(rig, type1_dirty(rig, container, &cases[i].dirty), EINVAL, cases[i].rule);
  assert_int_equal(type1_dirty(rig, container, &get), 0);
  assert_int_equal(type1_dirty(rig, container, &stop), 0);
  assert_int_equal(type1_dirty(rig, container, &stop), 0);
  rig_refused(rig, type1_dirty(rig, container, &get), EINVAL, RULE_T1_57);
  v1 = rig_container(rig, TYPE1, &group, 1, -1);
  rig_refused(rig, type1_dirty(rig, v1, &start), EACCES, RULE_T1_51);
}

static void T1_58_all_that_is_mapped_is_dirty(void **state) {
  enum { START = 1, GET = 4 };
  guint64 bitmap[4] = {0, 0, 0x5555, 0x5555};
  const Type1Dirty start = {8, START, 0, 0, 0, 0, 0}, get = {48, GET, 0, 128 * PAGE, PAGE, 16, (guintptr)bitmap};
  Unmap unmap = {48, DIRTY, 60 * PAGE, 10 * PAGE, PAGE, 8, (guintptr)bitmap};
  int container;
  g_autoptr(Rig) rig = type1_new(TYPE1V2, &container);

  assert_int_equal(type1_map(rig, container, READ, 2 * PAGE, 0, 3 * PAGE), 0);
  assert_int_equal(type1_map(rig, container, READ, 60 * PAGE, 0, 10 * PAGE), 0);
  assert_int_equal(type1_dirty(rig, container, &start), 0);
  assert_int_equal(type1_dirty(rig, container, &get), 0);
  assert_true(bitmap[0] == 0xf00000000000001c && bitmap[1] == 0x3f && bitmap[2] == 0x5555);
  bitmap[0] = bitmap[1] = 0;
  assert_int_equal(rig_call(rig, container, ABI_TYPE1_UNMAP_DMA, (guintptr)&unmap), 0);
  assert_int_equal(unmap.size, 10 * PAGE);
  assert_true(bitmap[0] == 0x3ff && bitmap[1] == 0);
}

static void T1_39_52_56_structs_that_cannot_be_read(void **state) {
  enum { START = 1, GET = 4 };
  int container;
  g_autoptr(Rig) rig = type1_new(TYPE1V2, &container);
  const guint64 end = (guintptr)rig->buf + RIG_BUF;
  const Type1Dirty start = {8, START, 0, 0, 0, 0, 0}, get = {48, GET, 0, PAGE, PAGE, 8, 0};
  Type1Dirty *cut = (Type1Dirty *)(rig->buf + RIG_BUF - 8), unreachable = {48, GET, 0, PAGE, PAGE, 8, 8};

  rig_refused(rig, rig_call(rig, container, ABI_TYPE1_UNMAP_DMA, 8), EFAULT, RULE_T1_39);
  rig_refused(rig, rig_call(rig, container, ABI_TYPE1_UNMAP_DMA, end - 23), EFAULT, RULE_T1_39);
  rig_refused(rig, rig_call(rig, container, ABI_DIRTY_PAGES, end - 7), EFAULT, RULE_T1_52);
  memcpy(cut, &get, 8);
  rig_refused(rig, rig_call(rig, container, ABI_DIRTY_PAGES, (guintptr)cut), EFAULT, RULE_T1_56);
  /* where the bits should go */
  assert_int_equal(type1_map(rig, container, READ, 0, 0, PAGE), 0);
  assert_int_equal(type1_dirty(rig, container, &start), 0);
  rig_refused(rig, type1_dirty(rig, container, &unreachable), EFAULT, RULE_T1_56);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(T1_40_to_46_parameters_in_order),
      cmocka_unit_test(T1_50_the_size_comes_back),
      cmocka_unit_test(T1_47_48_v1),
      cmocka_unit_test(T1_47_v1_and_addresses),
      cmocka_unit_test(T1_49_all_addresses_or_none),
      cmocka_unit_test(T1_14_15_leaving_groups),
      cmocka_unit_test(T1_51_to_57_refused),
      cmocka_unit_test(T1_58_all_that_is_mapped_is_dirty),
      cmocka_unit_test(T1_39_52_56_structs_that_cannot_be_read),
  };

  return cmocka_run_group_tests_name("type1-unmap", tests, NULL, NULL);
}
