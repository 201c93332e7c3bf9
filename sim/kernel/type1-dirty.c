/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * VFIO_IOMMU_DIRTY_PAGES and the bitmaps of dirty pages: vfio_iommu_type1_dirty_pages(), update_user_bitmap(). No IOMMU
 * of the model tells what a device wrote, so every mapped page is dirty (T1-58).
 */
#include "sim/kernel/type1.h"

enum { FLAG_START = 1, FLAG_STOP = 2, FLAG_GET_BITMAP = 4, WORD = 64 };

static const guint64 user_end = 0x7ffffffff000; /* TASK_SIZE_MAX of x86 with 4 levels of page tables */

int sim_type1_check_bitmap(const SimBitmap *bitmap, guint64 size) {
  guint64 pages;

  if (bitmap->size > user_end || bitmap->data > user_end - bitmap->size || !bitmap->pgsize)
    return -EINVAL;
  pages = size >> __builtin_ctzll(bitmap->pgsize);
  if (!pages || !bitmap->size || bitmap->size > SIM_TYPE1_BITMAP_MAX)
    return -EINVAL;
  return bitmap->size < (pages + WORD - 1) / WORD * sizeof(guint64) ? -EINVAL : 0;
}

/* The bits [from, to) of a word. */
static guint64 bits(guint from, guint to) {
  return (to < WORD ? (G_GUINT64_CONSTANT(1) << to) - 1 : G_MAXUINT64) & ~((G_GUINT64_CONSTANT(1) << from) - 1);
}

int sim_type1_write_dirty(SimCall *call, const SimDmaMapping *mapping, guint64 base, guint64 data) {
  const guint64 page = sim_type1_page(call->kernel);
  guint64 offset = (mapping->iova - base) / page, count = mapping->size / page, at = data + offset / WORD * 8;
  guint64 left = count + offset % WORD, leftover = 0, words[512];
  guint from = (guint)(offset % WORD);

  /* the word that it shares with the mapping before */
  if (from && sim_read(call, at, &leftover, sizeof leftover))
    return -EFAULT;
  while (left) {
    gsize n = 0;

    for (; n < G_N_ELEMENTS(words) && left; n++) {
      guint to = (guint)MIN(left, (guint64)WORD);

      words[n] = bits(from, to) | leftover;
      left -= to;
      from = 0;
      leftover = 0;
    }
    if (sim_write(call, at, words, n * sizeof words[0]))
      return -EFAULT;
    at += n * sizeof words[0];
  }
  return 0;
}

static long start(SimCall *call, SimType1 *type1) {
  const guint64 page = sim_type1_page(call->kernel);

  for (guint i = 0; !type1->tracking && i < type1->mappings->len; i++) {
    const SimDmaMapping *mapping = g_ptr_array_index(type1->mappings, i);

    if (mapping->size / page > SIM_TYPE1_BITMAP_PAGES_MAX)
      return sim_refuse(call, EINVAL, RULE_T1_54);
  }
  type1->tracking = TRUE;
  sim_met(call, RULE_T1_54);
  return 0;
}

struct get_bitmap {
  guint64 iova, size;
  SimBitmap bitmap;
};

static gboolean acceptable(const SimType1 *type1, const struct get_bitmap *range) {
  const guint64 page = sim_type1_page(type1->kernel);

  return range->iova + range->size >= range->iova && !sim_type1_check_bitmap(&range->bitmap, range->size) &&
         range->bitmap.pgsize == page && !((range->iova | range->size) & (page - 1)) && range->size &&
         type1->tracking && !sim_type1_cuts(type1, range->iova, range->size);
}

static long get_bitmap(SimCall *call, SimType1 *type1, guint32 argsz) {
  enum { HEADER = 8 };
  struct get_bitmap range;

  if (argsz < HEADER + sizeof range)
    return sim_refuse(call, EINVAL, RULE_T1_55);
  if (sim_read(call, call->arg + HEADER, &range, sizeof range))
    return sim_refuse(call, EFAULT, RULE_T1_56);
  if (!acceptable(type1, &range))
    return sim_refuse(call, EINVAL, RULE_T1_57);
  for (guint i = sim_type1_first(type1, range.iova); i < type1->mappings->len; i++) {
    const SimDmaMapping *mapping = g_ptr_array_index(type1->mappings, i);

    if (mapping->iova > range.iova + (range.size - 1))
      break;
    if (sim_type1_write_dirty(call, mapping, range.iova, range.bitmap.data))
      return sim_refuse(call, EFAULT, RULE_T1_56);
  }
  sim_met(call, RULE_T1_58);
  return 0;
}

long sim_type1_dirty_pages(SimCall *call, SimType1 *type1) {
  struct {
    guint32 argsz, flags;
  } dirty;

  if (!type1->v2)
    return sim_refuse(call, EACCES, RULE_T1_51);
  if (sim_read(call, call->arg, &dirty, sizeof dirty))
    return sim_refuse(call, EFAULT, RULE_T1_52);
  if (dirty.argsz < sizeof dirty)
    return sim_refuse(call, EINVAL, RULE_T1_53);
  switch (dirty.flags) {
  case FLAG_START:
    return start(call, type1);
  case FLAG_STOP:
    type1->tracking = FALSE;
    sim_met(call, RULE_T1_54);
    return 0;
  case FLAG_GET_BITMAP:
    return get_bitmap(call, type1, dirty.argsz);
  default:
    return sim_refuse(call, EINVAL, RULE_T1_53);
  }
}
