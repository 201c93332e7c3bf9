/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One JSON document: {"version", "scenarios": [...], "summary"}, written at the end. */
#include <json-glib/json-glib.h>

#include "harness/report/writer.h"

typedef struct {
  JsonBuilder *builder;
} Json;

static void put_string(JsonBuilder *builder, const char *key, const char *text) {
  g_autofree char *clean = NULL;

  if (!text)
    return;
  clean = report_clean_text(text);
  json_builder_set_member_name(builder, key);
  json_builder_add_string_value(builder, clean);
}

static void put_int(JsonBuilder *builder, const char *key, gint64 value) {
  json_builder_set_member_name(builder, key);
  json_builder_add_int_value(builder, value);
}

static void put_double(JsonBuilder *builder, const char *key, double value) {
  json_builder_set_member_name(builder, key);
  json_builder_add_double_value(builder, value);
}

static void json_begin(Report *report, const ReportPlan *plan) {
  JsonBuilder *builder = json_builder_new();

  ((Json *)report->state)->builder = builder;
  json_builder_begin_object(builder);
  put_string(builder, "version", plan->version);
  json_builder_set_member_name(builder, "scenarios");
  json_builder_begin_array(builder);
}

/* What programs call the states; people read "ok" and "FAIL". */
static const char *const states[] = {
    [RESULT_PASS] = "pass", [RESULT_FAIL] = "fail", [RESULT_SKIP] = "skip", [RESULT_ERROR] = "error"};

static void json_scenario_done(Report *report, const ScenarioResult *result) {
  JsonBuilder *builder = ((Json *)report->state)->builder;

  json_builder_begin_object(builder);
  put_string(builder, "path", result->path);
  put_string(builder, "name", result->name);
  put_string(builder, "summary", result->summary);
  put_string(builder, "kernel", result->kernel);
  put_string(builder, "subject", result->subject);
  put_string(builder, "order", result->order);
  put_string(builder, "status", states[result->status]);
  put_string(builder, "message", result->message);
  if (result->stretch) {
    g_auto(GStrv) lines = g_strsplit(result->stretch, "\n", -1);

    json_builder_set_member_name(builder, "calls_shown");
    json_builder_begin_array(builder);
    for (char **line = lines; *line; line++) {
      g_autofree char *clean = report_clean_text(*line);

      if (*clean)
        json_builder_add_string_value(builder, clean);
    }
    json_builder_end_array(builder);
  }
  put_double(builder, "seconds", result->seconds);
  put_int(builder, "calls", result->n_calls);
  json_builder_end_object(builder);
}

static void json_end(Report *report, const ReportSummary *summary) {
  JsonBuilder *builder = ((Json *)report->state)->builder;
  g_autoptr(JsonGenerator) generator = json_generator_new();
  g_autoptr(JsonNode) root = NULL;
  g_autofree char *text = NULL;

  json_builder_end_array(builder);
  json_builder_set_member_name(builder, "summary");
  json_builder_begin_object(builder);
  for (guint i = 0; i < G_N_ELEMENTS(states); i++)
    put_int(builder, states[i], summary->n[i]);
  put_int(builder, "calls", summary->n_calls);
  put_double(builder, "seconds", summary->seconds);
  json_builder_end_object(builder);
  json_builder_end_object(builder);
  root = json_builder_get_root(builder);
  json_generator_set_root(generator, root);
  json_generator_set_pretty(generator, TRUE);
  text = json_generator_to_data(generator, NULL);
  fprintf(report->out, "%s\n", text);
}

static void json_clear(Report *report) {
  g_clear_object(&((Json *)report->state)->builder);
}

const ReportWriter report_json = {
    .name = "json",
    .help = "one JSON document, for programs",
    .state_size = sizeof(Json),
    .begin = json_begin,
    .scenario_done = json_scenario_done,
    .end = json_end,
    .clear = json_clear,
};
