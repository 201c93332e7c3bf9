/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The monitor's client against a peer whose lines are written down: QEMU's docs/interop/qmp-spec.txt, sections 2.2 to
 * 2.5, with the greeting and the errors as QEMU 7.2 sends them. What makes no sense is an error, and nothing waits
 * longer than it may.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/qemu/qmp.h"

#define GREETING                                                                                                       \
  "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 22, \"minor\": 2, \"major\": 7}, \"package\": \"\"}, "               \
  "\"capabilities\": [\"oob\"]}}\r\n"
#define READY GREETING "{\"return\": {}, \"id\": 1}\r\n"

enum { TIMEOUT_MS = 100 };

/* What QEMU says is there before it is asked: ids count from 1. */
static Qmp *connect_to(const char *lines, int *peer, GError **error) {
  int ends[2];

  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  assert_int_equal(write(ends[1], lines, strlen(lines)), strlen(lines));
  *peer = ends[1];
  return qmp_new(ends[0], TIMEOUT_MS, error);
}

static void assert_fails(Qmp *qmp, const char *command, int code, const char *says) {
  g_autoptr(GError) error = NULL;

  assert_false(qmp_command(qmp, command, NULL, &error));
  assert_true(g_error_matches(error, QEMU_ERROR, code));
  if (!strstr(error->message, says))
    fail_msg("\"%s\" does not say \"%s\"", error->message, says);
}

static void test_command(void **state) {
  g_autoptr(JsonNode) result = NULL;
  char sent[1000] = {0};
  int peer;
  g_autoptr(Qmp) qmp = connect_to(READY "{\"return\": {\"running\": false}, \"id\": 2}\r\n", &peer, NULL);
  JsonObject *arguments = json_object_new();

  assert_non_null(qmp);
  json_object_set_string_member(arguments, "id", "quote\"and\nline");
  result = qmp_execute(qmp, "query-status", arguments, -1, NULL);
  assert_non_null(result);
  assert_false(json_object_get_boolean_member(json_node_get_object(result), "running"));
  assert_true(read(peer, sent, sizeof sent - 1) > 0);
  assert_string_equal(sent, "{\"execute\":\"qmp_capabilities\",\"id\":1}\n"
                            "{\"execute\":\"query-status\",\"id\":2,\"arguments\":{\"id\":\"quote\\\"and\\nline\"}}\n");
  close(peer);
}

static void test_pass_fd(void **state) {
  struct iovec iov = {.iov_base = (char[1000]){0}, .iov_len = 1000};
  char control[CMSG_SPACE(sizeof(int))];
  struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  g_autoptr(JsonNode) result = NULL;
  char skip[38];
  int peer;
  g_autoptr(Qmp) qmp = connect_to(READY "{\"return\": {}, \"id\": 2}\r\n", &peer, NULL);

  assert_int_equal(read(peer, skip, sizeof skip), sizeof skip);
  result = qmp_execute(qmp, "getfd", NULL, STDERR_FILENO, NULL);
  assert_non_null(result);
  assert_true(recvmsg(peer, &msg, 0) > 0);
  assert_non_null(CMSG_FIRSTHDR(&msg));
  assert_int_equal(CMSG_FIRSTHDR(&msg)->cmsg_type, SCM_RIGHTS);
  close(*(int *)CMSG_DATA(CMSG_FIRSTHDR(&msg)));
  close(peer);
}

static void test_refusal(void **state) {
  int peer;
  g_autoptr(Qmp) qmp =
      connect_to(READY "{\"id\": 2, \"error\": {\"class\": \"GenericError\", \"desc\": \"Bus 'pci.9' not found\"}}\r\n"
                       "{\"id\": 3, \"error\": {\"class\": \"DeviceNotFound\", \"desc\": \"Device 'x' not found\"}}\r\n"
                       "{\"error\": {\"class\": \"GenericError\", \"desc\": \"JSON parse error\"}}\r\n",
                 &peer, NULL);

  assert_fails(qmp, "device_add", QEMU_ERROR_REFUSED, "Bus 'pci.9' not found");
  assert_fails(qmp, "device_del", QEMU_ERROR_REFUSED, "DeviceNotFound: Device 'x' not found");
  assert_fails(qmp, "bad", QEMU_ERROR_REFUSED, "JSON parse error");
  close(peer);
}

