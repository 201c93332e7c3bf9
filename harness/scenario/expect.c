/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Expectations held against the trace. The walk never goes back: what `...` passes over is passed. */
#include <string.h>

#include "harness/scenario/parser.h"

/* ---- one call ---- */

/* Which of the event's refs the fd field is: they are held in the table's order. */
static int ref_index(const AbiCall *call, const AbiField *field) {
  int index = 0;

  for (guint i = 0; i < call->n_fields && &call->fields[i] != field; i++)
    index += call->fields[i].format == ABI_FD;
  return index < TRACE_REFS ? index : -1;
}

static gboolean object_arg_matches(const ScenarioArg *arg, const TraceEvent *event) {
  int index = ref_index(abi_call(event->call), arg->field);

  return index >= 0 && event->refs[index].kind == arg->object.kind && event->refs[index].id == arg->object.id;
}

static gboolean text_arg_matches(const ScenarioArg *arg, const TraceEvent *event) {
  gsize offset = arg->field->offset, len = strlen(arg->name);

  if (offset + len > event->in_len || memcmp(event->in + offset, arg->name, len) != 0)
    return FALSE;
  return offset + len == event->in_len || event->in[offset + len] == '\0';
}

static gboolean number_arg_matches(const ScenarioArg *arg, const TraceEvent *event) {
  gboolean out = arg->field->dir & ABI_OUT && event->result >= 0;
  guint64 value;

  if (arg->field->format == ABI_FD) {
    /* the number as it was passed, whatever it names */
    value = abi_get(arg->field, out ? event->out : event->in, out ? event->out_len : event->in_len);
    return value == arg->value;
  }
  return trace_event_field(event, arg->field->name, &value) && value == arg->value;
}

static gboolean arg_matches(const ScenarioArg *arg, const TraceEvent *event) {
  switch (arg->kind) {
  case ARG_NUMBER:
    return number_arg_matches(arg, event);
  case ARG_OBJECT:
    return object_arg_matches(arg, event);
  case ARG_TEXT:
    return text_arg_matches(arg, event);
  default:
    return FALSE; /* handles and buffers exist in raw calls only */
  }
}

gboolean scenario_expect_matches(const ScenarioExpect *expect, const TraceEvent *event) {
  if (event->call != expect->call)
    return FALSE;
  if (expect->object.kind != ABI_NONE && event->object.kind != expect->object.kind)
    return FALSE;
  if (expect->has_id && event->object.id != expect->object.id)
    return FALSE;
  for (guint i = 0; i < expect->args->len; i++) {
    if (!arg_matches(&g_array_index(expect->args, ScenarioArg, i), event))
      return FALSE;
  }
  if (expect->any_result)
    return TRUE;
  return expect->result_fd ? event->result >= 0 : event->result == expect->result;
}

/* ---- a block ---- */

/* Calls that would drown the others, unless the block asks for them. */
static gboolean is_quiet(AbiCallId call) {
  AbiKind kind = abi_call(call)->kind;

  return call == ABI_READ || call == ABI_WRITE || call == ABI_MMAP || kind == ABI_GUEST || kind == ABI_VCPU;
}

static gboolean names_call(const GArray *expects, AbiCallId call) {
  for (guint i = 0; i < expects->len; i++) {
    const ScenarioExpect *expect = &g_array_index(expects, ScenarioExpect, i);

    if (expect->kind == EXPECT_CALL && expect->call == call)
      return TRUE;
  }
  return FALSE;
}

/* The next event at or after `at` that the block sees; trace_len() if there is none. */
static guint next_visible(const GArray *expects, const Trace *trace, guint at) {
  for (; at < trace_len(trace); at++) {
    AbiCallId call = trace_get(trace, at)->call;

    if (!is_quiet(call) || names_call(expects, call))
      break;
  }
  return at;
}

static gboolean check_never(const GArray *expects, const Trace *trace, guint first, guint *failed, guint *at) {
  for (guint i = 0; i < expects->len; i++) {
    const ScenarioExpect *expect = &g_array_index(expects, ScenarioExpect, i);

    for (guint e = first; expect->kind == EXPECT_NEVER && e < trace_len(trace); e++) {
      if (scenario_expect_matches(expect, trace_get(trace, e))) {
        *failed = i;
        *at = e;
        return FALSE;
      }
    }
  }
  return TRUE;
}

/* Where to point when no event matches what follows `...`: the first that is the same call, else the end. */
static guint nearest_call(const ScenarioExpect *expect, const Trace *trace, guint from) {
  while (from < trace_len(trace) && trace_get(trace, from)->call != expect->call)
    from++;
  return from;
}

