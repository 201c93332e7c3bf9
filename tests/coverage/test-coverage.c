/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tallies of runs, their file, and the reports. Expected lines are as tally.h documents them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <glib/gstdio.h>

#include "coverage/coverage.h"
#include "tests/trace/events.h"

typedef struct {
  char *dir, *file;
} Sandbox;

static int set_up(void **state) {
  Sandbox *sandbox = g_new0(Sandbox, 1);

  sandbox->dir = g_dir_make_tmp("vfiosim-coverage-XXXXXX", NULL);
  sandbox->file = g_build_filename(sandbox->dir, "tally", NULL);
  *state = sandbox;
  return sandbox->dir ? 0 : -1;
}

static int tear_down(void **state) {
  Sandbox *sandbox = *state;
  g_autoptr(GDir) dir = g_dir_open(sandbox->dir, 0, NULL);

  for (const char *name; (name = g_dir_read_name(dir));) {
    g_autofree char *path = g_build_filename(sandbox->dir, name, NULL);
    g_unlink(path);
  }
  g_rmdir(sandbox->dir);
  g_free(sandbox->dir);
  g_free(sandbox->file);
  g_free(sandbox);
  return 0;
}

static void assert_contents(const char *path, const char *expected) {
  g_autofree char *text = NULL;

  assert_true(g_file_get_contents(path, &text, NULL, NULL));
  assert_string_equal(text, expected);
}

static Trace *sample_trace(void) {
  Trace *trace = trace_new();

  event_new(trace, ABI_OPEN, ABI_GROUP, 7);
  event_new(trace, ABI_SET_CONTAINER, ABI_GROUP, 7);
  event_answer(event_new(trace, ABI_SET_CONTAINER, ABI_GROUP, 7), -EINVAL, RULE_CG_44);
  event_answer(event_new(trace, ABI_SET_CONTAINER, ABI_GROUP, 7), -EINVAL, RULE_CG_44);
  event_answer(event_new(trace, ABI_SET_CONTAINER, ABI_GROUP, 7), -ENOMEM, RULE_CG_2);
  trace_add(trace)->call = ABI_CALL_NONE;
  ((TraceEvent *)trace_get(trace, 4))->flags = TRACE_INJECTED;
  event_answer(event_new(trace, ABI_MAP_DMA, ABI_CONTAINER, 1), 1, RULE_TCE_75);
  event_new(trace, ABI_CREATE_VM, ABI_KVM, 0)->made = (AbiObject){ABI_VM, 1};
  event_answer(event_new(trace, ABI_H_PUT_TCE, ABI_GUEST, 0), -4, RULE_HC_2);
  return trace;
}

static void test_line_of_a_run(void **state) {
  Sandbox *sandbox = *state;
  g_autoptr(Tally) tally = tally_new();
  g_autoptr(Trace) trace = sample_trace();

  tally_add(tally, trace, NULL);
  assert_true(tally_append(tally, sandbox->file, "hotplug/one\tdevice", NULL));
  assert_contents(sandbox->file,
                  "hotplug/one device\tCG-44=2\tTCE-75=1\tHC-2=1\tCREATE_VM:fd=1\tH_PUT_TCE:H_PARAMETER=1\t"
                  "MAP_DMA:>0=1\tOPEN:fd=1\tSET_CONTAINER:0=1\tSET_CONTAINER:EINVAL=2\t"
                  "SET_CONTAINER:ENOMEM(injected)=1\n");
}

/* The kernel's own counts replace those of the events: they know the rules that are met silently. */
static void test_counts_of_the_kernel(void **state) {
  Sandbox *sandbox = *state;
  g_autoptr(Tally) tally = tally_new();
  guint32 met[RULE_COUNT] = {0};

  met[RULE_CG_1] = 3;
  met[RULE_PD_134] = 4000000000u;
  tally_add(tally, NULL, met);
  tally_add(tally, NULL, met);
  assert_true(tally_append(tally, sandbox->file, "run", NULL));
  assert_contents(sandbox->file, "run\tCG-1=6\tPD-134=8000000000\n");
}

static void test_no_such_directory(void **state) {
  g_autoptr(Tally) tally = tally_new();
  g_autoptr(GError) error = NULL;

  assert_false(tally_append(tally, "/nonexistent/tally", "run", &error));
  assert_true(g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT));
  assert_non_null(strstr(error->message, "/nonexistent/tally"));
}

