/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The TCE hypercalls: recorded answers, and what they do to hardware tables and preregistered memory. */
#include <string.h>

#include "tests/kernel/rig.h"

enum {
  GET = 0x1c,
  PUT = 0x20,
  STUFF = 0x138,
  INDIRECT = 0x13c,
  H_SUCCESS = 0,
  H_PARAMETER = -4,
  USER = SIM_H_TOO_HARD,
  GUEST_RAM = 16 << 20,
  LIOBN = 0x80000000,
  LIST = 0x20000, /* guest address of the list of H_PUT_TCE_INDIRECT */
};

static void two_groups(SimHost *host) {
  assert_true(sim_host_add_device(host, 0, "0000:01:00.0", NULL));
  assert_true(sim_host_add_device(host, 1, "0000:02:00.0", NULL));
}

static void linux_7_2(SimHost *host) {
  two_groups(host);
  host->version = SIM_VERSION(7, 2);
}

static void linux_4_19(SimHost *host) {
  two_groups(host);
  host->version = SIM_VERSION(4, 19);
}

typedef struct {
  const char *line;
  guint64 nr, liobn, ioba, third, fourth;
  long result;
  RuleId rule;
  guint64 value;
} Row;

static void play(Rig *rig, const Row *rows, gsize n) {
  for (gsize i = 0; i < n; i++) {
    const Row *row = &rows[i];
    guint64 args[4] = {row->liobn, row->ioba, row->third, row->fourth}, value = 0;
    long result = sim_hypercall(rig->kernel, 1, row->nr, args, &value);

    if (result != row->result || (row->nr == GET && value != row->value))
      fail_msg("%s: %ld, value 0x%lx", row->line, result, (unsigned long)value);
    if (row->rule != RULE_NONE && sim_rules_met(rig->kernel)[row->rule] == rig->met[row->rule])
      fail_msg("%s did not meet %s", row->line, rule_get(row->rule)->id);
    memcpy(rig->met, sim_rules_met(rig->kernel), sizeof rig->met);
  }
}

static void set_list(Rig *rig, guint count, guint64 first, guint64 step) {
  guint64 *list = (guint64 *)(rig->ram + LIST);

  for (guint i = 0; i < count; i++)
    list[i] = GUINT64_TO_BE(first + i * step);
}

/* linux-6.12-64k-powernv9-hcall, in its order; guest memory is 16 MiB at 0 there: here its first RIG_RAM bytes are
 * backed, which is all that these calls look at */
