/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Many runs' tallies in one: which rules of the kernel were met, how often and by which runs, which were not; and which
 * call was seen with which result. Rules that cannot be met are told apart. As text and as one HTML page.
 */
#pragma once

#include "coverage/tally.h"

G_BEGIN_DECLS

#define COVERAGE_ERROR (coverage_error_quark())
GQuark coverage_error_quark(void);
enum { COVERAGE_ERROR_FORMAT };

typedef struct Coverage Coverage;

Coverage *coverage_new(void);
void coverage_free(Coverage *coverage);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Coverage, coverage_free)

/* Adds a file of tallies. FALSE with the file and the line: it cannot be read, or a line names a rule or call that this
 * version does not have; what was read up to there counts. */
gboolean coverage_read(Coverage *coverage, const char *path, GError **error);

/* Takes out the rules that a document lists as not to be met: of its tables' rows the first cell, "| CG-2, TCE-84 | why
 * |". FALSE with the file and the line: it cannot be read, or a row names no rule, or one that was named before. */
gboolean coverage_except(Coverage *coverage, const char *path, GError **error);
gboolean coverage_excepted(const Coverage *coverage, RuleId rule);
/* Rules that can be met: met, and all. */
void coverage_meetable(const Coverage *coverage, guint *met, guint *all);

guint coverage_n_runs(const Coverage *coverage); /* different names */
guint64 coverage_rule(const Coverage *coverage, RuleId rule);
/* Names of the runs that met the rule, in the order of reading, no name twice; borrowed. */
const GPtrArray *coverage_rule_runs(const Coverage *coverage, RuleId rule);
/* "EINVAL" etc. -> number of answers. */
guint64 coverage_call(const Coverage *coverage, AbiCallId call, const char *result);
/* The results seen of a call, sorted: "0", ">0" and "fd" first. Free the list, not the strings. */
GList *coverage_call_results(const Coverage *coverage, AbiCallId call);

/* Rules of one table of the specification ("CG", "TCE"): met and all. table NULL: of all tables. */
void coverage_share(const Coverage *coverage, const char *table, guint *met, guint *all);
/* The tables' names in the order of the specification; NULL past the last. *at begins with 0. Free the name. */
char *coverage_next_table(guint *at);

void coverage_print(const Coverage *coverage, GString *out);
void coverage_print_html(const Coverage *coverage, GString *out);

/* Reads the files, appends the text report to `text` (may be NULL) and writes it to OUT_DIR/coverage.txt, the page to
 * OUT_DIR/index.html; the directory is made. out_dir NULL: no file is written. except: a document for
 * coverage_except(), or NULL. */
gboolean coverage_report(const char *const *paths, const char *except, const char *out_dir, GString *text,
                         GError **error);

G_END_DECLS
