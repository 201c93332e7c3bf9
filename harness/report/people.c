/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For people: a line a scenario, and everything there is to know of one that failed. */
#include <string.h>

#include "harness/report/writer.h"

typedef struct {
  gboolean shown;  /* a progress line stands on the terminal */
  double shown_at; /* when it was written, seconds of the run */
} People;

static void put_colour(const Report *report, const char *code) {
  if (report->colour)
    fprintf(report->out, "\033[%sm", code);
}

static void wipe_progress(Report *report) {
  People *people = report->state;

  if (people->shown)
    fputs("\r\033[K", report->out);
  people->shown = FALSE;
}

static void people_begin(Report *report, const ReportPlan *plan) {
}

static void print_time(FILE *out, double seconds) {
  if (seconds < 1)
    fprintf(out, "%.0f ms", seconds * 1000);
  else
    fprintf(out, "%.1f s", seconds);
}

static void people_scenario_done(Report *report, const ScenarioResult *result) {
  static const char *const colours[] = {
      [RESULT_PASS] = "32", [RESULT_FAIL] = "1;31", [RESULT_SKIP] = "33", [RESULT_ERROR] = "1;31"};
  FILE *out = report->out;

  wipe_progress(report);
  put_colour(report, colours[result->status]);
  fprintf(out, "%-5s", result_status_name(result->status));
  put_colour(report, "0");
  fprintf(out, "  %s", result->name);
  if (result->status == RESULT_SKIP) {
    fprintf(out, "\n");
    if (result->message)
      report_print_lines(out, "       ", result->message);
    return;
  }
  fputs("  (", out);
  print_time(out, result->seconds);
  fputs(")\n", out);
  if (result->status == RESULT_PASS)
    return;
  if (result->summary && *result->summary)
    report_print_lines(out, "    ", result->summary);
  if (result->kernel && result->subject)
    fprintf(out, "    kernel %s, subject %s, order %s\n", result->kernel, result->subject,
            result->order ? result->order : "shipped");
  if (result->message)
    report_print_lines(out, "    ", result->message);
  if (result->stretch && *result->stretch) {
    fputs("    the calls:\n", out);
    report_print_lines(out, "      ", result->stretch);
  }
}

static void people_end(Report *report, const ReportSummary *summary) {
  static const struct {
    ResultStatus status;
    const char *word;
  } parts[] = {
      {RESULT_PASS, "passed"}, {RESULT_FAIL, "failed"}, {RESULT_ERROR, "could not be run"}, {RESULT_SKIP, "skipped"}};
  gboolean any = FALSE;

  wipe_progress(report);
  for (guint i = 0; i < G_N_ELEMENTS(parts); i++) {
    if (summary->n[parts[i].status] || parts[i].status == RESULT_PASS) {
      fprintf(report->out, "%s%u %s", any ? ", " : "", summary->n[parts[i].status], parts[i].word);
      any = TRUE;
    }
  }
  fprintf(report->out, ": %" G_GUINT64_FORMAT " call%s in ", summary->n_calls, summary->n_calls == 1 ? "" : "s");
  print_time(report->out, summary->seconds);
  fputs("\n", report->out);
}

static void people_progress(Report *report, guint done, guint total, const char *name, double seconds) {
  const double start = 1.0, pause = 0.1; /* seconds before the first line, and between two */
  People *people = report->state;

  if (!report->terminal || seconds < start || (people->shown && seconds < people->shown_at + pause))
    return;
  fprintf(report->out, "\r\033[K%u/%u  %.60s", done, total, name);
  fflush(report->out);
  people->shown = TRUE;
  people->shown_at = seconds;
}

const ReportWriter report_people = {
    .name = "people",
    .help = "a line a scenario, and the calls around each failure",
    .state_size = sizeof(People),
    .begin = people_begin,
    .scenario_done = people_scenario_done,
    .end = people_end,
    .progress = people_progress,
};
