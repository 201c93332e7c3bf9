/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/run/world.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/run/run.h"

enum {
  WORLD_MAX_EVENTS = 100000,
  WORLD_MAX_TEXT = 1 << 20, /* bytes of a message or a stretch */
  WORLD_LAST_EVENTS = 20,   /* that a dying world still sends */
  WORLD_GRACE_MS = 3000,    /* what the child may need beyond a statement's limit to say so itself */
  WORLD_START_MS = 10000,   /* to set nodes up and to take them down */
  WORLD_STACK = 65536,
};

/* What travels: a header, then len bytes. */
typedef enum {
  MSG_STMT,    /* Beginning */
  MSG_RESULT,  /* Fixed */
  MSG_MESSAGE, /* text */
  MSG_STRETCH,
  MSG_EVENT, /* TraceEvent: parent and child are one image */
  MSG_RULES, /* RULE_COUNT counts */
  MSG_LOST,  /* gint32: the signal that ends the world; events follow */
  MSG_END,
} MsgKind;

typedef struct {
  guint32 kind, len;
} MsgHeader;

typedef struct {
  guint32 stmt, n_events;
} Beginning;

typedef struct {
  gint32 status;
  double seconds;
  guint64 n_calls;
} Fixed;

struct Worlds {
  sigset_t taken, before;
  int signals;
};

/* ---- child ---- */

typedef struct {
  pid_t pid; /* the world's own: processes that it forks inherit its handlers */
  int fd;
  Trace *trace;
  guint timeout_ms;
  gboolean watched; /* the child watches its own time: the subject runs in it */
} Child;

/* A signal handler has no argument to find this by. Set in the child only. */
static Child *dying;

static void send_bytes(int fd, const void *data, gsize len) {
  const char *at = data;

  while (len) {
    ssize_t n = write(fd, at, len);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      _exit(1); /* the parent is gone */
    at += n;
    len -= (gsize)n;
  }
}

static void send_msg(int fd, MsgKind kind, const void *data, gsize len) {
  MsgHeader header = {.kind = kind, .len = (guint32)len};

  send_bytes(fd, &header, sizeof header);
  send_bytes(fd, data, len);
}

static void send_text(int fd, MsgKind kind, const char *text) {
  if (text)
    send_msg(fd, kind, text, MIN(strlen(text), WORLD_MAX_TEXT));
}

static void send_events(const Child *child, guint from) {
  for (guint i = from; i < trace_len(child->trace); i++)
    send_msg(child->fd, MSG_EVENT, trace_get(child->trace, i), sizeof(TraceEvent));
}

/* Only write(2) and reads of the trace: safe wherever the signal struck. */
static void on_lost(int signal_number) {
  gint32 number = signal_number;
  guint n = trace_len(dying->trace);

  if (getpid() != dying->pid) {
    raise(signal_number); /* the default by now: it dies of that when the handler returns */
    return;
  }
  send_msg(dying->fd, MSG_LOST, &number, sizeof number);
  send_events(dying, n > WORLD_LAST_EVENTS ? n - WORLD_LAST_EVENTS : 0);
  _exit(1);
}

static void catch_signals(Child *child) {
  static const int fatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS, SIGALRM};
  struct sigaction action = {.sa_handler = on_lost, .sa_flags = SA_ONSTACK | SA_RESETHAND};
  stack_t stack = {.ss_sp = g_malloc(WORLD_STACK), .ss_size = WORLD_STACK};

  dying = child;
  sigaltstack(&stack, NULL);
  for (guint i = 0; i < G_N_ELEMENTS(fatal); i++)
    sigaction(fatal[i], &action, NULL);
}