static void test_many_processes_append(void **state) {
  enum { PROCESSES = 8, RUNS = 50 };
  Sandbox *sandbox = *state;
  g_autoptr(Coverage) coverage = coverage_new();
  int status;

  for (guint p = 0; p < PROCESSES; p++) {
    if (fork() == 0) {
      gboolean ok = TRUE;
      for (guint i = 0; i < RUNS; i++) {
        g_autoptr(Tally) tally = tally_new();
        g_autofree char *name = g_strdup_printf("run %u.%u", p, i);
        guint32 met[RULE_COUNT];
        for (guint r = 0; r < RULE_COUNT; r++)
          met[r] = 1;
        tally_add(tally, NULL, met);
        ok = tally_append(tally, sandbox->file, name, NULL) && ok;
      }
      _exit(!ok);
    }
  }
  for (guint p = 0; p < PROCESSES; p++) {
    assert_true(wait(&status) > 0);
    assert_int_equal(status, 0);
  }
  assert_true(coverage_read(coverage, sandbox->file, NULL));
  assert_int_equal(coverage_n_runs(coverage), PROCESSES * RUNS);
  assert_int_equal(coverage_rule(coverage, RULE_PD_134), PROCESSES * RUNS);
}

static void test_merge(void **state) {
  Sandbox *sandbox = *state;
  g_autoptr(Coverage) coverage = coverage_new();
  g_autoptr(GList) results = NULL;
  guint met, all;

  assert_true(g_file_set_contents(sandbox->file,
                                  "a\tCG-1=2\tSET_CONTAINER:0=1\n"
                                  "b\tCG-1=1\tKV-43=1\tSET_CONTAINER:EINVAL=3\tSET_CONTAINER:0=2\n\nempty\n"
                                  "a\tCG-1=1\n",
                                  -1, NULL));
  assert_true(coverage_read(coverage, sandbox->file, NULL));
  assert_int_equal(coverage_n_runs(coverage), 3);
  assert_int_equal(coverage_rule(coverage, RULE_CG_1), 4);
  assert_int_equal(coverage_rule(coverage, RULE_CG_2), 0);
  assert_null(coverage_rule_runs(coverage, RULE_CG_2));
  assert_int_equal(coverage_rule_runs(coverage, RULE_CG_1)->len, 2);
  assert_string_equal(g_ptr_array_index(coverage_rule_runs(coverage, RULE_CG_1), 1), "b");
  assert_int_equal(coverage_call(coverage, ABI_SET_CONTAINER, "0"), 3);
  assert_int_equal(coverage_call(coverage, ABI_SET_CONTAINER, "EBUSY"), 0);
  results = coverage_call_results(coverage, ABI_SET_CONTAINER);
  assert_int_equal(g_list_length(results), 2);
  assert_string_equal(results->data, "0");
  coverage_share(coverage, "CG", &met, &all);
  assert_int_equal(met, 1);
  assert_int_equal(all, 91);
  coverage_share(coverage, NULL, &met, &all);
  assert_int_equal(met, 2);
  assert_int_equal(all, 614);
}

static void test_tables(void **state) {
  static const char *const names[] = {"CG", "TCE", "MM", "PNV", "PSR", "EEH", "KV", "KT", "HC", "T1", "PD", "VC"};
  g_autoptr(Coverage) coverage = coverage_new();
  guint at = 0, sum = 0, met, all;

  for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
    g_autofree char *table = coverage_next_table(&at);
    assert_string_equal(table, names[i]);
    coverage_share(coverage, table, &met, &all);
    sum += all;
  }
  assert_null(coverage_next_table(&at));
  assert_int_equal(sum, RULE_COUNT - 1);
}

static void test_malformed(void **state) {
  static const struct {
    const char *text, *error;
  } rows[] = {
      {"a\tCG-1\n", ":1: 'CG-1' must end"},
      {"a\tCG-1=x\n", ":1: 'CG-1=x' must end"},
      {"a\tCG-1=0\n", ":1: "},
      {"a\tCG-1=-3\n", ":1: "},
      {"a\tCG-1=99999999999999999999\n", ":1: "},
      {"a\nb\tCG-999=1\n", ":2: 'CG-999=1' names a rule"},
      {"a\tSET_CONTAINED:0=1\n", ":1: 'SET_CONTAINED:0=1' names a call"},
      {"a\tSET_CONTAINER:=1\n", ":1: "},
      {"a\t\tCG-1=1\n", ":1: '' must end"},
      {"\xff\n", "not text"},
  };
  Sandbox *sandbox = *state;

  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(Coverage) coverage = coverage_new();
    g_autoptr(GError) error = NULL;

    assert_true(g_file_set_contents(sandbox->file, rows[i].text, -1, NULL));
    if (coverage_read(coverage, sandbox->file, &error))
      fail_msg("'%s' is taken for a tally", rows[i].text);
    if (!strstr(error->message, rows[i].error) || !strstr(error->message, sandbox->file))
      fail_msg("the error is '%s'", error->message);
  }
}

