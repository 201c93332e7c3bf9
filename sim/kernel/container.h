/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Containers and the IOMMU drivers behind them. drivers/vfio/container.c */
#pragma once

#include "sim/kernel/internal.h"

G_BEGIN_DECLS

enum { SIM_TABLES = 2 }; /* window slots of a container and of a group: IOMMU_TABLE_GROUP_MAX_TABLES */

/* Where an I/O address leads. */
typedef struct {
  const SimMm *mm;
  guint64 ua, len; /* of memory, on from there */
  guint perm;      /* SIM_TCE_READ | SIM_TCE_WRITE */
} SimDmaTarget;

/* An IOMMU driver: struct vfio_iommu_driver_ops. */
typedef struct {
  AbiDriver driver;
  /* CHECK_EXTENSION: > 0 or 0. instance: NULL before the driver is set. */
  long (*check)(SimCall *call, gpointer instance, guint64 extension);
  /* SET_IOMMU: 0 with a new instance, or -errno. */
  long (*open)(SimCall *call, guint64 type, gpointer *instance);
  void (*release)(gpointer instance);
  long (*attach)(SimCall *call, gpointer instance, SimGroup *group);
  /* call: NULL where a file's release detaches */
  void (*detach)(SimCall *call, gpointer instance, SimGroup *group);
  /* id: ABI_UNKNOWN for a number that no call has. sim_call_is() has been called. */
  long (*ioctl)(SimCall *call, gpointer instance, AbiCallId id);
  /* FALSE: nothing is mapped there. NULL: the tables that are programmed for the group say it. */
  gboolean (*translate)(gpointer instance, guint64 iova, SimDmaTarget *target);
} SimIommuOps;

extern const SimIommuOps sim_spapr_ops, sim_type1_ops, sim_noiommu_ops;

/* SET_CONTAINER and UNSET_CONTAINER past the group's own tests. Attach: CG-49..CG-57, 0 or -errno with the rule set.
 * Detach may release the driver and, with the last reference, the container (CG-60, CG-61); call is NULL in a file's
 * release. */
long sim_container_attach(SimCall *call, SimContainer *container, SimGroup *group);
void sim_container_detach(SimCall *call, SimGroup *group);

/* Whether SET_IOMMU has been done. */
gboolean sim_container_has_driver(const SimContainer *container);

/* Where a device in the container gets to by that I/O address. FALSE: nowhere, or its driver has no mappings of its
 * own. */
gboolean sim_container_translate(const SimContainer *container, guint64 iova, SimDmaTarget *target);

G_END_DECLS
