/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/gate/client.h"

#include <errno.h>
#include <fcntl.h>
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

/* The server's own fds, all of them close-on-exec, must not live on here: above all /dev/fuse, which would keep the
 * mount alive without a server. The others were given to the server for the programs it starts. */
static gboolean close_own(int keep_a, int keep_b) {
  g_autoptr(GArray) own = g_array_new(FALSE, FALSE, sizeof(int));
  GDir *fds = g_dir_open("/proc/self/fd", 0, NULL);
  const char *name;
  if (!fds)
    return FALSE;
  while ((name = g_dir_read_name(fds))) {
    int fd = (int)strtol(name, NULL, 10);
    int flags = fcntl(fd, F_GETFD);
    if (fd > STDERR_FILENO && fd != keep_a && fd != keep_b && flags >= 0 && (flags & FD_CLOEXEC))
      g_array_append_val(own, fd);
  }
  g_dir_close(fds); /* is among them, and not open any more */
  for (guint i = 0; i < own->len; i++)
    close(g_array_index(own, int, i));
  return TRUE;
}

static G_GNUC_NORETURN void client(const GateFilter *filter, GateClientFunc func, gpointer data, int keep_fd,
                                   int socket, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent)
    _exit(EXIT_FAILURE);
  if (!close_own(keep_fd, socket))
    _exit(EXIT_FAILURE);
  if (filter) {
    int listener = gate_filter_install(filter);
    if (listener < 0 || !gate_listener_send(socket, listener))
      _exit(EXIT_FAILURE);
    close(listener);
    close(socket);
  }
  gate_client_exit(func(data, keep_fd));
}

pid_t gate_client_fork(const GateFilter *filter, GateClientFunc func, gpointer data, int keep_fd, int *listener,
                       GError **error) {
  int sockets[2] = {-1, -1};
  if (filter && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) < 0) {
    gate_error_set(error, errno, "cannot make a socket pair for a client");
    return -1;
  }
  fflush(NULL); /* or the client would write it again */
  pid_t parent = getpid(), pid = fork();
  if (pid == 0) {
    if (filter)
      close(sockets[0]);
    client(filter, func, data, keep_fd, sockets[1], parent);
  }
  int err = errno;
  *listener = -1;
  if (pid < 0)
    gate_error_set(error, err, "cannot fork a client");
  if (!filter)
    return pid;
  close(sockets[1]);
  if (pid > 0 && (*listener = gate_listener_receive(sockets[0], error)) < 0) {
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    pid = -1;
  }
  close(sockets[0]);
  return pid;
}