static void child_progress(guint index, guint n_events, gpointer data) {
  Child *child = data;
  Beginning beginning = {.stmt = index, .n_events = n_events};

  send_msg(child->fd, MSG_STMT, &beginning, sizeof beginning);
  if (child->watched) {
    struct itimerval limit = {
        .it_value = {.tv_sec = child->timeout_ms / 1000, .tv_usec = (suseconds_t)(child->timeout_ms % 1000) * 1000}};
    setitimer(ITIMER_REAL, &limit, NULL);
  }
}

static void G_GNUC_NORETURN child_main(int fd, const Scenario *scenario, const RunOptions *options) {
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

  Fixed fixed = {.status = result->status, .seconds = result->seconds, .n_calls = result->n_calls};
  send_msg(fd, MSG_RESULT, &fixed, sizeof fixed);
  send_text(fd, MSG_MESSAGE, result->message);
  send_text(fd, MSG_STRETCH, result->stretch);
  if (options->trace)
    for (guint i = 0; i < MIN(trace_len(trace), WORLD_MAX_EVENTS); i++)
      send_msg(fd, MSG_EVENT, trace_get(trace, i), sizeof(TraceEvent));
  if (options->rules_met)
    send_msg(fd, MSG_RULES, rules, sizeof(guint32) * RULE_COUNT);
  send_msg(fd, MSG_END, NULL, 0);
  close(fd);
  exit(0);
}

/* ---- parent ---- */

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

static gboolean take_msg(Inbox *inbox, const MsgHeader *header, const void *data) {
  Beginning beginning;
  gint32 number;
  Fixed fixed;

  switch ((MsgKind)header->kind) {
  case MSG_STMT:
    memcpy(&beginning, data, sizeof beginning);
    inbox->stmt = beginning.stmt;
    if (inbox->options->progress)
      inbox->options->progress(beginning.stmt, beginning.n_events, inbox->options->progress_data);
    return TRUE;
  case MSG_RESULT:
    memcpy(&fixed, data, sizeof fixed);
    inbox->result->status = (ResultStatus)fixed.status;
    inbox->result->seconds = fixed.seconds;
    inbox->result->n_calls = fixed.n_calls;
    return TRUE;
  case MSG_MESSAGE:
    inbox->result->message = g_strndup(data, header->len);
    return TRUE;
  case MSG_STRETCH:
    inbox->result->stretch = g_strndup(data, header->len);
    return TRUE;
  case MSG_EVENT:
    memcpy(trace_add(inbox->trace), data, sizeof(TraceEvent));
    return TRUE;
  case MSG_RULES:
    for (guint i = 0; i < RULE_COUNT; i++)
      inbox->options->rules_met[i] += ((const guint32 *)data)[i];
    return TRUE;
  case MSG_LOST:
    memcpy(&number, data, sizeof number);
    inbox->lost = number;
    return TRUE;
  case MSG_END:
    inbox->ended = TRUE;
    return TRUE;
  }
  return FALSE;
}

static gsize msg_size(const MsgHeader *header) {
  switch ((MsgKind)header->kind) {
  case MSG_STMT:
    return sizeof(Beginning);
  case MSG_LOST:
    return sizeof(gint32);
  case MSG_RESULT:
    return sizeof(Fixed);
  case MSG_EVENT:
    return sizeof(TraceEvent);
  case MSG_RULES:
    return sizeof(guint32) * RULE_COUNT;
  case MSG_MESSAGE:
  case MSG_STRETCH:
    return MIN(header->len, WORLD_MAX_TEXT);
  default:
    return 0;
  }
}

/* FALSE: what came is no message; the world has gone mad. */
static gboolean take_input(Inbox *inbox) {
  gsize at = 0;
  gboolean sane = TRUE;

  while (sane && inbox->input->len - at >= sizeof(MsgHeader)) {
    MsgHeader header;
    memcpy(&header, inbox->input->data + at, sizeof header);
    if (header.len != msg_size(&header))
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
  if (inbox->ended)
    return;
  if (inbox->lost)
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
  result->subject = g_strdup("builtin");
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
    child_main(pipes[1], scenario, options);
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
