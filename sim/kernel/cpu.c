/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/kernel/cpu.h"

enum { PVR_POWER8 = 0x004d0200, PVR_POWER9 = 0x004e1200, PAGES_256M = 1 << 28 };

gboolean sim_cpu_is_power9(const SimHost *host) {
  return host->platform != SIM_X86 && !(host->tce_page_sizes & PAGES_256M);
}

guint32 sim_cpu_pvr(const SimHost *host) {
  if (host->platform == SIM_X86)
    return 0;
  return sim_cpu_is_power9(host) ? PVR_POWER9 : PVR_POWER8;
}
