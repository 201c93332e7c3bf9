/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/run/world.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/run/run.h"
#include "harness/run/world-message.h"

enum {
  WORLD_GRACE_MS = 3000,  /* what the child may need beyond a statement's limit to say so itself */
  WORLD_START_MS = 10000, /* to set nodes up and to take them down */
};

struct Worlds {
  sigset_t taken, before;
  int signals;
};

Worlds *worlds_new(GError **error) {
  Worlds *worlds = g_new0(Worlds, 1);

  sigemptyset(&worlds->taken);
  sigaddset(&worlds->taken, SIGINT);
  sigaddset(&worlds->taken, SIGTERM);
  sigaddset(&worlds->taken, SIGHUP);
  worlds->signals = signalfd(-1, &worlds->taken, SFD_CLOEXEC | SFD_NONBLOCK);
  if (worlds->signals < 0) {
    g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(errno), "cannot watch signals: %s",
                g_strerror(errno));
    g_free(worlds);
    return NULL;
  }
  sigprocmask(SIG_BLOCK, &worlds->taken, &worlds->before);
  return worlds;
}

void worlds_free(Worlds *worlds) {
  if (!worlds)
    return;
  close(worlds->signals);
  sigprocmask(SIG_SETMASK, &worlds->before, NULL);
  g_free(worlds);
}

/* What has come from the world so far. */
typedef struct {
  const Scenario *scenario;
  const RunOptions *options;
  ScenarioResult *result;
  GByteArray *input;
  Trace *trace; /* the caller's, or one for the last calls */
  guint stmt;   /* being carried out; G_MAXUINT: none yet */
  int lost;     /* signal, 0: none was told */
  gboolean ended;
} Inbox;

static gboolean take_msg(Inbox *inbox, const WorldMsgHeader *header, const void *data) {
  WorldBeginning beginning;
  gint32 number;
  WorldResult fixed;

  switch ((WorldMsgKind)header->kind) {
  case WORLD_STMT:
    memcpy(&beginning, data, sizeof beginning);
    inbox->stmt = beginning.stmt;
    if (inbox->options->progress)
      inbox->options->progress(beginning.stmt, beginning.n_events, inbox->options->progress_data);
    return TRUE;
  case WORLD_RESULT:
    memcpy(&fixed, data, sizeof fixed);
    inbox->result->status = (ResultStatus)fixed.status;
    inbox->result->seconds = fixed.seconds;
    inbox->result->n_calls = fixed.n_calls;
    return TRUE;
  case WORLD_MESSAGE:
    inbox->result->message = g_strndup(data, header->len);
    return TRUE;
  case WORLD_STRETCH:
    inbox->result->stretch = g_strndup(data, header->len);
    return TRUE;
  case WORLD_EVENT:
    memcpy(trace_add(inbox->trace), data, sizeof(TraceEvent));
    return TRUE;
  case WORLD_RULES:
    for (guint i = 0; i < RULE_COUNT; i++)
      inbox->options->rules_met[i] += ((const guint32 *)data)[i];
    return TRUE;
  case WORLD_LOST:
    memcpy(&number, data, sizeof number);
    inbox->lost = number;
    return TRUE;
  case WORLD_END:
    inbox->ended = TRUE;
    return TRUE;
  }
  return FALSE;
}

/* FALSE: what came is no message; the world has gone mad. */
static gboolean take_input(Inbox *inbox) {
  gsize at = 0;
  gboolean sane = TRUE;

  while (sane && inbox->input->len - at >= sizeof(WorldMsgHeader)) {
    WorldMsgHeader header;
    memcpy(&header, inbox->input->data + at, sizeof header);
    if (!world_msg_is_sane(&header))
      sane = FALSE;
    else if (inbox->input->len - at - sizeof header < header.len)
      break;
    else {
      sane = take_msg(inbox, &header, inbox->input->data + at + sizeof header);
      at += sizeof header + header.len;
    }
  }
  g_byte_array_remove_range(inbox->input, 0, (guint)at);
  return sane;
}

typedef enum { WORLD_CLOSED, WORLD_LATE, WORLD_MAD, WORLD_INTERRUPTED } WorldEnd;

static guint world_limit(const Inbox *inbox) {
  return inbox->scenario->timeout_ms + WORLD_GRACE_MS +
         (inbox->stmt == G_MAXUINT || inbox->stmt + 1 >= inbox->scenario->stmts->len ? WORLD_START_MS : 0);
}

static WorldEnd listen_to(Worlds *worlds, int fd, Inbox *inbox) {
  struct pollfd fds[] = {{.fd = fd, .events = POLLIN}, {.fd = worlds->signals, .events = POLLIN}};
  guint8 buf[65536];

  for (;;) {
    int n = poll(fds, 2, (int)MIN(world_limit(inbox), G_MAXINT));
    if (n < 0 && errno == EINTR)
      continue;
    if (n == 0)
      return WORLD_LATE;
    if (fds[1].revents)
      return WORLD_INTERRUPTED;
    ssize_t got = read(fd, buf, sizeof buf);
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      return WORLD_CLOSED;
    g_byte_array_append(inbox->input, buf, (guint)got);
    if (!take_input(inbox))
      return WORLD_MAD;
  }
}

