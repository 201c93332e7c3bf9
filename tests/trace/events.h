/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Events for the tests of sim/trace, made as the model makes them. */
#pragma once

#include <errno.h>
#include <string.h>

#include "sim/trace/trace.h"

static inline TraceEvent *event_new(Trace *trace, AbiCallId call, AbiKind kind, guint64 id) {
  TraceEvent *event = trace_add(trace);

  event->process = 1;
  event->call = call;
  event->object = (AbiObject){kind, id};
  return event;
}

/* Sets a field of the payload; the payload is the call's fixed struct from then on. */
static inline void event_in(TraceEvent *event, const char *field, guint64 value) {
  const AbiCall *call = abi_call(event->call);

  if (event->in_len == 0)
    memset(event->in, 0, sizeof event->in);
  event->in_len = (guint8)call->size;
  abi_set(abi_field(call, field), event->in, event->in_len, value);
}

static inline void event_out(TraceEvent *event, const char *field, guint64 value) {
  const AbiCall *call = abi_call(event->call);

  if (event->out_len == 0)
    memset(event->out, 0, sizeof event->out);
  event->out_len = (guint8)call->size;
  abi_set(abi_field(call, field), event->out, event->out_len, value);
}

static inline void event_answer(TraceEvent *event, gint64 result, RuleId rule) {
  event->result = result;
  event->rule = (guint16)rule;
}
