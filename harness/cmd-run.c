/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "coverage/tally.h"
#include "harness/cli.h"
#include "harness/pseries/order.h"
#include "harness/run/verbose.h"
#include "harness/run/world.h"
#include "harness/version.h"

typedef struct {
  char *kernel, *order, *subject, *junit, *json, *trace, *tally;
  char **bindings;
  gboolean tap, verbose, no_fork;
} Args;

typedef struct {
  const Args *args;
  RunOptions run;
  GPtrArray *reports; /* of Report* */
  FILE *trace;        /* where events go as JSON lines, or NULL */
  Worlds *worlds;     /* NULL: --no-fork */
  Verbose *verbose;   /* NULL: not wanted */
  ReportSummary summary;
  gint64 start;
  guint done, total;
  const char *name; /* of the scenario that runs */
} Session;

static void args_clear(Args *args) {
  g_free(args->kernel);
  g_free(args->order);
  g_free(args->subject);
  g_free(args->junit);
  g_free(args->json);
  g_free(args->trace);
  g_free(args->tally);
  g_strfreev(args->bindings);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Args, args_clear)

/* ---- options ---- */

static gboolean parse_args(int argc, char **argv, Args *args, char ***rest, int *code) {
  const GOptionEntry options[] = {
      {"kernel", 'k', 0, G_OPTION_ARG_STRING, &args->kernel,
       "Who answers: direct (the simulator in process, the default), fuse (behind device nodes), host (this machine)",
       "KERNEL"},
      {"order", 'o', 0, G_OPTION_ARG_STRING, &args->order,
       "Attach order: shipped or pre-2017, whatever the scenario says", "ORDER"},
      {"subject", 0, 0, G_OPTION_ARG_STRING, &args->subject,
       "Who attaches: builtin (the default), or qemu[:PATH] with --kernel fuse or host", "SUBJECT"},
      {"bind", 'b', 0, G_OPTION_ARG_STRING_ARRAY, &args->bindings,
       "With --kernel host: the scenario's device NAME (or its address) is ADDRESS here; may be repeated",
       "NAME=ADDRESS"},
      {"tap", 0, 0, G_OPTION_ARG_NONE, &args->tap, "Report in TAP on standard output", NULL},
      {"junit", 0, 0, G_OPTION_ARG_FILENAME, &args->junit, "Write a JUnit XML report too", "FILE"},
      {"json", 0, 0, G_OPTION_ARG_FILENAME, &args->json, "Write a JSON report too", "FILE"},
      {"trace", 't', 0, G_OPTION_ARG_FILENAME, &args->trace,
       "Write every call as a JSON line (vfiosim trace reads them)", "FILE"},
      {"tally", 0, 0, G_OPTION_ARG_FILENAME, &args->tally,
       "Append which rules and answers each scenario reached (vfiosim coverage reads it)", "FILE"},
      {"verbose", 'v', 0, G_OPTION_ARG_NONE, &args->verbose, "Show every statement with its calls and their rules",
       NULL},
      {"no-fork", 0, 0, G_OPTION_ARG_NONE, &args->no_fork,
       "Run in this process, without time limits: for debuggers (direct and host)", NULL},
      {NULL}};

  return cli_parse(argc, argv, options, "FILE|DIRECTORY...", "Runs scenarios and judges them.",
                   "  vfiosim run scenarios/\n"
                   "  vfiosim run --verbose --order pre-2017 scenarios/hotplug/one-device.scn\n"
                   "  vfiosim run --kernel fuse --junit report.xml scenarios/\n"
                   "  vfiosim run --kernel fuse --subject qemu scenarios/tcg/\n"
                   "  vfiosim run --kernel host --bind nic0=0003:09:00.0 scenarios/boot/\n"
                   "  vfiosim run --trace - one.scn | vfiosim trace --object \"group 7\" -",
                   rest, code);
}

/* "builtin", "qemu" or "qemu:PATH". Another program's calls reach the simulator through its nodes. */
static gboolean fill_subject(const Args *args, RunOptions *run, int *code) {
  const char *colon = strchr(args->subject, ':');
  g_autofree char *name = colon ? g_strndup(args->subject, (gsize)(colon - args->subject)) : g_strdup(args->subject);

  if (!scenario_subject_from_name(name, &run->subject.kind) || (colon && run->subject.kind != SCENARIO_QEMU)) {
    *code = cli_usage("run", "there is no subject \"%s\": builtin, qemu or qemu:PATH", args->subject);
    return FALSE;
  }
  if (colon && !colon[1]) {
    *code = cli_usage("run", "--subject %s: the path of the program is missing", args->subject);
    return FALSE;
  }
  run->subject.program = colon ? colon + 1 : NULL;
  if (run->subject.kind == SCENARIO_BUILTIN)
    return TRUE;
  if (run->kernel == KERNEL_DIRECT) {
    *code = cli_usage("run", "--subject %s makes its calls on device nodes: it goes with --kernel fuse, or host", name);
    return FALSE;
  }
  if (args->order) {
    *code = cli_usage("run", "--order is the builtin subject's: %s has an order of its own", name);
    return FALSE;
  }
  return TRUE;
}

