/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/exec/inherited.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

void inherited_open_standard(void) {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
      abort(); /* the lowest free number is this one */
}

void inherited_take(Inherited *inherited, const sigset_t *signals) {
  const struct sigaction ignore = {.sa_handler = SIG_IGN};
  struct rlimit files;

  sigprocmask(SIG_BLOCK, signals, &inherited->mask);
  sigaction(SIGPIPE, &ignore, &inherited->pipe);
  inherited->directory = getcwd(NULL, 0);
  getrlimit(RLIMIT_NOFILE, &inherited->files);
  files = inherited->files;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
}

void inherited_clear(Inherited *inherited) {
  g_clear_pointer(&inherited->directory, free);
}

void inherited_give(const Inherited *inherited) {
  setrlimit(RLIMIT_NOFILE, &inherited->files);
  /* A directory of /dev or /sys is another one by now. If the path leads nowhere, it is the old one still. */
  if (inherited->directory && chdir(inherited->directory) < 0)
    g_debug("%s is not to be entered by its path", inherited->directory);
  sigaction(SIGPIPE, &inherited->pipe, NULL);
  sigprocmask(SIG_SETMASK, &inherited->mask, NULL);
}