static void test_recorded(void **state) {
  static const Row before[] = {
      {"hcall.06", PUT, LIOBN, 0, 0x2003, 0, USER, RULE_HC_1, 0},
      {"hcall.07", GET, LIOBN, 0, 0, 0, USER, RULE_HC_22, 0},
      {"hcall.08", STUFF, LIOBN, 0, 0, 1, USER, RULE_HC_25, 0},
  };
  static const Row disabled[] = {
      {"hcall.10", PUT, LIOBN, 0, 0x2003, 0, H_SUCCESS, RULE_HC_8, 0},
      {"hcall.11", GET, LIOBN, 0, 0, 0, H_SUCCESS, RULE_HC_24, 0x2003},
      {"hcall.12", STUFF, LIOBN, 0, 0, 1, USER, RULE_HC_25, 0},
      {"hcall.13", INDIRECT, LIOBN, 0, LIST, 1, USER, RULE_HC_25, 0},
  };
  static const Row single[] = {
      {"hcall.16", PUT, LIOBN, 0, 0x2003, 0, H_SUCCESS, RULE_HC_8, 0},
      {"hcall.18", PUT, LIOBN, 0x1000, 0, 0, H_SUCCESS, RULE_HC_7, 0},
      {"hcall.19", GET, LIOBN, 0, 0, 0, H_SUCCESS, RULE_HC_24, 0x2003},
      {"hcall.20", PUT, LIOBN, 0x3ffff000, 0x3001, 0, H_SUCCESS, RULE_HC_8, 0},
      {"hcall.21", GET, LIOBN, 0x3ffff000, 0, 0, H_SUCCESS, RULE_HC_24, 0x3001},
      {"hcall.22", PUT, LIOBN, 0x40000000, 0x3003, 0, H_PARAMETER, RULE_HC_2, 0},
      {"hcall.23", GET, LIOBN, 0x40000000, 0, 0, H_PARAMETER, RULE_HC_23, 0},
      {"hcall.24", PUT, LIOBN, 0x1800, 0x3003, 0, H_PARAMETER, RULE_HC_2, 0},
      {"hcall.25", GET, LIOBN, 0x1800, 0, 0, H_PARAMETER, RULE_HC_23, 0},
      {"hcall.26", GET, LIOBN, 0x1000, 0, 0, H_SUCCESS, RULE_HC_24, 0},
      {"hcall.27", PUT, LIOBN, 0x2000, 0x3000, 0, H_SUCCESS, RULE_HC_8, 0},
      {"hcall.28", GET, LIOBN, 0x2000, 0, 0, H_SUCCESS, RULE_HC_24, 0x3000},
      {"hcall.29", PUT, LIOBN, 0x3000, 0x3803, 0, USER, RULE_HC_3, 0},
      {"hcall.30", GET, LIOBN, 0x3000, 0, 0, H_SUCCESS, RULE_HC_24, 0},
      {"hcall.31", PUT, LIOBN, 0x4000, 0x3007, 0, USER, RULE_HC_3, 0},
      {"hcall.32", GET, LIOBN, 0x4000, 0, 0, H_SUCCESS, RULE_HC_24, 0},
      {"hcall.33", PUT, LIOBN, 0x5000, 0x1000003, 0, USER, RULE_HC_4, 0},
      {"hcall.34", GET, LIOBN, 0x5000, 0, 0, H_SUCCESS, RULE_HC_24, 0},
      {"hcall.35", PUT, LIOBN, 0x6000, 0x4000000000000003, 0, USER, RULE_HC_4, 0},
      {"hcall.37", PUT, LIOBN, 0x7000, 0, 0, H_SUCCESS, RULE_HC_8, 0},
      {"hcall.39", PUT, LIOBN, 0x800000000000000, 0x2003, 0, H_PARAMETER, RULE_HC_2, 0},
      {"hcall.40", PUT, 0x180000000, 0, 0x2003, 0, USER, RULE_HC_1, 0},
  };
  static const Row several[] = {
      {"hcall.41", INDIRECT, LIOBN, 0x10000, LIST, 4, H_SUCCESS, RULE_HC_16, 0},
      {"hcall.42", GET, LIOBN, 0x10000, 0, 0, H_SUCCESS, RULE_HC_24, 0x100003},
      {"hcall.43", GET, LIOBN, 0x13000, 0, 0, H_SUCCESS, RULE_HC_24, 0x103003},
      {"hcall.44", GET, LIOBN, 0x14000, 0, 0, H_SUCCESS, RULE_HC_24, 0},
      {"hcall.45", INDIRECT, LIOBN, 0x10000, LIST, 0x200, H_SUCCESS, RULE_HC_16, 0},
      {"hcall.46", INDIRECT, LIOBN, 0x10000, LIST, 0x201, H_PARAMETER, RULE_HC_10, 0},
      {"hcall.47", INDIRECT, LIOBN, 0x10000, LIST, 0, H_SUCCESS, RULE_HC_27, 0},
      {"hcall.48", INDIRECT, LIOBN, 0x10000, LIST + 0x800, 4, H_PARAMETER, RULE_HC_11, 0},
      {"hcall.49", INDIRECT, LIOBN, 0x3fffe000, LIST, 4, H_SUCCESS, RULE_HC_16, 0},
      {"hcall.50", GET, LIOBN, 0x3fffe000, 0, 0, H_SUCCESS, RULE_HC_24, 0x100003},
      {"hcall.51", INDIRECT, LIOBN, 0x10000, 0x1000000, 4, USER, RULE_HC_13, 0},
      {"after the end", INDIRECT, LIOBN, 0x40000000, LIST, 4, H_PARAMETER, RULE_HC_12, 0},
      {"no table", INDIRECT, LIOBN + 1, 0x10000, LIST, 4, USER, RULE_HC_9, 0},
  };
  static const Row bad_entry[] = {
      {"hcall.52", INDIRECT, LIOBN, 0x300000, LIST, 4, USER, RULE_HC_14, 0},
      {"hcall.53", GET, LIOBN, 0x300000, 0, 0, H_SUCCESS, RULE_HC_24, 0},
      {"hcall.54", GET, LIOBN, 0x301000, 0, 0, H_SUCCESS, RULE_HC_24, 0},
  };
  static const Row stuff[] = {
      {"hcall.58", STUFF, LIOBN, 0x10000, 0x5003, 4, H_PARAMETER, RULE_HC_19, 0},
      {"hcall.59", GET, LIOBN, 0x10000, 0, 0, H_SUCCESS, RULE_HC_24, 0x100003},
      {"hcall.60", STUFF, LIOBN, 0x10000, 0x5000, 4, H_SUCCESS, RULE_HC_21, 0},
      {"hcall.61", GET, LIOBN, 0x10000, 0, 0, H_SUCCESS, RULE_HC_24, 0x5000},
      {"hcall.62", STUFF, LIOBN, 0x10000, 0, 4, H_SUCCESS, RULE_HC_21, 0},
      {"hcall.63", GET, LIOBN, 0x10000, 0, 0, H_SUCCESS, RULE_HC_24, 0},
      {"hcall.64", STUFF, LIOBN, 0, 0, 0x40000, H_SUCCESS, RULE_HC_21, 0},
      {"hcall.65", STUFF, LIOBN, 0, 0, 0x40001, H_SUCCESS, RULE_HC_21, 0},
      {"hcall.66", STUFF, LIOBN, 0x3ffff000, 0, 2, H_SUCCESS, RULE_HC_21, 0},
      {"hcall.67", STUFF, LIOBN, 0, 0, 0, H_SUCCESS, RULE_HC_27, 0},
      {"hcall.68", STUFF, LIOBN, 0x800, 0, 1, H_PARAMETER, RULE_HC_18, 0},
      {"no table", STUFF, LIOBN + 1, 0, 0, 1, USER, RULE_HC_17, 0},
  };
  g_autoptr(Rig) rig = rig_new(NULL);
  int vm = rig_vm(rig);

  assert_int_equal(rig_memslot(rig, vm, 0, 0, GUEST_RAM, rig->ram), 0);
  play(rig, before, G_N_ELEMENTS(before));
  assert_true(rig_table(rig, vm, LIOBN, 12, 0, 0x40000) >= 0);
  play(rig, disabled, G_N_ELEMENTS(disabled));
  assert_int_equal(rig_enable_hcall(rig, vm, INDIRECT, 1), 0);
  assert_int_equal(rig_enable_hcall(rig, vm, STUFF, 1), 0);
  play(rig, single, G_N_ELEMENTS(single));
  set_list(rig, 4, 0x100003, 0x1000);
  play(rig, several, G_N_ELEMENTS(several));
  set_list(rig, 2, 0x100003, 0x1000803); /* the second one is not aligned */
  play(rig, bad_entry, G_N_ELEMENTS(bad_entry));
  play(rig, stuff, G_N_ELEMENTS(stuff));
}

