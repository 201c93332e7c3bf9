/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "coverage/coverage.h"

#include <string.h>

#include "coverage/internal.h"

GQuark coverage_error_quark(void) {
  return g_quark_from_static_string("coverage-error");
}

Coverage *coverage_new(void) {
  Coverage *coverage = g_new0(Coverage, 1);

  coverage->runs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  return coverage;
}

void coverage_free(Coverage *coverage) {
  if (!coverage)
    return;
  for (guint i = 0; i < RULE_COUNT; i++)
    g_clear_pointer(&coverage->rules[i].runs, g_ptr_array_unref);
  for (guint i = 0; i < ABI_N_CALLS; i++)
    g_clear_pointer(&coverage->calls[i], g_hash_table_unref);
  g_hash_table_unref(coverage->runs);
  g_free(coverage);
}

/* ---- reading ---- */

static void add_rule(Coverage *coverage, RuleId id, guint64 count, char *run) {
  RuleCoverage *rule = &coverage->rules[id];

  rule->count += count;
  if (!rule->runs)
    rule->runs = g_ptr_array_new();
  if (!g_ptr_array_find(rule->runs, run, NULL))
    g_ptr_array_add(rule->runs, run);
}

static void add_call(Coverage *coverage, AbiCallId id, const char *result, guint64 count) {
  guint64 *sum;

  if (!coverage->calls[id])
    coverage->calls[id] = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  sum = g_hash_table_lookup(coverage->calls[id], result);
  if (!sum) {
    sum = g_new0(guint64, 1);
    g_hash_table_insert(coverage->calls[id], g_strdup(result), sum);
  }
  *sum += count;
}

/* "CG-1=2" or "SET_CONTAINER:EINVAL=3"; NULL, or what is wrong with it. */
static const char *add_item(Coverage *coverage, char *item, char *run) {
  char *equals = strrchr(item, '=');
  char *colon = strchr(item, ':');
  const AbiCall *call;
  RuleId rule;
  guint64 count;

  if (!equals || !g_ascii_string_to_unsigned(equals + 1, 10, 1, G_MAXINT64, &count, NULL))
    return "must end in =COUNT";
  *equals = '\0';
  if (!colon) {
    rule = rule_find(item);
    if (rule == RULE_NONE)
      return "names a rule that this version does not have";
    add_rule(coverage, rule, count, run);
    return NULL;
  }
  *colon = '\0';
  call = abi_find_name(ABI_NONE, item);
  if (!call || !colon[1])
    return "names a call that this version does not have";
  add_call(coverage, call->id, colon + 1, count);
  return NULL;
}

static char *intern_run(Coverage *coverage, const char *name) {
  gpointer known;

  if (!g_hash_table_lookup_extended(coverage->runs, name, &known, NULL)) {
    known = g_strdup(name);
    g_hash_table_add(coverage->runs, known);
  }
  return known;
}

gboolean coverage_read(Coverage *coverage, const char *path, GError **error) {
  g_autofree char *text = NULL;
  g_auto(GStrv) lines = NULL;
  gsize len;

  if (!g_file_get_contents(path, &text, &len, error))
    return FALSE;
  if (strlen(text) != len || !g_utf8_validate(text, -1, NULL)) {
    g_set_error(error, COVERAGE_ERROR, COVERAGE_ERROR_FORMAT, "%s is no file of tallies: it is not text", path);
    return FALSE;
  }
  lines = g_strsplit(text, "\n", -1);
  for (guint i = 0; lines[i]; i++) {
    g_auto(GStrv) items = g_strsplit(lines[i], "\t", -1);

    if (!items[0])
      continue;
    for (guint j = 1; items[j]; j++) {
      g_autofree char *item = g_strdup(items[j]);
      const char *wrong = add_item(coverage, item, intern_run(coverage, items[0]));
      if (wrong) {
        g_set_error(error, COVERAGE_ERROR, COVERAGE_ERROR_FORMAT, "%s:%u: '%s' %s", path, i + 1, items[j], wrong);
        return FALSE;
      }
    }
    intern_run(coverage, items[0]);
  }
  return TRUE;
}

/* ---- asking ---- */

guint coverage_n_runs(const Coverage *coverage) {
  return g_hash_table_size(coverage->runs);
}

guint64 coverage_rule(const Coverage *coverage, RuleId rule) {
  g_return_val_if_fail(rule < RULE_COUNT, 0);
  return coverage->rules[rule].count;
}

const GPtrArray *coverage_rule_runs(const Coverage *coverage, RuleId rule) {
  g_return_val_if_fail(rule < RULE_COUNT, NULL);
  return coverage->rules[rule].runs;
}

guint64 coverage_call(const Coverage *coverage, AbiCallId call, const char *result) {
  const guint64 *count;

  g_return_val_if_fail(call < ABI_N_CALLS, 0);
  count = coverage->calls[call] ? g_hash_table_lookup(coverage->calls[call], result) : NULL;
  return count ? *count : 0;
}

/* Successes first, then by name. */
static int compare_results(gconstpointer a, gconstpointer b) {
  gboolean a_error = g_ascii_isupper(*(const char *)a), b_error = g_ascii_isupper(*(const char *)b);

  return a_error != b_error ? a_error - b_error : strcmp(a, b);
}

GList *coverage_call_results(const Coverage *coverage, AbiCallId call) {
  g_return_val_if_fail(call < ABI_N_CALLS, NULL);
  if (!coverage->calls[call])
    return NULL;
  return g_list_sort(g_hash_table_get_keys(coverage->calls[call]), compare_results);
}

void coverage_share(const Coverage *coverage, const char *table, guint *met, guint *all) {
  gsize len = table ? strlen(table) : 0;

  *met = *all = 0;
  for (guint i = RULE_NONE + 1; i < RULE_COUNT; i++) {
    const char *id = rule_get((RuleId)i)->id;

    if (table && (strncmp(id, table, len) != 0 || id[len] != '-'))
      continue;
    (*all)++;
    *met += coverage->rules[i].count > 0;
  }
}

char *coverage_next_table(guint *at) {
  /* a table begins where its rule number 1 stands; tables are interleaved in the file */
  for (guint i = *at + 1; i < RULE_COUNT; i++) {
    const char *id = rule_get((RuleId)i)->id;
    const char *dash = strchr(id, '-');

    if (strcmp(dash, "-1") == 0) {
      *at = i;
      return g_strndup(id, (gsize)(dash - id));
    }
  }
  return NULL;
}
