/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sparse table against a plain map of the same entries. */
#include "vfio-rig.h"

#include "sim/kernel/internal.h"

typedef struct {
  guint64 last;
  guint n;
  gboolean clear;
} Walk;

static void visit(SimTceTable *table, guint64 index, guint64 entry, gpointer data) {
  Walk *walk = data;
  guint64 old;

  assert_true(!walk->n || index > walk->last);
  assert_int_equal(sim_tce_get(table, index), entry);
  walk->last = index;
  walk->n++;
  if (walk->clear) {
    sim_tce_set(table, index, 0, &old);
    assert_int_equal(old, entry);
  }
}

static guint walk(SimTceTable *table, guint64 index, guint64 count, gboolean clear) {
  Walk seen = {.clear = clear};

  sim_tce_foreach(table, index, count, visit, &seen);
  return seen.n;
}

static void entries_are_kept_where_they_are_put(void **state) {
  g_autoptr(Rig) rig = rig_new("64K");
  gsize empty = sim_table_bytes(rig->kernel);
  SimTceTable *table = sim_tce_table_new(rig->kernel, 12, 0, G_GUINT64_CONSTANT(1) << 43);
  g_autoptr(GHashTable) model = g_hash_table_new(g_int64_hash, g_int64_equal);
  g_autoptr(GArray) keys = g_array_sized_new(FALSE, FALSE, sizeof(guint64), 4000);
  g_autoptr(GRand) random = g_rand_new_with_seed(2017);
  SimCensus census;
  guint64 old;

  for (guint i = 0; i < 4000; i++) {
    guint64 key = ((guint64)g_rand_int(random) << 32 | g_rand_int(random)) >> (21 + g_rand_int_range(random, 0, 43));

    g_array_append_val(keys, key);
    sim_tce_set(table, key, (guint64)(i + 1) << 12 | SIM_TCE_READ, &old);
    g_hash_table_insert(model, &g_array_index(keys, guint64, i), GUINT_TO_POINTER(i + 1));
  }
  for (guint i = 0; i < keys->len; i++) {
    guint64 want = GPOINTER_TO_UINT(g_hash_table_lookup(model, &g_array_index(keys, guint64, i)));

    assert_int_equal(sim_tce_get(table, g_array_index(keys, guint64, i)), want << 12 | SIM_TCE_READ);
  }
  sim_census(rig->kernel, &census);
  assert_int_equal(census.tces, g_hash_table_size(model));
  assert_int_equal(sim_tce_in_use(table), g_hash_table_size(model));
  assert_int_equal(walk(table, 0, G_MAXUINT64, FALSE), g_hash_table_size(model));
  assert_int_equal(walk(table, 0, 1 << 20, TRUE) + walk(table, 1 << 20, G_MAXUINT64, TRUE), g_hash_table_size(model));
  assert_int_equal(sim_tce_in_use(table), 0);
  sim_tce_table_unref(table);
  assert_int_equal(sim_table_bytes(rig->kernel), empty);
}

static void ranges_end_where_they_say(void **state) {
  g_autoptr(Rig) rig = rig_new("64K");
  SimTceTable *table = sim_tce_table_new(rig->kernel, 12, 0, 1000);
  guint64 old;

  for (guint64 i = 0; i < 1000; i++)
    sim_tce_set(table, i, i << 12 | SIM_TCE_READ | SIM_TCE_WRITE, &old);
  assert_int_equal(walk(table, 0, 1, FALSE), 1);
  assert_int_equal(walk(table, 511, 2, FALSE), 2);
  assert_int_equal(walk(table, 512, 0, FALSE), 0);
  assert_int_equal(walk(table, 999, G_MAXUINT64, FALSE), 1);
  assert_int_equal(walk(table, 1000, 1, FALSE), 0);
  assert_int_equal(sim_tce_get(table, 1000), 0);
  assert_int_equal(walk(table, 100, 400, TRUE), 400);
  assert_int_equal(walk(table, 0, 1000, FALSE), 600);
  sim_tce_set(table, 99, 0x5000 | SIM_TCE_READ, &old);
  assert_int_equal(old, 99 << 12 | SIM_TCE_READ | SIM_TCE_WRITE);
  sim_tce_table_unref(table);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(entries_are_kept_where_they_are_put),
      cmocka_unit_test(ranges_end_where_they_say),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
