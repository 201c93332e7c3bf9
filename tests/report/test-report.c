/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Expectations come from the formats' own documents: TAP 14 (testanything.org), XML 1.0, RFC 8259, no-color.org. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <json-glib/json-glib.h>

#include "harness/report/report.h"

static ScenarioResult *make_result(const char *name, ResultStatus status, const char *message, const char *stretch) {
  g_autofree char *path = g_strdup_printf("scenarios/%s.scn", name);
  ScenarioResult *result = scenario_result_new(path, name);

  result->summary = g_strdup("A device plugged into a running guest.");
  result->kernel = g_strdup("direct");
  result->subject = g_strdup("builtin");
  result->order = g_strdup("shipped");
  result->status = status;
  result->message = g_strdup(message);
  result->stretch = g_strdup(stretch);
  result->seconds = 0.012;
  result->n_calls = 7;
  return result;
}

/* A run of four scenarios, one of each state, with characters that the formats must escape. */
static char *run_report(const char *format) {
  static const struct {
    const char *name;
    ResultStatus status;
    const char *message, *stretch;
  } rows[] = {
      {"boot/reset", RESULT_PASS, NULL, NULL},
      {"hotplug/one-device", RESULT_FAIL, "a.scn:3:5: expected <SET_SPAPR_TCE> & \"more\"\n    here",
       "group 7    SET_CONTAINER = 0\nkvm-vfio 1 GROUP_ADD group 7 = 0\x01"},
      {"raw/open #2", RESULT_SKIP, "needs /dev/kvm # here", NULL},
      {"bad", RESULT_ERROR, "bad.scn:1:1: unknown statement hots", NULL},
  };
  ReportPlan plan = {"0.1.0", G_N_ELEMENTS(rows)};
  ReportSummary summary = {.seconds = 1.5};
  g_autoptr(GError) error = NULL;
  char *text = NULL;
  size_t len;
  FILE *out = open_memstream(&text, &len);
  Report *report = report_new(format, out, &error);
  char *copy;

  assert_non_null(report);
  report_begin(report, &plan);
  for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(ScenarioResult) result = make_result(rows[i].name, rows[i].status, rows[i].message, rows[i].stretch);

    report_progress(report, i, G_N_ELEMENTS(rows), rows[i].name, 5);
    report_scenario_done(report, result);
    report_summary_add(&summary, result);
  }
  report_end(report, &summary);
  assert_true(report_close(report, &error));
  fclose(out);
  copy = g_strdup(text);
  free(text);
  return copy;
}

static void test_people(void **state) {
  g_autofree char *text = run_report("people");

  assert_string_equal(text, "ok     boot/reset  (12 ms)\n"
                            "FAIL   hotplug/one-device  (12 ms)\n"
                            "    A device plugged into a running guest.\n"
                            "    kernel direct, subject builtin, order shipped\n"
                            "    a.scn:3:5: expected <SET_SPAPR_TCE> & \"more\"\n"
                            "        here\n"
                            "    the calls:\n"
                            "      group 7    SET_CONTAINER = 0\n"
                            "      kvm-vfio 1 GROUP_ADD group 7 = 0\x01\n"
                            "skip   raw/open #2\n"
                            "       needs /dev/kvm # here\n"
                            "ERROR  bad  (12 ms)\n"
                            "    A device plugged into a running guest.\n"
                            "    kernel direct, subject builtin, order shipped\n"
                            "    bad.scn:1:1: unknown statement hots\n"
                            "1 passed, 1 failed, 1 could not be run, 1 skipped: 28 calls in 1.5 s\n");
}

static void test_tap(void **state) {
  g_autofree char *text = run_report("tap");

  assert_true(
      g_str_has_prefix(text, "TAP version 14\n1..4\nok 1 - boot/reset\nnot ok 2 - hotplug/one-device\n  ---\n"));
  assert_non_null(strstr(text, "  message: |\n    a.scn:3:5: expected <SET_SPAPR_TCE> & \"more\"\n        here\n"));
  assert_non_null(strstr(text, "\n  ...\nok 3 - raw/open \\#2 # SKIP needs /dev/kvm \\# here\nnot ok 4 - bad\n"));
}

