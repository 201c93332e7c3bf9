/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* VFIO_IOMMU_UNMAP_DMA: vfio_iommu_type1_unmap_dma(), vfio_dma_do_unmap(). */
#include "sim/kernel/type1.h"

enum { FLAG_DIRTY = 1, FLAG_ALL = 2, FLAG_VADDR = 4 };

struct dma_unmap {
  guint32 argsz, flags;
  guint64 iova, size;
};

/* Invalidates the addresses of all mappings from `first` on that begin before `last`, or of none. */
static long invalidate(SimCall *call, SimType1 *type1, guint first, guint64 last, guint64 *unmapped) {
  guint end;

  for (end = first; end < type1->mappings->len; end++) {
    SimDmaMapping *mapping = g_ptr_array_index(type1->mappings, end);

    if (mapping->iova > last)
      break;
    if (mapping->vaddr_invalid)
      return sim_refuse(call, EINVAL, RULE_T1_49);
  }
  for (guint i = first; i < end; i++) {
    SimDmaMapping *mapping = g_ptr_array_index(type1->mappings, i);

    mapping->vaddr_invalid = TRUE;
    type1->invalid++;
    *unmapped += mapping->size;
  }
  return 0;
}

/* v1 takes no mapping that begins before the range, and then none at all. */
static gboolean begins_inside(SimCall *call, const SimType1 *type1, guint64 iova) {
  guint first = sim_type1_first(type1, iova);

  if (type1->v2 || first == type1->mappings->len ||
      ((const SimDmaMapping *)g_ptr_array_index(type1->mappings, first))->iova >= iova)
    return FALSE;
  sim_met(call, RULE_T1_47);
  return TRUE;
}

/* bitmap: where dirty pages are told, or NULL. v1 takes whole mappings that end behind the range. */
static long remove_range(SimCall *call, SimType1 *type1, guint64 iova, guint64 last, const SimBitmap *bitmap,
                         guint64 *unmapped) {
  guint first = sim_type1_first(type1, iova);

  while (first < type1->mappings->len) {
    const SimDmaMapping *mapping = g_ptr_array_index(type1->mappings, first);

    if (mapping->iova > last)
      break;
    if (mapping->iova + (mapping->size - 1) > last)
      sim_met(call, RULE_T1_48);
    if (bitmap && sim_type1_write_dirty(call, mapping, iova, bitmap->data))
      return sim_refuse(call, EFAULT, RULE_T1_41);
    *unmapped += mapping->size;
    sim_type1_remove(type1, first);
  }
  return 0;
}

/* The bitmap that follows the struct, with T1-41's tests. */
static long read_bitmap(SimCall *call, const struct dma_unmap *unmap, SimBitmap *bitmap) {
  if (unmap->argsz < sizeof *unmap + sizeof *bitmap)
    return sim_refuse(call, EINVAL, RULE_T1_41);
  if (sim_read(call, call->arg + sizeof *unmap, bitmap, sizeof *bitmap))
    return sim_refuse(call, EFAULT, RULE_T1_41);
  return sim_type1_check_bitmap(bitmap, unmap->size) ? sim_refuse(call, EINVAL, RULE_T1_41) : 0;
}

static long check_range(SimCall *call, const struct dma_unmap *unmap) {
  guint64 in_page = sim_type1_page(call->kernel) - 1;

  if (unmap->iova & in_page)
    return sim_refuse(call, EINVAL, RULE_T1_42);
  if (unmap->flags & FLAG_ALL)
    return unmap->iova || unmap->size ? sim_refuse(call, EINVAL, RULE_T1_43) : 0;
  if (!unmap->size || unmap->size & in_page || unmap->iova + (unmap->size - 1) < unmap->iova)
    return sim_refuse(call, EINVAL, RULE_T1_44);
  return 0;
}

static long do_unmap(SimCall *call, SimType1 *type1, struct dma_unmap *unmap, const SimBitmap *bitmap) {
  guint64 last = unmap->flags & FLAG_ALL ? G_MAXUINT64 : unmap->iova + (unmap->size - 1), unmapped = 0;
  long result = check_range(call, unmap);

  if (result)
    return result;
  if (bitmap && (!type1->tracking || bitmap->pgsize != sim_type1_page(call->kernel)))
    return sim_refuse(call, EINVAL, RULE_T1_45);
  if (type1->v2 && !(unmap->flags & FLAG_ALL) && sim_type1_cuts(type1, unmap->iova, unmap->size))
    return sim_refuse(call, EINVAL, RULE_T1_46);
  if (begins_inside(call, type1, unmap->iova))
    result = 0;
  else if (unmap->flags & FLAG_VADDR)
    result = invalidate(call, type1, sim_type1_first(type1, unmap->iova), last, &unmapped);
  else
    result = remove_range(call, type1, unmap->iova, last, bitmap, &unmapped);
  unmap->size = unmapped;
  return result;
}

long sim_type1_unmap(SimCall *call, SimType1 *type1) {
  struct dma_unmap unmap;
  SimBitmap bitmap = {0};
  gboolean dirty;
  long result;

  if (sim_read(call, call->arg, &unmap, sizeof unmap))
    return sim_refuse(call, EFAULT, RULE_T1_39);
  if (unmap.argsz < sizeof unmap || unmap.flags & ~(guint32)(FLAG_DIRTY | FLAG_ALL | FLAG_VADDR))
    return sim_refuse(call, EINVAL, RULE_T1_40);
  dirty = (unmap.flags & FLAG_DIRTY) != 0;
  if (dirty && unmap.flags & (FLAG_ALL | FLAG_VADDR))
    return sim_refuse(call, EINVAL, RULE_T1_40);
  result = dirty ? read_bitmap(call, &unmap, &bitmap) : 0;
  if (!result)
    result = do_unmap(call, type1, &unmap, dirty ? &bitmap : NULL);
  if (result)
    return result;
  if (sim_write(call, call->arg, &unmap, sizeof unmap))
    return sim_refuse(call, EFAULT, RULE_T1_39);
  sim_met(call, RULE_T1_50);
  return 0;
}
