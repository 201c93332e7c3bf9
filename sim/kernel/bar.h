/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* BARs and the expansion ROM of a function. drivers/vfio/pci/vfio_pci_rdwr.c */
#pragma once

#include <linux/vfio.h>

#include "sim/kernel/config.h"

G_BEGIN_DECLS

enum {
  SIM_REGION_SHIFT = 40, /* VFIO_PCI_OFFSET_SHIFT: region index << 40 is its offset in the file */
  SIM_ROM = VFIO_PCI_ROM_REGION_INDEX,
  SIM_VGA = VFIO_PCI_VGA_REGION_INDEX,
  SIM_OPREGION = VFIO_PCI_NUM_REGIONS, /* the first of the regions that a device has for itself */
  SIM_MEMORIES = SIM_OPREGION + 1,
  SIM_VGA_SIZE = 0xc0000,      /* the legacy ranges lie in it, at their addresses */
  SIM_OPREGION_SIZE = 8 << 10, /* without a table that it would point to */
};

/* The memory behind each, made page by page when it is first written. */
typedef struct {
  SimKernel *kernel;
  const SimHostDevice *host;
  const SimConfig *config;         /* decides whether memory is decoded */
  GHashTable *pages[SIM_MEMORIES]; /* page number -> zeroed page; NULL: nothing was written */
  guint8 *mapped[SIM_MEMORIES];    /* instead of pages, once it has been mapped: the port's memory */
} SimBars;

/* Bytes of region 0..6; 0: absent, or the upper half of a 64-bit BAR. */
guint64 sim_bar_size(const SimHostDevice *host, guint index);
gboolean sim_bar_is_memory(const SimHostDevice *host, guint index);
/* Whether the region says MMAP (PD-18). */
gboolean sim_bar_maps(const SimKernel *kernel, const SimHostDevice *host, guint index);
/* Bytes of it that can be mapped: whole pages. */
guint64 sim_bar_map_size(const SimKernel *kernel, const SimHostDevice *host, guint index);
/* The memory behind it, from now on shared with its user; NULL: there is none. */
guint8 *sim_bar_map(SimBars *bars, guint index);
/* Whether [start, start + len) of the BAR touches the MSI-X table. */
gboolean sim_bar_touches_msix(const SimHostDevice *host, guint index, guint64 start, guint64 len);
/* How many bytes of [offset, offset + len) can be transferred, or -errno. */
ssize_t sim_bar_check(SimCall *call, const SimBars *bars, guint index, gsize len, guint64 offset);
/* What has been checked. */
void sim_bar_read(SimCall *call, const SimBars *bars, guint index, void *buf, gsize len, guint64 offset);
void sim_bar_write(SimCall *call, SimBars *bars, guint index, const void *buf, gsize len, guint64 offset);
/* Registers as after a reset: all zero. */
void sim_bars_reset(SimBars *bars);
/* The same, and mapped memory goes back to the port: nobody has it any more. */
void sim_bars_clear(SimBars *bars);

G_END_DECLS
