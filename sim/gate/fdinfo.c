/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/gate/fdinfo.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

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
