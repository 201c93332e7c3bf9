/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A stretch has at most 40 calls, always the marked one, and says how many it left out. */
#include "harness/run/run.h"
#include "tests/harness/test.h"

static Trace *trace_of(guint n) {
  Trace *trace = trace_new();

  for (guint i = 0; i < n; i++) {
    TraceEvent *event = trace_add(trace);
    event->call = ABI_SET_IOMMU;
    event->object = (AbiObject){ABI_CONTAINER, 1};
  }
  return trace;
}

static void check_length(guint n, guint mark) {
  g_autoptr(Trace) trace = trace_of(n);
  g_autofree char *text = stretch_range(trace, 0, n, mark);
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  g_autofree char *wanted = g_strdup_printf("> %4u  ", mark + 1);
  guint left_out = 0, calls = 0;
  gboolean marked = FALSE;

  for (char **line = lines; *line; line++) {
    const char *dots = strstr(*line, "... ");
    if (dots)
      left_out += (guint)strtoul(dots + 4, NULL, 10);
    else
      calls++;
    marked = marked || g_str_has_prefix(*line, wanted);
  }
  assert_true(calls <= 40);
  assert_int_equal(calls + left_out, n);
  assert_int_equal(marked, mark < n);
}

static void test_bounds(void **state) {
  static const guint lengths[] = {1, 39, 40, 41, 45, 80, 1000};

  for (guint i = 0; i < G_N_ELEMENTS(lengths); i++) {
    check_length(lengths[i], RUN_NO_MARK);
    for (guint mark = 0; mark<lengths[i]; mark += lengths[i]> 100 ? 37 : 1)
      check_length(lengths[i], mark);
    check_length(lengths[i], lengths[i] - 1);
  }
}

static void test_empty(void **state) {
  g_autoptr(Trace) trace = trace_of(3);
  assert_null(stretch_range(trace, 3, 3, RUN_NO_MARK));
}

static void test_gaps(void **state) {
  g_autoptr(Trace) trace = trace_of(9);
  g_autoptr(GArray) indices = g_array_new(FALSE, FALSE, sizeof(guint));
  const guint shown[] = {1, 2, 7};

  g_array_append_vals(indices, shown, 3);
  g_autofree char *text = stretch_of(trace, indices, 7);
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  assert_int_equal(g_strv_length(lines), 4);
  assert_contains(lines[2], "...");
  assert_true(g_str_has_prefix(lines[3], ">    8  "));
}

/* A vCPU's calls are passed over, but for one that is pointed at. */
static void test_vcpus(void **state) {
  g_autoptr(Trace) trace = trace_of(2);

  for (guint i = 0; i < 100; i++) {
    TraceEvent *event = trace_add(trace);
    event->call = ABI_SET_ONE_REG;
    event->object = (AbiObject){ABI_VCPU, 0};
  }
  g_autofree char *without = stretch_range(trace, 0, 102, RUN_NO_MARK);
  g_autofree char *with = stretch_range(trace, 0, 102, 50);
  assert_null(strstr(without, "SET_ONE_REG"));
  assert_contains(without, "    2  container 1");
  assert_null(strstr(without, "..."));
  assert_contains(with, ">   51  vcpu");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_bounds),
      cmocka_unit_test(test_empty),
      cmocka_unit_test(test_gaps),
      cmocka_unit_test(test_vcpus),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
