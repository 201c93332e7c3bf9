/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The DMA windows of a bridge, as the guest's firmware calls handle them: the default window and a dynamic one.
 * ibm,create-pe-dma-window, ibm,remove-pe-dma-window, ibm,reset-pe-dma-window; LoPAPR 7.3.16, QEMU's spapr_rtas_ddw.c.
 */
#pragma once

#include "harness/pseries/tce-table.h"
#include "vfio/address-space.h"

G_BEGIN_DECLS

/* Slot n has LIOBN liobn + n; slot 0 starts at window_start, slot 1 at PHB_DMA64_START: as the host's windows do
 * (PNV-3). */
enum { PHB_WINDOWS = 2 };
#define PHB_DMA64_START (G_GUINT64_CONSTANT(1) << 59)

typedef struct {
  guint index;
  guint64 liobn;
  guint64 window_start, window_size; /* of the default window, bytes */
  guint page_shift;
} PseriesPhbConfig;

typedef struct PhbWindows PhbWindows;

/* No window at first. vm: NULL without KVM. dma is the bridge's address space; it must outlive them. */
PhbWindows *phb_windows_new(VfioAddressSpace *dma, PseriesVm *vm, const PseriesPhbConfig *config);
void phb_windows_free(PhbWindows *windows);

/* All go, by slot; the default window comes back. */
gboolean phb_windows_reset(PhbWindows *windows, GError **error);
/* Takes the first free slot. Its LIOBN in *liobn. Errors: EINVAL, ENOSPC no slot is free, or the attach code's. */
gboolean phb_windows_create(PhbWindows *windows, guint page_shift, guint64 size, guint64 *liobn, GError **error);
/* The default window may go, too; it comes back when the last other one goes. */
gboolean phb_windows_remove(PhbWindows *windows, guint64 liobn, GError **error);

guint phb_windows_left(const PhbWindows *windows);              /* how many may still be made */
TceTable *phb_windows_find(PhbWindows *windows, guint64 liobn); /* NULL if there is none */

G_END_DECLS