static gboolean fill_options(const Args *args, RunOptions *run, int *code) {
  if (args->kernel && !kernel_kind_from_name(args->kernel, &run->kernel)) {
    *code = cli_usage("run", "there is no kernel \"%s\": direct, fuse or host", args->kernel);
    return FALSE;
  }
  if (args->subject && !fill_subject(args, run, code))
    return FALSE;
  if (args->order && !pseries_order_find(args->order)) {
    *code = cli_usage("run", "there is no attach order \"%s\": shipped or pre-2017", args->order);
    return FALSE;
  }
  if (args->bindings && run->kernel != KERNEL_HOST) {
    *code = cli_usage("run", "--bind names devices of this machine: it goes with --kernel host");
    return FALSE;
  }
  if (args->no_fork && run->kernel == KERNEL_FUSE) {
    *code = cli_usage("run", "--kernel fuse takes a process of its own: leave --no-fork out");
    return FALSE;
  }
  run->order = args->order;
  run->bindings = (const char *const *)args->bindings;
  return TRUE;
}

/* ---- outputs ---- */

static gboolean is_stdout(const char *path) {
  return path && strcmp(path, "-") == 0;
}

static gboolean add_report(Session *session, const char *format, const char *path, GError **error) {
  Report *report = report_open(format, path, error);

  if (!report)
    return FALSE;
  g_ptr_array_add(session->reports, report);
  return TRUE;
}

/* The report for people gives way to whatever else is to go to standard output. */
static gboolean open_outputs(Session *session, GError **error) {
  const Args *args = session->args;
  guint n =
      (guint)args->tap + (guint)is_stdout(args->junit) + (guint)is_stdout(args->json) + (guint)is_stdout(args->trace);

  if (n + (guint)args->verbose > 1) {
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                "only one of --tap, --verbose, --junit -, --json - and --trace - can have standard output");
    return FALSE;
  }
  if (n == 0 && !add_report(session, "people", NULL, error))
    return FALSE;
  if ((args->tap && !add_report(session, "tap", NULL, error)) ||
      (args->junit && !add_report(session, "junit", args->junit, error)) ||
      (args->json && !add_report(session, "json", args->json, error)))
    return FALSE;
  if (args->trace) {
    session->trace = is_stdout(args->trace) ? stdout : fopen(args->trace, "we");
    if (!session->trace) {
      g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(errno), "%s: %s", args->trace, g_strerror(errno));
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean write_trace(Session *session, const Trace *trace, GError **error) {
  g_autoptr(GString) line = g_string_new(NULL);
  gboolean ok = TRUE;

  for (guint i = 0; i < trace_len(trace) && ok; i++) {
    g_string_truncate(line, 0);
    trace_event_print_json(line, trace_get(trace, i));
    g_string_append_c(line, '\n');
    ok = fwrite(line->str, 1, line->len, session->trace) == line->len;
  }
  if (ok && fflush(session->trace) == 0)
    return TRUE;
  g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(errno), "%s: %s", session->args->trace,
              g_strerror(errno));
  return FALSE;
}

/* Every output is closed, whatever befell another. */
static gboolean close_outputs(Session *session, GError **error) {
  gboolean ok = TRUE;

  while (session->reports->len)
    ok = report_close(g_ptr_array_steal_index(session->reports, 0), ok ? error : NULL) && ok;
  if (session->trace && session->trace != stdout && fclose(session->trace) != 0 && ok) {
    g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(errno), "%s: %s", session->args->trace,
                g_strerror(errno));
    ok = FALSE;
  }
  session->trace = NULL;
  return ok;
}

/* ---- one file ---- */

static double seconds_since(gint64 start) {
  return (double)(g_get_monotonic_time() - start) / G_USEC_PER_SEC;
}

/* "scenarios/hotplug/one-device.scn" is "hotplug/one-device". */
static char *short_name(const char *path) {
  g_autofree char *base = g_path_get_basename(path);
  g_autofree char *dir = g_path_get_dirname(path);
  g_autofree char *above = g_path_get_basename(dir);

  if (g_str_has_suffix(base, ".scn"))
    base[strlen(base) - strlen(".scn")] = 0;
  if (strcmp(above, ".") == 0 || strcmp(above, G_DIR_SEPARATOR_S) == 0)
    return g_steal_pointer(&base);
  return g_strdup_printf("%s/%s", above, base);
}

static void show_progress(Session *session) {
  for (guint i = 0; i < session->reports->len; i++)
    report_progress(session->reports->pdata[i], session->done, session->total, session->name,
                    seconds_since(session->start));
}

static void on_statement(guint index, guint n_events, gpointer data) {
  Session *session = data;

  show_progress(session);
  if (session->verbose)
    verbose_statement(session->verbose, index, n_events);
}

static void result_error(ScenarioResult *result, const char *what, const GError *error) {
  g_free(result->message);
  result->status = RESULT_ERROR;
  result->message = g_strdup_printf("cannot write the %s: %s", what, error->message);
}

