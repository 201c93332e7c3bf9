/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rules that cannot be met: the first cells of a document's tables, docs/rules-not-met.md. */
#include <string.h>

#include "coverage/internal.h"

static gboolean add_rule(Coverage *coverage, const char *path, guint line, const char *id, GError **error) {
  RuleId rule = rule_find(id);

  if (rule == RULE_NONE) {
    g_set_error(error, COVERAGE_ERROR, COVERAGE_ERROR_FORMAT,
                "%s:%u: '%s' is no rule that this version has; a row begins with rules, as | CG-2, TCE-84 |", path,
                line, id);
    return FALSE;
  }
  if (coverage->rules[rule].excepted) {
    g_set_error(error, COVERAGE_ERROR, COVERAGE_ERROR_FORMAT, "%s:%u: %s is listed twice", path, line, id);
    return FALSE;
  }
  coverage->rules[rule].excepted = TRUE;
  return TRUE;
}

static gboolean is_heading(const char *cell) {
  return strcmp(cell, "rules") == 0 || strspn(cell, "-: ") == strlen(cell);
}

gboolean coverage_except(Coverage *coverage, const char *path, GError **error) {
  g_autofree char *text = NULL;
  g_auto(GStrv) lines = NULL;

  if (!g_file_get_contents(path, &text, NULL, error))
    return FALSE;
  lines = g_strsplit(text, "\n", -1);
  for (guint i = 0; lines[i]; i++) {
    g_auto(GStrv) cells = g_strsplit(lines[i], "|", 3), ids = NULL;

    if (lines[i][0] != '|' || !cells[1] || is_heading(g_strstrip(cells[1])))
      continue;
    ids = g_strsplit(cells[1], ",", -1);
    for (guint j = 0; ids[j]; j++)
      if (!add_rule(coverage, path, i + 1, g_strstrip(ids[j]), error))
        return FALSE;
  }
  return TRUE;
}

gboolean coverage_excepted(const Coverage *coverage, RuleId rule) {
  g_return_val_if_fail(rule < RULE_COUNT, FALSE);
  return coverage->rules[rule].excepted;
}

void coverage_meetable(const Coverage *coverage, guint *met, guint *all) {
  *met = *all = 0;
  for (guint i = RULE_NONE + 1; i < RULE_COUNT; i++) {
    if (coverage->rules[i].excepted)
      continue;
    (*all)++;
    *met += coverage->rules[i].count > 0;
  }
}
