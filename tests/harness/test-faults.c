/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* docs/scenario-language.md, "Faults": the N-th such call from here on, once. */
#include <errno.h>

#include "harness/run/faults.h"
#include "tests/harness/test.h"

static const char text[] = "# Faults.\n"
                           "host power9\n"
                           "  group 7: 0000:01:00.0\n"
                           "  group 8: 0000:02:00.0\n"
                           "fail group 7 SET_CONTAINER nth 2 with EBUSY\n"
                           "fail SET_IOMMU with EPERM\n";

static TraceEvent event_of(AbiCallId call, AbiKind kind, guint64 id) {
  return (TraceEvent){.seq = 1, .call = call, .object = {kind, id}};
}

static void test_nth_and_once(void **state) {
  g_autoptr(Scenario) scenario = test_scenario(text);
  g_autoptr(Faults) faults = faults_new();
  TraceEvent seven = event_of(ABI_SET_CONTAINER, ABI_GROUP, 7);
  TraceEvent eight = event_of(ABI_SET_CONTAINER, ABI_GROUP, 8);
  guint seen = 99;

  faults_arm(faults, scenario->stmts->pdata[0]);
  assert_int_equal(faults_offer(&seven, faults), 0);
  assert_int_equal(faults_offer(&eight, faults), 0);
  assert_ptr_equal(faults_unreached(faults, &seen), scenario->stmts->pdata[0]);
  assert_int_equal(seen, 1);
  assert_int_equal(faults_offer(&seven, faults), -EBUSY);
  assert_int_equal(faults_offer(&seven, faults), 0);
  assert_null(faults_unreached(faults, &seen));
}

static void test_any_object(void **state) {
  g_autoptr(Scenario) scenario = test_scenario(text);
  g_autoptr(Faults) faults = faults_new();
  TraceEvent event = event_of(ABI_SET_IOMMU, ABI_CONTAINER, 3);

  faults_arm(faults, scenario->stmts->pdata[1]);
  assert_int_equal(faults_offer(&event, faults), -EPERM);
  assert_int_equal(faults_offer(&event, faults), 0);
}

/* Two faults on one call: the first armed answers, both are reached. */
static void test_two_on_one_call(void **state) {
  g_autoptr(Scenario) scenario = test_scenario(text);
  g_autoptr(Faults) faults = faults_new();
  TraceEvent event = event_of(ABI_SET_IOMMU, ABI_CONTAINER, 1);
  guint seen;

  faults_arm(faults, scenario->stmts->pdata[1]);
  faults_arm(faults, scenario->stmts->pdata[1]);
  assert_int_equal(faults_offer(&event, faults), -EPERM);
  assert_null(faults_unreached(faults, &seen));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_nth_and_once),
      cmocka_unit_test(test_any_object),
      cmocka_unit_test(test_two_on_one_call),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
