/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One event as one JSON object:
 *   {"seq":3,"process":1,"object":"group 7","call":"SET_CONTAINER","arg":"0x7ffe10","in":"05000000","refs":["container
 * 1"], "result":-22,"errno":"EINVAL","rule":"CG-44","flags":["injected"],"fields":{"container":"container 1"}} "fields"
 * and "errno" are for readers; parsing takes the raw members.
 */
#include <json-glib/json-glib.h>
#include <string.h>

#include "sim/trace/decode.h"

enum {
  MAX_LINE = 64 * 1024, /* bytes; a line of ours is some 800 */
  MAX_DEPTH = 8,        /* of objects and arrays; ours have 2. json-glib's parser recurses without a limit */
  MAX_EXACT = 53,       /* bits: what every JSON reader keeps of a number */
};

static const struct {
  const char *name;
  guint8 flag;
} flags[] = {{"injected", TRACE_INJECTED}, {"notable", TRACE_NOTABLE}, {"at-exit", TRACE_AT_EXIT}};

/* ---- writing ---- */

static void add_hex_bytes(JsonBuilder *builder, const char *member, const guint8 *bytes, gsize len) {
  g_autoptr(GString) text = g_string_sized_new(2 * TRACE_PAYLOAD + 1);

  if (len == 0)
    return;
  for (gsize i = 0; i < MIN(len, TRACE_PAYLOAD); i++)
    g_string_append_printf(text, "%02x", bytes[i]);
  json_builder_set_member_name(builder, member);
  json_builder_add_string_value(builder, text->str);
}

static void add_object(JsonBuilder *builder, AbiObject object) {
  g_autoptr(GString) text = g_string_new(NULL);

  if (object.kind == ABI_NONE) {
    json_builder_add_null_value(builder);
    return;
  }
  abi_object_print(text, object);
  json_builder_add_string_value(builder, text->str);
}

static void add_number(JsonBuilder *builder, guint64 value, gboolean hex) {
  char text[32];

  if (!hex && value >> MAX_EXACT == 0) {
    json_builder_add_int_value(builder, (gint64)value);
    return;
  }
  g_snprintf(text, sizeof text, hex ? "0x%" G_GINT64_MODIFIER "x" : "%" G_GUINT64_FORMAT, value);
  json_builder_add_string_value(builder, text);
}

static void add_fields(JsonBuilder *builder, const char *member, const TraceEvent *event, const AbiCall *call,
                       int dir) {
  json_builder_set_member_name(builder, member);
  json_builder_begin_object(builder);
  for (guint i = 0; i < call->n_fields; i++) {
    const AbiField *field = &call->fields[i];

    if (!decode_has(event, field, dir))
      continue;
    json_builder_set_member_name(builder, field->name);
    if (field->format == ABI_STR) {
      g_autofree char *text = decode_string(event, field);
      json_builder_add_string_value(builder, text);
    } else if (field->format == ABI_FD && decode_object(event, field).kind != ABI_NONE) {
      add_object(builder, decode_object(event, field));
    } else if (field->format == ABI_FD) {
      json_builder_add_int_value(builder, (gint32)decode_value(event, field, dir));
    } else {
      add_number(builder, decode_value(event, field, dir), field->format != ABI_DEC);
    }
  }
  json_builder_end_object(builder);
}

static void add_refs(JsonBuilder *builder, const TraceEvent *event) {
  guint n = TRACE_REFS;

  while (n > 0 && event->refs[n - 1].kind == ABI_NONE)
    n--;
  if (n == 0)
    return;
  json_builder_set_member_name(builder, "refs");
  json_builder_begin_array(builder);
  for (guint i = 0; i < n; i++)
    add_object(builder, event->refs[i]);
  json_builder_end_array(builder);
}

static void add_answer(JsonBuilder *builder, const TraceEvent *event) {
  const Rule *rule = rule_get((RuleId)event->rule);
  const char *name = event->result < 0 && event->result > -4096 && event->object.kind != ABI_GUEST
                         ? abi_errno_name((int)-event->result)
                         : NULL;

  json_builder_set_member_name(builder, "result");
  json_builder_add_int_value(builder, event->result);
  if (name) {
    json_builder_set_member_name(builder, "errno");
    json_builder_add_string_value(builder, name);
  }
  if (rule) {
    json_builder_set_member_name(builder, "rule");
    json_builder_add_string_value(builder, rule->id);
  }
  if (event->flags) {
    json_builder_set_member_name(builder, "flags");
    json_builder_begin_array(builder);
    for (gsize i = 0; i < G_N_ELEMENTS(flags); i++)
      if (event->flags & flags[i].flag)
        json_builder_add_string_value(builder, flags[i].name);
    json_builder_end_array(builder);
  }
}

void trace_event_print_json(GString *out, const TraceEvent *event) {
  g_autoptr(JsonBuilder) builder = json_builder_new();
  g_autoptr(JsonGenerator) generator = json_generator_new();
  g_autoptr(JsonNode) root = NULL;
  const AbiCall *call = decode_call(event);

  json_builder_begin_object(builder);
  json_builder_set_member_name(builder, "seq");
  json_builder_add_int_value(builder, event->seq);
  json_builder_set_member_name(builder, "process");
  json_builder_add_int_value(builder, event->process);
  json_builder_set_member_name(builder, "object");
  add_object(builder, event->object);
  json_builder_set_member_name(builder, "call");
  json_builder_add_string_value(builder, call ? call->name : "");
  if (event->arg) {
    json_builder_set_member_name(builder, "arg");
    add_number(builder, event->arg, TRUE);
  }
  add_hex_bytes(builder, "in", event->in, event->in_len);
  add_hex_bytes(builder, "out", event->out, event->out_len);
  add_refs(builder, event);
  if (event->made.kind != ABI_NONE) {
    json_builder_set_member_name(builder, "made");
    add_object(builder, event->made);
  }
  add_answer(builder, event);
  if (call)
    add_fields(builder, "fields", event, call, ABI_IN);
  if (call && decode_succeeded(event))
    add_fields(builder, "out_fields", event, call, ABI_OUT);
  json_builder_end_object(builder);

  root = json_builder_get_root(builder);
  json_generator_set_root(generator, root);
  json_generator_to_gstring(generator, out);
}

/* ---- reading ---- */

GQuark trace_error_quark(void) {
  return g_quark_from_static_string("trace-error");
}

typedef struct {
  const char *line;
  gsize len;
  JsonObject *object;
  GError **error;
} Reader;

static gboolean fail_at(GError **error, gsize offset, const char *what) {
  g_set_error(error, TRACE_ERROR, TRACE_ERROR_JSON, "byte %" G_GSIZE_FORMAT ": %s", offset + 1, what);
  return FALSE;
}

/* A member that is missing or holds what it cannot. */
static gboolean fail_member(const Reader *reader, const char *member, const char *what) {
  g_autofree char *quoted = g_strdup_printf("\"%s\"", member);
  const char *at = g_strstr_len(reader->line, (gssize)reader->len, quoted);
  g_autofree char *message = g_strdup_printf("%s %s", quoted, what);

  return fail_at(reader->error, at ? (gsize)(at - reader->line) : reader->len, message);
}

static JsonNode *value_of(const Reader *reader, const char *member, GType type) {
  JsonNode *node = json_object_get_member(reader->object, member);

  return node && JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == type ? node : NULL;
}

static gboolean read_int(const Reader *reader, const char *member, gint64 min, gint64 max, gint64 *value) {
  JsonNode *node = value_of(reader, member, G_TYPE_INT64);

  if (!node)
    return fail_member(reader, member, "must be there and a whole number");
  *value = json_node_get_int(node);
  if (*value < min || *value > max)
    return fail_member(reader, member, "is out of range");
  return TRUE;
}

/* NULL with *ok unchanged: the member is not there. */
static const char *read_text(const Reader *reader, const char *member, gboolean *ok) {
  JsonNode *node;

  if (!json_object_has_member(reader->object, member))
    return NULL;
  node = value_of(reader, member, G_TYPE_STRING);
  if (!node)
    *ok = fail_member(reader, member, "must be a string");
  return node ? json_node_get_string(node) : NULL;
}

static gboolean read_bytes(const Reader *reader, const char *member, guint8 *bytes, guint8 *len) {
  gboolean ok = TRUE;
  const char *text = read_text(reader, member, &ok);
  gsize digits = text ? strlen(text) : 0;

  if (digits % 2 || digits > 2 * TRACE_PAYLOAD)
    return fail_member(reader, member, "must be pairs of hexadecimal digits, 104 at most");
  for (gsize i = 0; i < digits; i += 2) {
    if (!g_ascii_isxdigit(text[i]) || !g_ascii_isxdigit(text[i + 1]))
      return fail_member(reader, member, "must be hexadecimal digits");
    bytes[i / 2] = (guint8)(g_ascii_xdigit_value(text[i]) << 4 | g_ascii_xdigit_value(text[i + 1]));
  }
  *len = (guint8)(digits / 2);
  return ok;
}

static gboolean read_object(const Reader *reader, const char *member, gboolean required, AbiObject *object) {
  gboolean ok = TRUE;
  const char *text = read_text(reader, member, &ok);

  if (text && !abi_object_parse(text, object))
    return fail_member(reader, member, "must name an object, such as \"group 7\"");
  if (!text && ok && required)
    return fail_member(reader, member, "is missing");
  return ok;
}

static gboolean read_refs(const Reader *reader, TraceEvent *event) {
  JsonNode *node = json_object_get_member(reader->object, "refs");
  JsonArray *array;

  if (!node)
    return TRUE;
  array = JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
  if (!array || json_array_get_length(array) > TRACE_REFS)
    return fail_member(reader, "refs", "must be an array of at most 2 objects");
  for (guint i = 0; i < json_array_get_length(array); i++) {
    JsonNode *item = json_array_get_element(array, i);

    if (JSON_NODE_HOLDS_NULL(item))
      continue;
    if (!JSON_NODE_HOLDS_VALUE(item) || json_node_get_value_type(item) != G_TYPE_STRING ||
        !abi_object_parse(json_node_get_string(item), &event->refs[i]))
      return fail_member(reader, "refs", "must hold names of objects, such as \"group 7\", or null");
  }
  return TRUE;
}

static gboolean read_flags(const Reader *reader, TraceEvent *event) {
  JsonNode *node = json_object_get_member(reader->object, "flags");
  JsonArray *array;

  if (!node)
    return TRUE;
  array = JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
  if (!array)
    return fail_member(reader, "flags", "must be an array");
  for (guint i = 0; i < json_array_get_length(array); i++) {
    JsonNode *item = json_array_get_element(array, i);
    const char *text = JSON_NODE_HOLDS_VALUE(item) ? json_node_get_string(item) : NULL;
    gsize f = 0;

    while (f < G_N_ELEMENTS(flags) && g_strcmp0(flags[f].name, text) != 0)
      f++;
    if (f == G_N_ELEMENTS(flags))
      return fail_member(reader, "flags", "may hold \"injected\", \"notable\" and \"at-exit\"");
    event->flags |= flags[f].flag;
  }
  return TRUE;
}

static gboolean read_names(const Reader *reader, TraceEvent *event) {
  gboolean ok = TRUE;
  const char *name = read_text(reader, "call", &ok);
  const char *rule = read_text(reader, "rule", &ok);
  const char *arg = read_text(reader, "arg", &ok);
  const AbiCall *call = name ? abi_find_name(ABI_NONE, name) : NULL;

  if (!ok)
    return FALSE;
  if (!call || strcmp(call->name, name) != 0)
    return fail_member(reader, "call", name ? "is not in the table of calls" : "is missing");
  event->call = call->id;
  event->rule = rule ? (guint16)rule_find(rule) : RULE_NONE;
  if (rule && event->rule == RULE_NONE)
    return fail_member(reader, "rule", "is not in the table of rules");
  if (arg && !abi_size_parse(arg, &event->arg))
    return fail_member(reader, "arg", "must be a number in a string, such as \"0x10\"");
  return TRUE;
}

static gboolean read_event(const Reader *reader, TraceEvent *event) {
  gint64 seq, process;

  if (!read_int(reader, "seq", 0, G_MAXUINT32, &seq) || !read_int(reader, "process", 0, G_MAXUINT16, &process) ||
      !read_int(reader, "result", G_MININT64, G_MAXINT64, &event->result) ||
      !read_object(reader, "object", TRUE, &event->object) || !read_object(reader, "made", FALSE, &event->made) ||
      !read_names(reader, event) || !read_bytes(reader, "in", event->in, &event->in_len) ||
      !read_bytes(reader, "out", event->out, &event->out_len) || !read_refs(reader, event) ||
      !read_flags(reader, event))
    return FALSE;
  event->seq = (guint32)seq;
  event->process = (guint16)process;
  return TRUE;
}

/* What json-glib must not be given. */
static gboolean check_line(const char *line, gsize len, GError **error) {
  const char *end;
  gboolean quoted = FALSE;
  guint depth = 0;

  if (len > MAX_LINE)
    return fail_at(error, MAX_LINE, "the line is too long for an event");
  if (!g_utf8_validate_len(line, len, &end))
    return fail_at(error, (gsize)(end - line), "the line is not UTF-8");
  for (gsize i = 0; i < len; i++) {
    if (quoted && line[i] == '\\')
      i++;
    else if (line[i] == '"')
      quoted = !quoted;
    else if (!quoted && (line[i] == '{' || line[i] == '[') && ++depth > MAX_DEPTH)
      return fail_at(error, i, "objects and arrays are nested too deep for an event");
    else if (!quoted && (line[i] == '}' || line[i] == ']') && depth > 0)
      depth--;
  }
  return TRUE;
}

gboolean trace_event_parse_json(const char *line, gssize len, TraceEvent *event, GError **error) {
  g_autoptr(JsonParser) parser = json_parser_new_immutable();
  g_autoptr(GError) inner = NULL;
  Reader reader = {line, len < 0 ? strlen(line) : (gsize)len, NULL, error};
  JsonNode *root;
  TraceEvent parsed;

  if (!check_line(line, reader.len, error))
    return FALSE;
  if (!json_parser_load_from_data(parser, line, (gssize)reader.len, &inner))
    return fail_at(error, json_parser_get_current_pos(parser), inner->message);
  root = json_parser_get_root(parser);
  if (!root || !JSON_NODE_HOLDS_OBJECT(root))
    return fail_at(error, 0, "an event is an object: {\"seq\":1,...}");
  reader.object = json_node_get_object(root);
  memset(&parsed, 0, sizeof parsed);
  if (!read_event(&reader, &parsed))
    return FALSE;
  *event = parsed;
  return TRUE;
}
