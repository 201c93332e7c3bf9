/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "harness/cli.h"
#include "sim/trace/trace.h"

/* What is shown; what is not set shows all. */
typedef struct {
  AbiKind kind;
  guint64 id;
  gboolean has_id;
  const AbiCall *call; /* the first of that name: rows of several kinds may share it */
  RuleId rule;
} Filter;

static gboolean object_matches(AbiObject object, const Filter *filter) {
  return object.kind == filter->kind && (!filter->has_id || object.id == filter->id);
}

/* An object is met if the call was made on it, made it, or names it. */
static gboolean shown(const TraceEvent *event, const Filter *filter) {
  if (filter->kind != ABI_NONE) {
    gboolean met = object_matches(event->object, filter) || object_matches(event->made, filter);
    for (guint i = 0; i < TRACE_REFS; i++)
      met = met || object_matches(event->refs[i], filter);
    if (!met)
      return FALSE;
  }
  if (filter->call && strcmp(abi_call(event->call)->name, filter->call->name) != 0)
    return FALSE;
  return filter->rule == RULE_NONE || event->rule == filter->rule;
}

/* "group 7", "group", "device 0000:01:00.0", "table 0x80000000" */
static gboolean parse_object(const char *text, Filter *filter) {
  g_auto(GStrv) words = g_strsplit(text, " ", 2);

  filter->kind = words[0] ? abi_kind_from_name(words[0]) : ABI_NONE;
  if (filter->kind == ABI_NONE)
    return FALSE;
  filter->has_id = words[1] != NULL;
  if (!words[1])
    return TRUE;
  return filter->kind == ABI_DEVICE ? abi_bdf_parse(words[1], &filter->id) : abi_size_parse(words[1], &filter->id);
}

static int print_file(const char *path, FILE *in, const Filter *filter, gboolean as_json) {
  g_autoptr(GString) out = g_string_new(NULL);
  g_autofree char *line = NULL;
  size_t room = 0;
  ssize_t len;
  guint number = 0;

  while ((len = getline(&line, &room, in)) >= 0) {
    g_autoptr(GError) error = NULL;
    TraceEvent event;
    number++;
    if (len && line[len - 1] == '\n')
      line[--len] = 0;
    if (len == 0)
      continue;
    if (!trace_event_parse_json(line, len, &event, &error))
      return cli_usage("trace", "%s:%u: %s", path, number, error->message);
    if (!shown(&event, filter))
      continue;
    g_string_truncate(out, 0);
    if (as_json)
      trace_event_print_json(out, &event);
    else {
      g_string_append_printf(out, "%5u  ", event.seq);
      trace_event_print(out, &event);
    }
    puts(out->str);
  }
  return ferror(in) ? cli_usage("trace", "%s: %s", path, g_strerror(errno)) : CLI_PASS;
}

static int parse_filter(const char *object, const char *call, const char *rule, Filter *filter) {
  if (object && !parse_object(object, filter))
    return cli_usage("trace", "--object \"%s\" names no object: \"group 7\", \"kvm-vfio\", \"device 0000:01:00.0\"",
                     object);
  if (call && !(filter->call = abi_find_name(ABI_NONE, call))) {
    const char *names[ABI_N_CALLS] = {NULL};
    for (guint i = 1; i < ABI_N_CALLS; i++)
      names[i] = abi_call(i)->name;
    const char *near = cli_suggest(call, names, ABI_N_CALLS);
    return cli_usage("trace", near ? "there is no call %s; did you mean %s?" : "there is no call %s", call, near);
  }
  if (rule && (filter->rule = rule_find(rule)) == RULE_NONE)
    return cli_usage("trace", "there is no rule %s", rule);
  return CLI_PASS;
}

int cmd_trace(int argc, char **argv) {
  g_autofree char *object = NULL, *call = NULL, *rule = NULL;
  gboolean as_json = FALSE;
  const GOptionEntry options[] = {
      {"object", 'o', 0, G_OPTION_ARG_STRING, &object, "Only calls on, making or naming this object", "\"KIND [ID]\""},
      {"call", 'c', 0, G_OPTION_ARG_STRING, &call, "Only this call", "NAME"},
      {"rule", 'r', 0, G_OPTION_ARG_STRING, &rule, "Only answers by this rule", "ID"},
      {"json", 0, 0, G_OPTION_ARG_NONE, &as_json, "Print JSON lines again: a filter only", NULL},
      {NULL}};
  g_auto(GStrv) args = NULL;
  Filter filter = {0};
  int code;

  if (!cli_parse(
          argc, argv, options, "FILE...",
          "Shows traces that `vfiosim run --trace FILE` recorded (JSON lines) as text. FILE - is standard input.",
          "  vfiosim trace run.trace\n  vfiosim trace --object \"group 7\" run.trace\n"
          "  vfiosim run --trace - one.scn | vfiosim trace --call SET_SPAPR_TCE -",
          &args, &code))
    return code;
  if (!args[0])
    return cli_usage("trace", "no file given; see vfiosim trace --help");
  code = parse_filter(object, call, rule, &filter);
  for (char **arg = args; *arg && code == CLI_PASS; arg++) {
    gboolean standard = strcmp(*arg, "-") == 0;
    FILE *in = standard ? stdin : fopen(*arg, "re");
    if (!in)
      return cli_usage("trace", "%s: %s", *arg, g_strerror(errno));
    code = print_file(*arg, in, &filter, as_json);
    if (!standard)
      fclose(in);
  }
  return cli_finish("trace", code);
}
