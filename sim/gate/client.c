/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/gate/client.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* There in builds with coverage. */
extern void __gcov_dump(void) __attribute__((weak));

void gate_client_exit(int status) {
  fflush(NULL);
  if (__gcov_dump)
    __gcov_dump();
  _exit(status);
}

static void close_range_checked(unsigned first, unsigned last) {
  if (first <= last)
    syscall(SYS_close_range, first, last, 0);
}

/* The server's own fds must not live on here: above all /dev/fuse, which would keep the mount alive without a server.
 */
static void close_others(int keep_a, int keep_b) {
  int low = MIN(keep_a, keep_b), high = MAX(keep_a, keep_b);
  unsigned next = 3;
  if (low >= 3) {
    close_range_checked(next, low - 1);
    next = low + 1;
  }
  if (high >= 3) {
    close_range_checked(next, high - 1);
    next = high + 1;
  }
  close_range_checked(next, ~0u);
}

static G_GNUC_NORETURN void client(const GateFilter *filter, GateClientFunc func, gpointer data, int keep_fd,
                                   int socket, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent)
    _exit(EXIT_FAILURE);
  close_others(keep_fd, socket);
  int listener = gate_filter_install(filter);
  if (listener < 0 || !gate_listener_send(socket, listener))
    _exit(EXIT_FAILURE);
  close(listener);
  close(socket);
  gate_client_exit(func(data, keep_fd));
}

pid_t gate_client_fork(const GateFilter *filter, GateClientFunc func, gpointer data, int keep_fd, int *listener,
                       GError **error) {
  int sockets[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) < 0) {
    gate_error_set(error, errno, "cannot make a socket pair for a client");
    return -1;
  }
  fflush(NULL); /* or the client would write it again */
  pid_t parent = getpid(), pid = fork();
  if (pid == 0) {
    close(sockets[0]);
    client(filter, func, data, keep_fd, sockets[1], parent);
  }
  int err = errno;
  close(sockets[1]);
  if (pid < 0) {
    gate_error_set(error, err, "cannot fork a client");
  } else if ((*listener = gate_listener_receive(sockets[0], error)) < 0) {
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    pid = -1;
  }
  close(sockets[0]);
  return pid;
}
