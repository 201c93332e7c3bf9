/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls that return an fd come to the supervisor, others do not; what it answers and hands out reaches the client. */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <linux/vfio.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "sim/gate/client.h"
#include "sim/gate/supervisor.h"

enum { ANSWERED = 4711 };

typedef struct {
  GateFilter *filter;
  GateSupervisor *supervisor;
  int none; /* never readable */
  gint calls;
} Fixture;

/* KVM_CREATE_VM on any fd gives a pipe's end, VFIO_GROUP_GET_DEVICE_FD a number, KVM_CREATE_VCPU an error;
 * CREATE_DEVICE goes on. */
static gboolean answer(gpointer data, GateCall *call, pid_t tid, int fd, guint32 number, guint64 arg, long *result) {
  Fixture *fixture = data;
  g_atomic_int_inc(&fixture->calls);
  if (!gate_call_valid(call))
    return FALSE;
  switch (number) {
  case KVM_CREATE_VM:
    *result = gate_call_add_fd(call, fixture->none);
    return TRUE;
  case VFIO_GROUP_GET_DEVICE_FD:
    *result = ANSWERED + arg;
    return TRUE;
  case KVM_CREATE_VCPU:
    *result = -EXDEV;
    return TRUE;
  default:
    return FALSE;
  }
}

static void wakened(gpointer data) {
}

static const GateSupervisorOps ops = {.answer = answer, .wakened = wakened};

static int set_up(void **state) {
  g_autoptr(GError) error = NULL;
  Fixture *fixture = g_new0(Fixture, 1);
  fixture->none = eventfd(0, EFD_CLOEXEC);
  fixture->filter = gate_filter_new(FALSE, &error);
  fixture->supervisor = gate_supervisor_new(&ops, fixture, fixture->none, &error);
  *state = fixture;
  return fixture->filter && fixture->supervisor ? 0 : -1;
}

static int tear_down(void **state) {
  Fixture *fixture = *state;
  gate_supervisor_free(fixture->supervisor);
  gate_filter_free(fixture->filter);
  close(fixture->none);
  g_free(fixture);
  return 0;
}

static pid_t start(Fixture *fixture, GateClientFunc func) {
  g_autoptr(GError) error = NULL;
  int listener;
  pid_t pid = gate_client_fork(fixture->filter, func, NULL, -1, &listener, &error);
  if (pid < 0) {
    print_message("%s\n", error->message);
    if (g_error_matches(error, GATE_ERROR, GATE_ERROR_UNAVAILABLE))
      skip();
    fail();
  }
  gate_supervisor_add(fixture->supervisor, listener);
  return pid;
}

static void run(Fixture *fixture, GateClientFunc func) {
  int status;
  pid_t pid = start(fixture, func);
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(status, 0);
}

/* A client tells by its exit status which of its steps went wrong. */
static int call_everything(gpointer data, int keep_fd) {
  if (ioctl(0, VFIO_GROUP_GET_DEVICE_FD, 2) != ANSWERED + 2)
    return 1;
  /* libcs leave what they like in the upper half of the command. */
  if (ioctl(0, 0xffffffff00000000 | VFIO_GROUP_GET_DEVICE_FD, 3) != ANSWERED + 3)
    return 2;
  if (ioctl(0, KVM_CREATE_VCPU, 0) != -1 || errno != EXDEV)
    return 3;
  int fd = ioctl(0, KVM_CREATE_VM, 0);
  if (fd < 3 || fcntl(fd, F_GETFD) != FD_CLOEXEC)
    return 4;
  close(fd);
  int null = open("/dev/null", O_RDWR);
  struct kvm_create_device create = {0};
  if (ioctl(null, KVM_CREATE_DEVICE, &create) != -1 || errno != ENOTTY)
    return 5;
  if (ioctl(null, VFIO_GET_API_VERSION) != -1 || errno != ENOTTY)
    return 6;
  return 0;
}

static void only_calls_that_return_an_fd_are_held(void **state) {
  Fixture *fixture = *state;
  run(fixture, call_everything);
  assert_int_equal(g_atomic_int_get(&fixture->calls), 5);
}

static int call_in_child(gpointer data, int keep_fd) {
  int status;
  pid_t pid = fork();
  if (pid == 0)
    _exit(ioctl(0, VFIO_GROUP_GET_DEVICE_FD, 0) == ANSWERED ? 0 : 1);
  waitpid(pid, &status, 0);
  return status;
}

static void children_of_a_client_are_held_too(void **state) {
  run(*state, call_in_child);
}

static int no_fds_of_the_server(gpointer data, int keep_fd) {
  for (int fd = 3; fd < 256; fd++)
    if (fcntl(fd, F_GETFD) >= 0)
      return fd;
  return 0;
}

static void a_client_has_none_of_the_servers_fds(void **state) {
  run(*state, no_fds_of_the_server);
}

static int call_for_ever(gpointer data, int keep_fd) {
  while (close(ioctl(0, KVM_CREATE_VM, 0)) == 0)
    ;
  return 1;
}

static void a_client_may_die_at_any_time(void **state) {
  for (guint i = 0; i < 20; i++) {
    pid_t pid = start(*state, call_for_ever);
    usleep(i * 211);
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
  }
  run(*state, call_everything);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(only_calls_that_return_an_fd_are_held, set_up, tear_down),
      cmocka_unit_test_setup_teardown(children_of_a_client_are_held_too, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_client_has_none_of_the_servers_fds, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_client_may_die_at_any_time, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
