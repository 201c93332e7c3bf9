/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/run/run.h"

enum { STRETCH_MAX = 40, STRETCH_HEAD = 6 };

static void print_event(GString *out, const Trace *trace, guint index, guint mark) {
  const TraceEvent *event = trace_get(trace, index);

  g_string_append_printf(out, "%c %4u  ", index == mark ? '>' : ' ', event->seq);
  trace_event_print(out, event);
  g_string_append_c(out, '\n');
}

static char *finish(GString *out) {
  if (out->len)
    g_string_truncate(out, out->len - 1);
  return g_string_free(out, out->len == 0);
}

/* A vCPU's registers come and go by the hundred, and tell nothing about devices. */
static gboolean is_shown(const Trace *trace, guint index, guint mark) {
  return index == mark || abi_call(trace_get(trace, index)->call)->kind != ABI_VCPU;
}

static GArray *shown(const Trace *trace, guint first, guint end, guint mark, guint *at) {
  GArray *indices = g_array_new(FALSE, FALSE, sizeof(guint));

  *at = G_MAXUINT;
  for (guint i = first; i < end; i++) {
    if (!is_shown(trace, i, mark))
      continue;
    if (i == mark)
      *at = indices->len;
    g_array_append_val(indices, i);
  }
  return indices;
}

char *stretch_range(const Trace *trace, guint first, guint end, guint mark) {
  GString *out = g_string_new(NULL);
  guint at;
  g_autoptr(GArray) events = shown(trace, first, end, mark, &at);
  guint n = events->len, from = 0;

  if (n > STRETCH_MAX) {
    /* The beginning of the event, then what surrounds the mark, or its end. */
    guint rest = STRETCH_MAX - STRETCH_HEAD;
    from = at == G_MAXUINT ? n - rest : MIN(at - MIN(at, rest - 5), n - rest);
    from = MAX(from, STRETCH_HEAD);
    for (guint i = 0; i < STRETCH_HEAD; i++)
      print_event(out, trace, g_array_index(events, guint, i), mark);
    if (from > STRETCH_HEAD)
      g_string_append_printf(out, "        ... %u calls ...\n", from - STRETCH_HEAD);
    n = MIN(rest, events->len - from);
  }
  for (guint i = from; i < from + n; i++)
    print_event(out, trace, g_array_index(events, guint, i), mark);
  if (from + n < events->len)
    g_string_append_printf(out, "        ... %u calls ...\n", events->len - from - n);
  return finish(out);
}

char *stretch_of(const Trace *trace, const GArray *indices, guint mark) {
  GString *out = g_string_new(NULL);
  guint next = G_MAXUINT;

  for (guint i = 0; i < indices->len; i++) {
    guint index = g_array_index(indices, guint, i);
    if (index > next)
      g_string_append(out, "        ...\n");
    print_event(out, trace, index, mark);
    next = index + 1;
  }
  return finish(out);
}
