/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/exec/say.h"

#define PREFIX "vfiosim: "

/* Standard error is not buffered: one write, so that a line is not torn by the program's. */
static void put(const GString *text) {
  fwrite(text->str, 1, text->len, stderr);
}

void say(const char *format, ...) {
  g_autoptr(GString) text = g_string_new(PREFIX);
  va_list args;

  va_start(args, format);
  g_string_append_vprintf(text, format, args);
  va_end(args);
  g_string_append_c(text, '\n');
  put(text);
}

static void append_event(GString *text, const TraceEvent *event) {
  g_string_append_printf(text, PREFIX "%5u [%u] ", event->seq, event->process);
  trace_event_print(text, event);
  g_string_append_c(text, '\n');
}

void say_event(const TraceEvent *event) {
  g_autoptr(GString) text = g_string_new(NULL);

  append_event(text, event);
  put(text);
}

void say_finding(const WatchFinding *finding) {
  const char *id = check_get(finding->check)->id;
  g_autoptr(GString) text = g_string_new(NULL);

  g_string_append_printf(text, PREFIX "%s: %s", id, finding->message);
  if (finding->times > 1)
    g_string_append_printf(text, "; %u times", finding->times);
  g_string_append_c(text, '\n');
  for (guint i = 0; i < finding->calls->len; i++)
    append_event(text, finding->calls->pdata[i]);
  g_string_append_printf(text, PREFIX "`vfiosim explain %s` says more\n", id);
  put(text);
}
