/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "harness/checks.h"
#include "harness/cli.h"
#include "harness/exec/exec.h"
#include "harness/exec/inherited.h"
#include "harness/watch/watch.h"

/* Of its own failures: what the program can hardly exit with, as env(1) has it. */
enum { EXEC_FAILED = 125 };

typedef struct {
  char *host, *checks, *trace;
  char **groups, **devices, **settings;
  gboolean verbose, wait_all;
} Args;

static void args_clear(Args *args) {
  g_free(args->host);
  g_free(args->checks);
  g_free(args->trace);
  g_strfreev(args->groups);
  g_strfreev(args->devices);
  g_strfreev(args->settings);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Args, args_clear)

static int fail(const GError *error) {
  cli_usage("exec", "%s", error->message);
  return g_error_matches(error, GATE_ERROR, GATE_ERROR_UNAVAILABLE) ? CLI_SKIPPED : EXEC_FAILED;
}

/* ---- the host ---- */

static gboolean fail_option(GError **error, const char *format, const char *text) {
  g_set_error(error, SIM_HOST_ERROR, SIM_HOST_ERROR_SYNTAX, format, text);
  return FALSE;
}

/* "7: 0000:01:00.0 0000:01:00.1", as below `host` in a scenario. */
static gboolean add_group(SimHost *host, const char *text, GError **error) {
  char *end;
  guint64 device, number = g_ascii_strtoull(text, &end, 10);

  if (end == text || *end != ':' || number > G_MAXUINT || abi_bdf_parse(text, &device))
    return fail_option(error, "--group \"%s\" is no group; write its number and its devices: \"7: 0000:01:00.0\"",
                       text);
  g_auto(GStrv) words = g_strsplit_set(end + 1, " ,", -1);
  guint n = 0;
  for (char **word = words; *word; word++) {
    if (!**word)
      continue;
    if (!sim_host_add_device(host, (guint)number, *word, error))
      return FALSE;
    n++;
  }
  return n > 0 || fail_option(error, "--group \"%s\" has no device; write \"7: 0000:01:00.0\"", text);
}

static gboolean apply_setting(SimHost *host, const char *text, GError **error) {
  const char *equals = strchr(text, '=');

  if (!equals)
    return fail_option(error, "--set %s says no value; write KEY=VALUE, as in [host] of a host file", text);
  g_autofree char *key = g_strndup(text, (gsize)(equals - text));
  return sim_host_set(host, key, equals + 1, error);
}

/* "0000:01:00.0 model=e1000e" */
static gboolean set_device(SimHost *host, const char *text, GError **error) {
  g_auto(GStrv) words = g_strsplit(text, " ", 2);
  g_auto(GStrv) setting = words[0] && words[1] ? g_strsplit(words[1], "=", 2) : NULL;

  if (!setting || !setting[0] || !setting[1])
    return fail_option(
        error, "--device \"%s\" sets nothing; write \"ADDRESS KEY=VALUE\": \"0000:01:00.0 model=e1000e\"", text);
  return sim_host_set_device(host, words[0], setting[0], setting[1], error);
}

static SimHost *make_host(const Args *args, GError **error) {
  const char *name = args->host ? args->host : "power9";
  gboolean builtin = g_strv_contains(sim_host_builtin_names(), name);
  g_autoptr(SimHost) host = builtin ? sim_host_builtin(name, error) : sim_host_load(name, error);

  if (!host)
    return NULL;
  for (char **setting = args->settings; setting && *setting; setting++)
    if (!apply_setting(host, *setting, error))
      return NULL;
  for (char **group = args->groups; group && *group; group++)
    if (!add_group(host, *group, error))
      return NULL;
  if (builtin && host->groups->len == 0 && !add_group(host, "7: 0000:01:00.0", error))
    return NULL;
  for (char **device = args->devices; device && *device; device++)
    if (!set_device(host, *device, error))
      return NULL;
  return g_steal_pointer(&host);
}

/* ---- checks ---- */

/* "CHK-LEFT" or "left"; 0: there is none. */
static guint64 check_named(const char *word) {
  g_autofree char *id = g_strdup_printf("CHK-%s", word);
  const Check *check = check_find(word) ? check_find(word) : check_find(id);

  for (guint i = 0; check && i < CHECK_N_IDS; i++)
    if (check_get((CheckId)i) == check)
      return watch_checks_all() & (guint64)1 << i;
  return 0;
}