static void count_element(GMarkupParseContext *context, const char *element, const char **names, const char **values,
                          gpointer data, GError **error) {
  GHashTable *seen = data;

  g_hash_table_insert(seen, g_strdup(element),
                      GINT_TO_POINTER(GPOINTER_TO_INT(g_hash_table_lookup(seen, element)) + 1));
  for (guint i = 0; names[i]; i++) {
    if (strcmp(element, "failure") == 0 && strcmp(names[i], "message") == 0)
      assert_string_equal(values[i], "a.scn:3:5: expected <SET_SPAPR_TCE> & \"more\"");
    if (strcmp(element, "testsuite") == 0 && strcmp(names[i], "time") == 0)
      assert_string_equal(values[i], "1.500");
  }
}

static void test_junit(void **state) {
  static const GMarkupParser parser = {.start_element = count_element};
  g_autofree char *text = run_report("junit");
  g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  GMarkupParseContext *context = g_markup_parse_context_new(&parser, 0, seen, NULL);
  g_autoptr(GError) error = NULL;

  assert_true(g_markup_parse_context_parse(context, text, -1, &error));
  assert_true(g_markup_parse_context_end_parse(context, &error));
  g_markup_parse_context_free(context);
  assert_int_equal(GPOINTER_TO_INT(g_hash_table_lookup(seen, "testcase")), 4);
  assert_int_equal(GPOINTER_TO_INT(g_hash_table_lookup(seen, "failure")), 1);
  assert_int_equal(GPOINTER_TO_INT(g_hash_table_lookup(seen, "error")), 1);
  assert_int_equal(GPOINTER_TO_INT(g_hash_table_lookup(seen, "skipped")), 1);
  assert_non_null(strstr(text, "tests=\"4\" failures=\"1\" errors=\"1\" skipped=\"1\""));
  assert_null(strchr(text, '\x01')); /* XML 1.0 has no such character */
}

static void test_json(void **state) {
  g_autofree char *text = run_report("json");
  g_autoptr(JsonParser) parser = json_parser_new();
  g_autoptr(GError) error = NULL;
  JsonObject *root, *failed;
  JsonArray *scenarios;

  assert_true(json_parser_load_from_data(parser, text, -1, &error));
  root = json_node_get_object(json_parser_get_root(parser));
  scenarios = json_object_get_array_member(root, "scenarios");
  assert_int_equal(json_array_get_length(scenarios), 4);
  failed = json_array_get_object_element(scenarios, 1);
  assert_string_equal(json_object_get_string_member(failed, "status"), "fail");
  assert_string_equal(json_object_get_string_member(failed, "message"),
                      "a.scn:3:5: expected <SET_SPAPR_TCE> & \"more\"\n    here");
  assert_int_equal(json_array_get_length(json_object_get_array_member(failed, "calls_shown")), 2);
  assert_int_equal(json_object_get_int_member(json_object_get_object_member(root, "summary"), "calls"), 28);
}

static void test_unknown_format(void **state) {
  g_autoptr(GError) error = NULL;

  assert_null(report_open("xml", NULL, &error));
  assert_true(g_error_matches(error, REPORT_ERROR, REPORT_ERROR_FORMAT));
  for (const char *const *format = report_formats(); *format; format++)
    assert_non_null(report_format_help(*format));
}

static void test_full_disk(void **state) {
  g_autoptr(ScenarioResult) result = make_result("boot/reset", RESULT_PASS, NULL, NULL);
  g_autoptr(GError) error = NULL;
  ReportPlan plan = {"0.1.0", 1};
  Report *report = report_open("tap", "/dev/full", &error);

  assert_non_null(report);
  report_begin(report, &plan);
  report_scenario_done(report, result);
  assert_false(report_close(report, &error));
  assert_true(g_error_matches(error, REPORT_ERROR, REPORT_ERROR_WRITE));
  assert_string_equal(error->message, "the tap report could not be written: No space left on device");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_people),         cmocka_unit_test(test_tap),
      cmocka_unit_test(test_junit),          cmocka_unit_test(test_json),
      cmocka_unit_test(test_unknown_format), cmocka_unit_test(test_full_disk),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
