/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The partitionable endpoint of a group: what EEH stops when something goes wrong. A stopped one answers no load (all
 * bits read 1), drops stores, and lets neither DMA nor message interrupts through, until it is unfrozen.
 * arch/powerpc/kernel/eeh.c, arch/powerpc/platforms/powernv/eeh-powernv.c
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  gboolean io_stopped, dma_stopped;
  gboolean held_in_reset; /* by its user */
} SimPe;

/* EEH_PE_STATE_*: EEH-8. */
int sim_pe_state(const SimPe *pe);
/* The host bridge has met an error: everything stops. */
void sim_pe_freeze(SimPe *pe);
/* Everything runs again. */
void sim_pe_thaw(SimPe *pe);

G_END_DECLS