/* HC-26: from 7.2 a range that runs past the end is refused */
static void test_past_the_end(void **state) {
  static const Row rows[] = {
      {"indirect", INDIRECT, LIOBN, 0x3fffe000, LIST, 3, H_PARAMETER, RULE_HC_26, 0},
      {"indirect that fits", INDIRECT, LIOBN, 0x3fffe000, LIST, 2, H_SUCCESS, RULE_HC_16, 0},
      {"stuff", STUFF, LIOBN, 0x3ffff000, 0, 2, H_PARAMETER, RULE_HC_26, 0},
      {"unchanged", GET, LIOBN, 0x3ffff000, 0, 0, H_SUCCESS, RULE_HC_24, 0x101003},
  };
  g_autoptr(Rig) rig = rig_new(linux_7_2);
  int vm = rig_vm(rig);

  rig_memslot(rig, vm, 0, 0, GUEST_RAM, rig->ram);
  rig_table(rig, vm, LIOBN, 12, 0, 0x40000);
  rig_enable_hcall(rig, vm, INDIRECT, 1);
  rig_enable_hcall(rig, vm, STUFF, 1);
  set_list(rig, 3, 0x100003, 0x1000);
  play(rig, rows, G_N_ELEMENTS(rows));
}

/* HC-3, HC-4: up to 4.19 the guest is to blame */
static void test_bad_tces_of_4_19(void **state) {
  static const Row rows[] = {
      {"misaligned", PUT, LIOBN, 0x3000, 0x3803, 0, H_PARAMETER, RULE_HC_3, 0},
      {"no memory", PUT, LIOBN, 0x3000, 0x1000003, 0, H_PARAMETER, RULE_HC_4, 0},
  };
  g_autoptr(Rig) rig = rig_new(linux_4_19);
  int vm = rig_vm(rig);

  rig_memslot(rig, vm, 0, 0, GUEST_RAM, rig->ram);
  rig_table(rig, vm, LIOBN, 12, 0, 0x40000);
  play(rig, rows, G_N_ELEMENTS(rows));
}

