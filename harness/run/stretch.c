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

char *stretch_range(const Trace *trace, guint first, guint end, guint mark) {
  GString *out = g_string_new(NULL);
  guint n = end > first ? end - first : 0;
  guint from = first;

  if (n > STRETCH_MAX) {
    /* The beginning of the event, then what surrounds the mark, or its end. */
    guint rest = STRETCH_MAX - STRETCH_HEAD;
    from = mark == RUN_NO_MARK || mark >= end ? end - rest : MIN(mark - MIN(mark, rest - 5), end - rest);
    from = MAX(from, first + STRETCH_HEAD);
    for (guint i = first; i < first + STRETCH_HEAD; i++)
      print_event(out, trace, i, mark);
    if (from > first + STRETCH_HEAD)
      g_string_append_printf(out, "        ... %u calls ...\n", from - first - STRETCH_HEAD);
    n = MIN(rest, end - from);
  }
  for (guint i = from; i < from + n; i++)
    print_event(out, trace, i, mark);
  if (from + n < end)
    g_string_append_printf(out, "        ... %u calls ...\n", end - from - n);
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
