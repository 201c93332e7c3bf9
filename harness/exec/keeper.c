/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/exec/keeper.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/exec/orphans.h"
#include "sim/gate/client.h"

enum { NOT_EXECUTABLE = 126, NOT_FOUND = 127 }; /* as env(1) and shells say it */

gboolean keeper_send(int socket, gint32 kind, gint32 value) {
  KeeperMessage message = {kind, value};
  return TEMP_FAILURE_RETRY(send(socket, &message, sizeof message, MSG_NOSIGNAL)) == sizeof message;
}

gboolean keeper_receive(int socket, KeeperMessage *message) {
  return TEMP_FAILURE_RETRY(recv(socket, message, sizeof *message, 0)) == sizeof *message;
}

static G_GNUC_NORETURN void program_main(const KeeperProgram *program, pid_t keeper) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != keeper)
    _exit(EXIT_FAILURE);
  inherited_give(program->inherited);
  execvp(program->argv[0], program->argv);
  int err = errno;
  fprintf(stderr, "vfiosim: cannot run %s: %s\n", program->argv[0], g_strerror(err));
  gate_client_exit(err == ENOENT ? NOT_FOUND : NOT_EXECUTABLE);
}

static gboolean is_job_control(int number) {
  return number == SIGTSTP || number == SIGTTIN || number == SIGTTOU;
}

/* What has become of the children. FALSE: vfiosim is gone. */
static gboolean look_at_children(int socket, pid_t program, gboolean *ended, gboolean *empty) {
  int status;
  pid_t pid;
  gboolean told = TRUE;

  while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
    if (pid != program)
      continue;
    if (!WIFSTOPPED(status)) {
      *ended = TRUE;
      told = keeper_send(socket, KEEPER_ENDED, status) && told;
    } else if (is_job_control(WSTOPSIG(status))) {
      told = keeper_send(socket, KEEPER_STOPPED, WSTOPSIG(status)) && told;
    }
  }
  *empty = pid < 0 && errno == ECHILD;
  return told;
}

static gboolean take_order(int socket, pid_t program, gboolean ended, gboolean *kill_all) {
  KeeperMessage order;

  if (!keeper_receive(socket, &order))
    return FALSE;
  if (order.kind == KEEPER_KILL)
    *kill_all = TRUE;
  else if (!ended)
    kill(program, order.value);
  return TRUE;
}

/* Until nothing is left, is to be left, or vfiosim is gone. */
static void keep(int socket, int children, pid_t program) {
  struct pollfd fds[] = {{.fd = socket, .events = POLLIN}, {.fd = children, .events = POLLIN}};
  gboolean ended = FALSE, empty = FALSE, kill_all = FALSE;
  struct signalfd_siginfo info;

  while (!empty && !kill_all) {
    if (poll(fds, G_N_ELEMENTS(fds), -1) < 0)
      continue;
    if (fds[1].revents && read(children, &info, sizeof info) == sizeof info &&
        !look_at_children(socket, program, &ended, &empty))
      return;
    if (fds[0].revents && !take_order(socket, program, ended, &kill_all))
      return;
  }
}

int keeper_main(gpointer data, int socket) {
  const KeeperProgram *program = data;
  sigset_t children;

  prctl(PR_SET_NAME, "vfiosim-keeper");
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  sigemptyset(&children);
  sigaddset(&children, SIGCHLD);
  sigprocmask(SIG_BLOCK, &children, NULL);
  int fd = signalfd(-1, &children, SFD_CLOEXEC);
  pid_t keeper = getpid(), pid = fd < 0 ? -1 : fork();
  if (pid == 0)
    program_main(program, keeper);
  if (pid < 0) {
    fprintf(stderr, "vfiosim: cannot run %s: %s\n", program->argv[0], g_strerror(errno));
    return EXIT_FAILURE;
  }
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, 0); /* from now on the socket tells it */
  if (keeper_send(socket, KEEPER_RUNS, pid))
    keep(socket, fd, pid);
  keeper_send(socket, KEEPER_EMPTY, (gint32)orphans_kill());
  return EXIT_SUCCESS;
}
