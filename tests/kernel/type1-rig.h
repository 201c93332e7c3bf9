/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls of the type1 IOMMU driver, for its tests. Memory is named by its offset in the rig's buffer. */
#pragma once

#include "tests/kernel/vfio-rig.h"

enum { TYPE1 = 1, TYPE1V2 = 3, READ = 1, WRITE = 2, MAP_VADDR = 4, DIRTY = 1, ALL = 2, UNMAP_VADDR = 4, PAGE = 4096 };

/* An x86 host with groups 0 to 3, and a container with group 0 and that IOMMU type (0: none set). */
Rig *type1_new(int type, int *container);

long type1_map(Rig *rig, int container, guint32 flags, guint64 iova, guint64 offset, guint64 size);
/* *unmapped: the size that was written back; it begins as `size`. */
long type1_unmap(Rig *rig, int container, guint32 flags, guint64 iova, guint64 size, guint64 *unmapped);

/* GET_INFO with a buffer of argsz bytes: the answer, which is in *info (of 256 bytes, 0xee where nothing was written).
 */
long type1_info(Rig *rig, int container, guint32 argsz, guint8 *info);
/* dma_avail of GET_INFO */
guint32 type1_avail(Rig *rig, int container);

/* DIRTY_PAGES, with the bitmap of [iova, iova + size) for GET_BITMAP. */
typedef struct {
  guint32 argsz, flags;
  guint64 iova, size, pgsize, bitmap_size, data;
} Type1Dirty;
long type1_dirty(Rig *rig, int container, const Type1Dirty *dirty);
