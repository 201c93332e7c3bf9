/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Attaching a group: an ordered table of named, reversible steps. Step k failing undoes k-1..0. The order is data, so
 * that other orders can be run beside the shipped one.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct VfioAttach VfioAttach; /* one attach in progress; private */

typedef struct {
  const char *name; /* "set-container" */
  gboolean (*perform)(VfioAttach *attach, GError **error);
  void (*undo)(VfioAttach *attach); /* NULL: nothing to take back */
} VfioAttachStep;

/* NULL-terminated. */
typedef const VfioAttachStep *const *VfioAttachOrder;

/* The steps. Each does nothing where it does not apply (an address space's container that exists already is reused; v1
 * or v2; no KVM). */
extern const VfioAttachStep vfio_step_open_group; /* open /dev/vfio/N, VIABLE or refuse */
extern const VfioAttachStep
    vfio_step_set_container;                     /* SET_CONTAINER into the address space's container, else a new one */
extern const VfioAttachStep vfio_step_set_iommu; /* SET_IOMMU v2, else v1; new containers only */
extern const VfioAttachStep vfio_step_prereg;    /* v1: ENABLE; v2: preregistration listener on system memory */
extern const VfioAttachStep vfio_step_host_windows; /* TCE_GET_INFO; v2: TCE_REMOVE of the default window */
extern const VfioAttachStep vfio_step_kvm_add;      /* KVM_DEV_VFIO_GROUP_ADD; a kvm-vfio device if there is none */
extern const VfioAttachStep vfio_step_list_group; /* the group joins the container's list, the container its space's */
extern const VfioAttachStep vfio_step_listener; /* region_add for each DMA window: TCE_CREATE, SET_SPAPR_TCE, replay */
extern const VfioAttachStep
    vfio_step_link_windows; /* a reused container: SET_SPAPR_TCE of each window for the new group */

/* open-group set-container set-iommu prereg host-windows kvm-add list-group listener link-windows */
extern const VfioAttachOrder vfio_attach_order;

G_END_DECLS
