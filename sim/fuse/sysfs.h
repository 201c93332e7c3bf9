/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a host shows of its groups and devices beside the nodes: the entries of /dev/vfio, /sys/bus/pci,
 * /sys/kernel/iommu_groups, /sys/module and /proc/bus/pci/devices that programs attaching devices read.
 */
#pragma once

#include "sim/fuse/tree.h"
#include "sim/host/host.h"

G_BEGIN_DECLS

/* The simulator's own directory: "kvm", "proc". */
#define SIM_OWN_PLACE "/dev/.vfiosim"

/* One directory (or file) of the tree and where it belongs. */
typedef struct {
  const char *name;   /* in the root */
  const char *target; /* absolute path */
} SimSysfsPlace;

/* The places that sim_sysfs_fill() makes, ended by a NULL name. */
const SimSysfsPlace *sim_sysfs_places(void);

void sim_sysfs_fill(SimTree *tree, const SimHost *host);

/* Modules that a host with vfio has loaded, NULL-terminated: directories of /sys/module. */
const char *const *sim_sysfs_modules(void);

G_END_DECLS
