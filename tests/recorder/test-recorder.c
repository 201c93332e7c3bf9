/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The calls of a recorded program, as its library notes them, against what the model answered to it on its nodes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness/recorder/recorder.h"
#include "tests/fuse/rig.h"

static char *client; /* path */

typedef struct {
  const Recorder *recorder; /* NULL: it runs alone */
  const char *path;
} Plan;

static int run_client(gpointer data, int keep_fd) {
  const Plan *plan = data;

  if (plan->recorder)
    recorder_enter(plan->recorder);
  execl(plan->path, plan->path, NULL);
  return 127;
}

/* The event without what only a model knows. MMAP is not in a trace of the nodes. */
static gboolean print(GString *line, const TraceEvent *event) {
  TraceEvent plain = *event;

  plain.rule = RULE_NONE;
  plain.flags = 0;
  g_string_truncate(line, 0);
  trace_event_print(line, &plain);
  return event->call != ABI_MMAP;
}

static void compare(const Trace *recorded, const Trace *answered) {
  g_autoptr(GString) a = g_string_new(NULL), b = g_string_new(NULL);
  guint i = 0;

  for (guint j = 0; j < trace_len(answered); j++) {
    CHECK(print(b, trace_get(answered, j)));
    do
      CHECK(i < trace_len(recorded));
    while (!print(a, trace_get(recorded, i++)));
    if (!g_string_equal(a, b))
      fprintf(stderr, "recorded:  %s\nanswered: %s\n", a->str, b->str);
    CHECK(g_string_equal(a, b));
  }
  CHECK(i == trace_len(recorded));
}

static void what_is_noted_is_what_was_answered(World *world) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Recorder) recorder = recorder_new(&error);
  g_autoptr(Trace) recorded = trace_new();
  Plan plan = {recorder, client};

  CHECK(recorder);
  client_run(world, run_client, &plan);
  world_census(world);
  recorder_collect(recorder, recorded, NULL, NULL);
  CHECK(trace_len(recorded) > 20);
  compare(recorded, world->trace);
}

/* Whether or not a program is recorded, the kernel sees the same. */
static void recording_changes_nothing(World *world) {
  g_autoptr(Recorder) recorder = recorder_new(NULL);
  g_autoptr(Trace) recorded = trace_new();
  Plan alone = {NULL, client}, under = {recorder, client};

  client_run(world, run_client, &alone);
  world_census(world);
  guint n = trace_len(world->trace);
  client_run(world, run_client, &under);
  world_census(world);
  CHECK(trace_len(world->trace) == 2 * n);
  recorder_collect(recorder, recorded, NULL, NULL);
  guint all = trace_len(recorded);
  recorder_collect(recorder, recorded, NULL, NULL);
  CHECK(trace_len(recorded) == all); /* each is collected once */
}

static void test_events(void **state) {
  /* In its own user namespace the process that serves the nodes has capabilities, which an ordinary user's program that
   * was exec'd has not: it may not open that process's files. On --kernel host there is no such namespace. */
  if (geteuid() != 0) {
    print_message("skipped: an ordinary user's program cannot be recorded behind nodes\n");
    skip();
  }
  in_world(0, what_is_noted_is_what_was_answered);
}

static void test_nothing_changes(void **state) {
  in_world(0, recording_changes_nothing);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_events),
      cmocka_unit_test(test_nothing_changes),
  };

  client = argv[1];
  return cmocka_run_group_tests(tests, NULL, NULL);
}
