/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/raw/memory.h"

#include <sys/mman.h>
#include <unistd.h>

enum { BAD_SIZE = 1 << 30, BAD_ALIGN = 1 << 16 /* the largest host page: a bad address is not a misaligned one */ };

typedef struct {
  void *memory; /* aligned */
  gsize size;
} Buffer;

typedef struct {
  void *memory;
  gsize size;
} Reservation;

struct RawMemory {
  GHashTable *buffers;  /* char* -> Buffer* */
  GArray *reservations; /* of Reservation: every mapping that was made */
  void *bad;
};

static void *reserve(RawMemory *memory, gsize size) {
  void *at = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED)
    return NULL;
  g_array_append_val(memory->reservations, ((Reservation){at, size}));
  return at;
}

RawMemory *raw_memory_new(void) {
  RawMemory *memory = g_new0(RawMemory, 1);
  memory->buffers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  memory->reservations = g_array_new(FALSE, FALSE, sizeof(Reservation));
  return memory;
}

void raw_memory_free(RawMemory *memory) {
  if (!memory)
    return;
  for (guint i = 0; i < memory->reservations->len; i++) {
    Reservation *r = &g_array_index(memory->reservations, Reservation, i);
    munmap(r->memory, r->size);
  }
  g_array_unref(memory->reservations);
  g_hash_table_unref(memory->buffers);
  g_free(memory);
}

void *raw_memory_new_buffer(RawMemory *memory, const char *name, gsize size, gsize align, gboolean writable) {
  gsize page = (gsize)sysconf(_SC_PAGESIZE);
  gsize step = MAX(align, page);
  gsize whole;

  /* A step of room on either side: to align in, and so that nothing else ever borders on the buffer. */
  if (size == 0 || !g_size_checked_add(&whole, (size + page - 1) & ~(page - 1), 3 * step) || size > whole)
    return NULL;
  char *at = reserve(memory, whole);
  if (!at)
    return NULL;
  at = (char *)(((guintptr)at + 2 * step - 1) & ~(guintptr)(step - 1));
  if (mprotect(at, size, writable ? PROT_READ | PROT_WRITE : PROT_READ) < 0)
    return NULL;
  Buffer *buffer = g_new(Buffer, 1);
  *buffer = (Buffer){at, size};
  g_hash_table_replace(memory->buffers, g_strdup(name), buffer);
  return at;
}

gboolean raw_memory_address(RawMemory *memory, const char *name, guint64 *address) {
  const Buffer *buffer = g_hash_table_lookup(memory->buffers, name);
  if (!buffer)
    return FALSE;
  *address = (guintptr)buffer->memory;
  return TRUE;
}

void *raw_memory_hole(RawMemory *memory, const char *name, gsize offset, gsize *size) {
  const Buffer *buffer = g_hash_table_lookup(memory->buffers, name);
  gboolean all = *size == 0;

  if (!buffer || offset > buffer->size || *size > buffer->size - offset)
    return NULL;
  if (all)
    *size = buffer->size - offset;
  char *at = (char *)buffer->memory + offset;
  if (mmap(at, *size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == MAP_FAILED)
    return NULL;
  if (all)
    g_hash_table_remove(memory->buffers, name);
  return at;
}

guint64 raw_memory_bad_address(RawMemory *memory) {
  if (!memory->bad) {
    guintptr at = (guintptr)reserve(memory, BAD_SIZE + BAD_ALIGN);
    memory->bad = (void *)((at + BAD_ALIGN - 1) & ~(guintptr)(BAD_ALIGN - 1));
  }
  return (guintptr)memory->bad;
}