/* ---- attached to windows ---- */

typedef struct {
  Rig *rig;
  int vm, container, group, device, table;
} World;

/* One window of 1 GiB of 4K pages at 0, fed by a table of `shift` pages. The guest's memory is RIG_RAM at 0. */
static World world_new(guint shift) {
  World world = {.rig = rig_new(two_groups), .container = -1};
  Rig *rig = world.rig;

  world.vm = rig_vm(rig);
  world.device = rig_kvm_vfio(rig, world.vm);
  world.group = rig_attach(rig, 0, &world.container);
  rig_remove_window(rig, world.container, 0);
  rig_create_window(rig, world.container, 12, 1 << 30);
  world.table = (int)rig_table(rig, world.vm, LIOBN, shift, 0, (1 << 30) >> shift);
  assert_int_equal(rig_group_add(rig, world.device, world.group), 0);
  assert_int_equal(rig_set_spapr_tce(rig, world.device, world.group, world.table), 0);
  assert_int_equal(rig_memslot(rig, world.vm, 0, 0, RIG_RAM, rig->ram), 0);
  rig_enable_hcall(rig, world.vm, INDIRECT, 1);
  rig_enable_hcall(rig, world.vm, STUFF, 1);
  return world;
}

static long hcall(Rig *rig, guint64 nr, guint64 ioba, guint64 third, guint64 fourth) {
  guint64 args[4] = {LIOBN, ioba, third, fourth};

  return sim_hypercall(rig->kernel, 1, nr, args, NULL);
}

static gboolean reaches(Rig *rig, guint64 ioba, guint64 ram) {
  guint32 wrote = (guint32)ioba + 0x5eed, read = 0;

  if (sim_dma(rig->kernel, 0x100, ioba, &wrote, sizeof wrote, TRUE) != 0)
    return FALSE;
  memcpy(&read, rig->ram + ram, sizeof read);
  return read == wrote;
}

/* HC-5: memory that is not registered is the VMM's business, and nothing changes */
static void test_not_registered(void **state) {
  World world = world_new(12);
  g_autoptr(Rig) rig = world.rig;

  assert_int_equal(hcall(rig, PUT, 0, 0x2003, 0), USER);
  expect(rig, 0, 0, RULE_HC_5);
  assert_int_equal(rig_census(rig).tces, 0);
  rig_register(rig, world.container, rig->ram, 0x10000);
  assert_int_equal(hcall(rig, PUT, 0, 0x2003, 0), H_SUCCESS);
  expect(rig, 0, 0, RULE_HC_6);
  assert_true(reaches(rig, 0, 0x2000));
  assert_int_equal(hcall(rig, PUT, 0x1000, 0x10003, 0), USER); /* behind the region */
  assert_int_equal(rig_census(rig).tces, 1);
}

