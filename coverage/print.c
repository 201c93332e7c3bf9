/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The report as text, and the writing of both reports. */
#include <errno.h>
#include <glib/gstdio.h>

#include "coverage/coverage.h"

static double percent(guint met, guint all) {
  return all ? 100.0 * met / all : 0;
}

static void print_shares(const Coverage *coverage, GString *out) {
  guint met, all, at = 0;

  coverage_share(coverage, NULL, &met, &all);
  g_string_append_printf(out, "rules met: %u of %u (%.1f %%)\n", met, all, percent(met, all));
  coverage_meetable(coverage, &met, &all);
  g_string_append_printf(out, "of those that can be met: %u of %u (%.1f %%)\n", met, all, percent(met, all));
  for (char *table; (table = coverage_next_table(&at)); g_free(table)) {
    coverage_share(coverage, table, &met, &all);
    g_string_append_printf(out, "  %-4s %4u of %4u  %5.1f %%\n", table, met, all, percent(met, all));
  }
}

static void print_calls(const Coverage *coverage, GString *out) {
  guint made = 0;

  for (guint id = ABI_CALL_NONE + 1; id < ABI_N_CALLS; id++) {
    g_autoptr(GList) results = coverage_call_results(coverage, (AbiCallId)id);
    made += results != NULL;
  }
  g_string_append_printf(out, "\ncalls made: %u of %u\n", made, ABI_N_CALLS - 1);
  for (guint id = ABI_CALL_NONE + 1; id < ABI_N_CALLS; id++) {
    g_autoptr(GList) results = coverage_call_results(coverage, (AbiCallId)id);

    g_string_append_printf(out, "  %-24s", abi_call((AbiCallId)id)->name);
    if (!results)
      g_string_append(out, " never");
    for (GList *result = results; result; result = result->next)
      g_string_append_printf(out, "%s %s x %" G_GUINT64_FORMAT, result == results ? "" : ",",
                             (const char *)result->data, coverage_call(coverage, (AbiCallId)id, result->data));
    g_string_append_c(out, '\n');
  }
}

static void print_rules(const Coverage *coverage, GString *out) {
  g_string_append(out, "\nrules met, how often, by which run first\n");
  for (guint i = RULE_NONE + 1; i < RULE_COUNT; i++) {
    const GPtrArray *runs = coverage_rule_runs(coverage, (RuleId)i);

    if (!runs)
      continue;
    g_string_append_printf(out, "  %-8s %8" G_GUINT64_FORMAT "  %s", rule_get((RuleId)i)->id,
                           coverage_rule(coverage, (RuleId)i), (const char *)g_ptr_array_index(runs, 0));
    if (runs->len > 1)
      g_string_append_printf(out, " and %u more", runs->len - 1);
    g_string_append_c(out, '\n');
  }
}

static void print_rules_where(const Coverage *coverage, GString *out, const char *heading, gboolean met,
                              gboolean excepted) {
  gboolean any = FALSE;

  for (guint i = RULE_NONE + 1; i < RULE_COUNT; i++) {
    const Rule *rule = rule_get((RuleId)i);

    if ((coverage_rule(coverage, (RuleId)i) > 0) != met || coverage_excepted(coverage, (RuleId)i) != excepted)
      continue;
    if (!any)
      g_string_append_printf(out, "\n%s\n", heading);
    any = TRUE;
    g_string_append_printf(out, "  %-8s %s, %s: %s = %s\n", rule->id, rule->object, rule->call, rule->condition,
                           rule->result);
  }
}

void coverage_print(const Coverage *coverage, GString *out) {
  g_string_append_printf(out, "coverage of %u runs\n\n", coverage_n_runs(coverage));
  print_shares(coverage, out);
  print_calls(coverage, out);
  print_rules(coverage, out);
  print_rules_where(coverage, out, "rules not met", FALSE, FALSE);
  print_rules_where(coverage, out, "rules that cannot be met", FALSE, TRUE);
  print_rules_where(coverage, out, "rules met, though they are listed as not to be met", TRUE, TRUE);
}

static gboolean write_file(const char *dir, const char *name, const GString *text, GError **error) {
  g_autofree char *path = g_build_filename(dir, name, NULL);

  return g_file_set_contents(path, text->str, (gssize)text->len, error);
}

gboolean coverage_report(const char *const *paths, const char *except, const char *out_dir, GString *text,
                         GError **error) {
  g_autoptr(Coverage) coverage = coverage_new();
  g_autoptr(GString) plain = g_string_new(NULL);
  g_autoptr(GString) page = g_string_new(NULL);
  int err;

  if (except && !coverage_except(coverage, except, error))
    return FALSE;
  for (guint i = 0; paths[i]; i++)
    if (!coverage_read(coverage, paths[i], error))
      return FALSE;
  coverage_print(coverage, plain);
  if (text)
    g_string_append_len(text, plain->str, (gssize)plain->len);
  if (!out_dir)
    return TRUE;
  coverage_print_html(coverage, page);
  if (g_mkdir_with_parents(out_dir, 0777) < 0) {
    err = errno;
    g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(err), "cannot make the directory %s: %s", out_dir,
                g_strerror(err));
    return FALSE;
  }
  return write_file(out_dir, "coverage.txt", plain, error) && write_file(out_dir, "index.html", page, error);
}
