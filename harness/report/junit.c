/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JUnit XML as CI systems read it. The totals stand before the cases, so the cases are kept until the end. */
#include <string.h>

#include "harness/report/writer.h"

typedef struct {
  GString *cases;
} Junit;

static char *seconds_text(double seconds) {
  char *text = g_malloc(G_ASCII_DTOSTR_BUF_SIZE);

  return g_ascii_formatd(text, G_ASCII_DTOSTR_BUF_SIZE, "%.3f", seconds); /* a point whatever the locale */
}

static void junit_begin(Report *report, const ReportPlan *plan) {
  Junit *junit = report->state;

  junit->cases = g_string_new(NULL);
}

static void append_attribute(GString *out, const char *name, const char *text) {
  g_autofree char *clean = report_clean_text(text);
  g_autofree char *escaped = g_markup_escape_text(clean, -1);

  g_string_append_printf(out, " %s=\"", name);
  for (const char *p = escaped; *p; p++) {
    if (*p == '\n')
      g_string_append(out, "&#10;"); /* a bare newline in an attribute reads as a space */
    else
      g_string_append_c(out, *p);
  }
  g_string_append_c(out, '"');
}

static void append_element(GString *out, const char *name, const char *text) {
  g_autofree char *clean = report_clean_text(text);
  g_autofree char *escaped = g_markup_escape_text(clean, -1);

  g_string_append_printf(out, "    <%s>%s</%s>\n", name, escaped, name);
}

/* "hotplug" of "hotplug/one-device": CI systems group by it. */
static char *class_name(const ScenarioResult *result) {
  const char *slash = strrchr(result->name, '/');
  g_autofree char *folder = slash ? g_strndup(result->name, slash - result->name) : g_strdup("scenarios");

  g_strdelimit(folder, "/", '.');
  return result->kernel ? g_strdup_printf("%s.%s", result->kernel, folder) : g_steal_pointer(&folder);
}

static void append_trouble(GString *out, const ScenarioResult *result) {
  const char *message = result->message ? result->message : "";
  g_autofree char *first = g_strndup(message, strcspn(message, "\n"));
  const char *element = result->status == RESULT_FAIL    ? "failure"
                        : result->status == RESULT_ERROR ? "error"
                                                         : "skipped";

  g_string_append_printf(out, "    <%s", element);
  append_attribute(out, "message", result->status == RESULT_SKIP ? message : first);
  if (result->status == RESULT_SKIP) {
    g_string_append(out, "/>\n");
  } else {
    g_autofree char *clean = report_clean_text(message);
    g_autofree char *escaped = g_markup_escape_text(clean, -1);

    g_string_append_printf(out, ">%s</%s>\n", escaped, element);
  }
}

static void junit_scenario_done(Report *report, const ScenarioResult *result) {
  GString *out = ((Junit *)report->state)->cases;
  g_autofree char *class = class_name(result), *seconds = seconds_text(result->seconds);
  const char *slash = strrchr(result->name, '/');

  g_string_append(out, "  <testcase");
  append_attribute(out, "classname", class);
  append_attribute(out, "name", slash ? slash + 1 : result->name);
  append_attribute(out, "file", result->path);
  append_attribute(out, "time", seconds);
  g_string_append(out, ">\n");
  if (result->status != RESULT_PASS)
    append_trouble(out, result);
  if (result->stretch && *result->stretch)
    append_element(out, "system-out", result->stretch);
  g_string_append(out, "  </testcase>\n");
}

static void junit_end(Report *report, const ReportSummary *summary) {
  g_autofree char *seconds = seconds_text(summary->seconds);
  guint total = 0;

  for (guint i = 0; i < G_N_ELEMENTS(summary->n); i++)
    total += summary->n[i];
  fprintf(report->out,
          "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
          "<testsuite name=\"vfiosim\" tests=\"%u\" failures=\"%u\" errors=\"%u\" skipped=\"%u\" "
          "time=\"%s\">\n%s</testsuite>\n",
          total, summary->n[RESULT_FAIL], summary->n[RESULT_ERROR], summary->n[RESULT_SKIP], seconds,
          ((Junit *)report->state)->cases->str);
}

static void junit_clear(Report *report) {
  Junit *junit = report->state;

  if (junit->cases)
    g_string_free(junit->cases, TRUE);
}

const ReportWriter report_junit = {
    .name = "junit",
    .help = "JUnit XML, for CI systems",
    .state_size = sizeof(Junit),
    .begin = junit_begin,
    .scenario_done = junit_scenario_done,
    .end = junit_end,
    .clear = junit_clear,
};
