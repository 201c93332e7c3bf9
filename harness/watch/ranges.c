/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/watch/ranges.h"

typedef struct {
  guint64 start, last; /* inclusive */
} Range;

struct Ranges {
  GArray *array; /* of Range, ascending */
};

Ranges *ranges_new(void) {
  Ranges *ranges = g_new(Ranges, 1);
  ranges->array = g_array_new(FALSE, FALSE, sizeof(Range));
  return ranges;
}

void ranges_free(Ranges *ranges) {
  if (!ranges)
    return;
  g_array_unref(ranges->array);
  g_free(ranges);
}

static guint64 last_of(guint64 start, guint64 size) {
  return start + MIN(size - 1, G_MAXUINT64 - start);
}

static const Range *get(const Ranges *ranges, guint i) {
  return &g_array_index(ranges->array, Range, i);
}

/* Index of the first range that ends at `at` or after it. */
static guint first_from(const Ranges *ranges, guint64 at) {
  guint low = 0, high = ranges->array->len;
  while (low < high) {
    guint middle = low + (high - low) / 2;
    if (get(ranges, middle)->last < at)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

void ranges_add(Ranges *ranges, guint64 start, guint64 size) {
  if (size == 0)
    return;
  Range sum = {start, last_of(start, size)};
  guint from = first_from(ranges, start ? start - 1 : 0), to = from; /* one that it touches becomes one with it */
  for (; to < ranges->array->len && (sum.last == G_MAXUINT64 || get(ranges, to)->start <= sum.last + 1); to++) {
    sum.start = MIN(sum.start, get(ranges, to)->start);
    sum.last = MAX(sum.last, get(ranges, to)->last);
  }
  if (to == from) {
    g_array_insert_val(ranges->array, from, sum);
    return;
  }
  g_array_index(ranges->array, Range, from) = sum;
  if (to - from > 1)
    g_array_remove_range(ranges->array, from + 1, to - from - 1);
}

void ranges_remove(Ranges *ranges, guint64 start, guint64 size) {
  if (size == 0)
    return;
  guint64 last = last_of(start, size);
  guint i = first_from(ranges, start);
  while (i < ranges->array->len && get(ranges, i)->start <= last) {
    Range range = *get(ranges, i), after = {last + 1, range.last};
    gboolean has_after = range.last > last;
    if (range.start < start) {
      g_array_index(ranges->array, Range, i++).last = start - 1;
      if (has_after)
        g_array_insert_val(ranges->array, i, after);
    } else if (has_after) {
      g_array_index(ranges->array, Range, i) = after;
    } else {
      g_array_remove_index(ranges->array, i);
      continue;
    }
    if (has_after)
      return;
  }
}

guint64 ranges_within(const Ranges *ranges, guint64 start, guint64 size) {
  guint64 bytes = 0, last;
  if (size == 0)
    return 0;
  last = last_of(start, size);
  for (guint i = first_from(ranges, start); i < ranges->array->len && get(ranges, i)->start <= last; i++)
    bytes += MIN(get(ranges, i)->last, last) - MAX(get(ranges, i)->start, start) + 1;
  return bytes;
}
