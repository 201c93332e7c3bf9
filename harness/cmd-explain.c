/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "harness/checks.h"
#include "harness/cli.h"
#include "harness/scenario/scenario.h"
#include "sim/abi/abi.h"
#include "sim/rules/rules.h"

static void print_line(const char *what, const char *text) {
  if (text && text[0])
    printf("  %-10s %s\n", what, text);
}

static void print_rule(const Rule *rule) {
  printf("%s  %s: %s\n", rule->id, rule->object, rule->call);
  print_line("when", rule->condition);
  print_line("then", rule->result);
  print_line("and", rule->effect);
  if (rule->since[0] || rule->until[0])
    printf("  %-10s %s%s%s\n", "kernels", rule->since, rule->until[0] ? " to " : " and later", rule->until);
  print_line("source", rule->source);
  print_line("known by", rule->basis);
}

static void print_check(const Check *check) {
  g_auto(GStrv) lines = g_strsplit(check->text, "\n", -1);

  printf("%s  %s\n", check->id, check->summary);
  for (char **line = lines; *line; line++)
    printf("  %s\n", *line);
}

static void print_field(const AbiField *field) {
  static const char *const dirs[] = {"", "in", "out", "in, out"};

  printf("    %3u  %u  %-32s %s%s\n", field->offset, field->size, field->name, dirs[field->dir & 3],
         field->format == ABI_FD ? ", an fd" : "");
}

/* "KVM_SET_DEVICE_ATTR DEL" is a rule of KVM_SET_DEVICE_ATTR, not of KVM_SET. */
static gboolean has_word(const char *text, const char *word) {
  gsize len = strlen(word);

  for (const char *at = strstr(text, word); at; at = strstr(at + 1, word)) {
    gboolean begins = at == text || !(g_ascii_isalnum(at[-1]) || at[-1] == '_');
    gboolean ends = !(g_ascii_isalnum(at[len]) || at[len] == '_');
    if (begins && ends)
      return TRUE;
  }
  return FALSE;
}

static void print_rules_where(const char *heading, gboolean (*fits)(const Rule *rule, const char *word),
                              const char *word) {
  gboolean any = FALSE;

  for (guint i = RULE_NONE + 1; i < RULE_COUNT; i++) {
    const Rule *rule = rule_get((RuleId)i);
    if (!fits(rule, word))
      continue;
    if (!any)
      printf("  %s\n", heading);
    any = TRUE;
    printf("    %-8s %s -> %s\n", rule->id, rule->condition, rule->result);
  }
}

static gboolean rule_of_call(const Rule *rule, const char *word) {
  return has_word(rule->call, word);
}

/* "GROUP_ADD" is "KVM_SET_DEVICE_ATTR ADD" to the rules. */
static gboolean rule_of_attribute(const Rule *rule, const char *name) {
  const char *word = g_str_has_prefix(name, "GROUP_") ? name + strlen("GROUP_") : name;
  return has_word(rule->call, "KVM_SET_DEVICE_ATTR") && has_word(rule->call, word);
}

static gboolean rule_with_result(const Rule *rule, const char *word) {
  return has_word(rule->result, word);
}

static void print_call(const AbiCall *call) {
  static const char *const drivers[] = {"", ", SPAPR", ", type1"};

  printf("%s  %s, on a %s%s\n", call->name, call->full_name,
         call->kind == ABI_NONE ? "file of any kind" : abi_kind_name(call->kind), drivers[call->driver]);
  if (call->nr_x86)
    printf("  number     0x%08x on x86, 0x%08x on powerpc\n", call->nr_x86, call->nr_powerpc);
  switch (call->arg) {
  case ABI_ARG_NONE:
    puts("  argument   none");
    break;
  case ABI_ARG_VALUE:
    puts("  argument   a number");
    break;
  case ABI_ARG_STRUCT:
    printf("  argument   points to %u bytes", call->size);
    printf(call->min_argsz ? ", argsz at least %u\n" : "\n", call->min_argsz);
    break;
  case ABI_ARG_STRING:
    puts("  argument   points to a string");
    break;
  }
  if (call->returns != ABI_NONE)
    printf("  makes      a %s\n", abi_kind_name(call->returns));
  if (call->n_fields)
    puts("  fields     (offset, bytes, name)");
  for (guint i = 0; i < call->n_fields; i++)
    print_field(&call->fields[i]);
  if (call->kind == ABI_KVM_VFIO && !call->nr_x86)
    print_rules_where("rules", rule_of_attribute, call->name);
  else
    print_rules_where("rules", rule_of_call, call->full_name);
}