/* Events come at any time; the answer to another command is none. */
static void test_events(void **state) {
  int peer;
  g_autoptr(Qmp) qmp = connect_to(READY "{\"event\": \"STOP\"}\r\n"
                                        "{\"event\": \"DEVICE_DELETED\", \"data\": {\"path\": \"/machine/x\"}}\r\n"
                                        "{\"return\": {}, \"id\": 77}\r\n"
                                        "{\"event\": \"DEVICE_DELETED\", \"data\": {\"device\": \"nic0\"}}\r\n"
                                        "{\"return\": {}, \"id\": 2}\r\n"
                                        "{\"event\": \"RESET\", \"data\": {\"guest\": false}}\r\n",
                                  &peer, NULL);
  g_autoptr(GError) error = NULL;

  assert_false(qmp_take_event(qmp, "STOP", NULL, NULL));
  assert_true(qmp_command(qmp, "device_del", NULL, NULL));
  assert_false(qmp_take_event(qmp, "DEVICE_DELETED", "device", "nic1"));
  assert_true(qmp_take_event(qmp, "DEVICE_DELETED", "device", "nic0"));
  assert_false(qmp_take_event(qmp, "STOP", NULL, NULL)); /* older than what was taken */
  assert_true(qmp_await_event(qmp, "RESET", NULL, NULL, NULL));
  assert_false(qmp_await_event(qmp, "RESET", NULL, NULL, &error));
  assert_true(g_error_matches(error, QEMU_ERROR, QEMU_ERROR_TIMEOUT));
  close(peer);
}

static void test_gone(void **state) {
  int peer;
  g_autoptr(Qmp) qmp = connect_to(READY, &peer, NULL);

  assert_fails(qmp, "quit", QEMU_ERROR_TIMEOUT, "within 100 ms");
  close(peer);
  assert_fails(qmp, "quit", QEMU_ERROR_CLOSED, "quit");
}

static void test_nonsense(void **state) {
  static const char *const greetings[] = {"hello\r\n", "[]\r\n", "{}\r\n", "\r\n", "{\"QMP\": \r\n"};
  static const char *const answers[] = {"null\r\n", "{\"return\": {}, \"id\": 2\r\n", "\xff\r\n", "{\"event\": }\r\n"};
  int peer;

  for (guint i = 0; i < G_N_ELEMENTS(greetings); i++) {
    g_autoptr(GError) error = NULL;
    assert_null(connect_to(greetings[i], &peer, &error));
    assert_true(g_error_matches(error, QEMU_ERROR, QEMU_ERROR_PROTOCOL));
    close(peer);
  }
  for (guint i = 0; i < G_N_ELEMENTS(answers); i++) {
    g_autofree char *lines = g_strconcat(READY, answers[i], NULL);
    g_autoptr(Qmp) qmp = connect_to(lines, &peer, NULL);
    assert_non_null(qmp);
    assert_fails(qmp, "quit", QEMU_ERROR_PROTOCOL, "quit");
    close(peer);
  }
}

/* Events without end are no answer. */
static void test_flood(void **state) {
  g_autoptr(GString) lines = g_string_new(READY);
  int peer;

  for (guint i = 0; i < 3000; i++)
    g_string_append(lines, "{\"event\": \"STOP\"}\r\n");
  g_autoptr(Qmp) qmp = connect_to(lines->str, &peer, NULL);
  assert_fails(qmp, "quit", QEMU_ERROR_TIMEOUT, "quit");
  assert_true(qmp_take_event(qmp, "STOP", NULL, NULL));
  close(peer);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_command), cmocka_unit_test(test_pass_fd), cmocka_unit_test(test_refusal),
      cmocka_unit_test(test_events),  cmocka_unit_test(test_gone),    cmocka_unit_test(test_nonsense),
      cmocka_unit_test(test_flood),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
