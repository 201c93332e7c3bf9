/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* harness/run/world.h: a crash and a hang are failed results of their own scenario, with the last calls; a signal stops
 * it. */
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/run/world.h"
#include "tests/harness/fake-kernel.h"
#include "tests/harness/test.h"

#define HEAD "# A test.\nhost power9\n  group 7: 0000:01:00.0\nguest pseries kvm\ntimeout 300ms\n"

static void run(const char *text, Trace *trace, ScenarioResult *result) {
  g_autoptr(Scenario) scenario = test_scenario(text);
  g_autoptr(GError) error = NULL;
  g_autoptr(Worlds) worlds = worlds_new(&error);
  const RunOptions options = {.open_kernel = fake_kernel_new, .trace = trace};

  assert_non_null(worlds);
  assert_true(worlds_run(worlds, scenario, &options, result));
  assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nobody is left */
}

static void test_pass_with_trace(void **state) {
  g_autoptr(ScenarioResult) result = scenario_result_new("test.scn", "test");
  g_autoptr(Trace) trace = trace_new();

  run(HEAD "boot\n", trace, result);
  assert_int_equal(result->status, RESULT_PASS);
  assert_int_equal(result->n_calls, 2);
  assert_int_equal(trace_len(trace), 2);
  assert_int_equal(trace_get(trace, 1)->object.id, 7);
  assert_string_equal(result->summary, "A test.");
  assert_string_equal(result->order, "shipped");
}

static void test_crash(void **state) {
  g_autoptr(ScenarioResult) result = scenario_result_new("test.scn", "test");

  run(HEAD "boot\nquit\n", NULL, result);
  assert_int_equal(result->status, RESULT_FAIL);
  assert_contains(result->message, "test.scn:7:1: model and subject died by signal 11");
  assert_contains(result->message, "[CHK-DIED]");
  assert_contains(result->stretch, "   3  group 7");
}

/* A process that the subject forks dies its own death; the world's handlers are not its. */
static void test_child_crash(void **state) {
  g_autoptr(ScenarioResult) result = scenario_result_new("test.scn", "test");

  run(HEAD "boot\nplug-ram 256M at 1G as more\n", NULL, result);
  assert_int_equal(result->status, RESULT_PASS);
}

static void test_hang(void **state) {
  g_autoptr(ScenarioResult) result = scenario_result_new("test.scn", "test");

  run(HEAD "boot\nreset\n", NULL, result);
  assert_int_equal(result->status, RESULT_FAIL);
  assert_contains(result->message, "test.scn:7:1: no answer within 300 ms");
  assert_contains(result->message, "[CHK-HUNG]");
  assert_contains(result->stretch, "DEVICE_RESET");
}

static void leave_badly(void) {
  _exit(23);
}

static Kernel *kernel_that_leaks(const Scenario *scenario, Trace *trace, GError **error) {
  atexit(leave_badly);
  return fake_kernel_new(scenario, trace, error);
}

/* What a sanitizer finds at the very end counts: LeakSanitizer makes the exit status 23. */
static void test_bad_end(void **state) {
  g_autoptr(Scenario) scenario = test_scenario(HEAD "boot\n");
  g_autoptr(ScenarioResult) result = scenario_result_new("test.scn", "test");
  g_autoptr(Worlds) worlds = worlds_new(NULL);
  const RunOptions options = {.open_kernel = kernel_that_leaks};

  assert_true(worlds_run(worlds, scenario, &options, result));
  assert_int_equal(result->status, RESULT_FAIL);
  assert_contains(result->message, "did not end well: exit status 23");
  assert_contains(result->message, "[CHK-DIED]");
}

static void test_interrupted(void **state) {
  g_autoptr(Scenario) scenario = test_scenario("# A test.\nhost power9\nguest pseries kvm\ntimeout 60s\nboot\nreset\n");
  g_autoptr(ScenarioResult) result = scenario_result_new("test.scn", "test");
  const RunOptions options = {.open_kernel = fake_kernel_new};
  int status;

  pid_t pid = fork();
  if (pid == 0) {
    g_autoptr(Worlds) worlds = worlds_new(NULL);
    kill(getpid(), SIGTERM); /* taken over: it waits in the signalfd */
    _exit(worlds_run(worlds, scenario, &options, result) ? 1 : waitpid(-1, NULL, WNOHANG) == -1 ? 0 : 2);
  }
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_pass_with_trace), cmocka_unit_test(test_crash),
      cmocka_unit_test(test_child_crash),     cmocka_unit_test(test_hang),
      cmocka_unit_test(test_interrupted),     cmocka_unit_test(test_bad_end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
