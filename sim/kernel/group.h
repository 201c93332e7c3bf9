/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An IOMMU group as its own file, containers and EEH see it. drivers/vfio/group.c, drivers/iommu/iommu.c */
#pragma once

#include "sim/kernel/container.h"
#include "sim/kernel/pe.h"

G_BEGIN_DECLS

struct SimGroup {
  SimKernel *kernel;
  const SimHostGroup *host;
  SimFile *opened_file; /* the one open file, borrowed: its release clears this */
  SimContainer *container;
  guint container_users;           /* 1 when attached + 1 per open device */
  SimTceTable *tables[SIM_TABLES]; /* now programmed in hardware */
  gboolean claimed;                /* VFIO owns the DMA of the group */
  SimPe pe;                        /* that EEH watches */
  gboolean ddw_failed;             /* its firmware makes no more windows (PSR-2) */
};

SimGroup *sim_group_new(SimKernel *kernel, const SimHostGroup *host);
void sim_group_free(SimGroup *group);

/* Its last device has left vfio-pci: out of the container; an open file of it answers for nothing any more (CG-90). */
void sim_group_gone(SimGroup *group);

/* Devices that wait for their group to leave its container may go now. */
void sim_group_settle(SimGroup *group);

/* FALSE: it has no IOMMU of its own, so that nobody claims it. */
gboolean sim_group_is_real(const SimGroup *group);

/* FALSE: a host driver is bound to one of its devices (CG-51, CG-55). */
gboolean sim_group_viable(const SimGroup *group);

/* Until 6.10 a hypervisor's table served VFIO as it stood, and stayed the group's (TCE-15, PSR-3). */
gboolean sim_group_lends_table(const SimGroup *group);

/* TCE-16: VFIO owns the DMA of the group, its windows close. */
void sim_group_claim(SimGroup *group);
/* TCE-17: the host's own table is back. */
void sim_group_release(SimGroup *group);

/* Programs a table into a slot, or closes the slot's window with NULL. */
void sim_group_set_table(SimGroup *group, guint slot, SimTceTable *table);

/* VFIO_EEH_PE_OP on this group: EEH-2..EEH-18. eeh.c */
long sim_group_eeh_op(SimCall *call, SimGroup *group);

G_END_DECLS
