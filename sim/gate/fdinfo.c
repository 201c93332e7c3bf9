/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/gate/fdinfo.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

gboolean gate_has_free_fd(pid_t tid) {
  g_autofree char *path = g_strdup_printf("/proc/%d/fd", (int)tid);
  g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
  struct rlimit limit;
  const char *name;
  guint64 used = 0;
  if (!dir || prlimit(tid, RLIMIT_NOFILE, NULL, &limit) < 0)
    return TRUE;
  while ((name = g_dir_read_name(dir)))
    used += g_ascii_strtoull(name, NULL, 10) < limit.rlim_cur; /* the limit may have been lowered below an open one */
  return used < limit.rlim_cur;
}

int gate_fdinfo(pid_t tid, int fd, GateFdInfo *info) {
  char path[64], text[1024];
  if (fd < 0)
    return -EBADF;
  g_snprintf(path, sizeof path, "/proc/%d/fdinfo/%d", (int)tid, fd);
  int proc = open(path, O_RDONLY | O_CLOEXEC);
  if (proc < 0)
    return errno == ENOENT ? -EBADF : -ESRCH;
  ssize_t n = read(proc, text, sizeof text - 1);
  close(proc);
  if (n <= 0)
    return -EBADF;
  text[n] = 0;
  const char *flags = strstr(text, "\nflags:"), *ino = strstr(text, "\nino:");
  if (flags && (g_ascii_strtoull(flags + 7, NULL, 8) & O_PATH))
    return -EBADF;
  info->ino = ino ? g_ascii_strtoull(ino + 5, NULL, 10) : 0;
  info->eventfd = strstr(text, "\neventfd-count:") != NULL;
  return 0;
}
