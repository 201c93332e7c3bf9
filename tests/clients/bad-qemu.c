/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Programs that a harness may be given for a QEMU, by the name they are started by: one that says nothing, one that
 * ends at once, one that says what is no QMP, one that stops after the negotiation, one that ends when it is told to
 * quit, but with a status.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int monitor(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    const char *fd = strstr(argv[i], "socket,id=monitor,fd=");
    if (fd)
      return atoi(fd + strlen("socket,id=monitor,fd="));
  }
  return -1;
}

static void say(int fd, const char *text) {
  if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
    exit(1);
}

static void wait_for_quit(int fd) {
  char said[1000] = "";
  size_t len = 0;
  ssize_t n = 1;

  while (n > 0 && len < sizeof said - 1 && !strstr(said, "\"quit\"")) {
    n = read(fd, said + len, sizeof said - 1 - len);
    len += n > 0 ? (size_t)n : 0;
  }
}

int main(int argc, char **argv) {
  const char *slash = strrchr(argv[0], '/'), *name = slash ? slash + 1 : argv[0];
  int fd = monitor(argc, argv);

  if (strcmp(name, "ends-at-once") == 0) {
    fprintf(stderr, "qemu: no reason\n");
    return 3;
  }
  if (strcmp(name, "no-qmp") == 0)
    say(fd, "QEMU 7.2.22 monitor - type 'help' for more information\n(qemu) \n");
  if (strcmp(name, "stops") == 0 || strcmp(name, "quits-badly") == 0)
    say(fd, "{\"QMP\": {}}\r\n{\"return\": {}, \"id\": 1}\r\n");
  if (strcmp(name, "quits-badly") == 0) {
    wait_for_quit(fd);
    say(fd, "{\"return\": {}, \"id\": 2}\r\n");
    return 9;
  }
  for (;;)
    pause();
}
