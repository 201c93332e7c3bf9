/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/pseries/hcall.h"

enum { TCE_LIST_MAX = 512 };

/* The table and the first of n entries. NULL: H_PARAMETER. */
static TceTable *find(PseriesMachine *machine, guint64 liobn, guint64 ioba, guint64 n, guint64 *index) {
  TceTable *table = pseries_machine_find_table(machine, liobn);

  if (!table || !tce_table_index(table, ioba, index))
    return NULL;
  return n <= (tce_table_size(table) >> tce_table_page_shift(table)) - *index ? table : NULL;
}

static gboolean is_good(PseriesMachine *machine, const TceTable *table, guint64 tce) {
  guint64 page = G_GUINT64_CONSTANT(1) << tce_table_page_shift(table);
  guint64 gpa = tce & ~(guint64)TCE_PERM;

  return !(tce & TCE_PERM) || (gpa % page == 0 && pseries_machine_ram(machine, gpa, page));
}

static gint64 put(TceTable *table, guint64 index, guint64 tce) {
  g_autoptr(GError) error = NULL;

  if (tce_table_put(table, index, tce, &error))
    return H_SUCCESS;
  g_debug("LIOBN 0x%" G_GINT64_MODIFIER "x: %s", tce_table_liobn(table), error->message);
  return H_HARDWARE;
}

gint64 pseries_h_put_tce(PseriesMachine *machine, guint64 liobn, guint64 ioba, guint64 tce) {
  guint64 index;
  TceTable *table = find(machine, liobn, ioba, 1, &index);

  if (!table || !is_good(machine, table, tce))
    return H_PARAMETER;
  return put(table, index, tce);
}

gint64 pseries_h_get_tce(PseriesMachine *machine, guint64 liobn, guint64 ioba, guint64 *tce) {
  guint64 index;
  TceTable *table = find(machine, liobn, ioba, 1, &index);

  if (!table)
    return H_PARAMETER;
  *tce = tce_table_get(table, index);
  return H_SUCCESS;
}

gint64 pseries_h_stuff_tce(PseriesMachine *machine, guint64 liobn, guint64 ioba, guint64 tce, guint64 n) {
  guint64 index;
  TceTable *table = find(machine, liobn, ioba, n, &index);

  if (!table || tce & TCE_PERM)
    return H_PARAMETER;
  for (guint64 i = index; i < index + n; i++) {
    /* Whole windows are cleared so: an entry as it should be costs no call. */
    gint64 result = tce_table_get(table, i) == tce ? H_SUCCESS : put(table, i, tce);
    if (result != H_SUCCESS)
      return result;
  }
  return H_SUCCESS;
}

gint64 pseries_h_put_tce_indirect(PseriesMachine *machine, guint64 liobn, guint64 ioba, const guint64 *tces,
                                  guint64 n) {
  guint64 index;
  TceTable *table = n > TCE_LIST_MAX ? NULL : find(machine, liobn, ioba, n, &index);

  if (!table)
    return H_PARAMETER;
  for (guint64 i = 0; i < n; i++)
    if (!is_good(machine, table, tces[i]))
      return H_PARAMETER;
  for (guint64 i = 0; i < n; i++) {
    gint64 result = put(table, index + i, tces[i]);
    if (result != H_SUCCESS)
      return result;
  }
  return H_SUCCESS;
}
