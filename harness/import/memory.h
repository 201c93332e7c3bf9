/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The caller's memory behind a recording, as far as its calls show it: the ranges they name become buffers. */
#pragma once

#include "sim/trace/trace.h"

G_BEGIN_DECLS

typedef struct ImportMemory ImportMemory;

/* page: the recorded host's, bytes. */
ImportMemory *import_memory_new(const GArray *events, guint64 page);
void import_memory_free(ImportMemory *memory);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ImportMemory, import_memory_free)

/* Appends the `buffer` statements. */
void import_memory_print_buffers(const ImportMemory *memory, GString *out);
/* Appends what must go before the call: a `free` where the recorded kernel found no memory. */
void import_memory_print_hole(ImportMemory *memory, const TraceEvent *event, GString *out);
/* Appends an address as a field has it: "buf0+0x1000", "bad-address", or the number. faulted: the kernel found nothing
 * there. */
void import_memory_print_address(ImportMemory *memory, guint64 address, gboolean faulted, GString *out);

/* Whether a field of that name holds an address. */
gboolean import_is_address(const AbiField *field);

G_END_DECLS
