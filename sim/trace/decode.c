/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/trace/decode.h"

const AbiCall *decode_call(const TraceEvent *event) {
  if (event->call <= ABI_CALL_NONE || event->call >= ABI_N_CALLS)
    return NULL;
  return abi_call(event->call);
}

gboolean decode_succeeded(const TraceEvent *event) {
  return event->object.kind == ABI_GUEST ? event->result == 0 : event->result >= 0;
}

gboolean decode_has(const TraceEvent *event, const AbiField *field, int dir) {
  gsize len = dir == ABI_IN ? event->in_len : event->out_len;

  if (!(field->dir & dir))
    return FALSE;
  if (abi_call(event->call)->arg == ABI_ARG_VALUE)
    return TRUE;
  return (gsize)field->offset + field->size <= MIN(len, TRACE_PAYLOAD);
}

guint64 decode_value(const TraceEvent *event, const AbiField *field, int dir) {
  if (abi_call(event->call)->arg == ABI_ARG_VALUE)
    return event->arg;
  return dir == ABI_IN ? abi_get(field, event->in, MIN(event->in_len, TRACE_PAYLOAD))
                       : abi_get(field, event->out, MIN(event->out_len, TRACE_PAYLOAD));
}

char *decode_string(const TraceEvent *event, const AbiField *field) {
  GString *text = g_string_new(NULL);

  for (gsize i = field->offset; i < MIN(event->in_len, TRACE_PAYLOAD) && event->in[i]; i++)
    if (g_ascii_isprint(event->in[i]) && event->in[i] != '\\')
      g_string_append_c(text, (char)event->in[i]);
    else
      g_string_append_printf(text, "\\x%02x", event->in[i]);
  return g_string_free(text, FALSE);
}

AbiObject decode_object(const TraceEvent *event, const AbiField *field) {
  const AbiCall *call = abi_call(event->call);
  guint ref = 0;

  if (!(field->dir & ABI_IN))
    return event->made;
  for (const AbiField *f = call->fields; f != field; f++)
    if (f->format == ABI_FD && (f->dir & ABI_IN))
      ref++;
  return ref < TRACE_REFS ? event->refs[ref] : (AbiObject){ABI_NONE, 0};
}

gboolean trace_event_field(const TraceEvent *event, const char *name, guint64 *value) {
  const AbiCall *call = decode_call(event);
  const AbiField *field = call ? abi_field(call, name) : NULL;
  AbiObject object;
  int dir;

  if (!field)
    return FALSE;
  if (field->format == ABI_FD) {
    object = decode_object(event, field);
    *value = object.id;
    return object.kind != ABI_NONE;
  }
  if (field->format == ABI_STR) {
    g_autofree char *text = decode_string(event, field);
    return abi_bdf_parse(text, value);
  }
  dir = decode_succeeded(event) && decode_has(event, field, ABI_OUT) ? ABI_OUT : ABI_IN;
  if (!decode_has(event, field, dir))
    return FALSE;
  *value = decode_value(event, field, dir);
  return TRUE;
}
