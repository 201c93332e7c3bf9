/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The named buffers of raw calls. A hole stays a hole: freed bytes keep their address range, without access, so that no
 * later allocation can fill it.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct RawMemory RawMemory;

RawMemory *raw_memory_new(void);
void raw_memory_free(RawMemory *memory);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RawMemory, raw_memory_free)

/* align: a power of two, at least the machine's page. A buffer of that name is replaced (and stays mapped). NULL: no
 * memory. */
void *raw_memory_new_buffer(RawMemory *memory, const char *name, gsize size, gsize align, gboolean writable);
gboolean raw_memory_address(RawMemory *memory, const char *name, guint64 *address);
/* Takes the access to [offset, offset + *size) away; *size 0: to the whole buffer, whose name is gone then. Its
 * address, or NULL if the buffer does not hold that. */
void *raw_memory_hole(RawMemory *memory, const char *name, gsize offset, gsize *size);
/* The first of 1 GiB that never holds anything. */
guint64 raw_memory_bad_address(RawMemory *memory);

G_END_DECLS
