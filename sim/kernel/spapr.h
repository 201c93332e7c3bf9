/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The SPAPR TCE IOMMU driver (VFIO_SPAPR_TCE_IOMMU v1 and v2): one instance per container. Follows
 * drivers/vfio/vfio_iommu_spapr_tce.c. spapr.c: attaching and the ioctls' common prologue; spapr-window.c: windows;
 * spapr-map.c: MAP_DMA and UNMAP_DMA; spapr-memory.c: ENABLE, preregistration.
 */
#pragma once

#include "sim/kernel/group.h"
#include "sim/kernel/mm.h"

G_BEGIN_DECLS

typedef struct {
  SimKernel *kernel;
  gboolean v2;
  gboolean enabled;
  gboolean adopted;         /* tables[] are the host's own (TCE-15) */
  gboolean default_pending; /* the default window is wanted and does not exist yet */
  guint64 locked_pages;     /* v1: what ENABLE accounted */
  SimMm *mm;                /* the owning process; NULL until it is needed; before 4.11 whoever called last */
  GPtrArray *groups;        /* of SimGroup*, the latest attached first: "the first group" of TCE-18 */
  SimTceTable *tables[SIM_TABLES];
  guint64 table_pages[SIM_TABLES]; /* accounted for each window */
  GHashTable *prereg;              /* set of SimRegion* that the container holds */
} SimSpapr;

/* TCE-25: the calling process becomes the container's owner if there is none. */
void sim_spapr_own(SimCall *call, SimSpapr *spapr);

/* Takes back what was accounted to the container's owner. */
void sim_spapr_unaccount(SimSpapr *spapr, guint64 pages);

/* Mask of the IOMMU page sizes of the platform's windows. */
guint64 sim_spapr_page_sizes(const SimKernel *kernel);

/* Dynamic windows that the platform offers; 0: none, so v2 cannot be. */
guint sim_spapr_max_windows(const SimKernel *kernel);

/* Slot of the window that holds the I/O address, or -1. */
int sim_spapr_find_table(const SimSpapr *spapr, guint64 ioba);

/* Makes the default window if it is pending (TCE-65, TCE-66). 0 or -errno with the rule set. */
long sim_spapr_default_window(SimCall *call, SimSpapr *spapr);

/* Frees the window in a slot whose TCEs have been cleared and that no group uses any more, and its accounting. */
void sim_spapr_free_table(SimSpapr *spapr, guint slot);

/* Clears [index, index + count) of a window: v2 takes the regions' counts back, v1 unpins. */
void sim_spapr_clear(SimSpapr *spapr, SimTceTable *table, guint64 index, guint64 count);

long sim_spapr_map(SimCall *call, SimSpapr *spapr);
long sim_spapr_unmap(SimCall *call, SimSpapr *spapr);
long sim_spapr_enable(SimCall *call, SimSpapr *spapr);
long sim_spapr_disable(SimCall *call, SimSpapr *spapr);
long sim_spapr_register(SimCall *call, SimSpapr *spapr);
long sim_spapr_unregister(SimCall *call, SimSpapr *spapr);
long sim_spapr_create(SimCall *call, SimSpapr *spapr);
long sim_spapr_remove(SimCall *call, SimSpapr *spapr);

G_END_DECLS
