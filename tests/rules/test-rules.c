/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The generated table against known rows of rules.tsv, and its invariants. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sim/rules/rules.h"

static void test_kv_37(void **state) {
  const Rule *rule = rule_get(RULE_KV_37);

  assert_string_equal(rule->id, "KV-37");
  assert_string_equal(rule->result, "-ENOENT");
  assert_non_null(strstr(rule->condition, "not in the list"));
  assert_non_null(strstr(rule->source, "virt/kvm/vfio.c"));
  assert_string_equal(rule->since, "4.9");
  assert_string_equal(rule->until, "");
}

static void test_quotes_survive_cg_29(void **state) {
  assert_non_null(strstr(rule_get(RULE_CG_29)->effect, "\"first group\""));
}

static void test_until_tce_64(void **state) {
  assert_string_equal(rule_get(RULE_TCE_64)->until, "4.19");
}

static void test_all_614_find_themselves(void **state) {
  assert_int_equal(RULE_COUNT - 1, 614);
  for (int i = RULE_NONE + 1; i < RULE_COUNT; i++) {
    const Rule *rule = rule_get((RuleId)i);
    assert_true(rule->id[0] && rule->condition[0] && rule->result[0] && rule->since[0]);
    assert_int_equal(rule_find(rule->id), i);
  }
}

static void test_find(void **state) {
  assert_int_equal(rule_find("tce-67"), RULE_TCE_67);
  assert_int_equal(rule_find("TCE-6700"), RULE_NONE);
  assert_int_equal(rule_find(""), RULE_NONE);
}

static void test_out_of_range(void **state) {
  assert_null(rule_get(RULE_NONE));
  assert_null(rule_get(RULE_COUNT));
  assert_null(rule_get((RuleId)-1));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_kv_37),        cmocka_unit_test(test_quotes_survive_cg_29),
      cmocka_unit_test(test_until_tce_64), cmocka_unit_test(test_all_614_find_themselves),
      cmocka_unit_test(test_find),         cmocka_unit_test(test_out_of_range),
  };

  return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
