/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The partitionable endpoint of a group: what EEH stops when something goes wrong. A stopped one answers no load (all
 * bits read 1), drops stores, and lets neither DMA nor message interrupts through, until it is unfrozen.
 * arch/powerpc/kernel/eeh.c, arch/powerpc/platforms/powernv/eeh-powernv.c
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What a device, or its user, does that can go wrong: EEH_ERR_FUNC_* without their ADDR and DATA. */
typedef enum {
  SIM_PE_NOTHING,
  SIM_PE_LOAD,
  SIM_PE_STORE,
  SIM_PE_CONFIG_READ,
  SIM_PE_CONFIG_WRITE,
  SIM_PE_DMA_READ,
  SIM_PE_DMA_WRITE,
} SimPeAccess;

typedef struct {
  gboolean io_stopped, dma_stopped;
  gboolean held_in_reset; /* by its user */
  SimPeAccess armed;      /* the next of these goes wrong: an injected error */
} SimPe;

/* EEH_PE_STATE_*: EEH-8. */
int sim_pe_state(const SimPe *pe);
/* The host bridge has met an error: everything stops. */
void sim_pe_freeze(SimPe *pe);
/* Told before each access: an error that was injected for one of its kind strikes. */
void sim_pe_access(SimPe *pe, SimPeAccess access);
/* Everything runs again. */
void sim_pe_thaw(SimPe *pe);

G_END_DECLS