static gboolean parse_checks(const char *text, guint64 *checks) {
  g_auto(GStrv) words = g_strsplit(text ? text : "default", ",", -1);

  *checks = 0;
  for (char **word = words; *word; word++) {
    guint64 named = check_named(*word);
    if (strcmp(*word, "all") == 0)
      named = watch_checks_all();
    else if (strcmp(*word, "default") == 0)
      named = watch_checks_default();
    else if (strcmp(*word, "none") != 0 && named == 0) {
      g_autoptr(GString) known = g_string_new(NULL);
      for (guint i = 0; i < CHECK_N_IDS; i++)
        if (watch_checks_all() & (guint64)1 << i)
          g_string_append_printf(known, ", %s", check_get((CheckId)i)->id);
      cli_usage("exec", "--checks: there is no check \"%s\" of programs; known: all, default, none%s", *word,
                known->str);
      return FALSE;
    }
    *checks |= named;
  }
  return TRUE;
}

/* ---- the command ---- */

static gboolean parse_args(int argc, char **argv, Args *args, char ***rest, int *code) {
  const GOptionEntry options[] = {
      {"host", 'H', 0, G_OPTION_ARG_FILENAME, &args->host, "A built-in host or a host file; default power9", "HOST"},
      {"group", 'g', 0, G_OPTION_ARG_STRING_ARRAY, &args->groups,
       "Add devices in an IOMMU group; may be repeated. Built-in hosts have \"7: 0000:01:00.0\" if nothing is added",
       "\"N: ADDRESS...\""},
      {"device", 'd', 0, G_OPTION_ARG_STRING_ARRAY, &args->devices,
       "Set a key of a device, as in [device ADDRESS] of a host file; may be repeated", "\"ADDRESS KEY=VALUE\""},
      {"set", 's', 0, G_OPTION_ARG_STRING_ARRAY, &args->settings,
       "Set a key of the host file's [host] section; may be repeated", "KEY=VALUE"},
      {"checks", 'c', 0, G_OPTION_ARG_STRING, &args->checks,
       "Which findings are told and make the exit status 1: ids with commas between, all, default or none", "LIST"},
      {"trace", 't', 0, G_OPTION_ARG_FILENAME, &args->trace, "Write every call there as a line of JSON, as it happens",
       "FILE"},
      {"verbose", 'v', 0, G_OPTION_ARG_NONE, &args->verbose, "Say every call on standard error, as it happens", NULL},
      {"wait", 'w', 0, G_OPTION_ARG_NONE, &args->wait_all,
       "Wait for the processes that the program leaves behind, instead of killing them", NULL},
      {NULL}};

  return cli_parse_command(
      argc, argv, options, "PROGRAM [ARGUMENT...]",
      "Runs any program with a simulated host's /dev/vfio, /dev/kvm and /sys in place, for it and all that it starts,\n"
      "and tells what its calls show to be wrong. Exits with its status.",
      "  vfiosim exec --verbose dpdk-testpmd --no-huge -m 64 -a 0000:01:00.0\n"
      "  vfiosim exec --group \"7: 0000:01:00.0\" --set page-size=4K -- ./client --attach\n"
      "  vfiosim exec --checks default,left --trace calls.json sh -c 'ls -l /dev/vfio; ./client'\n\n"
      "Exit status: the program's; 128 + N if signal N killed it; 1 if something was found; 125 vfiosim failed,\n"
      "126 the program cannot be run, 127 it is not there; 77 this machine cannot have the nodes (docs/nodes.md).",
      rest, code);
}

static int run(const Args *args, char **rest) {
  g_autoptr(GError) error = NULL;
  ExecOptions options = {.argv = rest, .verbose = args->verbose, .wait_all = args->wait_all};

  if (!parse_checks(args->checks, &options.checks))
    return EXEC_FAILED;
  g_autoptr(SimHost) host = make_host(args, &error);
  if (!host)
    return fail(error);
  options.host = host;
  if (args->trace && !(options.trace = fopen(args->trace, "we"))) {
    cli_usage("exec", "%s: %s", args->trace, g_strerror(errno));
    return EXEC_FAILED;
  }
  int status = exec_run(&options, &error);
  if (options.trace && (ferror(options.trace) | fclose(options.trace))) {
    cli_usage("exec", "%s: the trace could not be written to its end", args->trace);
    status = status < 0 ? status : EXEC_FAILED;
  }
  return status < 0 ? fail(error) : status;
}

int cmd_exec(int argc, char **argv) {
  g_auto(Args) args = {0};
  g_auto(GStrv) rest = NULL;
  int code;

  inherited_open_standard();
  if (!parse_args(argc, argv, &args, &rest, &code))
    return code == CLI_USAGE ? EXEC_FAILED : code;
  if (!rest[0]) {
    cli_usage("exec", "no program given; see vfiosim exec --help");
    return EXEC_FAILED;
  }
  return run(&args, rest);
}
