/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/report/report.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "harness/report/writer.h"

G_DEFINE_QUARK(report - error - quark, report_error)

static const ReportWriter *const writers[] = {&report_people, &report_tap, &report_junit, &report_json};

static const ReportWriter *writer_find(const char *format, GError **error) {
  for (guint i = 0; i < G_N_ELEMENTS(writers); i++) {
    if (strcmp(writers[i]->name, format) == 0)
      return writers[i];
  }
  g_set_error(error, REPORT_ERROR, REPORT_ERROR_FORMAT,
              "unknown report format %s: there are people, tap, junit and json", format);
  return NULL;
}

const char *const *report_formats(void) {
  static const char *const names[] = {"people", "tap", "junit", "json", NULL};

  return names;
}

const char *report_format_help(const char *format) {
  const ReportWriter *writer = writer_find(format, NULL);

  return writer ? writer->help : NULL;
}

Report *report_new(const char *format, FILE *out, GError **error) {
  const ReportWriter *writer = writer_find(format, error);
  Report *report;

  if (!writer)
    return NULL;
  report = g_new0(Report, 1);
  report->writer = writer;
  report->out = out;
  report->terminal = isatty(fileno(out)) == 1;
  /* no-color.org: any value that is not empty */
  report->colour =
      report->terminal && !(g_getenv("NO_COLOR") && *g_getenv("NO_COLOR")) && g_strcmp0(g_getenv("TERM"), "dumb") != 0;
  report->state = g_malloc0(writer->state_size);
  return report;
}

Report *report_open(const char *format, const char *path, GError **error) {
  FILE *out = stdout;
  gboolean owns = path && strcmp(path, "-") != 0;
  Report *report;

  if (!writer_find(format, error))
    return NULL;
  if (owns) {
    out = fopen(path, "we");
    if (!out) {
      g_set_error(error, REPORT_ERROR, REPORT_ERROR_WRITE, "%s: the report cannot be written: %s", path,
                  g_strerror(errno));
      return NULL;
    }
  }
  report = report_new(format, out, error);
  report->owns_out = owns;
  return report;
}

/* The first error is the one to tell of: later ones may not even be seen, as what is buffered is dropped. */
static void flush(Report *report) {
  if (fflush(report->out) != 0 && !report->error)
    report->error = errno;
}

void report_begin(Report *report, const ReportPlan *plan) {
  report->writer->begin(report, plan);
  flush(report);
}

void report_scenario_done(Report *report, const ScenarioResult *result) {
  report->writer->scenario_done(report, result);
  flush(report);
}

void report_end(Report *report, const ReportSummary *summary) {
  report->writer->end(report, summary);
  flush(report);
}

void report_progress(Report *report, guint done, guint total, const char *name, double seconds) {
  if (report->writer->progress)
    report->writer->progress(report, done, total, name, seconds);
}

gboolean report_close(Report *report, GError **error) {
  gboolean ok;

  flush(report);
  if (report->owns_out && fclose(report->out) != 0 && !report->error)
    report->error = errno;
  report->owns_out = FALSE;
  ok = report->error == 0;
  if (!ok)
    g_set_error(error, REPORT_ERROR, REPORT_ERROR_WRITE, "the %s report could not be written: %s", report->writer->name,
                g_strerror(report->error));
  report_free(report);
  return ok;
}

void report_free(Report *report) {
  if (!report)
    return;
  if (report->writer->clear)
    report->writer->clear(report);
  if (report->owns_out)
    fclose(report->out);
  g_free(report->state);
  g_free(report);
}

/* ---- text ---- */

char *report_clean_text(const char *text) {
  char *clean = g_utf8_make_valid(text, -1);

  for (char *p = clean; *p; p = g_utf8_next_char(p)) {
    guchar c = *p;

    if ((c < ' ' && c != '\n' && c != '\t') || c == 0x7f)
      *p = '?';
    else if (g_utf8_get_char(p) == 0xfffe || g_utf8_get_char(p) == 0xffff)
      memcpy(p, "???", 3);
  }
  return clean;
}

void report_print_lines(FILE *out, const char *indent, const char *text) {
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  guint n = g_strv_length(lines);

  for (guint i = 0; i < n; i++) {
    if (i + 1 < n || *lines[i])
      fprintf(out, "%s%s\n", *lines[i] ? indent : "", lines[i]);
  }
}
