/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* BARs and the expansion ROM of a function. drivers/vfio/pci/vfio_pci_rdwr.c */
#pragma once

#include <linux/vfio.h>

#include "sim/kernel/config.h"

G_BEGIN_DECLS

enum {
  SIM_REGION_SHIFT = 40, /* VFIO_PCI_OFFSET_SHIFT: region index << 40 is its offset in the file */
  SIM_ROM = VFIO_PCI_ROM_REGION_INDEX,
  SIM_MEMORIES = SIM_ROM + 1, /* BARs and ROM */
};

/* The memory behind each, made page by page when it is first written. */
typedef struct {
  const SimHostDevice *host;
  const SimConfig *config;         /* decides whether memory is decoded */
  GHashTable *pages[SIM_MEMORIES]; /* page number -> zeroed page; NULL: nothing was written */
} SimBars;

/* Bytes of region 0..6; 0: absent, or the upper half of a 64-bit BAR. */
guint64 sim_bar_size(const SimHostDevice *host, guint index);
gboolean sim_bar_is_memory(const SimHostDevice *host, guint index);
/* Whether [start, start + len) of the BAR touches the MSI-X table. */
gboolean sim_bar_touches_msix(const SimHostDevice *host, guint index, guint64 start, guint64 len);
/* How many bytes of [offset, offset + len) can be transferred, or -errno. */
ssize_t sim_bar_check(SimCall *call, const SimBars *bars, guint index, gsize len, guint64 offset);
/* What has been checked. */
void sim_bar_read(SimCall *call, const SimBars *bars, guint index, void *buf, gsize len, guint64 offset);
void sim_bar_write(SimCall *call, SimBars *bars, guint index, const void *buf, gsize len, guint64 offset);
/* Registers as after a reset: all zero. */
void sim_bars_reset(SimBars *bars);

G_END_DECLS