static ScenarioPlace stmt_place(const Inbox *inbox) {
  if (inbox->stmt < inbox->scenario->stmts->len)
    return ((const ScenarioStmt *)inbox->scenario->stmts->pdata[inbox->stmt])->place;
  return (ScenarioPlace){1, 1};
}

static void fail_lost(Inbox *inbox, CheckId check, const char *why) {
  ScenarioResult *result = inbox->result;
  guint n = trace_len(inbox->trace);

  g_free(result->message);
  g_free(result->stretch);
  result->status = RESULT_FAIL;
  result->message = scenario_message(inbox->scenario, stmt_place(inbox), "%s [%s]", why, check_get(check)->id);
  result->stretch = stretch_range(inbox->trace, n > WORLD_LAST_EVENTS ? n - WORLD_LAST_EVENTS : 0, n, RUN_NO_MARK);
  if (result->n_calls == 0 && n)
    result->n_calls = trace_get(inbox->trace, n - 1)->seq;
}

static void judge_end(Inbox *inbox, WorldEnd end, int status) {
  g_autofree char *why = NULL;

  if (end == WORLD_LATE || inbox->lost == SIGALRM) {
    why = g_strdup_printf("no answer within %u ms; it was killed", inbox->scenario->timeout_ms);
    fail_lost(inbox, CHECK_HUNG, why);
    return;
  }
  if (inbox->ended && WIFEXITED(status) && WEXITSTATUS(status) == 0)
    return;
  if (inbox->ended)
    why = g_strdup_printf("the scenario ended (%s), its process did not end well: %s %d",
                          result_status_name(inbox->result->status), WIFSIGNALED(status) ? "signal" : "exit status",
                          WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
  else if (inbox->lost)
    why = g_strdup_printf("model and subject died by signal %d (%s)", inbox->lost, strsignal(inbox->lost));
  else if (end == WORLD_MAD)
    why = g_strdup("model and subject died: what they sent last makes no sense");
  else if (WIFSIGNALED(status))
    why = g_strdup_printf("model and subject died by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
  else
    why = g_strdup_printf("model and subject exited with status %d", WEXITSTATUS(status));
  fail_lost(inbox, CHECK_DIED, why);
}

static void describe(const Scenario *scenario, const RunOptions *options, ScenarioResult *result) {
  result->summary = g_strdup(scenario->summary);
  result->kernel = g_strdup(kernel_kind_name(options->kernel));
  result->subject = g_strdup(scenario_subject_name(options->subject.kind));
  result->order = g_strdup(options->order ? options->order : scenario->order);
}

static gboolean fail_start(ScenarioResult *result, const char *what) {
  result->status = RESULT_ERROR;
  result->message = g_strdup_printf("cannot %s: %s", what, g_strerror(errno));
  return TRUE;
}

gboolean worlds_run(Worlds *worlds, const Scenario *scenario, const RunOptions *options, ScenarioResult *result) {
  g_autoptr(Trace) own = options->trace ? NULL : trace_new();
  g_autoptr(GByteArray) input = g_byte_array_new();
  Inbox inbox = {.scenario = scenario,
                 .options = options,
                 .result = result,
                 .input = input,
                 .trace = own ? own : options->trace,
                 .stmt = G_MAXUINT};
  pid_t parent = getpid();
  int status = 0, pipes[2];

  describe(scenario, options, result);
  if (pipe2(pipes, O_CLOEXEC) < 0)
    return fail_start(result, "make a pipe");
  fflush(NULL); /* or the child would write it again */
  pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setpgid(0, 0);
    if (getppid() != parent)
      _exit(1);
    close(pipes[0]);
    close(worlds->signals);
    sigprocmask(SIG_SETMASK, &worlds->before, NULL);
    world_child(pipes[1], scenario, options);
  }
  close(pipes[1]);
  if (pid < 0) {
    close(pipes[0]);
    return fail_start(result, "fork");
  }
  setpgid(pid, pid); /* whoever of the two comes first */

  WorldEnd end = listen_to(worlds, pipes[0], &inbox);
  close(pipes[0]);
  if (end != WORLD_CLOSED)
    kill(pid, SIGKILL);
  /* What the world may have left behind goes while the zombie still holds the group's number. */
  siginfo_t info;
  while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR)
    ;
  kill(-pid, SIGKILL);
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
    ;
  if (end == WORLD_INTERRUPTED)
    return FALSE;
  judge_end(&inbox, end, status);
  return TRUE;
}
