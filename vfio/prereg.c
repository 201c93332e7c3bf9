/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <linux/vfio.h>

#include "vfio/internal.h"

struct VfioPrereg {
  VfioMemoryListener listener;
  VfioContainer *container;
};

static struct vfio_iommu_spapr_register_memory whole_pages(const VfioContainer *container,
                                                           const VfioMemorySection *section) {
  const VfioSys *sys = container->context->sys;
  guint64 mask = sys->page_size(sys->data) - 1;
  guint64 start = (guintptr)section->memory & ~mask;
  guint64 end = ((guintptr)section->memory + section->size + mask) & ~mask;

  return (struct vfio_iommu_spapr_register_memory){
      .argsz = sizeof(struct vfio_iommu_spapr_register_memory), .vaddr = start, .size = end - start};
}

static gboolean ram_add(VfioMemoryListener *listener, const VfioMemorySection *section, GError **error) {
  VfioContainer *container = ((VfioPrereg *)listener)->container;

  if (!section->memory)
    return TRUE;
  struct vfio_iommu_spapr_register_memory request = whole_pages(container, section);
  if (vfio_sys_call(container->context->sys, container->fd, VFIO_IOMMU_SPAPR_REGISTER_MEMORY, &request,
                    "REGISTER_MEMORY", error))
    return TRUE;
  g_prefix_error(error, "RAM at 0x%" G_GINT64_MODIFIER "x, 0x%" G_GINT64_MODIFIER "x bytes: ", section->start,
                 section->size);
  return FALSE;
}

static void ram_del(VfioMemoryListener *listener, const VfioMemorySection *section) {
  VfioContainer *container = ((VfioPrereg *)listener)->container;
  g_autoptr(GError) error = NULL;

  if (!section->memory)
    return;
  struct vfio_iommu_spapr_register_memory request = whole_pages(container, section);
  if (!vfio_sys_call(container->context->sys, container->fd, VFIO_IOMMU_SPAPR_UNREGISTER_MEMORY, &request,
                     "UNREGISTER_MEMORY", &error))
    g_warning("RAM at 0x%" G_GINT64_MODIFIER "x: %s", section->start, error->message);
}

VfioPrereg *vfio_prereg_new(VfioContainer *container, GError **error) {
  VfioPrereg *prereg = g_new0(VfioPrereg, 1);

  prereg->listener.region_add = ram_add;
  prereg->listener.region_del = ram_del;
  prereg->container = container;
  if (vfio_address_space_register(container->context->memory, &prereg->listener, error))
    return prereg;
  g_free(prereg);
  return NULL;
}

void vfio_prereg_free(VfioPrereg *prereg) {
  vfio_address_space_unregister(prereg->container->context->memory, &prereg->listener);
  g_free(prereg);
}
