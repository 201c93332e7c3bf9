/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <linux/vfio.h>

#include "vfio/internal.h"

VfioGroup *vfio_group_new(VfioContext *context, guint number, VfioAddressSpace *space) {
  VfioGroup *group = g_new0(VfioGroup, 1);

  group->number = number;
  group->fd = -1;
  group->space = vfio_address_space_ref(space);
  group->attach.context = context;
  group->attach.group = group;
  return group;
}

void vfio_group_free(VfioGroup *group) {
  vfio_address_space_unref(group->space);
  g_free(group);
}

gboolean vfio_group_open(VfioGroup *group, GError **error) {
  const VfioSys *sys = group->attach.context->sys;
  g_autofree char *path = g_strdup_printf("/dev/vfio/%u", group->number);
  struct vfio_group_status status = {.argsz = sizeof status};

  group->fd = vfio_sys_open(sys, path, error);
  if (group->fd < 0)
    return FALSE;
  if (!vfio_sys_call(sys, group->fd, VFIO_GROUP_GET_STATUS, &status, "GROUP_GET_STATUS", error)) {
    vfio_group_close(group);
    return FALSE;
  }
  if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE)) {
    vfio_error_set(error, VFIO_ERROR_NOT_VIABLE, 0,
                   "it is not viable: bind every device of the group to vfio-pci, or leave it without a driver");
    vfio_group_close(group);
    return FALSE;
  }
  return TRUE;
}

void vfio_group_close(VfioGroup *group) {
  const VfioSys *sys = group->attach.context->sys;

  sys->close(sys->data, group->fd);
  group->fd = -1;
}

void vfio_group_put(VfioGroup *group) {
  if (--group->devices)
    return;
  g_ptr_array_remove(group->attach.context->groups, group);
  vfio_attach_undo(&group->attach);
  vfio_group_free(group);
}

gboolean vfio_group_join_kvm(VfioGroup *group, GError **error) {
  VfioKvm *kvm = group->attach.context->kvm;

  if (!kvm)
    return TRUE;
  group->in_kvm = vfio_kvm_add_group(kvm, group->fd, error);
  return group->in_kvm;
}

void vfio_group_leave_kvm(VfioGroup *group) {
  g_autoptr(GError) error = NULL;

  if (!group->in_kvm)
    return;
  group->in_kvm = FALSE;
  if (!vfio_kvm_del_group(group->attach.context->kvm, group->fd, &error))
    g_warning("group %u: %s", group->number, error->message);
}
