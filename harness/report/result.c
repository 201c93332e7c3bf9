/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/report/report.h"

const char *result_status_name(ResultStatus status) {
  static const char *const names[] = {
      [RESULT_PASS] = "ok", [RESULT_FAIL] = "FAIL", [RESULT_SKIP] = "skip", [RESULT_ERROR] = "ERROR"};

  return names[status];
}

ScenarioResult *scenario_result_new(const char *path, const char *name) {
  ScenarioResult *result = g_new0(ScenarioResult, 1);

  result->path = g_strdup(path);
  result->name = g_strdup(name);
  return result;
}

void scenario_result_free(ScenarioResult *result) {
  if (!result)
    return;
  g_free(result->path);
  g_free(result->name);
  g_free(result->summary);
  g_free(result->kernel);
  g_free(result->subject);
  g_free(result->order);
  g_free(result->message);
  g_free(result->stretch);
  g_free(result);
}

void report_summary_add(ReportSummary *summary, const ScenarioResult *result) {
  summary->n[result->status]++;
  summary->n_calls += result->n_calls;
}
