/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/trace/trace.h"

#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

enum { CHUNK = 256 }; /* events per allocation: some 80 kB */

struct Trace {
  GPtrArray *chunks; /* of TraceEvent[CHUNK]; kept by trace_clear() */
  guint len;
  guint seq;      /* of the newest event */
  TraceFunc func; /* NULL: nobody follows */
  gpointer data;
};

/* Populated at once: a page fault in every twelfth event costs several times what a call may take, on a virtual machine
 * most of all. */
static TraceEvent *chunk_new(void) {
  void *chunk =
      mmap(NULL, CHUNK * sizeof(TraceEvent), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

  if (chunk == MAP_FAILED)
    g_error("out of memory for the trace"); /* as GLib's allocators do */
  return chunk;
}

static void chunk_free(gpointer chunk) {
  munmap(chunk, CHUNK * sizeof(TraceEvent));
}

Trace *trace_new(void) {
  Trace *trace = g_new0(Trace, 1);

  trace->chunks = g_ptr_array_new_with_free_func(chunk_free);
  return trace;
}

void trace_free(Trace *trace) {
  if (!trace)
    return;
  g_ptr_array_unref(trace->chunks);
  g_free(trace);
}

static TraceEvent *at(const Trace *trace, guint index) {
  return (TraceEvent *)g_ptr_array_index(trace->chunks, index / CHUNK) + index % CHUNK;
}

TraceEvent *trace_add(Trace *trace) {
  TraceEvent *event;

  if (trace->len == trace->chunks->len * CHUNK)
    g_ptr_array_add(trace->chunks, chunk_new());
  event = at(trace, trace->len++);
  memset(event, 0, offsetof(TraceEvent, in)); /* the lengths say that there is no payload yet */
  event->seq = ++trace->seq;
  return event;
}

void trace_drop_last(Trace *trace) {
  g_return_if_fail(trace->len > 0);
  trace->len--;
  trace->seq--;
}

guint trace_len(const Trace *trace) {
  return trace->len;
}

const TraceEvent *trace_get(const Trace *trace, guint index) {
  g_return_val_if_fail(index < trace->len, NULL);
  return at(trace, index);
}

void trace_clear(Trace *trace) {
  trace->len = trace->seq = 0;
}

void trace_follow(Trace *trace, TraceFunc func, gpointer data) {
  trace->func = func;
  trace->data = data;
}

void trace_answered(Trace *trace) {
  if (!trace->func)
    return;
  trace->func(at(trace, trace->len - 1), trace->data);
  trace->len = 0;
}
