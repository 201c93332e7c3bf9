/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* TAP 14, testanything.org: details of a failure as a YAML block. */
#include <string.h>

#include "harness/report/writer.h"

typedef struct {
  guint number; /* of the last test point */
} Tap;

static void tap_begin(Report *report, const ReportPlan *plan) {
  fprintf(report->out, "TAP version 14\n1..%u\n", plan->n_scenarios);
}

/* A description cannot hold a newline; "#" and "\" are escaped. */
static void put_description(FILE *out, const char *text) {
  for (; *text; text++) {
    if (*text == '#' || *text == '\\')
      fputc('\\', out);
    fputc((guchar)*text < ' ' ? ' ' : *text, out);
  }
}

static void put_block(FILE *out, const char *key, const char *text) {
  g_autofree char *clean = report_clean_text(text);

  fprintf(out, "  %s: |\n", key);
  report_print_lines(out, "    ", clean);
}

static void put_scalar(FILE *out, const char *key, const char *text) {
  g_autofree char *clean = report_clean_text(text);

  fprintf(out, "  %s: \"", key);
  for (const char *p = clean; *p; p++) {
    if (*p == '"' || *p == '\\')
      fputc('\\', out);
    fputc(*p == '\n' ? ' ' : *p, out);
  }
  fputs("\"\n", out);
}

static void put_details(FILE *out, const ScenarioResult *result) {
  char seconds[G_ASCII_DTOSTR_BUF_SIZE];

  fputs("  ---\n", out);
  put_scalar(out, "file", result->path);
  if (result->status == RESULT_ERROR)
    put_scalar(out, "severity", "error");
  if (result->kernel)
    put_scalar(out, "kernel", result->kernel);
  if (result->subject)
    put_scalar(out, "subject", result->subject);
  if (result->order)
    put_scalar(out, "order", result->order);
  fprintf(out, "  seconds: %s\n", g_ascii_formatd(seconds, sizeof(seconds), "%.3f", result->seconds));
  if (result->message && *result->message)
    put_block(out, "message", result->message);
  if (result->stretch && *result->stretch)
    put_block(out, "calls", result->stretch);
  fputs("  ...\n", out);
}

static void tap_scenario_done(Report *report, const ScenarioResult *result) {
  gboolean ok = result->status == RESULT_PASS || result->status == RESULT_SKIP;
  Tap *tap = report->state;

  fprintf(report->out, "%s %u - ", ok ? "ok" : "not ok", ++tap->number);
  put_description(report->out, result->name);
  if (result->status == RESULT_SKIP) {
    fputs(" # SKIP ", report->out);
    put_description(report->out, result->message ? result->message : "");
  }
  fputs("\n", report->out);
  if (!ok)
    put_details(report->out, result);
}

static void tap_end(Report *report, const ReportSummary *summary) {
  fprintf(report->out, "# %u passed, %u failed, %u could not be run, %u skipped, %" G_GUINT64_FORMAT " calls\n",
          summary->n[RESULT_PASS], summary->n[RESULT_FAIL], summary->n[RESULT_ERROR], summary->n[RESULT_SKIP],
          summary->n_calls);
}

const ReportWriter report_tap = {
    .name = "tap",
    .help = "Test Anything Protocol, version 14",
    .state_size = sizeof(Tap),
    .begin = tap_begin,
    .scenario_done = tap_scenario_done,
    .end = tap_end,
};
