/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vfio/internal.h"

static const VfioAttachStep *const shipped[] = {
    &vfio_step_open_group,   &vfio_step_set_container,
    &vfio_step_set_iommu,    &vfio_step_prereg,
    &vfio_step_host_windows, &vfio_step_kvm_add,
    &vfio_step_list_group,   &vfio_step_listener,
    &vfio_step_link_windows, NULL,
};

const VfioAttachOrder vfio_attach_order = shipped;

gboolean vfio_attach_run(VfioAttach *attach, GError **error) {
  VfioAttachOrder order = attach->context->order;

  for (attach->done = 0; order[attach->done]; attach->done++)
    if (!order[attach->done]->perform(attach, error)) {
      vfio_attach_undo(attach);
      return FALSE;
    }
  return TRUE;
}

void vfio_attach_undo(VfioAttach *attach) {
  while (attach->done > 0) {
    const VfioAttachStep *step = attach->context->order[--attach->done];
    if (step->undo)
      step->undo(attach);
  }
}
