/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest's TCE table: what its LIOBN names, one TCE for each page of a DMA window. In the kernel (KVM then takes the
 * guest's calls) or in this process. As a region of IOMMU pages it tells the attach code of changes made here.
 */
#pragma once

#include "harness/pseries/vm.h"
#include "vfio/iommu-region.h"

G_BEGIN_DECLS

enum { TCE_READ = 1, TCE_WRITE = 2, TCE_PERM = 3 };

typedef struct TceTable TceTable;

/* n entries of zero for the window at start (bytes). vm: NULL without KVM. NULL with error: no memory for so many. */
TceTable *tce_table_new(PseriesVm *vm, guint64 liobn, guint page_shift, guint64 start, guint64 n, GError **error);
void tce_table_free(TceTable *table); /* its window is in no address space any more */

guint64 tce_table_liobn(const TceTable *table);
guint tce_table_page_shift(const TceTable *table);
guint64 tce_table_start(const TceTable *table);
guint64 tce_table_size(const TceTable *table); /* of the window, bytes */
VfioIommuRegion *tce_table_region(TceTable *table);

/* The window is being made or is on its way out: the table is empty or about to go, so nothing need be replayed and it
 * stays where it is. */
void tce_table_set_transient(TceTable *table, gboolean transient);

/* The entry of an I/O address. FALSE: not a page of the window. */
gboolean tce_table_index(const TceTable *table, guint64 ioba, guint64 *index);
guint64 tce_table_get(const TceTable *table, guint64 index);
/* Sets an entry and tells the listeners. FALSE: it did not reach the hardware; the entry is cleared, there and here. */
gboolean tce_table_put(TceTable *table, guint64 index, guint64 tce, GError **error);

G_END_DECLS
