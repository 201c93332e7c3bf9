/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "sim/trace/decode.h"

enum {
  OBJECT_WIDTH = 13,
  CONDITION_WIDTH = 70, /* of a rule's condition, so that a line stays readable */
  H_TOO_HARD = 9999,    /* KVM does not answer: the vCPU exits to the VMM */
};

/* "group 7", "liobn 0x80000000"; an object of another kind than the field's word says so, an fd that names none its
 * number. */
static void print_fd(GString *out, const TraceEvent *event, const AbiField *field, int dir) {
  AbiObject object = decode_object(event, field);

  if (object.kind == ABI_NONE) {
    g_string_append_printf(out, " %s fd %d", field->name, (gint32)decode_value(event, field, dir));
    return;
  }
  g_string_append_c(out, ' ');
  if (object.kind == ABI_TABLE && strcmp(field->name, "liobn") == 0) {
    g_string_append_printf(out, "liobn 0x%" G_GINT64_MODIFIER "x", object.id);
  } else {
    if (strcmp(field->name, abi_kind_name(object.kind)) != 0)
      g_string_append_printf(out, "%s ", field->name);
    abi_object_print(out, object);
  }
}

static void print_field(GString *out, const TraceEvent *event, const AbiField *field, int dir) {
  g_autofree char *text = NULL;
  guint64 value;

  if (!decode_has(event, field, dir) || strcmp(field->name, "argsz") == 0)
    return;
  value = decode_value(event, field, dir);
  if (value == 0 && strcmp(field->name, "flags") == 0)
    return;
  switch (field->format) {
  case ABI_FD:
    /* what a call makes is known by the object; without one (KVM_CREATE_DEVICE's test) the field is as it was */
    if (dir == ABI_IN || event->made.kind != ABI_NONE)
      print_fd(out, event, field, dir);
    break;
  case ABI_STR:
    text = decode_string(event, field);
    g_string_append_printf(out, " %s %s", field->name, text);
    break;
  case ABI_DEC:
    g_string_append_printf(out, " %s %" G_GUINT64_FORMAT, field->name, value);
    break;
  default:
    g_string_append_printf(out, " %s 0x%" G_GINT64_MODIFIER "x", field->name, value);
    break;
  }
}

static void print_fields(GString *out, const TraceEvent *event, const AbiCall *call, int dir) {
  for (guint i = 0; i < call->n_fields; i++)
    print_field(out, event, &call->fields[i], dir);
}

/* Whether the result itself is a new fd, not a field of the payload. */
static gboolean result_is_fd(const AbiCall *call) {
  if (call->id == ABI_OPEN)
    return TRUE;
  for (guint i = 0; i < call->n_fields; i++)
    if (call->fields[i].format == ABI_FD && call->fields[i].dir == ABI_OUT)
      return FALSE;
  return call->returns != ABI_NONE;
}

static void print_result(GString *out, const TraceEvent *event, const AbiCall *call) {
  const char *name;

  if (event->object.kind == ABI_GUEST) {
    name = event->result == H_TOO_HARD ? "to user space" : abi_hcall_name(event->result);
    if (name) {
      g_string_append(out, name);
      return;
    }
  } else if (event->result < 0) {
    name = event->result > -4096 ? abi_errno_name((int)-event->result) : NULL;
    if (name)
      g_string_append_printf(out, "-1 %s", name);
    else
      g_string_append_printf(out, "-1 errno %" G_GINT64_FORMAT, -event->result);
    return;
  } else if (result_is_fd(call)) {
    g_string_append(out, "fd");
    if (event->made.kind != ABI_NONE && call->id != ABI_OPEN) {
      g_string_append_c(out, ' ');
      abi_object_print(out, event->made);
    }
    return;
  }
  g_string_append_printf(out, "%" G_GINT64_FORMAT, event->result);
}

/* "KV-37 fd's file is not in the list ...": cut between words. */
static void print_rule(GString *out, const Rule *rule) {
  gsize len = strlen(rule->condition);

  g_string_append_printf(out, " [%s ", rule->id);
  if (len > CONDITION_WIDTH) {
    for (len = CONDITION_WIDTH; len > 0 && rule->condition[len] != ' '; len--)
      ;
    g_string_append_len(out, rule->condition, (gssize)len);
    g_string_append(out, " ...");
  } else {
    g_string_append(out, rule->condition);
  }
  g_string_append_c(out, ']');
}

void trace_event_print(GString *out, const TraceEvent *event) {
  const AbiCall *call = decode_call(event);
  const Rule *rule = rule_get((RuleId)event->rule);
  gsize start = out->len;

  abi_object_print(out, event->object);
  while (out->len - start < OBJECT_WIDTH)
    g_string_append_c(out, ' ');
  g_string_append_printf(out, " %s", call ? call->name : "?");
  if (!call)
    return;
  print_fields(out, event, call, ABI_IN);
  g_string_append(out, " = ");
  print_result(out, event, call);
  if (decode_succeeded(event))
    print_fields(out, event, call, ABI_OUT);
  if (rule && (!decode_succeeded(event) || (event->flags & TRACE_NOTABLE)))
    print_rule(out, rule);
  if (event->flags & TRACE_INJECTED)
    g_string_append(out, " (injected)");
}
