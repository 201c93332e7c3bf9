/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The mappings of a process, one at a time: asked for by address where the kernel can answer that (PROCMAP_QUERY, Linux
 * 6.11), else read from the text of /proc/PID/maps and, for page sizes, of smaps, which costs as much as there are
 * mappings, and pages in them.
 */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

typedef struct {
  guint64 start, end;
  gboolean readable, writable;
} GateMapping;

typedef struct GateMaps GateMaps;

/* NULL: there is no such process, or it may not be looked at. text: read the text wherever it may be. */
GateMaps *gate_maps_open(pid_t pid, gboolean text);
void gate_maps_close(GateMaps *maps);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GateMaps, gate_maps_close)

/* The mapping that covers addr. FALSE: there is none. Addresses must ascend from call to call. */
gboolean gate_maps_at(GateMaps *maps, guint64 addr, GateMapping *mapping);

/* log2 of the size of the pages behind [addr, addr + len), the smallest of them; 0: unknown. len > 0. */
guint gate_maps_page_shift(GateMaps *maps, guint64 addr, guint64 len);

G_END_DECLS
