/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the runner makes of a subject's replies and of a trace; docs/scenario-language.md. */
#include "tests/harness/fake-kernel.h"
#include "tests/harness/test.h"

#define HEAD "# A test.\nhost power9\n  group 7: 0000:01:00.0\nguest pseries kvm\n"

static void run_on(Kernel *(*kernel)(const Scenario *, Trace *, GError **), const char *text, ResultStatus status,
                   const char *message) {
  g_autoptr(Scenario) scenario = test_scenario(text);
  g_autoptr(ScenarioResult) result = scenario_result_new("test.scn", "test");
  const RunOptions options = {.open_kernel = kernel};

  run_scenario(scenario, &options, result);
  if (result->status != status)
    fail_msg("%s: %s", result_status_name(result->status), result->message ? result->message : "");
  if (message)
    assert_contains(result->message, message);
}

static void run(const char *text, ResultStatus status, const char *message) {
  run_on(fake_kernel_new, text, status, message);
}

static void test_refusals(void **state) {
  run(HEAD "boot\nplug 0000:01:00.0 phb 0 as nic0\n", RESULT_FAIL,
      "the subject refused it: the group is busy [CHK-FAILS]");
  run(HEAD "boot\nplug 0000:01:00.0 phb 0 as nic0 fails EBUSY\n", RESULT_PASS, NULL);
  run(HEAD "boot\nplug 0000:01:00.0 phb 0 as nic0 fails\n", RESULT_PASS, NULL);
  run(HEAD "boot\nplug 0000:01:00.0 phb 0 as nic0 fails ENOMEM\n", RESULT_FAIL,
      "it was refused with EBUSY; expected is ENOMEM: the group is busy [CHK-FAILS]");
  run(HEAD "boot fails\n", RESULT_FAIL, "it succeeded; it should have been refused [CHK-FAILS]");
}

static void test_unsupported(void **state) {
  run(HEAD "  phb 1\nboot\nunplug-phb 1\n", RESULT_SKIP, "nothing can be unplugged");
}

static void test_unavailable(void **state) {
  run_on(fake_kernel_missing, HEAD "boot\n", RESULT_SKIP, "there is none: buy one");
}

static void test_expectations(void **state) {
  run(HEAD "boot\n  expect\n    container OPEN = 0\n    group 7 OPEN = 0\n", RESULT_PASS, NULL);
  run(HEAD "boot\n  expect\n    container OPEN = 0\n    group 7 CLOSE = 0\n", RESULT_FAIL,
      "this call did not come\n  expected: group 7 CLOSE = 0\n  came:     call 2: group 7");
  run(HEAD "boot\n  expect\n    container OPEN = 0\n", RESULT_FAIL, "a call after the last one expected");
  run(HEAD "boot\n  expect\n    ...\n    group 7 CLOSE\n", RESULT_FAIL, "came:     no more calls");
  run(HEAD "boot\n  expect\n    ...\n    never group 7 OPEN\n", RESULT_FAIL, "[CHK-NEVER]");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_refusals),
      cmocka_unit_test(test_unsupported),
      cmocka_unit_test(test_unavailable),
      cmocka_unit_test(test_expectations),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
