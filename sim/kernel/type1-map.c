/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* VFIO_IOMMU_MAP_DMA: vfio_iommu_type1_map_dma(), vfio_dma_do_map(), vfio_pin_map_dma(). */
#include "sim/kernel/type1.h"

enum { FLAG_READ = 1, FLAG_WRITE = 2, FLAG_VADDR = 4 };

struct dma_map {
  guint32 argsz, flags;
  guint64 vaddr, iova, size;
};

/* vfio_change_dma_owner(): who gives the new address pays from now on. */
static long change_owner(SimCall *call, SimDmaMapping *mapping) {
  guint64 pages = mapping->size >> sim_page_shift(call->kernel);
  SimMm *mm = sim_call_mm(call);

  if (mm == mapping->mm || !sim_since(call->kernel, 6, 1))
    return 0;
  if (sim_mm_account(call, mm, pages))
    return sim_refuse(call, ENOMEM, RULE_T1_30);
  sim_mm_unaccount(mapping->mm, pages);
  sim_mm_unref(mapping->mm);
  mapping->mm = sim_mm_ref(mm);
  return 0;
}

static long set_vaddr(SimCall *call, SimType1 *type1, const struct dma_map *map) {
  SimDmaMapping *mapping = sim_type1_find(type1, map->iova, map->size);
  long result;

  if (!mapping)
    return sim_refuse(call, ENOENT, RULE_T1_28);
  if (!mapping->vaddr_invalid || mapping->iova != map->iova || mapping->size != map->size)
    return sim_refuse(call, EINVAL, RULE_T1_29);
  result = change_owner(call, mapping);
  if (result)
    return result;
  mapping->ua = map->vaddr;
  mapping->vaddr_invalid = FALSE;
  type1->invalid--;
  sim_met(call, RULE_T1_31);
  return 0;
}

/* Page after page is pinned, then counted: what is met first decides. */
static long pin(SimCall *call, SimMm *mm, const struct dma_map *map) {
  SimKernel *kernel = call->kernel;
  guint shift = sim_page_shift(kernel), backing = shift;
  guint64 pages = map->size >> shift, room = sim_mm_room(call, mm);
  guint64 pinned = kernel->port->pin(kernel->port_data, call->task, map->vaddr, map->size,
                                     (map->flags & FLAG_WRITE) != 0, shift, &backing) >>
                   shift;

  if (room < MIN(pinned, pages))
    return sim_refuse(call, ENOMEM, RULE_T1_36);
  if (pinned < pages)
    return sim_refuse(call, EFAULT, RULE_T1_35);
  return sim_mm_account(call, mm, pages);
}

static long add(SimCall *call, SimType1 *type1, const struct dma_map *map) {
  SimMm *mm = sim_call_mm(call);
  SimDmaMapping *mapping;
  long result;

  if (sim_type1_find(type1, map->iova, map->size))
    return sim_refuse(call, EEXIST, RULE_T1_32);
  if (type1->mappings->len == SIM_TYPE1_MAPPINGS)
    return sim_refuse(call, ENOSPC, RULE_T1_33);
  if (!sim_type1_in_range(type1, map->iova, map->size))
    return sim_refuse(call, EINVAL, RULE_T1_34);
  result = pin(call, mm, map);
  if (result)
    return result;
  mapping = g_new0(SimDmaMapping, 1);
  mapping->iova = map->iova;
  mapping->size = map->size;
  mapping->ua = map->vaddr;
  mapping->perm = map->flags & (FLAG_READ | FLAG_WRITE);
  mapping->mm = sim_mm_ref(mm);
  g_ptr_array_insert(type1->mappings, (gint)sim_type1_first(type1, map->iova), mapping);
  sim_met(call, RULE_T1_38);
  return 0;
}

long sim_type1_map(SimCall *call, SimType1 *type1) {
  guint64 in_page = sim_type1_page(call->kernel) - 1;
  struct dma_map map;
  gboolean vaddr, access;

  if (sim_read(call, call->arg, &map, sizeof map))
    return sim_refuse(call, EFAULT, RULE_T1_23);
  if (map.argsz < sizeof map || map.flags & ~(guint32)(FLAG_READ | FLAG_WRITE | FLAG_VADDR))
    return sim_refuse(call, EINVAL, RULE_T1_24);
  vaddr = (map.flags & FLAG_VADDR) != 0;
  access = (map.flags & (FLAG_READ | FLAG_WRITE)) != 0;
  if (vaddr == access)
    return sim_refuse(call, EINVAL, RULE_T1_25);
  if (!map.size || (map.size | map.iova | map.vaddr) & in_page)
    return sim_refuse(call, EINVAL, RULE_T1_26);
  if (map.iova + (map.size - 1) < map.iova || map.vaddr + (map.size - 1) < map.vaddr)
    return sim_refuse(call, EINVAL, RULE_T1_27);
  return vaddr ? set_vaddr(call, type1, &map) : add(call, type1, &map);
}