static void test_reports(void **state) {
  Sandbox *sandbox = *state;
  const char *const paths[] = {sandbox->file, NULL};
  g_autofree char *txt = g_build_filename(sandbox->dir, "coverage.txt", NULL);
  g_autofree char *html = g_build_filename(sandbox->dir, "index.html", NULL);
  g_autofree char *page = NULL;
  g_autoptr(GString) text = g_string_new(NULL);

  assert_true(
      g_file_set_contents(sandbox->file, "one <b>\tCG-1=2\tSET_CONTAINER:>0=1\tSET_CONTAINER:EINVAL=7\n", -1, NULL));
  assert_true(coverage_report(paths, NULL, sandbox->dir, text, NULL));
  assert_contents(txt, text->str);
  assert_true(g_str_has_prefix(text->str,
                               "coverage of 1 runs\n\nrules met: 1 of 614 (0.2 %)\n"
                               "of those that can be met: 1 of 614 (0.2 %)\n  CG      1 of   91    1.1 %\n"));
  assert_non_null(strstr(text->str, "\n  SET_CONTAINER            >0 x 1, EINVAL x 7\n"));
  assert_non_null(strstr(text->str, "\n  UNSET_CONTAINER          never\n"));
  assert_non_null(strstr(text->str, "\n  CG-1            2  one <b>\n"));
  assert_non_null(strstr(text->str, "\n  CG-2     container, open: no memory = -ENOMEM\n"));

  assert_true(g_file_get_contents(html, &page, NULL, NULL));
  assert_non_null(strstr(page, "one &lt;b&gt;"));
  assert_null(strstr(page, "one <b>"));
  assert_non_null(strstr(page, "id=\"PD-134\""));
  assert_non_null(strstr(page, "<th>&gt;0</th><th>EINVAL</th>"));
  assert_true(g_str_has_suffix(page, "</body></html>\n"));
}

static void test_rules_that_cannot_be_met(void **state) {
  Sandbox *sandbox = *state;
  g_autofree char *document = g_build_filename(sandbox->dir, "not-met.md", NULL);
  const char *const paths[] = {sandbox->file, NULL};
  g_autoptr(Coverage) coverage = coverage_new();
  g_autoptr(GString) text = g_string_new(NULL);
  guint met, all;

  assert_true(g_file_set_contents(document,
                                  "# CG-9 in text counts nothing\n\n| rules | why |\n|---|---|\n"
                                  "| CG-2, TCE-84 | CG-8 | \n| CG-1 | met all the same |\n",
                                  -1, NULL));
  assert_true(g_file_set_contents(sandbox->file, "run\tCG-1=2\tCG-3=1\n", -1, NULL));
  assert_true(coverage_except(coverage, document, NULL));
  assert_true(coverage_read(coverage, sandbox->file, NULL));
  assert_true(coverage_excepted(coverage, RULE_CG_2) && coverage_excepted(coverage, RULE_TCE_84));
  assert_false(coverage_excepted(coverage, RULE_CG_8) || coverage_excepted(coverage, RULE_CG_9));
  coverage_meetable(coverage, &met, &all);
  assert_int_equal(met, 1);
  assert_int_equal(all, 611);

  assert_true(coverage_report(paths, document, NULL, text, NULL));
  assert_non_null(strstr(text->str, "\nof those that can be met: 1 of 611 (0.2 %)\n"));
  assert_non_null(strstr(text->str, "\n\nrules that cannot be met\n  CG-2     container, open: no memory = -ENOMEM\n"));
  assert_non_null(strstr(text->str, "\n\nrules met, though they are listed as not to be met\n  CG-1 "));
}

static void test_malformed_exceptions(void **state) {
  static const struct {
    const char *text, *error;
  } rows[] = {
      {"| CG-2 | why |\n| CG-999 | why |\n", ":2: 'CG-999' is no rule"},
      {"| CG-2, | why |\n", ":1: '' is no rule"},
      {"| CG-2 | why |\n| KV-1, CG-2 | why |\n", ":2: CG-2 is listed twice"},
  };
  Sandbox *sandbox = *state;

  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(Coverage) coverage = coverage_new();
    g_autoptr(GError) error = NULL;

    assert_true(g_file_set_contents(sandbox->file, rows[i].text, -1, NULL));
    assert_false(coverage_except(coverage, sandbox->file, &error));
    if (!strstr(error->message, rows[i].error) || !strstr(error->message, sandbox->file))
      fail_msg("the error is '%s'", error->message);
  }
}

static void test_report_of_a_missing_file(void **state) {
  const char *const paths[] = {"/nonexistent/tally", NULL};
  g_autoptr(GError) error = NULL;

  assert_false(coverage_report(paths, NULL, NULL, NULL, &error));
  assert_true(g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_line_of_a_run, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_counts_of_the_kernel, set_up, tear_down),
      cmocka_unit_test(test_no_such_directory),
      cmocka_unit_test_setup_teardown(test_many_processes_append, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_merge, set_up, tear_down),
      cmocka_unit_test(test_tables),
      cmocka_unit_test_setup_teardown(test_malformed, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_reports, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_rules_that_cannot_be_met, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_malformed_exceptions, set_up, tear_down),
      cmocka_unit_test(test_report_of_a_missing_file),
  };

  return cmocka_run_group_tests_name("coverage", tests, NULL, NULL);
}
