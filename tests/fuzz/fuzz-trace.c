/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any line is an event or is refused with a message; an event survives being written and read again. */
#include <string.h>

#include "sim/trace/trace.h"
#include "tests/fuzz/target.h"

static void assert_same(const TraceEvent *a, const TraceEvent *b) {
  g_assert_true(a->seq == b->seq && a->process == b->process && a->rule == b->rule && a->flags == b->flags);
  g_assert_true(a->call == b->call && a->arg == b->arg && a->result == b->result);
  g_assert_true(a->object.kind == b->object.kind && a->object.id == b->object.id);
  g_assert_true(a->made.kind == b->made.kind && a->made.id == b->made.id);
  for (guint i = 0; i < TRACE_REFS; i++)
    g_assert_true(a->refs[i].kind == b->refs[i].kind && a->refs[i].id == b->refs[i].id);
  g_assert_true(a->in_len == b->in_len && a->out_len == b->out_len);
  g_assert_true(memcmp(a->in, b->in, a->in_len) == 0 && memcmp(a->out, b->out, a->out_len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  g_autofree char *line = g_strndup((const char *)data, size);
  g_autoptr(GString) text = g_string_new(NULL), json = g_string_new(NULL);
  g_autoptr(GError) error = NULL;
  TraceEvent event, again;
  guint64 value;

  if (!trace_event_parse_json(line, (gssize)strlen(line), &event, &error)) {
    g_assert_nonnull(error);
    return 0;
  }
  trace_event_print(text, &event);
  trace_event_print_json(json, &event);
  (void)trace_event_field(&event, "group", &value);
  (void)trace_event_field(&event, "name", &value);
  g_assert_true(trace_event_parse_json(json->str, (gssize)json->len, &again, &error));
  assert_same(&event, &again);
  return 0;
}
