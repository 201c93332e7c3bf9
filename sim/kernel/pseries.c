/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/kernel/pseries.h"

#include <errno.h>

guint64 pseries_table_size(guint page_shift, guint64 window_size, guint levels) {
  if (levels > 1)
    return G_MAXUINT32;
  return window_size >> (page_shift - 3);
}

int pseries_window_check(guint64 window_size, guint levels) {
  return levels > 1 || !window_size || window_size & (window_size - 1) ? -EINVAL : 0;
}

guint64 pseries_window_start(guint slot, guint page_shift, guint64 window_size, guint64 dma32_size) {
  gboolean is_default = slot == 0 && page_shift == 12 && window_size <= dma32_size;

  return is_default ? 0 : G_GUINT64_CONSTANT(1) << 59;
}