gboolean scenario_expect_check(const ScenarioBlock *block, const Trace *trace, guint first, guint *failed, guint *at) {
  const GArray *expects = block->expects;
  guint pos = next_visible(expects, trace, first);
  gboolean skip = FALSE, ordered = FALSE;

  for (guint i = 0; i < expects->len; i++) {
    const ScenarioExpect *expect = &g_array_index(expects, ScenarioExpect, i);
    guint from = pos;

    if (expect->kind == EXPECT_NEVER)
      continue;
    ordered = TRUE;
    if (expect->kind == EXPECT_SKIP) {
      skip = TRUE;
      continue;
    }
    while (skip && pos < trace_len(trace) && !scenario_expect_matches(expect, trace_get(trace, pos)))
      pos = next_visible(expects, trace, pos + 1);
    if (pos == trace_len(trace) || !scenario_expect_matches(expect, trace_get(trace, pos))) {
      *failed = i;
      *at = skip ? nearest_call(expect, trace, from) : pos;
      return FALSE;
    }
    pos = next_visible(expects, trace, pos + 1);
    skip = FALSE;
  }
  if (ordered && !skip && pos < trace_len(trace)) {
    *failed = expects->len;
    *at = pos;
    return FALSE;
  }
  return check_never(expects, trace, first, failed, at);
}

/* ---- as text ---- */

static void print_number(GString *out, const ScenarioArg *arg) {
  if (arg->field->format == ABI_FD)
    g_string_append_printf(out, arg->value == G_MAXUINT32 ? "none" : "%" G_GUINT64_FORMAT, arg->value);
  else if (arg->field->format == ABI_DEC)
    g_string_append_printf(out, "%" G_GUINT64_FORMAT, arg->value);
  else
    g_string_append_printf(out, "0x%" G_GINT64_MODIFIER "x", arg->value);
}

static void print_arg(GString *out, const ScenarioArg *arg) {
  g_string_append_printf(out, " %s ", arg->field->name);
  switch (arg->kind) {
  case ARG_NUMBER:
    print_number(out, arg);
    break;
  case ARG_OBJECT:
    if (arg->object.kind == ABI_DEVICE)
      abi_bdf_print(out, arg->object.id);
    else
      g_string_append_printf(out, arg->object.kind == ABI_TABLE ? "0x%" G_GINT64_MODIFIER "x" : "%" G_GUINT64_FORMAT,
                             arg->object.id);
    break;
  case ARG_TEXT:
    g_string_append_printf(out, "\"%s\"", arg->name);
    break;
  case ARG_STDIN:
    g_string_append(out, "stdin");
    break;
  case ARG_HANDLE:
    g_string_append(out, arg->name);
    break;
  case ARG_BUFFER:
  case ARG_BAD_ADDRESS:
    g_string_append(out, arg->kind == ARG_BUFFER ? arg->name : "bad-address");
    if (arg->value)
      g_string_append_printf(out, "+0x%" G_GINT64_MODIFIER "x", arg->value);
    break;
  }
}

static void print_result(GString *out, const ScenarioExpect *expect) {
  const char *name;

  if (expect->result_fd) {
    g_string_append(out, " = fd");
    return;
  }
  if (abi_call(expect->call)->kind == ABI_GUEST) {
    name = abi_hcall_name(expect->result);
    if (name) {
      g_string_append_printf(out, " = %s", name);
      return;
    }
  } else if (expect->result < 0) {
    name = abi_errno_name(-expect->result);
    g_string_append_printf(out, " = -1 %s", name ? name : "?");
    return;
  }
  g_string_append_printf(out, " = %" G_GINT64_FORMAT, expect->result);
}

void scenario_expect_print(GString *out, const ScenarioExpect *expect) {
  if (expect->kind == EXPECT_SKIP) {
    g_string_append(out, "...");
    return;
  }
  if (expect->kind == EXPECT_NEVER)
    g_string_append(out, "never ");
  if (expect->object.kind != ABI_NONE) {
    if (expect->has_id)
      abi_object_print(out, expect->object);
    else
      g_string_append(out, abi_kind_name(expect->object.kind));
    g_string_append_c(out, ' ');
  }
  g_string_append(out, abi_call(expect->call)->name);
  for (guint i = 0; i < expect->args->len; i++) {
    const ScenarioArg *arg = &g_array_index(expect->args, ScenarioArg, i);

    if (!arg->after)
      print_arg(out, arg);
  }
  if (!expect->any_result)
    print_result(out, expect);
  for (guint i = 0; i < expect->args->len; i++) {
    const ScenarioArg *arg = &g_array_index(expect->args, ScenarioArg, i);

    if (arg->after)
      print_arg(out, arg);
  }
}
