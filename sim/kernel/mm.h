/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What mm.c and prereg.c share: an address space and its preregistered regions. */
#pragma once

#include "sim/kernel/internal.h"

G_BEGIN_DECLS

struct SimMm {
  guint refs;
  SimKernel *kernel;
  gpointer handle;    /* the port's; NULL once the process is gone */
  guint64 locked;     /* host pages accounted */
  GPtrArray *regions; /* of SimRegion*, by start, none overlaps another */
  SimRegion *last;    /* that sim_region_covering() found last */
};

/* Forgets what is left of the regions when the address space ends. */
void sim_mm_drop_regions(SimMm *mm);

/* The region of exactly [ua, ua + size), or NULL. */
SimRegion *sim_region_find(SimMm *mm, guint64 ua, guint64 size);

/* Pins and accounts a new region and gives it to the caller with use count 1 (mm_iommu_new; MM-4..MM-11). 0, -errno, or
 * the positive number of MM-7 with nothing made. The rule is set in the call. */
long sim_region_new(SimCall *call, SimMm *mm, guint64 ua, guint64 size, SimRegion **region);

/* Another holder of the same region. */
void sim_region_share(SimRegion *region);

/* Drops a use (mm_iommu_put). The last one frees the region, or is -EBUSY with the use kept while TCEs point into it.
 */
int sim_region_put(SimRegion *region);

/* Whether more than one holds it. */
gboolean sim_region_shared(const SimRegion *region);

/* How many TCEs point into it. */
guint64 sim_region_mapped(const SimRegion *region);

G_END_DECLS
