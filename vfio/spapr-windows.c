/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <linux/vfio.h>

#include "vfio/internal.h"

gboolean vfio_windows_query(VfioContainer *container, GError **error) {
  const VfioSys *sys = container->context->sys;
  struct vfio_iommu_spapr_tce_info info = {.argsz = sizeof info};

  if (!vfio_sys_call(sys, container->fd, VFIO_IOMMU_SPAPR_TCE_GET_INFO, &info, "TCE_GET_INFO", error))
    return FALSE;
  container->dma32_start = info.dma32_window_start;
  container->dma32_size = info.dma32_window_size;
  g_array_set_size(container->host_windows, 0);
  if (container->v2) {
    struct vfio_iommu_spapr_tce_remove remove = {.argsz = sizeof remove, .start_addr = info.dma32_window_start};
    container->pgsizes = info.ddw.pgsizes;
    container->max_levels = info.ddw.levels;
    return vfio_sys_call(sys, container->fd, VFIO_IOMMU_SPAPR_TCE_REMOVE, &remove, "TCE_REMOVE of the default window",
                         error);
  }
  container->pgsizes = 1u << 12;
  VfioHostWindow window = {.start = info.dma32_window_start, .size = info.dma32_window_size, .page_shift = 12};
  g_array_append_val(container->host_windows, window);
  return TRUE;
}

static guint log2_floor(guint64 value) {
  return 63 - (guint)__builtin_clzll(value);
}

static gboolean create(VfioContainer *container, guint64 start, guint64 size, guint guest_page_shift,
                       VfioHostWindow *window, GError **error) {
  VfioContext *context = container->context;
  const VfioSys *sys = context->sys;
  g_autoptr(GError) failure = NULL;
  guint limit = MIN(guest_page_shift, log2_floor(context->ram_page_size));
  guint64 usable = container->pgsizes & (G_MAXUINT64 >> (63 - limit));

  if (!usable) {
    vfio_error_set(error, VFIO_ERROR_WINDOW, 0,
                   "DMA window at 0x%" G_GINT64_MODIFIER "x: the host has no IOMMU page of 2^%u bytes or less "
                   "(it has 0x%" G_GINT64_MODIFIER "x)",
                   start, limit, container->pgsizes);
    return FALSE;
  }

  guint host_shift = log2_floor(sys->page_size(sys->data));
  struct vfio_iommu_spapr_tce_create request = {
      .argsz = sizeof request, .page_shift = log2_floor(usable), .window_size = size};
  guint max = MIN(container->max_levels, (64 - request.page_shift) / host_shift);
  /* The fewest levels whose tables are of a size that the host is likely to have in one piece: 256 pages. */
  guint bits = log2_floor(MAX(size >> request.page_shift, 1)) + 3;
  guint levels = MAX((bits + host_shift + 7) / (host_shift + 8), 1);

  for (request.levels = MIN(levels, MAX(max, 1));; request.levels++) {
    g_clear_error(&failure);
    if (vfio_sys_call(sys, container->fd, VFIO_IOMMU_SPAPR_TCE_CREATE, &request, "TCE_CREATE", &failure))
      break;
    if (request.levels < max)
      continue;
    vfio_error_set(error, VFIO_ERROR_WINDOW, vfio_error_errno(failure),
                   "TCE_CREATE of a DMA window at 0x%" G_GINT64_MODIFIER "x, 0x%" G_GINT64_MODIFIER
                   "x bytes of 2^%u byte pages, with up to %u levels",
                   start, size, request.page_shift, request.levels);
    return FALSE;
  }
  *window = (VfioHostWindow){.start = request.start_addr, .size = size, .page_shift = request.page_shift};
  return TRUE;
}

static void remove_from_host(VfioContainer *container, guint64 start) {
  struct vfio_iommu_spapr_tce_remove request = {.argsz = sizeof request, .start_addr = start};
  g_autoptr(GError) error = NULL;

  if (!vfio_sys_call(container->context->sys, container->fd, VFIO_IOMMU_SPAPR_TCE_REMOVE, &request, "TCE_REMOVE",
                     &error))
    g_warning("DMA window at 0x%" G_GINT64_MODIFIER "x: %s", start, error->message);
}

gboolean vfio_windows_add(VfioContainer *container, guint64 start, guint64 size, guint page_shift, GError **error) {
  VfioHostWindow window;

  if (!container->v2) {
    const VfioHostWindow *host = &g_array_index(container->host_windows, VfioHostWindow, 0);
    if (page_shift >= host->page_shift && start >= host->start && start - host->start < host->size &&
        size <= host->size - (start - host->start))
      return TRUE;
    vfio_error_set(error, VFIO_ERROR_WINDOW, 0,
                   "DMA window at 0x%" G_GINT64_MODIFIER "x, 0x%" G_GINT64_MODIFIER
                   "x bytes: the host (sPAPR TCE v1) has only its default window, 0x%" G_GINT64_MODIFIER
                   "x, 0x%" G_GINT64_MODIFIER "x bytes",
                   start, size, host->start, host->size);
    return FALSE;
  }
  if (!create(container, start, size, page_shift, &window, error))
    return FALSE;
  if (window.start != start) {
    remove_from_host(container, window.start);
    vfio_error_set(error, VFIO_ERROR_WINDOW, 0,
                   "DMA window at 0x%" G_GINT64_MODIFIER "x: the host makes it at 0x%" G_GINT64_MODIFIER
                   "x; its first window is at 0x%" G_GINT64_MODIFIER "x, whatever its size",
                   start, window.start, container->dma32_start);
    return FALSE;
  }
  g_array_append_val(container->host_windows, window);
  return TRUE;
}

void vfio_windows_remove(VfioContainer *container, guint64 start) {
  if (!container->v2)
    return;
  for (guint i = 0; i < container->host_windows->len; i++)
    if (g_array_index(container->host_windows, VfioHostWindow, i).start == start) {
      g_array_remove_index(container->host_windows, i);
      remove_from_host(container, start);
      return;
    }
}
