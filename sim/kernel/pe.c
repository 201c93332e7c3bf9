/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/kernel/pe.h"

enum { STATE_NORMAL = 0, STATE_STOPPED = 2, STATE_STOPPED_DMA = 4, STATE_UNAVAIL = 5 };

int sim_pe_state(const SimPe *pe) {
  if (pe->held_in_reset || (!pe->io_stopped && !pe->dma_stopped))
    return STATE_NORMAL;
  if (!pe->dma_stopped)
    return STATE_UNAVAIL;
  return pe->io_stopped ? STATE_STOPPED : STATE_STOPPED_DMA;
}

void sim_pe_freeze(SimPe *pe) {
  pe->io_stopped = pe->dma_stopped = TRUE;
}

void sim_pe_access(SimPe *pe, SimPeAccess access) {
  if (pe->armed != access)
    return;
  pe->armed = SIM_PE_NOTHING;
  sim_pe_freeze(pe);
}

void sim_pe_thaw(SimPe *pe) {
  *pe = (SimPe){0};
}
