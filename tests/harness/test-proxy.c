/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* harness/subject-proxy.h: a subject in a child answers as in process; a hang and a death are told apart and bounded.
 */
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/subject-proxy.h"
#include "tests/harness/test.h"

enum { RAM = 100000 };

typedef struct {
  Subject subject;
  guint8 ram[RAM];
} Fake;

static void fake_perform(Subject *subject, const ScenarioStmt *stmt, SubjectReply *reply) {
  switch (stmt->kind) {
  case STMT_BOOT:
    reply->result = 42;
    break;
  case STMT_RESET:
    reply->status = SUBJECT_REFUSED;
    reply->err = EBUSY;
    g_strlcpy(reply->message, "not now", sizeof reply->message);
    break;
  case STMT_UNPLUG_PHB:
    for (;;)
      pause();
  default:
    raise(SIGSEGV);
    break;
  }
}

static gboolean fake_peek(Subject *subject, guint64 gpa, void *buf, gsize len) {
  if (gpa > RAM || len > RAM - gpa)
    return FALSE;
  memcpy(buf, ((Fake *)subject)->ram + gpa, len);
  return TRUE;
}

static gboolean fake_poke(Subject *subject, guint64 gpa, const void *buf, gsize len) {
  if (gpa > RAM || len > RAM - gpa)
    return FALSE;
  memcpy(((Fake *)subject)->ram + gpa, buf, len);
  return TRUE;
}

static guint64 fake_interrupts(Subject *subject, const char *name, guint index, guint vector) {
  return strcmp(name, "nic0") == 0 ? index * 100 + vector : 0;
}

static void fake_kill(Subject *subject) {
}

static void fake_free(Subject *subject) {
  g_free(subject);
}

static Subject *fake_new(void) {
  Fake *fake = g_new0(Fake, 1);
  fake->subject = (Subject){fake_perform, fake_peek, fake_poke, fake_interrupts, fake_kill, fake_free};
  return &fake->subject;
}

static const char text[] =
    "# Four statements.\nhost power9\nguest pseries kvm\n  phb 1\nboot\nreset\nunplug-phb 1\nquit\n";

static Subject *start(const Scenario *scenario, guint timeout_ms, pid_t *pid) {
  int pair[2];
  g_autoptr(GError) error = NULL;

  assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
  *pid = fork();
  if (*pid == 0) {
    close(pair[0]);
    signal(SIGSEGV, SIG_DFL);
    subject_serve(pair[1], fake_new(), scenario);
    _exit(0);
  }
  close(pair[1]);
  Subject *proxy = subject_proxy_new(pair[0], *pid, scenario, timeout_ms, &error);
  assert_non_null(proxy);
  return proxy;
}

static void perform(Subject *proxy, const Scenario *scenario, guint index, SubjectReply *reply) {
  proxy->perform(proxy, scenario->stmts->pdata[index], reply);
}

static void test_answers(void **state) {
  g_autoptr(Scenario) scenario = test_scenario(text);
  SubjectReply reply;
  pid_t pid;
  Subject *proxy = start(scenario, 5000, &pid);

  perform(proxy, scenario, 0, &reply);
  assert_int_equal(reply.status, SUBJECT_DONE);
  assert_int_equal(reply.result, 42);
  perform(proxy, scenario, 1, &reply);
  assert_int_equal(reply.status, SUBJECT_REFUSED);
  assert_int_equal(reply.err, EBUSY);
  assert_string_equal(reply.message, "not now");
  assert_int_equal(proxy->interrupts(proxy, "nic0", 2, 3), 203);
  proxy->free(proxy);
  assert_int_equal(waitpid(pid, NULL, WNOHANG), -1); /* it was waited for */
}

/* More than one message's worth. */
static void test_memory(void **state) {
  g_autoptr(Scenario) scenario = test_scenario(text);
  g_autofree guint8 *out = g_malloc0(RAM), *in = g_malloc(RAM);
  pid_t pid;
  Subject *proxy = start(scenario, 5000, &pid);

  for (guint i = 0; i < RAM; i++)
    in[i] = (guint8)(i * 7);
  assert_true(proxy->poke(proxy, 0, in, RAM));
  assert_true(proxy->peek(proxy, 0, out, RAM));
  assert_memory_equal(in, out, RAM);
  assert_false(proxy->peek(proxy, RAM - 1, out, 2));
  assert_true(proxy->peek(proxy, RAM - 1, out, 1));
  proxy->free(proxy);
}

static void test_hang(void **state) {
  g_autoptr(Scenario) scenario = test_scenario(text);
  SubjectReply reply;
  pid_t pid;
  Subject *proxy = start(scenario, 200, &pid);
  gint64 before = g_get_monotonic_time();

  perform(proxy, scenario, 2, &reply);
  assert_int_equal(reply.status, SUBJECT_HUNG);
  assert_contains(reply.message, "200 ms");
  assert_true(g_get_monotonic_time() - before < 5 * G_USEC_PER_SEC);
  perform(proxy, scenario, 0, &reply);
  assert_int_equal(reply.status, SUBJECT_HUNG);
  proxy->free(proxy);
  assert_int_equal(kill(pid, 0), -1);
}

static void test_death(void **state) {
  g_autoptr(Scenario) scenario = test_scenario(text);
  SubjectReply reply;
  guint8 byte;
  pid_t pid;
  Subject *proxy = start(scenario, 5000, &pid);

  perform(proxy, scenario, 3, &reply);
  assert_int_equal(reply.status, SUBJECT_DEAD);
  assert_contains(reply.message, "signal 11");
  assert_false(proxy->peek(proxy, 0, &byte, 1));
  proxy->free(proxy);
}

static void test_kill(void **state) {
  g_autoptr(Scenario) scenario = test_scenario(text);
  SubjectReply reply;
  pid_t pid;
  Subject *proxy = start(scenario, 5000, &pid);

  proxy->kill(proxy);
  perform(proxy, scenario, 0, &reply);
  assert_int_equal(reply.status, SUBJECT_DEAD);
  proxy->free(proxy);
}

static void test_no_subject(void **state) {
  g_autoptr(Scenario) scenario = test_scenario(text);
  g_autoptr(GError) error = NULL;
  int pair[2];

  assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
  pid_t pid = fork();
  if (pid == 0) {
    GError *why = g_error_new_literal(KERNEL_ERROR, KERNEL_ERROR_UNAVAILABLE, "no namespaces here");
    close(pair[0]);
    subject_serve_error(pair[1], why);
    _exit(0);
  }
  close(pair[1]);
  assert_null(subject_proxy_new(pair[0], pid, scenario, 5000, &error));
  assert_true(g_error_matches(error, KERNEL_ERROR, KERNEL_ERROR_UNAVAILABLE));
  assert_string_equal(error->message, "no namespaces here");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_answers), cmocka_unit_test(test_memory), cmocka_unit_test(test_hang),
      cmocka_unit_test(test_death),   cmocka_unit_test(test_kill),   cmocka_unit_test(test_no_subject),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
