/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <linux/vfio.h>

#include "vfio/internal.h"

/* A DMA window of the address space as this container follows it. */
typedef struct {
  VfioIommuNotifier notifier;
  VfioContainer *container;
  VfioIommuRegion *region;
  guint64 start, size; /* bytes */
} Window;

struct VfioDmaListener {
  VfioMemoryListener listener;
  VfioContainer *container;
  GPtrArray *windows; /* of Window* */
  gboolean starting;  /* being registered: the windows were there before */
};

static gboolean unmap(VfioContainer *container, guint64 iova, guint64 size, GError **error) {
  struct vfio_iommu_type1_dma_unmap request = {.argsz = sizeof request, .iova = iova, .size = size};

  return vfio_sys_call(container->context->sys, container->fd, VFIO_IOMMU_UNMAP_DMA, &request, "UNMAP_DMA", error);
}

static gboolean map(VfioContainer *container, const VfioIommuTlb *tlb, GError **error) {
  void *memory = vfio_address_space_translate(container->context->memory, tlb->gpa, tlb->size);

  if (!memory) {
    vfio_error_set(error, VFIO_ERROR_NOT_FOUND, 0, "MAP_DMA: no RAM at guest address 0x%" G_GINT64_MODIFIER "x",
                   tlb->gpa);
    return FALSE;
  }
  struct vfio_iommu_type1_dma_map request = {
      .argsz = sizeof request, .vaddr = (guintptr)memory, .iova = tlb->iova, .size = tlb->size};
  if (tlb->perm & 1)
    request.flags |= VFIO_DMA_MAP_FLAG_READ;
  if (tlb->perm & 2)
    request.flags |= VFIO_DMA_MAP_FLAG_WRITE;
  return vfio_sys_call(container->context->sys, container->fd, VFIO_IOMMU_MAP_DMA, &request, "MAP_DMA", error);
}

static gboolean notified(VfioIommuNotifier *notifier, const VfioIommuTlb *tlb, GError **error) {
  VfioContainer *container = ((Window *)notifier)->container;
  gboolean ok = tlb->perm ? map(container, tlb, error) : unmap(container, tlb->iova, tlb->size, error);

  if (!ok)
    g_prefix_error(error, "I/O address 0x%" G_GINT64_MODIFIER "x: ", tlb->iova);
  return ok;
}

static gboolean link_window(const Window *window, VfioGroup *group, GError **error) {
  VfioContainer *container = window->container;

  if (!vfio_container_kvm_can_feed(container))
    return TRUE;
  int table_fd = vfio_iommu_region_kvm_table_fd(window->region);
  if (table_fd < 0 || vfio_kvm_set_spapr_tce(container->context->kvm, group->fd, table_fd, error))
    return TRUE;
  g_prefix_error(error, "DMA window at 0x%" G_GINT64_MODIFIER "x: ", window->start);
  return FALSE;
}

static gboolean link_groups(const Window *window, GError **error) {
  for (guint i = 0; i < window->container->groups->len; i++)
    if (!link_window(window, window->container->groups->pdata[i], error))
      return FALSE;
  return TRUE;
}

/* A table that KVM has attached to a window outlives the window's removal, until the group leaves KVM or the table is
 * closed (KV-56): where windows go but the guest's tables stay, the groups leave KVM first. */
static void leave_kvm(VfioContainer *container) {
  for (guint i = 0; i < container->groups->len; i++)
    vfio_group_leave_kvm(container->groups->pdata[i]);
}

static gboolean window_add(VfioMemoryListener *base, const VfioMemorySection *section, GError **error) {
  VfioDmaListener *listener = (VfioDmaListener *)base;
  VfioContainer *container = listener->container;

  if (!section->iommu) {
    vfio_error_set(error, VFIO_ERROR_WINDOW, 0,
                   "%s has RAM at 0x%" G_GINT64_MODIFIER "x without an IOMMU before it: sPAPR TCE has no such DMA",
                   vfio_address_space_name(container->space), section->start);
    return FALSE;
  }
  Window *window = g_new0(Window, 1);
  window->notifier.notify = notified;
  window->container = container;
  window->region = section->iommu;
  window->start = section->start;
  window->size = section->size;

  gboolean made =
      vfio_windows_add(container, window->start, window->size, vfio_iommu_region_page_shift(window->region), error);
  gboolean heard =
      made && link_groups(window, error) &&
      vfio_iommu_region_listen(window->region, &window->notifier, vfio_container_kvm_can_feed(container), error);
  if (heard && vfio_iommu_region_replay(window->region, &window->notifier, error)) {
    g_ptr_array_add(listener->windows, window);
    return TRUE;
  }

  if (listener->starting)
    leave_kvm(container);
  if (heard) {
    vfio_iommu_region_ignore(window->region, &window->notifier);
    unmap(container, window->start, window->size, NULL);
  }
  if (made)
    vfio_windows_remove(container, window->start);
  g_free(window);
  return FALSE;
}

static void window_del(VfioMemoryListener *base, const VfioMemorySection *section) {
  VfioDmaListener *listener = (VfioDmaListener *)base;
  VfioContainer *container = listener->container;
  g_autoptr(GError) error = NULL;

  for (guint i = 0; i < listener->windows->len; i++) {
    Window *window = listener->windows->pdata[i];
    if (window->start != section->start)
      continue;
    vfio_iommu_region_ignore(window->region, &window->notifier);
    if (!unmap(container, window->start, window->size, &error))
      g_warning("DMA window at 0x%" G_GINT64_MODIFIER "x: %s", window->start, error->message);
    vfio_windows_remove(container, window->start);
    g_ptr_array_remove_index(listener->windows, i);
    g_free(window);
    return;
  }
}

VfioDmaListener *vfio_dma_listener_new(VfioContainer *container, GError **error) {
  VfioDmaListener *listener = g_new0(VfioDmaListener, 1);

  listener->listener.region_add = window_add;
  listener->listener.region_del = window_del;
  listener->container = container;
  listener->windows = g_ptr_array_new();
  listener->starting = TRUE;
  gboolean ok = vfio_address_space_register(container->space, &listener->listener, error);
  listener->starting = FALSE;
  if (ok)
    return listener;
  g_ptr_array_unref(listener->windows);
  g_free(listener);
  return NULL;
}

void vfio_dma_listener_free(VfioDmaListener *listener) {
  leave_kvm(listener->container);
  vfio_address_space_unregister(listener->container->space, &listener->listener);
  g_ptr_array_unref(listener->windows);
  g_free(listener);
}

gboolean vfio_dma_listener_link(VfioDmaListener *listener, VfioGroup *group, GError **error) {
  for (guint i = 0; i < listener->windows->len; i++)
    if (!link_window(listener->windows->pdata[i], group, error))
      return FALSE;
  return TRUE;
}

gboolean vfio_dma_listener_replay(VfioDmaListener *listener, GError **error) {
  for (guint i = 0; i < listener->windows->len; i++) {
    Window *window = listener->windows->pdata[i];
    if (!vfio_iommu_region_replay(window->region, &window->notifier, error))
      return FALSE;
  }
  return TRUE;
}
