/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The driver of groups without an IOMMU: it maps nothing, the device reaches all of memory. drivers/vfio/container.c:
 * vfio_noiommu_ops.
 */
#include "sim/kernel/group.h"

enum { NOIOMMU = 8 }; /* VFIO_NOIOMMU_IOMMU */

static long noiommu_check(SimCall *call, gpointer instance, guint64 extension) {
  sim_met(call, RULE_CG_23);
  return extension == NOIOMMU && sim_host_of(call->kernel)->noiommu;
}

static long noiommu_open(SimCall *call, guint64 type, gpointer *instance) {
  *instance = NULL;
  return sim_call_capable(call, SIM_CAP_SYS_RAWIO) ? 0 : sim_refuse(call, EPERM, RULE_CG_27);
}

static void noiommu_release(gpointer instance) {
}

static long noiommu_attach(SimCall *call, gpointer instance, SimGroup *group) {
  return 0;
}

static void noiommu_detach(SimCall *call, gpointer instance, SimGroup *group) {
}

static long noiommu_ioctl(SimCall *call, gpointer instance, AbiCallId id) {
  return sim_refuse(call, ENOTTY, RULE_CG_13);
}

const SimIommuOps sim_noiommu_ops = {
    .driver = ABI_DRIVER_ANY,
    .check = noiommu_check,
    .open = noiommu_open,
    .release = noiommu_release,
    .attach = noiommu_attach,
    .detach = noiommu_detach,
    .ioctl = noiommu_ioctl,
};
