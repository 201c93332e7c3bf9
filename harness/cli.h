/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The command line: what the subcommands of vfiosim share.
 */
#pragma once

#include <stdio.h>

#include <glib.h>

G_BEGIN_DECLS

enum {
  CLI_PASS = 0,
  CLI_FAIL = 1,     /* a scenario failed */
  CLI_USAGE = 2,    /* bad option, bad file, nothing to do; output that could not be written */
  CLI_SKIPPED = 77, /* every scenario was skipped */
  CLI_INTERRUPTED = 130,
};

/* A subcommand: argv[0] is its name. Returns the exit code. */
typedef int (*CliFunc)(int argc, char **argv);

typedef struct {
  const char *name;
  CliFunc func;
  const char *help;       /* one line */
  gboolean keeps_signals; /* runs a program, which is to have them as vfiosim was given them */
} CliCommand;

int cmd_run(int argc, char **argv);
int cmd_exec(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_trace(int argc, char **argv);
int cmd_import(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_hosts(int argc, char **argv);
int cmd_coverage(int argc, char **argv);

/* Parses the options of a subcommand. positional: what may follow them ("FILE..."); summary, examples: for --help,
 * examples one a line. rest: the arguments that are left, NULL-terminated, to be freed by g_strfreev(). FALSE: --help
 * was answered or the options are wrong (said so on stderr), *code is the exit code. */
gboolean cli_parse(int argc, char **argv, const GOptionEntry *options, const char *positional, const char *summary,
                   const char *examples, char ***rest, int *code);

/* The same for a command that runs a program: options end at the first argument that is none, or after "--"; what
 * follows is the program's. */
gboolean cli_parse_command(int argc, char **argv, const GOptionEntry *options, const char *positional,
                           const char *summary, const char *examples, char ***rest, int *code);

/* One sentence on stderr: "vfiosim run: ...". Returns CLI_USAGE. */
int cli_usage(const char *command, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* The name nearest to `name`, if it is near enough to be meant; NULL. names: n strings, NULLs are passed over. */
const char *cli_suggest(const char *name, const char *const *names, guint n);

/* The files that the arguments name: directories give every *.scn below them, sorted. NULL: an argument names nothing,
 * or there is no scenario (error is set). */
GPtrArray *cli_scenario_files(char **args, GError **error);

/* Flushes standard output; a full disk or a closed pipe is said on stderr. Returns code, or CLI_USAGE if it was
 * CLI_PASS and the output could not be written. */
int cli_finish(const char *command, int code);

G_END_DECLS
