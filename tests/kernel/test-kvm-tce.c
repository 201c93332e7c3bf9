/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guest TCE tables: making them, what they cost, their file. */
#include <string.h>
#include <sys/mman.h>

#include "tests/kernel/rig.h"

static void small_pages(SimHost *host) {
  host->page_shift = 12;
}

static void limited(SimHost *host) {
  host->memlock = 65 << 16;
}

static guint64 locked(Rig *rig) {
  return sim_locked_pages(rig->kernel, sim_process_mm(rig->process));
}

static void test_refusals(void **state) {
  g_autoptr(Rig) rig = rig_new(NULL);
  int vm = rig_vm(rig);
  struct {
    guint64 liobn;
    guint32 window_size, padding;
  } old = {.liobn = 0x80000020, .window_size = 4095};
  struct {
    guint64 liobn;
    guint32 page_shift, flags;
    guint64 offset, size;
  } flags = {.liobn = 1, .page_shift = 12, .flags = 1, .size = 1};

  expect(rig, rig_call(rig, vm, ABI_CREATE_SPAPR_TCE, RIG_BAD), -EFAULT, RULE_KT_1);
  expect(rig, rig_call(rig, vm, ABI_CREATE_SPAPR_TCE_64, RIG_BAD), -EFAULT, RULE_KT_1);
  expect(rig, rig_call(rig, vm, ABI_CREATE_SPAPR_TCE_64, &flags), -EINVAL, RULE_KT_2);
  expect(rig, rig_call(rig, vm, ABI_CREATE_SPAPR_TCE, &old), -EINVAL, RULE_KT_4);
  expect(rig, rig_table(rig, vm, 1, 12, 0, 0), -EINVAL, RULE_KT_4);
  expect(rig, rig_table(rig, vm, 1, 11, 0, 1), -EINVAL, RULE_KT_5);
  expect(rig, rig_table(rig, vm, 1, 35, 0, 1), -EINVAL, RULE_KT_5);
  assert_true(rig_table(rig, vm, 1, 34, 0, 1) >= 0);
  /* settce.51 is at the same offset with 16; the sum may be as big as the last page's number */
  expect(rig, rig_table(rig, vm, 2, 12, 0xfffffffffffff, 1), -EINVAL, RULE_KT_6);
  assert_true(rig_table(rig, vm, 2, 12, 0xffffffffffffe, 1) >= 0);
  old.window_size = 0x40000000;
  assert_true(rig_call(rig, vm, ABI_CREATE_SPAPR_TCE, &old) >= 0); /* KT-3; settce.66 */
  expect(rig, 0, 0, RULE_KT_3);
}

/* KT-8: 2 GiB of 4K pages are 65 pages of 64K or 1027 of 4K; orders.11: 1 GiB is 33 */
static void test_accounting(void **state) {
  g_autoptr(Rig) rig = rig_new(NULL), small = rig_new(small_pages);
  int vm = rig_vm(rig), table = (int)rig_table(rig, vm, 1, 12, 0, 0x80000);

  assert_int_equal(locked(rig), 65);
  rig_close(rig, table);
  assert_int_equal(locked(rig), 0);
  table = (int)rig_table(rig, vm, 1, 12, 0, 0x40000);
  assert_int_equal(locked(rig), 33);
  rig_table(small, rig_vm(small), 1, 12, 0, 0x80000);
  assert_int_equal(locked(small), 1027);
}

/* KT-8..KT-10: the limit, then the header, then the LIOBN */
static void test_order_of_refusals(void **state) {
  g_autoptr(Rig) tight = rig_new(limited), rig = rig_new(NULL);
  int vm = rig_vm(tight), fits = (int)rig_table(tight, vm, 1, 12, 0, 0x80000);

  assert_true(fits >= 0);
  expect(tight, rig_table(tight, vm, 1, 12, 0, 1), -ENOMEM, RULE_KT_8);
  rig_close(tight, fits);
  expect(tight, rig_table(tight, vm, 1, 12, 0, 0x80001), -ENOMEM, RULE_KT_8);
  assert_int_equal(locked(tight), 0);
  vm = rig_vm(rig);
  assert_true(rig_table(rig, vm, 1, 12, 0, 1) >= 0);
  /* 16 MiB of pointers less the header: 2097137 host pages of 8192 entries */
  expect(rig, rig_table(rig, vm, 1, 12, 0, G_GUINT64_CONSTANT(2097138) * 8192), -ENOMEM, RULE_KT_9);
  expect(rig, rig_table(rig, vm, 1, 12, 0, G_GUINT64_CONSTANT(2097137) * 8192), -EBUSY, RULE_KT_10);
  expect(rig, rig_table(rig, vm, 1, 16, 0, 5), -EBUSY, RULE_KT_10);
  assert_int_equal(locked(rig), 2);
}

