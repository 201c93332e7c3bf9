/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The namespace, what is put into it, and what is said where it cannot be had. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "sim/gate/mounts.h"
#include "sim/gate/namespace.h"

enum { SKIP = 77 };

#define CHECK(condition)                                                                                               \
  do {                                                                                                                 \
    if (!(condition)) {                                                                                                \
      fprintf(stderr, "%s:%d: %s (errno %d)\n", __FILE__, __LINE__, #condition, errno);                                \
      _exit(1);                                                                                                        \
    }                                                                                                                  \
  } while (0)

/* In a process of its own: a namespace is not left again. */
static void in_process(void (*func)(void)) {
  int status;
  fflush(NULL);
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    alarm(30);
    func();
    _exit(0);
  }
  assert_int_equal(waitpid(pid, &status, 0), pid);
  if (WIFEXITED(status) && WEXITSTATUS(status) == SKIP)
    skip();
  assert_int_equal(status, 0);
}

static void enter(void) {
  g_autoptr(GError) error = NULL;
  if (gate_namespace_enter(&error))
    return;
  fprintf(stderr, "%s\n", error->message);
  _exit(g_error_matches(error, GATE_ERROR, GATE_ERROR_UNAVAILABLE) ? SKIP : 1);
}

static gboolean is_directory(const char *path) {
  return g_file_test(path, G_FILE_TEST_IS_DIR);
}

static void place(void) {
  uid_t uid = geteuid();
  enter();
  CHECK(geteuid() == uid);
  GateMounts *mounts = gate_mounts_new(NULL);
  CHECK(mounts);
  g_autofree char *source = gate_mounts_directory(mounts, "source", NULL);
  g_autofree char *file = g_build_filename(source, "here", NULL);
  CHECK(g_file_set_contents(file, "text", -1, NULL));
  /* A directory that is there, one that is not, and one whose parent is not. */
  CHECK(is_directory("/sys/kernel") && !is_directory("/sys/kernel/vfiosim-a"));
  CHECK(gate_mounts_bind(mounts, source, "/sys/kernel/vfiosim-a/b", NULL));
  CHECK(gate_mounts_bind(mounts, source, "/dev/vfiosim-c", NULL));
  CHECK(gate_mounts_bind(mounts, source, "/dev/vfiosim-c", NULL));
  CHECK(gate_mounts_directory_at(mounts, "/sys/kernel/vfiosim-d", NULL));
  /* The mirrors still show what is beside, and it works. */
  CHECK(gate_mounts_hide(mounts, "/dev/zero", NULL) && access("/dev/zero", F_OK) != 0);
  CHECK(gate_mounts_hide(mounts, "/dev/never-was", NULL));
  CHECK(gate_mounts_finish(mounts, NULL));
  gate_mounts_free(mounts);
  CHECK(access("/sys/kernel/vfiosim-a/b/here", R_OK) == 0 && access("/dev/vfiosim-c/here", R_OK) == 0);
  int null = open("/dev/null", O_WRONLY);
  CHECK(null >= 0 && write(null, "x", 1) == 1);
  CHECK(is_directory("/sys/kernel") && access("/dev/fd/0", F_OK) == 0);
}

static void nodes_are_placed_and_seen_by_nobody_else(void **state) {
  in_process(place);
  assert_false(is_directory("/sys/kernel/vfiosim-a"));
  assert_false(is_directory("/dev/vfiosim-c"));
  assert_int_equal(access("/dev/zero", F_OK), 0);
}

static void set_text(const char *path, const char *text) {
  int fd = open(path, O_WRONLY);
  if (fd < 0 || write(fd, text, strlen(text)) < 0) {
    fprintf(stderr, "skipped: cannot write %s: %s\n", path, strerror(errno));
    _exit(SKIP);
  }
  close(fd);
}

/* A user namespace in which there may be no further ones, and nothing may be done: how a hardened machine looks to a
 * user. */
static void be_forbidden(void) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct none[2] = {0};
  g_autofree char *map = g_strdup_printf("0 %u 1", geteuid());
  if (unshare(CLONE_NEWUSER) < 0)
    _exit(SKIP);
  set_text("/proc/self/uid_map", map);
  set_text("/proc/sys/user/max_user_namespaces", "0");
  CHECK(syscall(SYS_capset, &header, none) == 0);
}

static void enter_forbidden(void) {
  g_autoptr(GError) error = NULL;
  be_forbidden();
  CHECK(!gate_namespace_enter(&error));
  CHECK(g_error_matches(error, GATE_ERROR, GATE_ERROR_UNAVAILABLE));
  CHECK(strstr(error->message, "user.max_user_namespaces"));
  CHECK(!strchr(error->message, '\n'));
}

static void forbidden_namespaces_are_named_with_the_setting(void **state) {
  in_process(enter_forbidden);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nodes_are_placed_and_seen_by_nobody_else),
      cmocka_unit_test(forbidden_namespaces_are_named_with_the_setting),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
