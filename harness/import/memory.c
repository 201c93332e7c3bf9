/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/import/memory.h"

#include <errno.h>
#include <string.h>

#define HEX "0x%" G_GINT64_MODIFIER "x"

enum {
  BLOCK = 1 << 16,    /* buffers begin where pages of every host do */
  HUGE = 2 << 20,     /* ... or where huge pages do, if they did */
  BAD_SIZE = 1 << 30, /* how far bad-address goes */
};

static const guint64 lowest = 0x10000, highest = G_GUINT64_CONSTANT(1) << 52, largest = G_GUINT64_CONSTANT(1) << 40;

typedef struct {
  guint64 start, end;
} Range;

struct ImportMemory {
  GArray *buffers;   /* of Range, sorted, apart from each other */
  GHashTable *holes; /* guint64* page: that were made */
  guint64 page;
  guint64 bad; /* the address that bad-address stands for; 0: none yet */
};

gboolean import_is_address(const AbiField *field) {
  return strcmp(field->name, "vaddr") == 0 || strcmp(field->name, "userspace_addr") == 0 ||
         strcmp(field->name, "addr") == 0;
}

/* The range of the caller's memory that the call names. */
static gboolean event_range(const TraceEvent *event, Range *range) {
  const AbiCall *call = abi_call(event->call);
  const AbiField *start = abi_field(call, "vaddr"), *size = abi_field(call, "size");
  guint64 len;

  if (!start) {
    start = abi_field(call, "userspace_addr");
    size = abi_field(call, "memory_size");
  }
  if (!start || !size || event->in_len < start->offset + start->size || event->in_len < size->offset + size->size)
    return FALSE;
  range->start = abi_get(start, event->in, event->in_len);
  len = MAX(abi_get(size, event->in, event->in_len), 1);
  if (range->start < lowest || range->start >= highest || len > largest)
    return FALSE;
  range->end = range->start + len;
  return TRUE;
}

static gint compare_ranges(gconstpointer a, gconstpointer b) {
  const Range *x = a, *y = b;
  return x->start < y->start ? -1 : x->start > y->start;
}

static void merge(GArray *ranges) {
  guint n = 0;

  g_array_sort(ranges, compare_ranges);
  for (guint i = 0; i < ranges->len; i++) {
    Range range = g_array_index(ranges, Range, i), *last = n ? &g_array_index(ranges, Range, n - 1) : NULL;

    if (last && range.start <= last->end)
      last->end = MAX(last->end, range.end);
    else
      g_array_index(ranges, Range, n++) = range;
  }
  g_array_set_size(ranges, n);
}

ImportMemory *import_memory_new(const GArray *events, guint64 page) {
  ImportMemory *memory = g_new0(ImportMemory, 1);
  Range range;

  memory->buffers = g_array_new(FALSE, FALSE, sizeof(Range));
  memory->holes = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
  memory->page = page;
  for (guint i = 0; i < events->len; i++) {
    const TraceEvent *event = &g_array_index(events, TraceEvent, i);

    if (event->process != 1 || event->result == -EFAULT || !event_range(event, &range))
      continue;
    range.start &= ~(guint64)(BLOCK - 1);
    range.end = (range.end + BLOCK - 1) & ~(guint64)(BLOCK - 1);
    g_array_append_val(memory->buffers, range);
  }
  merge(memory->buffers);
  return memory;
}

void import_memory_free(ImportMemory *memory) {
  if (!memory)
    return;
  g_array_unref(memory->buffers);
  g_hash_table_unref(memory->holes);
  g_free(memory);
}

void import_memory_print_buffers(const ImportMemory *memory, GString *out) {
  for (guint i = 0; i < memory->buffers->len; i++) {
    const Range *range = &g_array_index(memory->buffers, Range, i);

    g_string_append_printf(out, "buffer buf%u " HEX " align 0x%x\n", i, range->end - range->start,
                           range->start % HUGE ? BLOCK : HUGE);
  }
}

static const Range *buffer_of(const ImportMemory *memory, guint64 address, guint *index) {
  for (*index = 0; *index < memory->buffers->len; (*index)++) {
    const Range *range = &g_array_index(memory->buffers, Range, *index);

    if (address >= range->start && address < range->end)
      return range;
  }
  return NULL;
}

void import_memory_print_hole(ImportMemory *memory, const TraceEvent *event, GString *out) {
  gboolean part = event->call == ABI_REGISTER_MEMORY && event->result > 0; /* so many pages, then none (MM-7) */
  const Range *buffer;
  guint64 at;
  Range range;
  guint index;

  if ((!part && event->result != -EFAULT) || !event_range(event, &range))
    return;
  at = (range.start + (part ? (guint64)event->result * memory->page : 0)) & ~(memory->page - 1);
  buffer = buffer_of(memory, at, &index);
  if (!buffer || !g_hash_table_add(memory->holes, g_memdup2(&at, sizeof at)))
    return;
  g_string_append_printf(out, "free buf%u from " HEX " size " HEX "\n", index, at - buffer->start, memory->page);
}

void import_memory_print_address(ImportMemory *memory, guint64 address, gboolean faulted, GString *out) {
  guint index;
  const Range *buffer = buffer_of(memory, address, &index);

  if (buffer) {
    g_string_append_printf(out, "buf%u", index);
    if (address > buffer->start)
      g_string_append_printf(out, "+" HEX, address - buffer->start);
  } else if (faulted && address >= lowest && address < highest) {
    if (!memory->bad)
      memory->bad = address & ~(guint64)(BLOCK - 1);
    g_string_append_printf(out, "bad-address+" HEX,
                           address - memory->bad < BAD_SIZE ? address - memory->bad : address % BLOCK);
  } else {
    g_string_append_printf(out, HEX, address);
  }
}
