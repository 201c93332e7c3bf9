/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <linux/vfio.h>

#include "vfio/internal.h"

static gboolean offers(VfioContainer *container, guintptr type) {
  const VfioSys *sys = container->context->sys;

  return sys->ioctl(sys->data, container->fd, VFIO_CHECK_EXTENSION, type) > 0;
}

/* The IOMMU type to ask for. type 1 is asked about, too, to be able to say what the host has instead. */
static gboolean probe(VfioContainer *container, GError **error) {
  const VfioSys *sys = container->context->sys;
  long version = sys->ioctl(sys->data, container->fd, VFIO_GET_API_VERSION, 0);

  if (version < 0) {
    vfio_error_set(error, VFIO_ERROR_SYSTEM, (int)-version, "GET_API_VERSION");
    return FALSE;
  }
  if (version != VFIO_API_VERSION) {
    vfio_error_set(error, VFIO_ERROR_NO_IOMMU, 0, "the host's VFIO has API version %ld, but %d is needed", version,
                   VFIO_API_VERSION);
    return FALSE;
  }
  gboolean type1v2 = offers(container, VFIO_TYPE1v2_IOMMU);
  gboolean type1 = offers(container, VFIO_TYPE1_IOMMU);
  container->has_v2 = offers(container, VFIO_SPAPR_TCE_v2_IOMMU);
  if (container->has_v2 || offers(container, VFIO_SPAPR_TCE_IOMMU))
    return TRUE;
  vfio_error_set(error, VFIO_ERROR_NO_IOMMU, 0,
                 type1 || type1v2 ? "the host has a type 1 IOMMU, but a pseries guest needs sPAPR TCE"
                                  : "the host offers no sPAPR TCE IOMMU: load vfio_iommu_spapr_tce");
  return FALSE;
}

VfioContainer *vfio_container_new(VfioContext *context, VfioAddressSpace *space, GError **error) {
  int fd = vfio_sys_open(context->sys, "/dev/vfio/vfio", error);

  if (fd < 0)
    return NULL;
  VfioContainer *container = g_new0(VfioContainer, 1);
  container->context = context;
  container->space = vfio_address_space_ref(space);
  container->fd = fd;
  container->groups = g_ptr_array_new();
  container->host_windows = g_array_new(FALSE, TRUE, sizeof(VfioHostWindow));
  if (!probe(container, error)) {
    vfio_container_free(container);
    return NULL;
  }
  return container;
}

void vfio_container_free(VfioContainer *container) {
  const VfioSys *sys = container->context->sys;

  g_assert(!container->listener && !container->prereg && container->groups->len == 0);
  sys->close(sys->data, container->fd);
  g_array_unref(container->host_windows);
  g_ptr_array_unref(container->groups);
  vfio_address_space_unref(container->space);
  g_free(container);
}

gboolean vfio_container_set_iommu(VfioContainer *container, GError **error) {
  const VfioSys *sys = container->context->sys;

  if (container->has_v2 &&
      sys->ioctl(sys->data, container->fd, VFIO_SET_IOMMU, (guintptr)VFIO_SPAPR_TCE_v2_IOMMU) == 0) {
    container->v2 = TRUE;
    return TRUE;
  }
  container->v2 = FALSE;
  return vfio_sys_call(sys, container->fd, VFIO_SET_IOMMU, GSIZE_TO_POINTER(VFIO_SPAPR_TCE_IOMMU),
                       "SET_IOMMU(SPAPR_TCE)", error);
}

gboolean vfio_container_join(VfioContainer *container, VfioGroup *group, GError **error) {
  const VfioSys *sys = container->context->sys;

  if (!vfio_sys_call(sys, group->fd, VFIO_GROUP_SET_CONTAINER, &container->fd, "SET_CONTAINER", error))
    return FALSE;
  group->container = container;
  container->members++;
  return TRUE;
}

void vfio_container_leave(VfioContainer *container, VfioGroup *group) {
  g_autoptr(GError) error = NULL;

  if (!vfio_sys_call(container->context->sys, group->fd, VFIO_GROUP_UNSET_CONTAINER, NULL, "UNSET_CONTAINER", &error))
    g_warning("group %u: %s", group->number, error->message);
  group->container = NULL;
  container->members--;
}

gboolean vfio_container_kvm_can_feed(const VfioContainer *container) {
  const VfioKvm *kvm = container->context->kvm;

  return container->v2 && kvm && vfio_kvm_spapr_tce_vfio(kvm);
}

void vfio_container_relink(VfioContainer *container) {
  g_autoptr(GPtrArray) groups = g_ptr_array_new();
  g_autoptr(GError) replay_error = NULL;

  for (guint i = 0; i < container->groups->len; i++) {
    VfioGroup *group = container->groups->pdata[i];
    if (!group->in_kvm)
      continue;
    g_ptr_array_add(groups, group);
    vfio_group_leave_kvm(group);
  }
  for (guint i = 0; i < groups->len; i++) {
    VfioGroup *group = groups->pdata[i];
    g_autoptr(GError) error = NULL;
    if (!vfio_group_join_kvm(group, &error) || !vfio_dma_listener_link(container->listener, group, &error))
      g_warning("group %u: KVM no longer feeds its windows: %s", group->number, error->message);
  }
  if (!vfio_dma_listener_replay(container->listener, &replay_error))
    g_warning("%s: %s", vfio_address_space_name(container->space), replay_error->message);
}
