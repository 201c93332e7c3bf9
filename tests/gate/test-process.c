/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which process and which address space a calling thread belongs to. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "sim/gate/process.h"

typedef struct {
  GateProcesses *processes;
  guint exits; /* address spaces that ended */
} Fixture;

static void count_exit(GateMm *mm, gpointer data) {
  ((Fixture *)data)->exits++;
}

static int set_up(void **state) {
  Fixture *fixture = g_new0(Fixture, 1);
  fixture->processes = gate_processes_new(count_exit, fixture, NULL);
  *state = fixture;
  return fixture->processes ? 0 : -1;
}

static int tear_down(void **state) {
  Fixture *fixture = *state;
  gate_processes_free(fixture->processes);
  g_free(fixture);
  return 0;
}

static pid_t fork_pausing(void) {
  pid_t pid = fork();
  if (pid == 0)
    for (;;)
      pause();
  return pid;
}

static void end(pid_t pid) {
  kill(pid, SIGKILL);
  waitpid(pid, NULL, 0);
}

static gboolean readable(const Fixture *fixture) {
  struct pollfd poll_fd = {.fd = gate_processes_fd(fixture->processes), .events = POLLIN};
  return poll(&poll_fd, 1, 0) == 1;
}

typedef struct {
  pthread_barrier_t barrier;
  pid_t tid;
} Meeting;

static void *give_tid(void *data) {
  Meeting *meeting = data;
  meeting->tid = syscall(SYS_gettid);
  pthread_barrier_wait(&meeting->barrier);
  pthread_barrier_wait(&meeting->barrier);
  return NULL;
}

static void threads_are_one_process(void **state) {
  Fixture *fixture = *state;
  Meeting meeting;
  pthread_t thread;

  pthread_barrier_init(&meeting.barrier, NULL, 2);
  pthread_create(&thread, NULL, give_tid, &meeting);
  pthread_barrier_wait(&meeting.barrier);
  GateProcess *first = gate_processes_enter(fixture->processes, getpid());
  assert_non_null(first);
  assert_ptr_equal(gate_processes_enter(fixture->processes, meeting.tid), first);
  assert_int_equal(gate_process_serial(first), 1);
  pthread_barrier_wait(&meeting.barrier);
  pthread_join(thread, NULL);
  pthread_barrier_destroy(&meeting.barrier);
}

static void a_forked_child_is_another_address_space(void **state) {
  Fixture *fixture = *state;
  GateProcess *parent = gate_processes_enter(fixture->processes, getpid());
  pid_t pid = fork_pausing();
  GateProcess *child = gate_processes_enter(fixture->processes, pid);

  assert_non_null(child);
  assert_int_equal(gate_process_serial(child), 2);
  assert_ptr_not_equal(gate_process_mm(child), gate_process_mm(parent));
  assert_false(readable(fixture));
  end(pid);
  assert_true(readable(fixture));
  gate_processes_reap(fixture->processes);
  assert_false(readable(fixture));
  assert_int_equal(fixture->exits, 1);
  assert_null(gate_processes_enter(fixture->processes, pid));
  assert_ptr_equal(gate_processes_enter(fixture->processes, getpid()), parent);
}

static int pause_for_ever(void *unused) {
  while (pause() < 0)
    ;
  return 0;
}

/* What vfork() gives, but with a parent that runs on. */
static void a_cloned_vm_is_the_same_address_space(void **state) {
  Fixture *fixture = *state;
  static guint8 stack[65536];
  GateProcess *parent = gate_processes_enter(fixture->processes, getpid());
  pid_t pid = clone(pause_for_ever, stack + sizeof stack, CLONE_VM | SIGCHLD, NULL);
  GateProcess *child = gate_processes_enter(fixture->processes, pid);

  assert_non_null(child);
  assert_ptr_not_equal(child, parent);
  assert_ptr_equal(gate_process_mm(child), gate_process_mm(parent));
  end(pid);
  gate_processes_reap(fixture->processes);
  assert_int_equal(fixture->exits, 0);
}

static void await_exec(pid_t pid, const char *name) {
  g_autofree char *path = g_strdup_printf("/proc/%d/comm", (int)pid);
  for (guint i = 0; i < 5000; i++) {
    g_autofree char *comm = NULL;
    if (g_file_get_contents(path, &comm, NULL, NULL) && g_str_has_prefix(comm, name))
      return;
    usleep(2000);
  }
  fail();
}

