/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/pseries/order.h"

static const VfioAttachStep *const pre_2017[] = {
    &vfio_step_open_group, &vfio_step_set_container, &vfio_step_set_iommu,
    &vfio_step_prereg,     &vfio_step_host_windows,  &vfio_step_listener,
    &vfio_step_kvm_add,    &vfio_step_list_group,    NULL,
};

const VfioAttachOrder pseries_order_pre_2017 = pre_2017;

VfioAttachOrder pseries_order_find(const char *name) {
  if (g_str_equal(name, "shipped"))
    return vfio_attach_order;
  if (g_str_equal(name, "pre-2017"))
    return pseries_order_pre_2017;
  return NULL;
}
