/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "harness/run/world-message.h"

enum { WORLD_STACK = 65536 };

typedef struct {
  pid_t pid; /* the world's own: processes that it forks inherit its handlers */
  int fd;
  Trace *trace;
  guint timeout_ms;
  gboolean watched; /* the child watches its own time: the subject runs in it */
} Child;

/* A signal handler has no argument to find this by. Set in the child only. */
static Child *dying;

static void send_text(int fd, WorldMsgKind kind, const char *text) {
  if (text)
    world_msg_send(fd, kind, text, MIN(strlen(text), WORLD_MAX_TEXT));
}

static void send_events(const Child *child, guint from) {
  for (guint i = from; i < trace_len(child->trace); i++)
    world_msg_send(child->fd, WORLD_EVENT, trace_get(child->trace, i), sizeof(TraceEvent));
}

/* Only write(2) and reads of the trace: safe wherever the signal struck. */
static void on_lost(int signal_number) {
  gint32 number = signal_number;
  guint n = trace_len(dying->trace);

  if (getpid() != dying->pid) {
    raise(signal_number); /* the default by now: it dies of that when the handler returns */
    return;
  }
  world_msg_send(dying->fd, WORLD_LOST, &number, sizeof number);
  send_events(dying, n > WORLD_LAST_EVENTS ? n - WORLD_LAST_EVENTS : 0);
  _exit(1);
}

static void catch_signals(Child *child) {
  static const int fatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS, SIGALRM};
  struct sigaction action = {.sa_handler = on_lost, .sa_flags = SA_ONSTACK | SA_RESETHAND};
  static guint8 memory[WORLD_STACK];
  stack_t stack = {.ss_sp = memory, .ss_size = sizeof memory};

  dying = child;
  sigaltstack(&stack, NULL);
  for (guint i = 0; i < G_N_ELEMENTS(fatal); i++)
    sigaction(fatal[i], &action, NULL);
}

static void child_progress(guint index, guint n_events, gpointer data) {
  Child *child = data;
  WorldBeginning beginning = {.stmt = index, .n_events = n_events};

  world_msg_send(child->fd, WORLD_STMT, &beginning, sizeof beginning);
  if (child->watched) {
    struct itimerval limit = {
        .it_value = {.tv_sec = child->timeout_ms / 1000, .tv_usec = (suseconds_t)(child->timeout_ms % 1000) * 1000}};
    setitimer(ITIMER_REAL, &limit, NULL);
  }
}

void world_child(int fd, const Scenario *scenario, const RunOptions *options) {
  g_autoptr(Trace) trace = trace_new();
  g_autofree guint32 *rules = g_new0(guint32, RULE_COUNT);
  g_autoptr(ScenarioResult) result = scenario_result_new(scenario->path, "");
  Child child = {.pid = getpid(),
                 .fd = fd,
                 .trace = trace,
                 .timeout_ms = scenario->timeout_ms,
                 .watched = options->kernel != KERNEL_FUSE};
  RunOptions mine = *options;
  const struct itimerval off = {0};

  catch_signals(&child);
  mine.progress = child_progress;
  mine.progress_data = &child;
  mine.trace = trace;
  mine.rules_met = options->rules_met ? rules : NULL;
  run_scenario(scenario, &mine, result);
  setitimer(ITIMER_REAL, &off, NULL);

  WorldResult fixed = {.status = result->status, .seconds = result->seconds, .n_calls = result->n_calls};
  world_msg_send(fd, WORLD_RESULT, &fixed, sizeof fixed);
  send_text(fd, WORLD_MESSAGE, result->message);
  send_text(fd, WORLD_STRETCH, result->stretch);
  if (options->trace)
    for (guint i = 0; i < MIN(trace_len(trace), WORLD_MAX_EVENTS); i++)
      world_msg_send(fd, WORLD_EVENT, trace_get(trace, i), sizeof(TraceEvent));
  if (options->rules_met)
    world_msg_send(fd, WORLD_RULES, rules, sizeof(guint32) * RULE_COUNT);
  world_msg_send(fd, WORLD_END, NULL, 0);
  close(fd);
  exit(0);
}