static void *no_memory(gpointer port, gsize size) {
  return NULL;
}

/* KT-9: whatever is short, the accounting is undone */
static void test_no_memory(void **state) {
  g_autoptr(Rig) rig = rig_new(NULL);

  rig->port.shared_new = no_memory;
  expect(rig, rig_table(rig, rig_vm(rig), 1, 12, 0, 1), -ENOMEM, RULE_KT_9);
  assert_int_equal(locked(rig), 0);
  assert_int_equal(rig_census(rig).tables, 0);
}

/* KT-12, KT-19: per VM, all 64 bits */
static void test_liobns(void **state) {
  static const guint64 liobns[] = {0, 1, 0x80000000, 0x180000000, G_MAXUINT64};
  g_autoptr(Rig) rig = rig_new(NULL);
  int first = rig_vm(rig), second = rig_vm(rig);

  for (gsize i = 0; i < G_N_ELEMENTS(liobns); i++) {
    assert_true(rig_table(rig, first, liobns[i], 12, 0, 1) >= 0);
    expect(rig, 0, 0, RULE_KT_12);
    assert_true(rig_table(rig, second, liobns[i], 12, 0, 1) >= 0);
    expect(rig, 0, 0, RULE_KT_19);
  }
  assert_int_equal(rig_census(rig).tables, 2 * G_N_ELEMENTS(liobns));
}

static void older(SimHost *host) {
  host->version = SIM_VERSION(4, 12);
  host->memlock = 0;
}

static void test_before_4_19(void **state) {
  g_autoptr(Rig) rig = rig_new(older);
  int vm;

  rig->host->memlock = G_MAXUINT64;
  vm = rig_vm(rig);
  assert_true(rig_table(rig, vm, 1, 11, 0, 1) >= 0);
  rig->host->memlock = 0;
  expect(rig, rig_table(rig, vm, 1, 12, 0, 1), -EBUSY, RULE_KT_7);
}

/* KT-13..KT-17 and the mapping's reference */
static void test_file(void **state) {
  g_autoptr(Rig) rig = rig_new(NULL);
  int vm = rig_vm(rig), table = (int)rig_table(rig, vm, 1, 12, 0, 0x4000);
  guint64 args[4] = {1, 0x3fff000, 0x5000, 0}, value, *tces;
  void *memory;

  expect(rig, sim_process_ioctl(rig->process, table, 0x1234, 0), -ENOTTY, RULE_KT_16);
  /* By read() and write(), which have a position of their own; pread() and pwrite() never get so far, as recorded. */
  expect(rig, sim_pread(sim_process_file(rig->process, table), rig->process, &value, 8, 0), -EINVAL, RULE_KT_17);
  expect(rig, sim_pwrite(sim_process_file(rig->process, table), rig->process, &value, 8, 0), -EINVAL, RULE_KT_17);
  assert_int_equal(sim_process_pread(rig->process, table, &value, 8, 0), -ESPIPE);
  assert_int_equal(sim_process_pwrite(rig->process, table, &value, 8, 0), -ESPIPE);
  expect(rig, sim_process_mmap(rig->process, table, 0x20000, PROT_READ | PROT_WRITE, TRUE, 0, &memory), 0, RULE_KT_13);
  tces = memory;
  assert_int_equal(tces[0x3fff], 0);
  assert_int_equal(sim_hypercall(rig->kernel, 1, 0x20, args, NULL), 0);
  assert_int_equal(tces[0x3fff], 0x5000); /* KT-15 */
  tces[1] = 0x7003;
  args[1] = 0x1000;
  assert_int_equal(sim_hypercall(rig->kernel, 1, 0x1c, args, &value), 0);
  assert_int_equal(value, 0x7003); /* hcall.17 */
  expect(rig, sim_process_mmap(rig->process, table, 0x30000, PROT_READ, TRUE, 0, &memory), 0, RULE_KT_14);
  assert_int_equal(sim_process_munmap(rig->process, memory, 0x30000), 0);
  rig_close(rig, table);
  expect(rig, rig_table(rig, vm, 1, 12, 0, 1), -EBUSY, RULE_KT_10); /* the mapping keeps the file */
  assert_int_equal(sim_process_munmap(rig->process, tces, 0x20000), 0);
  assert_true(rig_table(rig, vm, 1, 12, 0, 1) >= 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_refusals),  cmocka_unit_test(test_accounting), cmocka_unit_test(test_order_of_refusals),
      cmocka_unit_test(test_no_memory), cmocka_unit_test(test_liobns),     cmocka_unit_test(test_before_4_19),
      cmocka_unit_test(test_file),
  };

  return cmocka_run_group_tests_name("kvm-tce", tests, NULL, NULL);
}
