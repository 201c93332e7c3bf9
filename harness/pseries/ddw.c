/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/pseries/ddw.h"

#include <errno.h>

#include "harness/pseries/error.h"

struct PhbWindows {
  VfioAddressSpace *dma;
  PseriesVm *vm;
  PseriesPhbConfig config;
  TceTable *tables[PHB_WINDOWS];
  gboolean is_default[PHB_WINDOWS]; /* the window in that slot is the default one */
};

PhbWindows *phb_windows_new(VfioAddressSpace *dma, PseriesVm *vm, const PseriesPhbConfig *config) {
  PhbWindows *windows = g_new0(PhbWindows, 1);

  windows->dma = dma;
  windows->vm = vm;
  windows->config = *config;
  return windows;
}

static gboolean open_window(PhbWindows *windows, guint slot, guint page_shift, guint64 size, GError **error) {
  guint64 start = slot ? PHB_DMA64_START : windows->config.window_start;
  TceTable *table =
      tce_table_new(windows->vm, windows->config.liobn + slot, page_shift, start, size >> page_shift, error);

  if (!table)
    return FALSE;

  tce_table_set_transient(table, TRUE);
  if (!vfio_address_space_add_iommu(windows->dma, start, size, tce_table_region(table), error)) {
    tce_table_free(table);
    return FALSE;
  }
  tce_table_set_transient(table, FALSE);
  windows->tables[slot] = table;
  return TRUE;
}

static void close_window(PhbWindows *windows, guint slot) {
  TceTable *table = g_steal_pointer(&windows->tables[slot]);

  if (!table)
    return;
  windows->is_default[slot] = FALSE;
  tce_table_set_transient(table, TRUE);
  vfio_address_space_remove(windows->dma, tce_table_start(table));
  tce_table_free(table);
}

guint phb_windows_left(const PhbWindows *windows) {
  guint left = 0;

  for (guint slot = 0; slot < PHB_WINDOWS; slot++)
    left += windows->tables[slot] == NULL;
  return left;
}

static void close_all(PhbWindows *windows) {
  for (guint slot = 0; slot < PHB_WINDOWS; slot++)
    close_window(windows, slot);
}

void phb_windows_free(PhbWindows *windows) {
  close_all(windows);
  g_free(windows);
}

gboolean phb_windows_reset(PhbWindows *windows, GError **error) {
  const PseriesPhbConfig *config = &windows->config;

  close_all(windows);
  windows->is_default[0] = open_window(windows, 0, config->page_shift, config->window_size, error);
  if (!windows->is_default[0])
    g_prefix_error(error, "phb %u: default DMA window: ", config->index);
  return windows->is_default[0];
}

gboolean phb_windows_create(PhbWindows *windows, guint page_shift, guint64 size, guint64 *liobn, GError **error) {
  /* 4K, 64K, 2M, 16M: what QEMU's ibm,query-pe-dma-window offers */
  const guint64 pages = 1u << 12 | 1u << 16 | 1u << 21 | 1u << 24;
  guint slot = 0;

  if (page_shift > 31 || !(pages & G_GUINT64_CONSTANT(1) << page_shift) || size >> page_shift == 0 ||
      size & (size - 1)) {
    g_set_error(error, PSERIES_ERROR, EINVAL,
                "a DMA window of 0x%" G_GINT64_MODIFIER "x bytes of 2^%u byte pages: pages are 4K, 64K, 2M or 16M, "
                "sizes powers of two",
                size, page_shift);
    return FALSE;
  }
  while (slot < PHB_WINDOWS && windows->tables[slot])
    slot++;
  if (slot == PHB_WINDOWS) {
    g_set_error(error, PSERIES_ERROR, ENOSPC, "phb %u has %u DMA windows, and no more are to be had",
                windows->config.index, PHB_WINDOWS);
    return FALSE;
  }
  *liobn = windows->config.liobn + slot;
  return open_window(windows, slot, page_shift, size, error);
}

TceTable *phb_windows_find(PhbWindows *windows, guint64 liobn) {
  for (guint slot = 0; slot < PHB_WINDOWS; slot++)
    if (windows->tables[slot] && tce_table_liobn(windows->tables[slot]) == liobn)
      return windows->tables[slot];
  return NULL;
}

gboolean phb_windows_remove(PhbWindows *windows, guint64 liobn, GError **error) {
  guint slot = (guint)(liobn - windows->config.liobn);

  if (!phb_windows_find(windows, liobn)) {
    g_set_error(error, PSERIES_ERROR, EINVAL, "phb %u has no DMA window with LIOBN 0x%" G_GINT64_MODIFIER "x",
                windows->config.index, liobn);
    return FALSE;
  }
  gboolean was_default = windows->is_default[slot];
  close_window(windows, slot);
  for (slot = 0; slot < PHB_WINDOWS; slot++)
    if (windows->tables[slot])
      return TRUE;
  /* With the last window goes, by LoPAPR, the default one's absence, unless it is the default one itself that goes
   * (QEMU 31cc81f728). */
  return was_default || phb_windows_reset(windows, error);
}
