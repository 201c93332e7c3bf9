/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/run/verbose.h"

#include "harness/checks.h"

typedef struct {
  guint stmt, first;
} Beginning;

struct Verbose {
  FILE *out;
  const Scenario *scenario;
  const Trace *trace;
  GArray *beginnings; /* of Beginning */
};

Verbose *verbose_new(FILE *out) {
  Verbose *verbose = g_new0(Verbose, 1);
  verbose->out = out;
  verbose->beginnings = g_array_new(FALSE, FALSE, sizeof(Beginning));
  return verbose;
}

void verbose_free(Verbose *verbose) {
  if (!verbose)
    return;
  g_array_unref(verbose->beginnings);
  g_free(verbose);
}

void verbose_begin(Verbose *verbose, const Scenario *scenario, const Trace *trace) {
  verbose->scenario = scenario;
  verbose->trace = trace;
  g_array_set_size(verbose->beginnings, 0);
}

void verbose_statement(Verbose *verbose, guint index, guint n_events) {
  g_array_append_val(verbose->beginnings, ((Beginning){index, n_events}));
}

static void print_events(Verbose *verbose, guint from, guint end, GString *line) {
  for (guint i = from; i < MIN(end, trace_len(verbose->trace)); i++) {
    const TraceEvent *event = trace_get(verbose->trace, i);
    g_string_printf(line, "  %5u  ", event->seq);
    trace_event_print(line, event);
    /* A refusal's line names its rule; here successes do, too. */
    if (event->rule != RULE_NONE && event->result >= 0 && !(event->flags & TRACE_NOTABLE))
      g_string_append_printf(line, "  [%s]", rule_get((RuleId)event->rule)->id);
    fprintf(verbose->out, "%s\n", line->str);
  }
}

/* What a statement that passed was held against; NULL: nothing but that it was carried out. */
static const Check *checked_by(const ScenarioStmt *stmt) {
  static const CheckId assertions[STMT_N_KINDS] = {
      [STMT_ASSERT_DMA] = CHECK_REACHES,   [STMT_ASSERT_FEEDS] = CHECK_FEEDS,         [STMT_ASSERT_COUNT] = CHECK_COUNT,
      [STMT_ASSERT_LOCKED] = CHECK_LOCKED, [STMT_ASSERT_INTERRUPT] = CHECK_INTERRUPT, [STMT_ASSERT_RAM] = CHECK_RAM,
      [STMT_ASSERT_CLEAN] = CHECK_CLEAN,   [STMT_ASSERT_DRIVER] = CHECK_DRIVER,
  };

  if (stmt->kind == STMT_ASSERT_DMA && stmt->negate)
    return check_get(CHECK_NOTHING);
  if (assertions[stmt->kind] != 0)
    return check_get(assertions[stmt->kind]);
  if (stmt->fails)
    return check_get(CHECK_FAILS);
  if (stmt->blocks->len > 0)
    return check_get(CHECK_EXPECT);
  return stmt->has_result ? check_get(CHECK_ANSWER) : NULL;
}

void verbose_end(Verbose *verbose, guint n_events, gboolean passed) {
  g_autoptr(GString) line = g_string_new(NULL);
  guint n = verbose->beginnings->len;

  fprintf(verbose->out, "\n== %s: %s\n", verbose->scenario->path,
          verbose->scenario->summary ? verbose->scenario->summary : "");
  for (guint i = 0; i < n; i++) {
    const Beginning *at = &g_array_index(verbose->beginnings, Beginning, i);
    const ScenarioStmt *stmt = verbose->scenario->stmts->pdata[at->stmt];
    guint end = i + 1 < n ? g_array_index(verbose->beginnings, Beginning, i + 1).first : n_events;
    const Check *check = passed || i + 1 < n ? checked_by(stmt) : NULL;
    fprintf(verbose->out, "%u: %s%s%s%s\n", stmt->place.line, stmt->text, check ? "  ok [" : "", check ? check->id : "",
            check ? "]" : "");
    print_events(verbose, at->first, end, line);
  }
  if (trace_len(verbose->trace) > n_events) {
    fprintf(verbose->out, "end: what is left is taken down\n");
    print_events(verbose, n_events, trace_len(verbose->trace), line);
  }
}