/* HC-6, HC-7: mapping counts in the region, and what is replaced or cleared is given back: UNREGISTER frees the memory
 */
static void test_counts(void **state) {
  World world = world_new(12);
  g_autoptr(Rig) rig = world.rig;
  struct {
    guint32 argsz, flags;
    guint64 vaddr, size;
  } memory = {24, 0, (guintptr)rig->ram, RIG_RAM};

  rig_register(rig, world.container, rig->ram, RIG_RAM);
  assert_int_equal(hcall(rig, PUT, 0, 0x2003, 0), H_SUCCESS);
  assert_int_equal(hcall(rig, PUT, 0, 0x3003, 0), H_SUCCESS);
  assert_true(reaches(rig, 0, 0x3000));
  assert_int_equal(hcall(rig, PUT, 0, 0, 0), H_SUCCESS);
  expect(rig, 0, 0, RULE_HC_7);
  assert_int_equal(rig_census(rig).tces, 0);
  assert_int_equal(hcall(rig, PUT, 0x1000, 0x2003, 0), H_SUCCESS);
  assert_int_equal(hcall(rig, STUFF, 0, 0, 0x40000), H_SUCCESS);
  assert_int_equal(rig_census(rig).tces, 0);
  assert_int_equal(rig_call(rig, world.container, ABI_UNREGISTER_MEMORY, &memory), 0);
  assert_int_equal(rig_census(rig).regions, 0);
}

/* A guest page of 64K is 16 hardware pages of 4K. */
static void test_subpages(void **state) {
  World world = world_new(16);
  g_autoptr(Rig) rig = world.rig;

  rig_register(rig, world.container, rig->ram, RIG_RAM);
  assert_int_equal(hcall(rig, PUT, 0x30000, 0x20003, 0), H_SUCCESS);
  assert_int_equal(rig_census(rig).tces, 16);
  assert_true(reaches(rig, 0x30000, 0x20000));
  assert_true(reaches(rig, 0x3f004, 0x2f004));
  assert_int_equal(hcall(rig, PUT, 0x30000, 0x8000, 0), H_SUCCESS);
  assert_int_equal(rig_census(rig).tces, 0);
  assert_int_equal(hcall(rig, PUT, 0x30000, 0x28003, 0), USER); /* not aligned to the guest's page */
}

/* HC-6: only the first hardware page is tested beforehand; a later one that fails leaves the entry clear. 16M guest
 * pages on a host with 64K pages can lie in two regions. */
static void test_failure_on_the_way(void **state) {
  World world = world_new(20);
  g_autoptr(Rig) rig = world.rig;
  guint64 args[4] = {LIOBN, 0, 0, 0}, value = 1;

  rig_register(rig, world.container, rig->ram, 0x80000);
  assert_int_equal(hcall(rig, PUT, 0, 0x3, 0), USER);
  expect(rig, 0, 0, RULE_HC_6);
  set_list(rig, 1, 0x3, 0);
  assert_int_equal(hcall(rig, INDIRECT, 0, LIST, 1), USER);
  expect(rig, 0, 0, RULE_HC_6);
  assert_int_equal(rig_census(rig).tces, 0);
  assert_int_equal(sim_hypercall(rig->kernel, 1, GET, args, &value), H_SUCCESS);
  assert_int_equal(value, 0);
}