static void write_tally(Session *session, const Trace *trace, const guint32 *rules, ScenarioResult *result) {
  g_autoptr(Tally) tally = tally_new();
  g_autoptr(GError) error = NULL;

  tally_add(tally, trace, session->run.kernel == KERNEL_HOST ? NULL : rules);
  if (!tally_append(tally, session->args->tally, result->name, &error))
    result_error(result, "tally", error);
}

/* FALSE: interrupted. */
static gboolean run_loaded(Session *session, const Scenario *scenario, ScenarioResult *result) {
  gboolean tally = session->args->tally != NULL;
  g_autoptr(Trace) trace = session->trace || session->verbose || tally ? trace_new() : NULL;
  g_autofree guint32 *rules = tally ? g_new0(guint32, RULE_COUNT) : NULL;
  gboolean alive = TRUE;

  session->run.trace = trace;
  session->run.rules_met = rules;
  session->run.progress = on_statement;
  session->run.progress_data = session;
  if (session->verbose)
    verbose_begin(session->verbose, scenario, trace);
  if (session->worlds)
    alive = worlds_run(session->worlds, scenario, &session->run, result);
  else
    run_scenario(scenario, &session->run, result);
  if (alive && session->verbose)
    verbose_end(session->verbose, (guint)result->n_calls, result->status == RESULT_PASS);
  if (alive && session->trace) {
    g_autoptr(GError) error = NULL;
    if (!write_trace(session, trace, &error))
      result_error(result, "trace", error);
  }
  if (alive && tally)
    write_tally(session, trace, rules, result);
  return alive;
}

static gboolean run_file(Session *session, const char *path) {
  g_autofree char *name = short_name(path);
  g_autoptr(ScenarioResult) result = scenario_result_new(path, name);
  g_autoptr(GError) error = NULL;
  g_autoptr(Scenario) scenario = scenario_load(path, &error);

  session->name = name;
  show_progress(session);
  if (!scenario) {
    result->status = RESULT_ERROR;
    result->message = g_strdup(error->message);
  } else if (!run_loaded(session, scenario, result)) {
    return FALSE;
  }
  report_summary_add(&session->summary, result);
  for (guint i = 0; i < session->reports->len; i++)
    report_scenario_done(session->reports->pdata[i], result);
  session->done++;
  return TRUE;
}

/* ---- all of them ---- */

static int exit_code(const ReportSummary *summary) {
  if (summary->n[RESULT_FAIL])
    return CLI_FAIL;
  if (summary->n[RESULT_ERROR])
    return CLI_USAGE;
  return summary->n[RESULT_PASS] ? CLI_PASS : CLI_SKIPPED;
}

static int run_files(Session *session, const GPtrArray *files) {
  const ReportPlan plan = {.version = VFIOSIM_VERSION, .n_scenarios = files->len};

  session->total = files->len;
  session->start = g_get_monotonic_time();
  for (guint i = 0; i < session->reports->len; i++)
    report_begin(session->reports->pdata[i], &plan);
  for (guint i = 0; i < files->len; i++)
    if (!run_file(session, files->pdata[i]))
      return CLI_INTERRUPTED;
  session->summary.seconds = seconds_since(session->start);
  for (guint i = 0; i < session->reports->len; i++)
    report_end(session->reports->pdata[i], &session->summary);
  return exit_code(&session->summary);
}

static int run_session(Session *session, const GPtrArray *files) {
  g_autoptr(GError) error = NULL;
  int code;

  if (!session->args->no_fork && !(session->worlds = worlds_new(&error)))
    return cli_usage("run", "%s", error->message);
  if (!open_outputs(session, &error))
    return cli_usage("run", "%s", error->message);
  code = run_files(session, files);
  if (code == CLI_INTERRUPTED)
    fprintf(stderr, "\nvfiosim run: interrupted; nothing of the scenario is left\n");
  if (!close_outputs(session, &error))
    return cli_usage("run", "cannot write the report: %s", error->message);
  return cli_finish("run", code);
}

int cmd_run(int argc, char **argv) {
  g_auto(Args) args = {0};
  g_auto(GStrv) rest = NULL;
  g_autoptr(GPtrArray) files = NULL;
  g_autoptr(GError) error = NULL;
  Session session = {.args = &args};
  int code;

  if (!parse_args(argc, argv, &args, &rest, &code) || !fill_options(&args, &session.run, &code))
    return code;
  if (!rest[0])
    return cli_usage("run", "no scenario given; see vfiosim run --help");
  files = cli_scenario_files(rest, &error);
  if (!files)
    return cli_usage("run", "%s", error->message);
  session.reports = g_ptr_array_new_with_free_func((GDestroyNotify)report_free);
  session.verbose = args.verbose ? verbose_new(stdout) : NULL;
  code = run_session(&session, files);
  verbose_free(session.verbose);
  worlds_free(session.worlds);
  g_ptr_array_unref(session.reports);
  return code;
}
