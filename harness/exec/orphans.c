/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/exec/orphans.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The parent's pid in /proc/PID/stat, and whether the process still runs. 0: it is gone. */
static pid_t parent_of(pid_t pid, gboolean *runs) {
  char path[64], text[512];
  g_snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
  if (fd >= 0)
    close(fd);
  if (n <= 0)
    return 0;
  text[n] = 0;
  const char *at = strrchr(text, ')'); /* the name before it may hold anything */
  if (!at || strlen(at) < 5)
    return 0;
  *runs = at[2] != 'Z' && at[2] != 'X';
  return (pid_t)strtol(at + 4, NULL, 10);
}

static guint kill_children(void) {
  GDir *proc = g_dir_open("/proc", 0, NULL);
  const char *name;
  pid_t self = getpid();
  guint killed = 0;

  while (proc && (name = g_dir_read_name(proc))) {
    pid_t pid = (pid_t)strtol(name, NULL, 10);
    gboolean runs = FALSE;
    /* A child that is not reaped keeps its pid. */
    if (pid > 0 && parent_of(pid, &runs) == self && runs && kill(pid, SIGKILL) == 0)
      killed++;
  }
  if (proc)
    g_dir_close(proc);
  return killed;
}

guint orphans_kill(void) {
  guint killed = 0;

  for (;;) {
    killed += kill_children();
    pid_t pid = waitpid(-1, NULL, 0);
    if (pid < 0 && errno == ECHILD)
      return killed;
    while (pid > 0)
      pid = waitpid(-1, NULL, WNOHANG);
  }
}
