/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a run says to its reader: one writer a format. A run may have several (people on the terminal, JUnit XML in a
 * file).
 */
#pragma once

#include <stdio.h>

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  RESULT_PASS,
  RESULT_FAIL,  /* the subject or the kernel did not do what the scenario demands */
  RESULT_SKIP,  /* cannot be run here: message says why and what would help */
  RESULT_ERROR, /* the scenario could not be run at all: it does not parse, the harness broke */
} ResultStatus;

const char *result_status_name(ResultStatus status); /* "ok", "FAIL", "skip", "ERROR" */

/* One scenario's run. Strings are owned by the result; any but path and name may be NULL. */
typedef struct {
  char *path;    /* of the file, as given */
  char *name;    /* short: "hotplug/one-device" */
  char *summary; /* the scenario's first sentence */
  char *kernel;  /* "direct", "fuse", "host" */
  char *subject; /* "builtin", "qemu" */
  char *order;   /* "shipped" */
  ResultStatus status;
  char *message; /* why it did not pass; several lines, no newline at the end */
  char *stretch; /* the stretch of the trace that shows it: one event a line */
  double seconds;
  guint64 n_calls;
} ScenarioResult;

ScenarioResult *scenario_result_new(const char *path, const char *name);
void scenario_result_free(ScenarioResult *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ScenarioResult, scenario_result_free)

typedef struct {
  const char *version; /* of vfiosim */
  guint n_scenarios;   /* that will be reported */
} ReportPlan;

typedef struct {
  guint n[RESULT_ERROR + 1]; /* by ResultStatus */
  guint64 n_calls;
  double seconds; /* wall time of the run */
} ReportSummary;

void report_summary_add(ReportSummary *summary, const ScenarioResult *result);

#define REPORT_ERROR (report_error_quark())
GQuark report_error_quark(void);
typedef enum { REPORT_ERROR_FORMAT, REPORT_ERROR_WRITE } ReportError;

typedef struct Report Report;

/* format: "people", "tap", "junit", "json". path: file to write, NULL or "-" for standard output. colour is used by
 * people only, on a terminal, without NO_COLOR. */
Report *report_open(const char *format, const char *path, GError **error);
/* The same on a stream that stays the caller's. */
Report *report_new(const char *format, FILE *out, GError **error);
/* NULL-terminated: names and, at the same index, one line of help each. */
const char *const *report_formats(void);
const char *report_format_help(const char *format);

void report_begin(Report *report, const ReportPlan *plan);
void report_scenario_done(Report *report, const ScenarioResult *result);
void report_end(Report *report, const ReportSummary *summary);

/* What runs now, to be called as often as one likes (done of total are finished, `seconds` since the run began): people
 * on a terminal see it in place once a run takes longer than a second; other formats ignore it. */
void report_progress(Report *report, guint done, guint total, const char *name, double seconds);

/* Closes; FALSE if anything could not be written (a full disk). Frees the report either way. */
gboolean report_close(Report *report, GError **error);
void report_free(Report *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Report, report_free)

G_END_DECLS
