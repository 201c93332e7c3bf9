/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The report as one HTML page that needs nothing but itself. */
#include <string.h>

#include "coverage/coverage.h"

enum { RUNS_SHOWN = 3 }; /* of a rule's; the others unfold */

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>vfiosim "
    "coverage</title>\n<style>\n"
    ":root { color-scheme: light dark; --met: #2a7d4f; --not: #b3452c; --line: #8884; }\n"
    "body { font: 15px/1.4 system-ui, sans-serif; max-width: 80rem; margin: 2rem auto; padding: 0 1rem; }\n"
    "table { border-collapse: collapse; } th { text-align: left; }\n"
    "th, td { padding: .2rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }\n"
    ".n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }\n"
    ".id { white-space: nowrap; border-left: .3rem solid var(--met); } .not .id { border-color: var(--not); }\n"
    ".cannot .id { border-color: var(--line); } .not .n { color: var(--not); } .wide { overflow-x: auto; } .small { "
    "font-size: 85%; opacity: .8; }\n"
    "progress { accent-color: var(--met); } code { font-size: 90%; }\n</style></head><body>\n";

/* printf() whose %s are escaped. */
static void append(GString *out, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void append(GString *out, const char *format, ...) {
  va_list args;
  char *text;

  va_start(args, format);
  text = g_markup_vprintf_escaped(format, args);
  va_end(args);
  g_string_append(out, text);
  g_free(text);
}

static void share_cells(GString *out, guint met, guint all) {
  append(out,
         "<td class=\"n\">%u</td><td class=\"n\">%u</td><td class=\"n\">%.1f&#8239;%%</td>"
         "<td><progress max=\"%u\" value=\"%u\"></progress></td></tr>\n",
         met, all, all ? 100.0 * met / all : 0.0, all, met);
}

static void share_row(const Coverage *coverage, GString *out, const char *table) {
  guint met, all;

  coverage_share(coverage, table, &met, &all);
  if (table)
    append(out, "<tr><td><a href=\"#%s\">%s</a></td>", table, table);
  else
    append(out, "<tr><th>%s</th>", "all");
  share_cells(out, met, all);
}

static void shares(const Coverage *coverage, GString *out) {
  guint at = 0, met, all;

  append(out, "<h1>Coverage of %u runs</h1>\n<table><tr><th>rules</th><th>met</th><th>of</th><th></th><th></th></tr>\n",
         coverage_n_runs(coverage));
  coverage_meetable(coverage, &met, &all);
  append(out, "<tr><th>%s</th>", "that can be met");
  share_cells(out, met, all);
  share_row(coverage, out, NULL);
  for (char *table; (table = coverage_next_table(&at)); g_free(table))
    share_row(coverage, out, table);
  append(out, "</table>\n<p>Below: <a href=\"#%s\">calls and their results</a>, then the rules.</p>\n", "calls");
}

static int compare_strings(gconstpointer a, gconstpointer b, gpointer data) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* All results seen of any call, in the order of coverage_call_results(). */
static GPtrArray *all_results(const Coverage *coverage) {
  GPtrArray *all = g_ptr_array_new();
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

  for (int errors = 0; errors <= 1; errors++) {
    guint first = all->len;

    for (guint id = ABI_CALL_NONE + 1; id < ABI_N_CALLS; id++) {
      g_autoptr(GList) results = coverage_call_results(coverage, (AbiCallId)id);
      for (GList *result = results; result; result = result->next)
        if (g_ascii_isupper(*(char *)result->data) == errors && g_hash_table_add(seen, result->data))
          g_ptr_array_add(all, result->data);
    }
    g_qsort_with_data(all->pdata + first, (gint)(all->len - first), sizeof(gpointer), compare_strings, NULL);
  }
  return all;
}

static void calls(const Coverage *coverage, GString *out) {
  g_autoptr(GPtrArray) results = all_results(coverage);

  append(out, "<h2 id=\"%s\">Calls and their results</h2>\n<div class=\"wide\"><table><tr><th>call</th>", "calls");
  for (guint i = 0; i < results->len; i++)
    append(out, "<th>%s</th>", (const char *)g_ptr_array_index(results, i));
  g_string_append(out, "</tr>\n");
  for (guint id = ABI_CALL_NONE + 1; id < ABI_N_CALLS; id++) {
    const AbiCall *call = abi_call((AbiCallId)id);
    g_autoptr(GList) seen = coverage_call_results(coverage, call->id);

    g_string_append(out, seen ? "<tr>" : "<tr class=\"not\">");
    append(out, "<td class=\"id\" title=\"%s\">%s</td>", call->full_name, call->name);
    for (guint i = 0; i < results->len; i++) {
      guint64 count = coverage_call(coverage, call->id, g_ptr_array_index(results, i));
      if (count)
        append(out, "<td class=\"n\">%" G_GUINT64_FORMAT "</td>", count);
      else
        g_string_append(out, "<td></td>");
    }
    g_string_append(out, "</tr>\n");
  }
  g_string_append(out, "</table></div>\n");
}

static void runs_cell(GString *out, const GPtrArray *runs) {
  g_string_append(out, "<td class=\"small\">");
  for (guint i = 0; runs && i < runs->len; i++) {
    if (i == RUNS_SHOWN)
      append(out, "<details><summary>%u more</summary>", runs->len - RUNS_SHOWN);
    append(out, "%s<br>", (const char *)g_ptr_array_index(runs, i));
  }
  if (runs && runs->len > RUNS_SHOWN)
    g_string_append(out, "</details>");
  g_string_append(out, "</td>");
}

static void rules(const Coverage *coverage, GString *out, const char *table) {
  gsize len = strlen(table);

  append(out,
         "<h2 id=\"%s\">%s</h2>\n<table><tr><th>rule</th><th>met</th><th>call</th><th>condition</th><th>result</th>"
         "<th>versions</th><th>runs</th></tr>\n",
         table, table);
  for (guint i = RULE_NONE + 1; i < RULE_COUNT; i++) {
    const Rule *rule = rule_get((RuleId)i);
    guint64 count = coverage_rule(coverage, (RuleId)i);

    if (strncmp(rule->id, table, len) != 0 || rule->id[len] != '-')
      continue;
    g_string_append(out, count                                    ? "<tr>"
                         : coverage_excepted(coverage, (RuleId)i) ? "<tr class=\"cannot\">"
                                                                  : "<tr class=\"not\">");
    append(out, "<td class=\"id\" id=\"%s\">%s</td><td class=\"n\">%" G_GUINT64_FORMAT "</td>", rule->id, rule->id,
           count);
    append(out, "<td><code>%s</code> on %s</td><td>%s</td><td>%s</td><td class=\"small\">%s&#8211;%s</td>", rule->call,
           rule->object, rule->condition, rule->result, rule->since, rule->until);
    runs_cell(out, coverage_rule_runs(coverage, (RuleId)i));
    g_string_append(out, "</tr>\n");
  }
  g_string_append(out, "</table>\n");
}

void coverage_print_html(const Coverage *coverage, GString *out) {
  guint at = 0;

  g_string_append(out, head);
  shares(coverage, out);
  calls(coverage, out);
  for (char *table; (table = coverage_next_table(&at)); g_free(table))
    rules(coverage, out, table);
  g_string_append(out, "</body></html>\n");
}
