/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <linux/vfio.h>

#include "vfio/internal.h"

VfioContext *vfio_context_new(const VfioSys *sys, VfioAddressSpace *system_memory, VfioKvm *kvm,
                              VfioAttachOrder order) {
  VfioContext *context = g_new0(VfioContext, 1);

  context->sys = sys;
  context->memory = vfio_address_space_ref(system_memory);
  context->kvm = kvm;
  context->order = order ? order : vfio_attach_order;
  context->ram_page_size = sys->page_size(sys->data);
  context->containers = g_ptr_array_new();
  context->groups = g_ptr_array_new();
  context->devices = g_ptr_array_new();
  return context;
}

void vfio_context_free(VfioContext *context) {
  if (!context)
    return;
  g_assert(context->groups->len == 0 && context->containers->len == 0);
  g_ptr_array_unref(context->containers);
  g_ptr_array_unref(context->groups);
  g_ptr_array_unref(context->devices);
  vfio_address_space_unref(context->memory);
  g_free(context);
}

void vfio_context_set_ram_page_size(VfioContext *context, gsize size) {
  context->ram_page_size = size;
}

VfioGroup *vfio_context_get_group(VfioContext *context, guint number, VfioAddressSpace *space, GError **error) {
  for (guint i = 0; i < context->groups->len; i++) {
    VfioGroup *group = context->groups->pdata[i];
    if (group->number != number)
      continue;
    if (group->space == space)
      return group;
    vfio_error_set(error, VFIO_ERROR_BUSY, 0,
                   "group %u: it is attached to %s, and a group's devices share one address space: plug the device "
                   "there, not into %s",
                   number, vfio_address_space_name(group->space), vfio_address_space_name(space));
    return NULL;
  }

  VfioGroup *group = vfio_group_new(context, number, space);
  if (!vfio_attach_run(&group->attach, error)) {
    g_prefix_error(error, "group %u: ", number);
    vfio_group_free(group);
    return NULL;
  }
  g_ptr_array_add(context->groups, group);
  return group;
}

guint vfio_context_n_containers(const VfioContext *context) {
  return context->containers->len;
}

guint vfio_context_n_groups(const VfioContext *context) {
  return context->groups->len;
}

gboolean vfio_address_space_eeh_enable(VfioContext *context, VfioAddressSpace *dma, GError **error) {
  g_autoptr(GError) failure = NULL;
  VfioContainer *only = NULL;

  for (guint i = 0; i < context->containers->len; i++) {
    VfioContainer *container = context->containers->pdata[i];
    if (container->space != dma)
      continue;
    if (only)
      return TRUE;
    only = container;
  }
  if (!only || only->members != 1)
    return TRUE;

  struct vfio_eeh_pe_op op = {.argsz = sizeof op, .op = VFIO_EEH_PE_ENABLE};
  if (vfio_sys_call(context->sys, only->fd, VFIO_EEH_PE_OP, &op, "EEH_PE_OP(ENABLE)", &failure))
    return TRUE;
  /* No PE behind the group, or no EEH in this kernel. */
  if (vfio_error_errno(failure) == ENODEV || vfio_error_errno(failure) == ENOTTY)
    return TRUE;
  g_propagate_error(error, g_steal_pointer(&failure));
  return FALSE;
}