static gboolean explain_calls(const char *id) {
  gboolean any = FALSE;

  for (guint i = ABI_CALL_NONE + 1; i < ABI_N_CALLS; i++) {
    const AbiCall *call = abi_call((AbiCallId)i);
    if (g_ascii_strcasecmp(call->name, id) == 0 || g_ascii_strcasecmp(call->full_name, id) == 0) {
      print_call(call);
      any = TRUE;
    }
  }
  return any;
}

static gboolean explain_errno(const char *id) {
  g_autofree char *name = g_ascii_strup(id, -1);
  int err = abi_errno_from_name(name);

  if (err == 0)
    return FALSE;
  printf("%s  %d, \"%s\"\n", name, err, g_strerror(err));
  print_rules_where("rules that answer so", rule_with_result, name);
  return TRUE;
}

static gboolean explain_statement(const char *word) {
  g_autofree char *text = scenario_describe(word);

  if (text)
    fputs(text, stdout);
  return text != NULL;
}

static gboolean explain(const char *id) {
  const RuleId rule = rule_find(id);
  const Check *check = check_find(id);

  if (rule != RULE_NONE)
    print_rule(rule_get(rule));
  else if (check)
    print_check(check);
  else
    /* `open` is a call and a statement */
    return explain_calls(id) | explain_errno(id) | explain_statement(id);
  return TRUE;
}

static const char *suggestion(const char *id) {
  const char *names[RULE_COUNT + CHECK_N_IDS + ABI_N_CALLS] = {NULL};
  guint n = 0;

  for (guint i = ABI_CALL_NONE + 1; i < ABI_N_CALLS; i++)
    names[n++] = abi_call((AbiCallId)i)->name;
  for (guint i = 0; i < CHECK_N_IDS; i++)
    names[n++] = check_get((CheckId)i)->id;
  for (guint i = RULE_NONE + 1; i < RULE_COUNT; i++)
    names[n++] = rule_get((RuleId)i)->id;
  return cli_suggest(id, names, n);
}

static void list_all(void) {
  for (guint i = 0; i < CHECK_N_IDS; i++)
    printf("%-16s %s\n", check_get((CheckId)i)->id, check_get((CheckId)i)->summary);
  for (guint i = ABI_CALL_NONE + 1; i < ABI_N_CALLS; i++)
    printf("%-24s %s\n", abi_call((AbiCallId)i)->name, abi_call((AbiCallId)i)->full_name);
  for (guint i = RULE_NONE + 1; i < RULE_COUNT; i++) {
    const Rule *rule = rule_get((RuleId)i);
    printf("%-10s %s: %s -> %s\n", rule->id, rule->call, rule->condition, rule->result);
  }
}

int cmd_explain(int argc, char **argv) {
  gboolean list = FALSE;
  const GOptionEntry options[] = {{"list", 'l', 0, G_OPTION_ARG_NONE, &list, "List every check, call and rule", NULL},
                                  {NULL}};
  g_auto(GStrv) args = NULL;
  int code;

  if (!cli_parse(
          argc, argv, options, "ID...",
          "Explains what traces and messages name: a rule of the kernel (KV-37), a check (CHK-FEEDS), a call\n"
          "(SET_SPAPR_TCE), an errno (EBUSY) or a statement of the scenario language (plug).",
          "  vfiosim explain KV-37\n  vfiosim explain TCE_CREATE CHK-CLEAN\n  vfiosim explain --list | grep LIOBN",
          &args, &code))
    return code;
  if (list)
    list_all();
  else if (!args[0])
    return cli_usage("explain", "nothing to explain; --list names all there is");
  for (char **arg = args; *arg; arg++) {
    if (!explain(*arg)) {
      const char *near = suggestion(*arg);
      return near ? cli_usage("explain",
                              "there is no rule, check, call, errno or statement \"%s\"; did you mean \"%s\"?", *arg,
                              near)
                  : cli_usage("explain", "there is no rule, check, call, errno or statement \"%s\"; --list names all",
                              *arg);
    }
    if (arg[1])
      putchar('\n');
  }
  return cli_finish("explain", CLI_PASS);
}
