/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The type1 IOMMU driver (VFIO_TYPE1_IOMMU, VFIO_TYPE1v2_IOMMU) of x86 hosts: one instance per container. Follows
 * drivers/vfio/vfio_iommu_type1.c for devices with an IOMMU behind them: no mediated devices, no nesting. type1.c:
 * attaching, the list of mappings, dispatch; type1-info.c: GET_INFO; type1-map.c: MAP_DMA; type1-unmap.c: UNMAP_DMA;
 * type1-dirty.c: DIRTY_PAGES.
 */
#pragma once

#include "sim/kernel/group.h"

G_BEGIN_DECLS

enum {
  SIM_TYPE1_MAPPINGS = 65535,             /* module parameter dma_entry_limit */
  SIM_TYPE1_BITMAP_MAX = 0x10000000,      /* DIRTY_BITMAP_SIZE_MAX, bytes */
  SIM_TYPE1_BITMAP_PAGES_MAX = 0x7fffffff /* DIRTY_BITMAP_PAGES_MAX */
};

/* A DMA mapping: struct vfio_dma. */
typedef struct {
  guint64 iova, size; /* bytes */
  guint64 ua;
  guint perm;             /* SIM_TCE_READ | SIM_TCE_WRITE */
  SimMm *mm;              /* a reference: whose memory it is, and who pays for it */
  gboolean vaddr_invalid; /* UNMAP_DMA with VADDR was done; the device reaches the memory all the same */
} SimDmaMapping;

typedef struct {
  SimKernel *kernel;
  gboolean v2, nesting;
  gboolean tracking;   /* of dirty pages */
  GPtrArray *groups;   /* of SimGroup*, attached */
  guint invalid;       /* mappings with vaddr_invalid */
  GPtrArray *mappings; /* of SimDmaMapping*, by iova, none overlaps another */
} SimType1;

/* struct vfio_bitmap */
typedef struct {
  guint64 pgsize, size, data;
} SimBitmap;

/* Sizes of pages that the IOMMU maps, as the user is told them, and the smallest of them in bytes. */
guint64 sim_type1_page_sizes(const SimKernel *kernel);
guint64 sim_type1_page(const SimKernel *kernel);

/* I/O addresses that may be mapped: inclusive ranges, ascending. */
typedef struct {
  guint64 start, end;
} SimIovaRange;
enum { SIM_IOVA_RANGES = 2 };
guint sim_type1_ranges(const SimType1 *type1, SimIovaRange ranges[SIM_IOVA_RANGES]);
gboolean sim_type1_in_range(const SimType1 *type1, guint64 iova, guint64 size); /* within one of them */

/* Index of the first mapping that ends after iova; the number of mappings if there is none. */
guint sim_type1_first(const SimType1 *type1, guint64 iova);
/* The first mapping that overlaps [iova, iova + size), or NULL. size > 0. */
SimDmaMapping *sim_type1_find(const SimType1 *type1, guint64 iova, guint64 size);
/* Whether a mapping is partly in, partly outside of [iova, iova + size). */
gboolean sim_type1_cuts(const SimType1 *type1, guint64 iova, guint64 size);
/* Unpins, takes the accounting back and frees. */
void sim_type1_remove(SimType1 *type1, guint index);

/* A bitmap of the user's for `size` bytes of I/O addresses: 0, or -EINVAL without a rule. */
int sim_type1_check_bitmap(const SimBitmap *bitmap, guint64 size);
/* Writes the mapping's dirty pages into the user's bitmap, which begins at base. 0 or -EFAULT without a rule. */
int sim_type1_write_dirty(SimCall *call, const SimDmaMapping *mapping, guint64 base, guint64 data);

long sim_type1_get_info(SimCall *call, SimType1 *type1);
long sim_type1_map(SimCall *call, SimType1 *type1);
long sim_type1_unmap(SimCall *call, SimType1 *type1);
long sim_type1_dirty_pages(SimCall *call, SimType1 *type1);

G_END_DECLS
