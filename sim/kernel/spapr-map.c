/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* MAP_DMA and UNMAP_DMA. */
#include "sim/kernel/spapr.h"

enum { FLAG_READ = 1, FLAG_WRITE = 2 };

struct dma_map {
  guint32 argsz, flags;
  guint64 vaddr, iova, size;
};

struct dma_unmap {
  guint32 argsz, flags;
  guint64 iova, size;
};

static void clear_v1(SimTceTable *table, guint64 index, guint64 entry, gpointer data) {
  guint64 old;

  sim_tce_set(table, index, 0, &old);
}

void sim_spapr_clear(SimSpapr *spapr, SimTceTable *table, guint64 index, guint64 count) {
  if (spapr->v2)
    sim_tce_clear(table, index, count);
  else
    sim_tce_foreach(table, index, count, clear_v1, NULL);
}

static guint64 page_size(const SimTceTable *table) {
  return G_GUINT64_CONSTANT(1) << sim_tce_table_page_shift(table);
}

/* Maps one IOMMU page of registered memory: tce_iommu_build_v2(). */
static long map_page_v2(SimCall *call, SimSpapr *spapr, SimTceTable *table, guint64 index, guint64 ua, guint perm) {
  guint64 size = page_size(table), old;
  SimRegion *region = sim_region_covering(spapr->mm, ua, size);

  if (!region)
    return sim_refuse(call, EINVAL, RULE_TCE_80);
  if (sim_tce_table_page_shift(table) > sim_region_page_shift(region))
    return sim_refuse(call, EINVAL, RULE_TCE_81);
  if (sim_tce_table_page_shift(table) > sim_page_shift(call->kernel) && !sim_region_contains(region, ua))
    return sim_refuse(call, EPERM, RULE_TCE_82);
  if (index >= sim_tce_table_entries(table))
    return 0;
  sim_region_mapped_inc(region);
  sim_tce_set(table, index, ua | perm, &old);
  if (old) {
    SimRegion *before = sim_region_covering(spapr->mm, old & ~(guint64)SIM_TCE_PERM, size);

    if (before)
      sim_region_mapped_dec(before);
  }
  return 0;
}

/* Maps one IOMMU page of any memory that can be written: tce_iommu_build(). */
static long map_page_v1(SimCall *call, SimTceTable *table, guint64 index, guint64 ua, guint perm) {
  SimKernel *kernel = call->kernel;
  guint shift = sim_page_shift(kernel), backing = shift;
  guint64 host_page = G_GUINT64_CONSTANT(1) << shift, old;

  if (kernel->port->pin(kernel->port_data, call->task, ua & ~(host_page - 1), host_page, TRUE, shift, &backing) <
      host_page)
    return sim_refuse(call, EFAULT, RULE_TCE_86);
  if (index < sim_tce_table_entries(table))
    sim_tce_set(table, index, ua | perm, &old);
  return 0;
}

static long map_pages(SimCall *call, SimSpapr *spapr, SimTceTable *table, const struct dma_map *map) {
  guint shift = sim_tce_table_page_shift(table);
  guint64 first = (map->iova >> shift) - sim_tce_table_offset(table), pages = map->size >> shift;
  guint perm = map->flags & (FLAG_READ | FLAG_WRITE); /* the bits of a TCE; that WRITE alone may read, too: sim_dma() */

  for (guint64 i = 0; i < pages; i++) {
    guint64 ua = map->vaddr + (i << shift);
    long result = spapr->v2 ? map_page_v2(call, spapr, table, first + i, ua, perm)
                            : map_page_v1(call, table, first + i, ua, perm);

    if (result) {
      sim_spapr_clear(spapr, table, first, i);
      sim_met(call, RULE_TCE_79);
      return result;
    }
  }
  if (pages > sim_tce_table_entries(table) - first)
    return sim_notable(call, 0, RULE_TCE_78);
  sim_met(call, pages ? spapr->v2 ? RULE_TCE_85 : RULE_TCE_88 : RULE_TCE_77);
  return 0;
}

long sim_spapr_map(SimCall *call, SimSpapr *spapr) {
  struct dma_map map;
  SimTceTable *table;
  int slot;
  long result;

  if (!spapr->enabled)
    return sim_refuse(call, EPERM, RULE_TCE_67);
  if (sim_read(call, call->arg, &map, sizeof map))
    return sim_refuse(call, EFAULT, RULE_TCE_68);
  if (map.argsz < sizeof map)
    return sim_refuse(call, EINVAL, RULE_TCE_69);
  if (map.flags & ~(guint32)(FLAG_READ | FLAG_WRITE))
    return sim_refuse(call, EINVAL, RULE_TCE_70);
  result = sim_spapr_default_window(call, spapr);
  if (result) {
    sim_met(call, RULE_TCE_71);
    return result;
  }
  slot = sim_spapr_find_table(spapr, map.iova);
  if (slot < 0)
    return sim_refuse(call, ENXIO, RULE_TCE_72);
  table = spapr->tables[slot];
  if ((map.size | map.vaddr) & (page_size(table) - 1))
    return sim_refuse(call, EINVAL, RULE_TCE_73);
  if (!map.flags)
    return sim_refuse(call, EINVAL, RULE_TCE_74);
  if (map.iova & (page_size(table) - 1)) {
    if (!sim_since(call->kernel, 4, 12))
      return sim_refuse(call, EINVAL, RULE_TCE_76);
    return sim_notable(call, 1, RULE_TCE_75);
  }
  return map_pages(call, spapr, table, &map);
}

long sim_spapr_unmap(SimCall *call, SimSpapr *spapr) {
  struct dma_unmap unmap;
  SimTceTable *table;
  guint64 first, pages;
  guint shift;
  int slot;
  long result;

  if (!spapr->enabled)
    return sim_refuse(call, EPERM, RULE_TCE_89);
  if (sim_read(call, call->arg, &unmap, sizeof unmap))
    return sim_refuse(call, EFAULT, RULE_TCE_90);
  if (unmap.argsz < sizeof unmap)
    return sim_refuse(call, EINVAL, RULE_TCE_91);
  if (unmap.flags)
    return sim_refuse(call, EINVAL, RULE_TCE_92);
  result = sim_spapr_default_window(call, spapr);
  if (result) {
    sim_met(call, RULE_TCE_93);
    return result;
  }
  slot = sim_spapr_find_table(spapr, unmap.iova);
  if (slot < 0)
    return sim_refuse(call, ENXIO, RULE_TCE_94);
  table = spapr->tables[slot];
  shift = sim_tce_table_page_shift(table);
  first = (unmap.iova >> shift) - sim_tce_table_offset(table);
  pages = unmap.size >> shift;
  if (unmap.size & (page_size(table) - 1))
    return sim_refuse(call, EINVAL, RULE_TCE_95);
  if (!sim_since(call->kernel, 4, 12) &&
      (unmap.iova & (page_size(table) - 1) || pages > sim_tce_table_entries(table) - first))
    return sim_refuse(call, EINVAL, RULE_TCE_97);
  if (unmap.iova & (page_size(table) - 1))
    return sim_notable(call, 1, RULE_TCE_96);
  sim_spapr_clear(spapr, table, first, pages);
  if (pages > sim_tce_table_entries(table) - first)
    return sim_notable(call, 0, RULE_TCE_98);
  sim_met(call, RULE_TCE_99);
  return 0;
}
