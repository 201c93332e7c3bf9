/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prints the ids of the checks that find something in a trace: JSON lines on standard input. usage: watch-trace HOST */
#include <stdio.h>
#include <stdlib.h>

#include "harness/watch/watch.h"

int main(int argc, char **argv) {
  g_autoptr(SimHost) host = sim_host_builtin(argc > 1 ? argv[1] : "power9", NULL);
  g_autoptr(Watch) watch = host ? watch_new(host) : NULL;
  g_autofree char *line = NULL;
  size_t room = 0;
  ssize_t len;

  while (watch && (len = getline(&line, &room, stdin)) > 0) {
    g_autoptr(GError) error = NULL;
    TraceEvent event;
    if (!trace_event_parse_json(line, len, &event, &error)) {
      fprintf(stderr, "watch-trace: %s\n", error->message);
      return 2;
    }
    watch_event(watch, &event);
  }
  if (!watch)
    return 2;
  watch_end(watch);
  for (guint i = 0; i < watch_findings(watch)->len; i++) {
    const WatchFinding *finding = watch_findings(watch)->pdata[i];
    printf("%s %s\n", check_get(finding->check)->id, finding->message);
  }
  return 0;
}
