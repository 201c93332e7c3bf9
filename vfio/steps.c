/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <linux/vfio.h>

#include "vfio/internal.h"

/* A group that joined a container of others leaves what is the container's alone, also when it is detached as the
 * container's last. */
static gboolean is_last(const VfioAttach *attach) {
  return attach->group->container->members == 1;
}

static gboolean open_group(VfioAttach *attach, GError **error) {
  return vfio_group_open(attach->group, error);
}

static void close_group(VfioAttach *attach) {
  vfio_group_close(attach->group);
}

const VfioAttachStep vfio_step_open_group = {"open-group", open_group, close_group};

static gboolean set_container(VfioAttach *attach, GError **error) {
  VfioContext *context = attach->context;
  VfioGroup *group = attach->group;

  for (guint i = context->containers->len; i-- > 0;) {
    VfioContainer *container = context->containers->pdata[i];
    /* A refusal means that the container takes no such group (v1 takes one group only): the next may, or a new one. */
    if (container->space == group->space && vfio_container_join(container, group, NULL)) {
      attach->reused = TRUE;
      return TRUE;
    }
  }
  VfioContainer *container = vfio_container_new(context, group->space, error);
  if (!container)
    return FALSE;
  if (vfio_container_join(container, group, error))
    return TRUE;
  vfio_container_free(container);
  return FALSE;
}

static void unset_container(VfioAttach *attach) {
  VfioContainer *container = attach->group->container;
  g_autoptr(GError) error = NULL;

  vfio_container_leave(container, attach->group);
  if (container->members == 0)
    vfio_container_free(container);
  else if (container->listener && !vfio_dma_listener_replay(container->listener, &error))
    /* Linux 6.11 and later clear every TCE of the container when one of its groups leaves (TCE-19). */
    g_warning("%s: mappings of the other groups are lost: %s", vfio_address_space_name(container->space),
              error->message);
}

const VfioAttachStep vfio_step_set_container = {"set-container", set_container, unset_container};

static gboolean set_iommu(VfioAttach *attach, GError **error) {
  return attach->reused || vfio_container_set_iommu(attach->group->container, error);
}

const VfioAttachStep vfio_step_set_iommu = {"set-iommu", set_iommu, NULL};

static gboolean prereg(VfioAttach *attach, GError **error) {
  VfioContainer *container = attach->group->container;

  if (attach->reused)
    return TRUE;
  if (!container->v2)
    return vfio_sys_call(attach->context->sys, container->fd, VFIO_IOMMU_ENABLE, NULL, "ENABLE", error);
  container->prereg = vfio_prereg_new(container, error);
  return container->prereg != NULL;
}

/* v1's ENABLE ends with the container's last group. */
static void undo_prereg(VfioAttach *attach) {
  VfioContainer *container = attach->group->container;

  if (is_last(attach) && container->prereg)
    g_clear_pointer(&container->prereg, vfio_prereg_free);
}

const VfioAttachStep vfio_step_prereg = {"prereg", prereg, undo_prereg};

static gboolean host_windows(VfioAttach *attach, GError **error) {
  return attach->reused || vfio_windows_query(attach->group->container, error);
}

const VfioAttachStep vfio_step_host_windows = {"host-windows", host_windows, NULL};

static gboolean kvm_add(VfioAttach *attach, GError **error) {
  return vfio_group_join_kvm(attach->group, error);
}

static void kvm_del(VfioAttach *attach) {
  vfio_group_leave_kvm(attach->group);
}

const VfioAttachStep vfio_step_kvm_add = {"kvm-add", kvm_add, kvm_del};

static gboolean list_group(VfioAttach *attach, GError **error) {
  VfioContainer *container = attach->group->container;

  g_ptr_array_add(container->groups, attach->group);
  if (!attach->reused)
    g_ptr_array_add(attach->context->containers, container);
  return TRUE;
}

static void unlist_group(VfioAttach *attach) {
  VfioContainer *container = attach->group->container;

  g_ptr_array_remove(container->groups, attach->group);
  if (is_last(attach))
    g_ptr_array_remove(attach->context->containers, container);
}

const VfioAttachStep vfio_step_list_group = {"list-group", list_group, unlist_group};

static gboolean listener(VfioAttach *attach, GError **error) {
  VfioContainer *container = attach->group->container;

  if (attach->reused)
    return TRUE;
  container->listener = vfio_dma_listener_new(container, error);
  return container->listener != NULL;
}

static void undo_listener(VfioAttach *attach) {
  VfioContainer *container = attach->group->container;

  vfio_group_leave_kvm(attach->group);
  if (is_last(attach))
    g_clear_pointer(&container->listener, vfio_dma_listener_free);
}

const VfioAttachStep vfio_step_listener = {"listener", listener, undo_listener};

static gboolean link_windows(VfioAttach *attach, GError **error) {
  VfioContainer *container = attach->group->container;

  if (!attach->reused || vfio_dma_listener_link(container->listener, attach->group, error))
    return TRUE;
  vfio_group_leave_kvm(attach->group);
  vfio_container_relink(container);
  return FALSE;
}

const VfioAttachStep vfio_step_link_windows = {"link-windows", link_windows, NULL};