/* HC-14, HC-15, HC-16 */
static void test_indirect(void **state) {
  World world = world_new(12);
  g_autoptr(Rig) rig = world.rig;
  guint64 *list = (guint64 *)(rig->ram + LIST);

  rig_register(rig, world.container, rig->ram, 0x200000);
  set_list(rig, 512, 0x100003, 0);
  assert_int_equal(hcall(rig, INDIRECT, 0, LIST, 512), H_SUCCESS);
  assert_int_equal(rig_census(rig).tces, 512);
  assert_int_equal(hcall(rig, STUFF, 0, 0, 512), H_SUCCESS);
  set_list(rig, 4, 0x100003, 0x1000);
  list[3] = GUINT64_TO_BE(0x300003); /* in a memory slot, but not registered */
  assert_int_equal(hcall(rig, INDIRECT, 0, LIST, 4), USER);
  expect(rig, 0, 0, RULE_HC_14);
  assert_int_equal(rig_census(rig).tces, 0);
  list[3] = GUINT64_TO_BE(0x80000000); /* grants nothing, but its address must be memory */
  assert_int_equal(hcall(rig, INDIRECT, 0, LIST, 4), H_PARAMETER);
  expect(rig, 0, 0, RULE_HC_15);
  assert_int_equal(rig_census(rig).tces, 3);
  list[0] = GUINT64_TO_BE(0x100000);
  assert_int_equal(hcall(rig, INDIRECT, 0, LIST, 1), H_SUCCESS);
  assert_int_equal(rig_census(rig).tces, 2);
}

/* 6.12 does not bound the count of H_STUFF_TCE: what lies in the table is cleared */
static void test_stuff_without_bound(void **state) {
  World world = world_new(12);
  g_autoptr(Rig) rig = world.rig;

  rig_register(rig, world.container, rig->ram, 0x10000);
  assert_int_equal(hcall(rig, PUT, 0, 0x2003, 0), H_SUCCESS);
  assert_int_equal(hcall(rig, STUFF, 0, 0, G_MAXUINT64), H_SUCCESS);
  assert_int_equal(rig_census(rig).tces, 0);
}

/* HC-7, HC-20: a v1 container maps memory that nobody has registered; KVM cannot give it back */
static void test_clearing_v1_mappings(void **state) {
  g_autoptr(Rig) rig = rig_new(two_groups);
  int vm = rig_vm(rig), device = rig_kvm_vfio(rig, vm), group = rig_open(rig, "/dev/vfio/0");
  int container = rig_open(rig, "/dev/vfio/vfio"), table = (int)rig_table(rig, vm, LIOBN, 12, 0, 0x40000);

  assert_int_equal(rig_call(rig, group, ABI_SET_CONTAINER, &container), 0);
  assert_int_equal(rig_call_value(rig, container, ABI_SET_IOMMU, 2), 0);
  assert_int_equal(rig_call_value(rig, container, ABI_ENABLE, 0), 0);
  assert_int_equal(rig_map(rig, container, 0x1000, rig->ram, 0x2000, 3), 0);
  assert_int_equal(rig_group_add(rig, device, group), 0);
  assert_int_equal(rig_set_spapr_tce(rig, device, group, table), 0);
  rig_enable_hcall(rig, vm, STUFF, 1);
  assert_int_equal(hcall(rig, PUT, 0, 0, 0), H_SUCCESS);
  assert_int_equal(hcall(rig, PUT, 0x1000, 0, 0), USER);
  expect(rig, 0, 0, RULE_HC_7);
  assert_int_equal(hcall(rig, STUFF, 0, 0, 4), USER);
  expect(rig, 0, 0, RULE_HC_20);
  assert_int_equal(rig_census(rig).tces, 2);
}

/* A table that feeds two windows, in two containers of one process */
static void test_two_windows(void **state) {
  World world = world_new(12);
  g_autoptr(Rig) rig = world.rig;
  int container = -1, group = rig_attach(rig, 1, &container);
  guint32 word = 7;

  rig_remove_window(rig, container, 0);
  rig_create_window(rig, container, 12, 1 << 30);
  assert_int_equal(rig_group_add(rig, world.device, group), 0);
  assert_int_equal(rig_set_spapr_tce(rig, world.device, group, world.table), 0);
  rig_register(rig, world.container, rig->ram, RIG_RAM);
  assert_int_equal(hcall(rig, PUT, 0x5000, 0x2003, 0), H_SUCCESS);
  assert_int_equal(rig_census(rig).tces, 2);
  assert_int_equal(sim_dma(rig->kernel, 0x200, 0x5000, &word, sizeof word, TRUE), 0);
  assert_true(reaches(rig, 0x5000, 0x2000));
}

