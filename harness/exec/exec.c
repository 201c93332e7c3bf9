/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/exec/exec.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/exec/keeper.h"
#include "harness/exec/orphans.h"
#include "harness/exec/say.h"
#include "harness/foreign.h"
#include "harness/kernel.h"
#include "sim/fuse/fuse.h"

typedef struct {
  const ExecOptions *options;
  Inherited inherited;
  int signals; /* signalfd of what would end or stop this process before the program */
  Watch *watch;
  int socket; /* to the keeper */
  pid_t keeper, program;
  gboolean ended;
  int status; /* of the program, as waitpid()'s */
} Session;

/* ---- signals ---- */

/* Those that a terminal sends go to the program's process group by themselves; the rest is passed on. */
static void take_signals(sigset_t *set) {
  static const int taken[] = {SIGINT, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGALRM};
  sigemptyset(set);
  for (guint i = 0; i < G_N_ELEMENTS(taken); i++)
    sigaddset(set, taken[i]);
}

static void pass_signal_on(Session *session) {
  struct signalfd_siginfo info;

  if (read(session->signals, &info, sizeof info) != sizeof info)
    return;
  if (info.ssi_code == SI_KERNEL || (pid_t)info.ssi_pid == session->program)
    return;
  if (session->ended)
    keeper_send(session->socket, KEEPER_KILL, 0);
  else
    keeper_send(session->socket, KEEPER_SIGNAL, (gint32)info.ssi_signo);
}

/* The shell is to see the job stopped when the program is, and continues both. */
static void stop(const Session *session) {
  kill(getpid(), SIGSTOP);
  keeper_send(session->socket, KEEPER_SIGNAL, SIGCONT);
}

/* ---- the program ---- */

static void note_event(const TraceEvent *event, gpointer data) {
  Session *session = data;
  const ExecOptions *options = session->options;

  watch_event(session->watch, event);
  if (options->verbose)
    say_event(event);
  if (options->trace) {
    g_autoptr(GString) line = g_string_new(NULL);
    trace_event_print_json(line, event);
    g_string_append_c(line, '\n');
    fwrite(line->str, 1, line->len, options->trace);
    fflush(options->trace);
  }
}

/* FALSE: the keeper has nothing more to say. */
static gboolean take_news(Session *session) {
  KeeperMessage news;

  if (!keeper_receive(session->socket, &news))
    return FALSE;
  switch ((KeeperNews)news.kind) {
  case KEEPER_RUNS:
    session->program = news.value;
    return TRUE;
  case KEEPER_STOPPED:
    stop(session);
    return TRUE;
  case KEEPER_ENDED:
    session->ended = TRUE;
    session->status = news.value;
    if (!session->options->wait_all)
      keeper_send(session->socket, KEEPER_KILL, 0);
    return TRUE;
  case KEEPER_EMPTY:
    if (news.value)
      say("killed %d process%s that the program had left behind (--wait waits for them)", news.value,
          news.value == 1 ? "" : "es");
    return FALSE;
  }
  return FALSE;
}

static void attend(Session *session) {
  struct pollfd fds[] = {{.fd = session->socket, .events = POLLIN}, {.fd = session->signals, .events = POLLIN}};

  for (;;) {
    if (poll(fds, G_N_ELEMENTS(fds), -1) < 0)
      continue;
    if (fds[1].revents)
      pass_signal_on(session);
    else if (fds[0].revents && !take_news(session))
      return;
  }
}

/* The program's words; those of its emulator, if it is for another architecture. */
static char **words_of(const ExecOptions *options, GError **error) {
  GError *why = NULL;

  if (!foreign_program(options->argv[0]))
    return g_strdupv((char **)options->argv);
  char **words = foreign_command(options->host, (const char *const *)options->argv, &why);
  if (!words) {
    gboolean cannot = g_error_matches(why, KERNEL_ERROR, KERNEL_ERROR_UNAVAILABLE);
    g_set_error_literal(error, GATE_ERROR, cannot ? GATE_ERROR_UNAVAILABLE : GATE_ERROR_FAILED, why->message);
    g_error_free(why);
  }
  return words;
}

static gboolean start(Session *session, SimFuse *fuse, GError **error) {
  g_auto(GStrv) words = words_of(session->options, error);
  KeeperProgram program = {words, &session->inherited};
  int sockets[2];

  if (!words)
    return FALSE;
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
    return gate_error_set(error, errno, "cannot make a socket pair for the keeper");
  session->socket = sockets[0];
  session->keeper = sim_fuse_fork_client(fuse, keeper_main, &program, sockets[1], error);
  close(sockets[1]);
  return session->keeper > 0;
}

/* Runs the program to its end, and the trace to the last close. */
static gboolean run(Session *session, SimFuse *fuse, GError **error) {
  struct pollfd late = {.fd = session->signals, .events = POLLIN};

  if (!start(session, fuse, error))
    return FALSE;
  attend(session);
  (void)!TEMP_FAILURE_RETRY(waitpid(session->keeper, NULL, 0));
  /* From here on a signal ends this process, but none that was meant for the program. */
  while (poll(&late, 1, 0) == 1)
    pass_signal_on(session);
  sigprocmask(SIG_SETMASK, &session->inherited.mask, NULL);
  if (!session->ended) {
    orphans_kill();
    g_set_error(error, GATE_ERROR, GATE_ERROR_FAILED, "the keeper of the program was killed, and the program with it");
    return FALSE;
  }
  sim_fuse_settle(fuse);
  return TRUE;
}

/* ---- the end ---- */

static int judge(const Session *session) {
  const GPtrArray *findings = watch_findings(session->watch);
  int status = session->status;
  gboolean found = FALSE;

  for (guint i = 0; i < findings->len; i++) {
    const WatchFinding *finding = findings->pdata[i];
    if (!(session->options->checks & (guint64)1 << finding->check))
      continue;
    say_finding(finding);
    found = TRUE;
  }
  if (found)
    return EXEC_FOUND;
  return WIFSIGNALED(status) ? EXEC_SIGNALLED + WTERMSIG(status) : WEXITSTATUS(status);
}

int exec_run(const ExecOptions *options, GError **error) {
  Session session = {.options = options, .socket = -1};
  g_autoptr(Watch) watch = session.watch = watch_new(options->host);
  g_autoptr(Trace) trace = trace_new();
  sigset_t taken;
  int status = -1;

  take_signals(&taken);
  inherited_take(&session.inherited, &taken);
  session.signals = signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  trace_follow(trace, note_event, &session);
  SimFuse *fuse = sim_fuse_new(options->host, trace, error);
  if (fuse && sim_fuse_watch_exits(fuse, error) && run(&session, fuse, error)) {
    watch_end(watch);
    status = judge(&session);
  }
  sim_fuse_free(fuse);
  if (session.socket >= 0)
    close(session.socket);
  if (session.signals >= 0)
    close(session.signals);
  inherited_clear(&session.inherited);
  return status;
}
