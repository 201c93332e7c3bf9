/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every row of windows.tsv through TCE_CREATE: PNV-4..PNV-8, TCE-110, TCE-112. argv[1]: the file. */
#include "vfio-rig.h"

#include "sim/kernel/internal.h"

static const char *file;

enum { HOST_SHIFT, PAGE_SHIFT, WINDOW_LOG2, LEVELS, BYTES, PAGES, RESULT, EFFECTIVE, COLUMNS };

static guint64 number(const char *text) {
  return g_ascii_strtoull(text, NULL, 10);
}

static void check_row(Rig *rig, int container, GStrv column, const char *line) {
  guint64 before = rig_locked(rig), size = G_GUINT64_CONSTANT(1) << number(column[WINDOW_LOG2]), start;
  long wanted = strcmp(column[RESULT], "OK") == 0 ? 0 : -(long)abi_errno_from_name(column[RESULT]);
  long got =
      rig_create(rig, container, (guint32)number(column[PAGE_SHIFT]), size, (guint32)number(column[LEVELS]), &start);

  if (got != wanted || rig_locked(rig) - before != number(column[PAGES]))
    fail_msg("%s: create answers %ld, %" G_GUINT64_FORMAT " pages locked", line, got, rig_locked(rig) - before);
  assert_int_equal(number(column[BYTES]) >> number(column[HOST_SHIFT]), number(column[PAGES]));
  if (got) {
    /* TCE-112: what was accounted stays */
    assert_int_equal(rig_met(rig, RULE_TCE_112), rig_met(rig, RULE_PNV_6) || rig_met(rig, RULE_PNV_7));
    return;
  }
  SimTceTable *table = sim_group_table(sim_kernel_group(rig->kernel, 0), 0);
  guint64 entries = number(column[EFFECTIVE]) >> number(column[PAGE_SHIFT]);

  if (sim_tce_table_entries(table) != entries)
    fail_msg("%s: the window has %" G_GUINT64_FORMAT " entries", line, sim_tce_table_entries(table));
  assert_int_equal(start, 0);
  assert_int_equal(rig_remove(rig, container, 0), 0);
  assert_int_equal(rig_locked(rig), before);
}

static void every_geometry_is_accounted_and_answered_as_on_powernv(void **state) {
  g_autofree char *text = NULL;
  g_auto(GStrv) lines = NULL;
  g_autoptr(Rig) rig = NULL;
  const char *page = "";
  int container = -1, group;
  guint rows = 0;

  assert_true(g_file_get_contents(file, &text, NULL, NULL));
  lines = g_strsplit(text, "\n", -1);
  for (guint i = 0; lines[i]; i++) {
    g_auto(GStrv) column = g_strsplit(lines[i], "\t", -1);

    if (!g_ascii_isdigit(lines[i][0]))
      continue;
    assert_int_equal(g_strv_length(column), COLUMNS);
    if (strcmp(column[HOST_SHIFT], page) != 0) {
      g_clear_pointer(&rig, rig_free);
      page = strcmp(column[HOST_SHIFT], "16") == 0 ? "16" : "12";
      rig = rig_new(strcmp(page, "16") == 0 ? "64K" : "4K");
      rig_set(rig, "tce-page-sizes", "4K 64K 2M 16M 256M 1G");
      container = rig_container(rig, RIG_V2, &group, 0, -1);
      assert_int_equal(rig_remove(rig, container, 0), 0); /* TCE-122: the default window is not made */
    }
    check_row(rig, container, column, lines[i]);
    rows++;
  }
  assert_int_equal(rows, 986);
}

static void a_window_of_128_tib_costs_nothing_until_it_is_used(void **state) {
  g_autoptr(Rig) rig = rig_new("64K");
  int group, container = rig_container(rig, RIG_V2, &group, 0, -1);
  gsize before = sim_table_bytes(rig->kernel);
  gint64 begin = g_get_monotonic_time();

  assert_int_equal(rig_remove(rig, container, 0), 0);
  assert_int_equal(rig_create(rig, container, 16, G_GUINT64_CONSTANT(1) << 47, 2, NULL), 0);
  assert_true(sim_table_bytes(rig->kernel) - before < 1 << 20);
  assert_int_equal(rig_register(rig, container, 0, RIG_BUF), 0);
  assert_int_equal(rig_unmap(rig, container, 0, G_GUINT64_CONSTANT(1) << 47), 0);
  assert_true(g_get_monotonic_time() - begin < 100000);
}

static void a_million_tces_take_at_most_16_bytes_each(void **state) {
  g_autoptr(Rig) rig = rig_new("64K");
  int group, container = rig_container(rig, RIG_V2, &group, 0, -1);
  gsize before;
  SimCensus census;

  assert_int_equal(rig_remove(rig, container, 0), 0);
  assert_int_equal(rig_register(rig, container, 0, RIG_BUF), 0);
  assert_int_equal(rig_create(rig, container, 12, G_GUINT64_CONSTANT(1) << 33, 1, NULL), 0);
  before = sim_table_bytes(rig->kernel);
  for (guint64 iova = 0; iova < G_GUINT64_CONSTANT(1) << 32; iova += RIG_BUF)
    assert_int_equal(rig_map(rig, container, iova, 0, RIG_BUF), 0);
  sim_census(rig->kernel, &census);
  assert_int_equal(census.tces, 1 << 20);
  assert_true(sim_table_bytes(rig->kernel) - before <= 16u << 20);
  assert_int_equal(rig_unmap(rig, container, 0, G_GUINT64_CONSTANT(1) << 33), 0);
  sim_census(rig->kernel, &census);
  assert_int_equal(census.tces, 0);
  assert_int_equal(sim_table_bytes(rig->kernel), before);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_geometry_is_accounted_and_answered_as_on_powernv),
      cmocka_unit_test(a_window_of_128_tib_costs_nothing_until_it_is_used),
      cmocka_unit_test(a_million_tces_take_at_most_16_bytes_each),
  };

  file = argv[1];
  return cmocka_run_group_tests(tests, NULL, NULL);
}