/* KV-61: the host's own table keeps no user addresses, so a map on it goes to the VMM */
static void four_k(SimHost *host) {
  two_groups(host);
  host->page_shift = 12;
}

static void test_the_hosts_own_table(void **state) {
  g_autoptr(Rig) rig = rig_new(four_k);
  int vm = rig_vm(rig), device = rig_kvm_vfio(rig, vm), group = rig_open(rig, "/dev/vfio/0"), other = -1;
  int table = (int)rig_table(rig, vm, LIOBN, 12, 0, 0x40000);

  rig_attach(rig, 1, &other);
  rig_register(rig, other, rig->ram, RIG_RAM);
  rig_memslot(rig, vm, 0, 0, RIG_RAM, rig->ram);
  assert_int_equal(rig_group_add(rig, device, group), 0);
  assert_int_equal(rig_set_spapr_tce(rig, device, group, table), 0);
  assert_int_equal(hcall(rig, PUT, 0, 0x2003, 0), USER);
  assert_int_equal(hcall(rig, PUT, 0, 0, 0), H_SUCCESS);
}

static void test_events(void **state) {
  World world = world_new(12);
  g_autoptr(Rig) rig = world.rig;
  const TraceEvent *event;
  guint64 value = 0;

  assert_int_equal(hcall(rig, PUT, 0x1000, 0x5000, 0), H_SUCCESS);
  assert_int_equal(hcall(rig, GET, 0x1000, 0, 0), H_SUCCESS);
  event = trace_get(rig->trace, trace_len(rig->trace) - 1);
  assert_int_equal(event->call, ABI_H_GET_TCE);
  assert_int_equal(event->object.kind, ABI_GUEST);
  assert_int_equal(event->process, 0);
  assert_true(trace_event_field(event, "value", &value));
  assert_int_equal(value, 0x5000);
  assert_int_equal(hcall(rig, PUT, 0x800, 0, 0), H_PARAMETER);
  event = trace_get(rig->trace, trace_len(rig->trace) - 1);
  assert_int_equal(event->result, H_PARAMETER);
  assert_int_equal(event->rule, RULE_HC_2);
  assert_int_equal(sim_hypercall(rig->kernel, 9, PUT, (guint64[4]){0}, NULL), USER);
  assert_int_equal(hcall(rig, 0x30, 0, 0, 0), USER);
}

static int refuse_hypercalls(const TraceEvent *event, gpointer data) {
  return event->call == ABI_H_PUT_TCE ? -EIO : 0;
}

static void test_fault(void **state) {
  World world = world_new(12);
  g_autoptr(Rig) rig = world.rig;

  sim_kernel_set_fault(rig->kernel, refuse_hypercalls, NULL);
  assert_int_equal(hcall(rig, PUT, 0, 0x2000, 0), -1); /* H_HARDWARE */
  assert_int_equal(hcall(rig, GET, 0, 0, 0), H_SUCCESS);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_recorded),
      cmocka_unit_test(test_past_the_end),
      cmocka_unit_test(test_bad_tces_of_4_19),
      cmocka_unit_test(test_not_registered),
      cmocka_unit_test(test_counts),
      cmocka_unit_test(test_subpages),
      cmocka_unit_test(test_failure_on_the_way),
      cmocka_unit_test(test_indirect),
      cmocka_unit_test(test_stuff_without_bound),
      cmocka_unit_test(test_clearing_v1_mappings),
      cmocka_unit_test(test_two_windows),
      cmocka_unit_test(test_the_hosts_own_table),
      cmocka_unit_test(test_events),
      cmocka_unit_test(test_fault),
  };

  return cmocka_run_group_tests_name("hcall", tests, NULL, NULL);
}
