/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Objects, addresses, errnos and sizes as text. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sim/abi/abi.h"
#include "sim/rules/rules.h"

static void test_objects(void **state) {
  static const struct {
    AbiObject object;
    const char *text;
  } rows[] = {
      {{ABI_CONTAINER, 1}, "container 1"},
      {{ABI_GROUP, 0}, "group 0"},
      {{ABI_GROUP, 7}, "group 7"},
      {{ABI_DEVICE, 0x100}, "device 0000:01:00.0"},
      {{ABI_DEVICE, 0xabcd0000 | 0x21 << 8 | 0x1f << 3 | 7}, "device abcd:21:1f.7"},
      {{ABI_KVM, 0}, "kvm"},
      {{ABI_KVM_VFIO, 2}, "kvm-vfio 2"},
      {{ABI_TABLE, 0x80000000}, "table 0x80000000"},
      {{ABI_TABLE, G_MAXUINT64}, "table 0xffffffffffffffff"},
      {{ABI_TABLE, 0}, "table 0x0"},
      {{ABI_GUEST, 0}, "guest"},
      {{ABI_VCPU, 3}, "vcpu 3"},
  };

  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(GString) text = g_string_new("<");
    AbiObject object = {ABI_NONE, 99};

    abi_object_print(text, rows[i].object);
    assert_string_equal(text->str + 1, rows[i].text);
    assert_true(abi_object_parse(rows[i].text, &object));
    assert_int_equal(object.kind, rows[i].object.kind);
    assert_true(object.id == rows[i].object.id);
  }
}

static void test_no_objects(void **state) {
  static const char *const texts[] = {
      "",         "group",    "group ",  "group x",  "group -1",     "group 07",
      "group 7 ", " group 7", "table 7", "table 0x", "table 0x0x1",  "device",
      "device 1", "none",     "none 0",  "kvm 0",    "container +1", "group 99999999999999999999"};

  for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
    AbiObject object;
    if (abi_object_parse(texts[i], &object))
      fail_msg("'%s' is taken for an object", texts[i]);
  }
}

static void test_bdf(void **state) {
  static const char *const wrong[] = {"",
                                      "0000:01:00",
                                      "0000:01:00.",
                                      "0000:01:00.8",
                                      "0000:01:20.0",
                                      "0000:01:00.00",
                                      "000:01:00.0",
                                      "0000:01:00.0 ",
                                      "0000-01:00.0",
                                      "g000:01:00.0"};
  guint64 id = 0;

  assert_true(abi_bdf_parse("0001:02:03.4", &id));
  assert_int_equal(id, 0x10000 | 2 << 8 | 3 << 3 | 4);
  for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++)
    assert_false(abi_bdf_parse(wrong[i], &id));
}

static void test_kinds(void **state) {
  for (int kind = ABI_NONE + 1; kind < ABI_N_KINDS; kind++)
    assert_int_equal(abi_kind_from_name(abi_kind_name((AbiKind)kind)), kind);
  assert_int_equal(abi_kind_from_name("none"), ABI_NONE);
  assert_string_equal(abi_kind_name((AbiKind)99), "none");
}

static void test_errnos(void **state) {
  assert_string_equal(abi_errno_name(ENOENT), "ENOENT");
  assert_int_equal(abi_errno_from_name("EBADFD"), 77); /* CG-47 */
  assert_null(abi_errno_name(0));
  assert_null(abi_errno_name(-ENOENT));
  assert_int_equal(abi_errno_from_name("ENOTHING"), 0);
}

/* Every errno that a rule names is in the table. */
static void test_errnos_of_the_rules(void **state) {
  g_autoptr(GRegex) regex = g_regex_new("-(E[A-Z]{2,})", 0, 0, NULL);

  for (int i = RULE_NONE + 1; i < RULE_COUNT; i++) {
    g_autoptr(GMatchInfo) match = NULL;
    for (g_regex_match(regex, rule_get((RuleId)i)->result, 0, &match); g_match_info_matches(match);
         g_match_info_next(match, NULL)) {
      g_autofree char *name = g_match_info_fetch(match, 1);
      if (!abi_errno_from_name(name))
        fail_msg("%s names %s", rule_get((RuleId)i)->id, name);
    }
  }
}

/* HC-1, HC-2: the names of section 6 of the specification. */
static void test_hypercall_results(void **state) {
  gint64 result = 1;
  guint n = 0;

  assert_string_equal(abi_hcall_name(-4), "H_PARAMETER");
  assert_string_equal(abi_hcall_name(9999), "H_TOO_HARD");
  assert_null(abi_hcall_name(-4711));
  assert_false(abi_hcall_from_name("H_NOTHING", &result));
  for (const char *name; (name = abi_hcall_nth(n)); n++) {
    assert_true(abi_hcall_from_name(name, &result));
    assert_string_equal(abi_hcall_name(result), name);
  }
  assert_true(n >= 20);
}

static void test_sizes(void **state) {
  static const struct {
    const char *text;
    guint64 value;
  } rows[] = {{"0", 0},
              {"12", 12},
              {"64K", 65536},
              {"1M", 1 << 20},
              {"1G", 1 << 30},
              {"128T", 128ull << 40},
              {"2^40", 1ull << 40},
              {"2^63", 1ull << 63},
              {"2^0", 1},
              {"0x1000", 4096},
              {"0xffffffffffffffff", G_MAXUINT64},
              {"18446744073709551615", G_MAXUINT64},
              {"15E", 15ull << 60},
              {"0x10K", 16384}};
  static const char *const wrong[] = {"",
                                      "K",
                                      "1k",
                                      "1KB",
                                      "-1",
                                      "+1",
                                      " 1",
                                      "1 ",
                                      "0x",
                                      "2^64",
                                      "2^",
                                      "3^2",
                                      "16E",
                                      "1.5G",
                                      "18446744073709551616",
                                      "0x1ffffffffffffffff",
                                      "2^4K"};
  guint64 value;

  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    assert_true(abi_size_parse(rows[i].text, &value));
    assert_true(value == rows[i].value);
  }
  for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++)
    if (abi_size_parse(wrong[i], &value))
      fail_msg("'%s' is taken for a size", wrong[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_objects),
      cmocka_unit_test(test_no_objects),
      cmocka_unit_test(test_bdf),
      cmocka_unit_test(test_kinds),
      cmocka_unit_test(test_errnos),
      cmocka_unit_test(test_errnos_of_the_rules),
      cmocka_unit_test(test_hypercall_results),
      cmocka_unit_test(test_sizes),
  };

  return cmocka_run_group_tests_name("abi-text", tests, NULL, NULL);
}
