/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/kernel/powernv.h"

#include <errno.h>

enum {
  MAX_LEVELS = 5,
  MIN_TABLE_SHIFT = 12,
  LARGEST_ALLOCATION_SHIFT = 24, /* PNV-7: MAX_PAGE_ORDER of ppc64 book3s, with either page size */
  BUS_ADDRESS_BITS = 55,
};

/* log2 of the window's entries, negative for a window smaller than its page. FALSE: no such window. */
static gboolean entries_shift(guint page_shift, guint64 window_size, guint levels, int *shift) {
  if (!levels || levels > MAX_LEVELS || !window_size || (window_size & (window_size - 1)))
    return FALSE;
  *shift = (int)__builtin_ctzll(window_size) - (int)page_shift;
  /* The kernel computes the table's shift unsigned: below zero the shift is out of range and the size comes out as 0
   * (PNV-5). */
  return *shift + 3 >= 0;
}

static guint level_shift(guint host_page_shift, int entries, guint levels) {
  int per_level = entries > 0 ? (entries + (int)levels - 1) / (int)levels : 0;

  return MAX((guint)per_level + 3, host_page_shift);
}

guint64 powernv_table_size(guint host_page_shift, guint page_shift, guint64 window_size, guint levels) {
  guint64 bytes = 0, level_size, table_size;
  int entries;

  if (!entries_shift(page_shift, window_size, levels, &entries))
    return 0;
  level_size = G_GUINT64_CONSTANT(1) << level_shift(host_page_shift, entries, levels);
  table_size = G_GUINT64_CONSTANT(1) << MAX(entries + 3, MIN_TABLE_SHIFT);
  for (; levels; levels--) {
    bytes += (table_size + level_size - 1) & ~(level_size - 1);
    table_size = MAX(table_size / level_size << 3, level_size);
  }
  return bytes * 2;
}

int powernv_table_layout(guint host_page_shift, guint page_shift, guint64 window_size, guint levels, guint64 *entries) {
  guint shift;
  int wanted;

  if (!entries_shift(page_shift, window_size, levels, &wanted))
    return -EINVAL;
  shift = level_shift(host_page_shift, wanted, levels);
  if ((shift - 3) * levels + page_shift >= BUS_ADDRESS_BITS)
    return -EINVAL;
  if (shift > LARGEST_ALLOCATION_SHIFT)
    return -ENOMEM;
  *entries = G_GUINT64_CONSTANT(1) << (MAX(wanted + 3, (int)host_page_shift) - 3);
  return 0;
}

guint64 powernv_window_start(guint slot) {
  return slot ? G_GUINT64_CONSTANT(1) << 59 : 0;
}
