/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a report format implements. Internal to harness/report. */
#pragma once

#include "harness/report/report.h"

G_BEGIN_DECLS

typedef struct {
  const char *name, *help;
  gsize state_size; /* of what a writer keeps between calls, zeroed at the start */
  void (*begin)(Report *report, const ReportPlan *plan);
  void (*scenario_done)(Report *report, const ScenarioResult *result);
  void (*end)(Report *report, const ReportSummary *summary);
  void (*progress)(Report *report, guint done, guint total, const char *name, double seconds); /* may be NULL */
  void (*clear)(Report *report); /* may be NULL: what the state owns */
} ReportWriter;

struct Report {
  const ReportWriter *writer;
  FILE *out;
  gboolean owns_out;
  gboolean terminal; /* out is one */
  gboolean colour;
  int error; /* errno of the first write that failed, 0: none */
  gpointer state;
};

extern const ReportWriter report_people, report_tap, report_junit, report_json;

/* The text as UTF-8 without control characters but newline and tab: what XML and JSON can hold. */
char *report_clean_text(const char *text);
/* The lines of text, each behind `indent`, to out; a newline after each. */
void report_print_lines(FILE *out, const char *indent, const char *text);

G_END_DECLS
