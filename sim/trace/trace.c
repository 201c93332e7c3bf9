/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/trace/trace.h"

#include <stddef.h>
#include <string.h>

enum { CHUNK = 256 }; /* events per allocation: some 80 kB */

struct Trace {
  GPtrArray *chunks; /* of TraceEvent[CHUNK]; kept by trace_clear() */
  guint len;
};

Trace *trace_new(void) {
  Trace *trace = g_new0(Trace, 1);

  trace->chunks = g_ptr_array_new_with_free_func(g_free);
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
    g_ptr_array_add(trace->chunks, g_new(TraceEvent, CHUNK));
  event = at(trace, trace->len++);
  memset(event, 0, offsetof(TraceEvent, in)); /* the lengths say that there is no payload yet */
  event->seq = trace->len;
  return event;
}

void trace_drop_last(Trace *trace) {
  g_return_if_fail(trace->len > 0);
  trace->len--;
}

guint trace_len(const Trace *trace) {
  return trace->len;
}

const TraceEvent *trace_get(const Trace *trace, guint index) {
  g_return_val_if_fail(index < trace->len, NULL);
  return at(trace, index);
}

void trace_clear(Trace *trace) {
  trace->len = 0;
}
