/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What of this process's memory a simulated process could pin. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  guint64 start, size;
  gboolean writable;
  guint huge_shift; /* 0 = normal pages */
} MemoryRange;

/* Ranges that have been declared: sorted by start, without overlap. Array of MemoryRange. */
GArray *memory_new(void);
void memory_declare(GArray *ranges, const MemoryRange *range); /* replaces what it overlaps */
void memory_forget(GArray *ranges, guint64 start, guint64 size);

/* SimPort.pin: declared ranges first, then /proc/self/maps. */
guint64 memory_pin(const GArray *ranges, guint64 addr, guint64 len, gboolean write, guint host_page_shift,
                   guint *page_shift);

G_END_DECLS
