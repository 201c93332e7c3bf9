/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Kernel profiles: a kernel's version with the platform that it runs on, and what such a platform has by default. */
#include "sim/host/host-internal.h"

#include <string.h>

enum { POWERNV_PAGES = 0x40211000, PSERIES_PAGES = 0x1211000, X86_PAGES = 0x40201000 };

static const struct {
  const char *name;
  SimPlatform platform;
  guint version;
} profiles[] = {
    {"linux-6.12-powernv", SIM_POWERNV, SIM_VERSION(6, 12)}, {"linux-6.1-powernv", SIM_POWERNV, SIM_VERSION(6, 1)},
    {"linux-4.19-powernv", SIM_POWERNV, SIM_VERSION(4, 19)}, {"linux-6.12-pseries", SIM_PSERIES, SIM_VERSION(6, 12)},
    {"linux-6.12-x86", SIM_X86, SIM_VERSION(6, 12)},         {"linux-6.1-x86", SIM_X86, SIM_VERSION(6, 1)},
};

static void set_powernv(SimHost *host) {
  host->page_shift = 16;
  host->tce_page_sizes = POWERNV_PAGES;
  host->dma32_size = 0x80000000;
  host->max_levels = 5;
  host->max_windows = 2;
  host->eeh = TRUE;
  host->spapr_v2 = TRUE;
  host->spapr_tce_vfio = TRUE;
  host->spapr_tce_64 = TRUE;
  host->spapr_multitce = TRUE;
}

/* As QEMU's hypervisor offers it, on which PSR-1 to PSR-7 were recorded: pages of 4K, 64K, 2M and 16M, a default window
 * of 1G, no EEH. */
static void set_pseries(SimHost *host) {
  set_powernv(host);
  host->tce_page_sizes = PSERIES_PAGES;
  host->dma32_size = 0x40000000;
  host->max_levels = 1;
  host->eeh = FALSE;
}

static void set_x86(SimHost *host) {
  host->page_shift = 12;
  host->tce_page_sizes = X86_PAGES;
  host->dma32_size = 0;
  host->max_levels = 0;
  host->max_windows = 0;
  host->eeh = FALSE;
  host->spapr_v2 = FALSE;
  host->spapr_tce_vfio = FALSE;
  host->spapr_tce_64 = FALSE;
  host->spapr_multitce = FALSE;
}

gboolean sim_host_set_profile(SimHost *host, const char *name) {
  static void (*const set[])(SimHost *) = {
      [SIM_POWERNV] = set_powernv, [SIM_PSERIES] = set_pseries, [SIM_X86] = set_x86};

  for (gsize i = 0; i < G_N_ELEMENTS(profiles); i++) {
    if (strcmp(profiles[i].name, name) != 0)
      continue;
    host->platform = profiles[i].platform;
    host->version = profiles[i].version;
    set[host->platform](host);
    return TRUE;
  }
  return FALSE;
}

char *sim_host_profiles(void) {
  GString *names = g_string_new(profiles[0].name);

  for (gsize i = 1; i < G_N_ELEMENTS(profiles); i++)
    g_string_append_printf(names, ", %s", profiles[i].name);
  return g_string_free(names, FALSE);
}