static void exec_ends_an_address_space(void **state) {
  Fixture *fixture = *state;
  int pipes[2];
  assert_int_equal(pipe(pipes), 0);
  pid_t pid = fork();
  if (pid == 0) {
    char byte;
    close(pipes[1]);
    (void)!read(pipes[0], &byte, 1);
    execlp("sleep", "sleep", "60", NULL);
    _exit(1);
  }
  GateProcess *process = gate_processes_enter(fixture->processes, pid);
  GateMm *before = gate_process_mm(process);
  close(pipes[0]);
  close(pipes[1]);
  await_exec(pid, "sleep");
  assert_ptr_equal(gate_processes_enter(fixture->processes, pid), process);
  assert_ptr_not_equal(gate_process_mm(process), before);
  assert_int_equal(fixture->exits, 1);
  end(pid);
  gate_processes_reap(fixture->processes);
  assert_int_equal(fixture->exits, 2);
}

static void memory_of_the_dead_is_efault(void **state) {
  Fixture *fixture = *state;
  static volatile int here;
  int copy = 0, six = 6;
  here = 5;
  pid_t pid = fork_pausing();
  GateMm *mm = gate_process_mm(gate_processes_enter(fixture->processes, pid));

  here = 6;
  assert_int_equal(gate_mm_read(mm, (guintptr)&here, &copy, sizeof copy), 0);
  assert_int_equal(copy, 5);
  assert_int_equal(gate_mm_write(mm, (guintptr)&here, &six, sizeof six), 0);
  assert_int_equal(gate_mm_read(mm, (guintptr)&here, &copy, sizeof copy), 0);
  assert_int_equal(copy, 6);
  end(pid);
  assert_int_equal(gate_mm_read(mm, (guintptr)&here, &copy, sizeof copy), -EFAULT);
}

/* ---- ids that are used again ---- */

enum { SKIP = 77 };

/* A pid namespace with its own /proc, in which pids can be chosen. */
static void enter_pids(void) {
  if (unshare(CLONE_NEWPID | CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
    _exit(SKIP);
  pid_t pid = fork();
  int status;
  if (pid > 0) {
    waitpid(pid, &status, 0);
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
  }
  if (pid < 0 || mount("proc", "/proc", "proc", 0, NULL) < 0)
    _exit(SKIP);
}

/* A pid is free only some time after its thread has gone. */
static pid_t fork_as(pid_t wanted) {
  g_autofree char *text = g_strdup_printf("%d", (int)wanted - 1);
  for (guint i = 0; i < 1000; i++) {
    int fd = open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, strlen(text)) < 0)
      _exit(SKIP);
    close(fd);
    pid_t pid = fork_pausing();
    if (pid == wanted)
      return pid;
    end(pid);
    usleep(1000);
  }
  _exit(1);
}

static int reuse_ids(void) {
  Fixture fixture = {0};
  Meeting meeting;
  pthread_t thread;

  fixture.processes = gate_processes_new(count_exit, &fixture, NULL);
  pthread_barrier_init(&meeting.barrier, NULL, 2);
  pthread_create(&thread, NULL, give_tid, &meeting);
  pthread_barrier_wait(&meeting.barrier);
  GateProcess *mine = gate_processes_enter(fixture.processes, meeting.tid);
  pthread_barrier_wait(&meeting.barrier);
  pthread_join(thread, NULL);

  /* The thread's id becomes a process's, then that of another process. */
  pid_t pid = fork_as(meeting.tid);
  GateProcess *child = gate_processes_enter(fixture.processes, pid);
  if (!mine || !child || child == mine || gate_process_mm(child) == gate_process_mm(mine))
    return 1;
  guint serial = gate_process_serial(child);
  end(pid);
  if (!gate_processes_exiting(fixture.processes, serial))
    return 2;
  fork_as(pid);
  child = gate_processes_enter(fixture.processes, pid);
  if (!child || gate_process_serial(child) == serial || fixture.exits != 1)
    return 3;
  end(pid);
  return gate_processes_enter(fixture.processes, pid) ? 4 : 0;
}

static void an_id_that_is_used_again_is_another_process(void **state) {
  int status;
  fflush(NULL);
  pid_t pid = fork();
  if (pid == 0) {
    enter_pids();
    _exit(reuse_ids());
  }
  assert_int_equal(waitpid(pid, &status, 0), pid);
  if (WIFEXITED(status) && WEXITSTATUS(status) == SKIP)
    skip();
  assert_int_equal(status, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(threads_are_one_process, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_forked_child_is_another_address_space, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_cloned_vm_is_the_same_address_space, set_up, tear_down),
      cmocka_unit_test_setup_teardown(exec_ends_an_address_space, set_up, tear_down),
      cmocka_unit_test_setup_teardown(memory_of_the_dead_is_efault, set_up, tear_down),
      cmocka_unit_test(an_id_that_is_used_again_is_another_process),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
