/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls as expectations, faults and raw statements write them: object, call, fields, result. */
#include <string.h>

#include "harness/scenario/parser.h"

/* ---- objects ---- */

static gboolean parse_serial(Parser *parser, guint64 *id) {
  return parser_number(parser, "serial", 1, G_MAXUINT32, id);
}

/* A device by its address or by the name it was plugged as; it may have gone: the calls of its unplug are its, too. */
static gboolean parse_device_id(Parser *parser, guint64 *id) {
  const Token *token = parser_peek(parser);
  Name *name = token->kind == TOKEN_WORD ? names_find(parser->names, token->text) : NULL;

  if (token->kind == TOKEN_WORD && g_ascii_isdigit(token->text[0]))
    return parser_bdf(parser, id);
  if (name && name->kind == NAME_DEVICE)
    parser_take(parser);
  else if (!parser_name(parser, NAME_DEVICE, &name))
    return FALSE;
  *id = name->device;
  return TRUE;
}

static gboolean parse_object_id(Parser *parser, AbiKind kind, guint64 *id) {
  guint group;

  switch (kind) {
  case ABI_GROUP:
    if (!parser_group(parser, &group))
      return FALSE;
    *id = group;
    return TRUE;
  case ABI_DEVICE:
    return parse_device_id(parser, id);
  case ABI_TABLE:
    return parser_liobn(parser, id);
  default:
    return parse_serial(parser, id);
  }
}

/* "OBJECT [ID]", if that is what stands here. */
static gboolean parse_object(Parser *parser, ScenarioExpect *expect) {
  const Token *token = parser_peek(parser);
  AbiKind kind = token->kind == TOKEN_WORD ? abi_kind_from_name(token->text) : ABI_NONE;
  const Name *name;

  if (kind == ABI_NONE)
    return TRUE;
  parser_take(parser);
  expect->object.kind = kind;
  token = parser_peek(parser);
  name = kind == ABI_DEVICE && token->kind == TOKEN_WORD ? names_find(parser->names, token->text) : NULL;
  if (token->kind != TOKEN_WORD || (!g_ascii_isdigit(token->text[0]) && !name))
    return TRUE;
  expect->has_id = TRUE;
  return parse_object_id(parser, kind, &expect->object.id);
}

/* ---- calls ---- */

gboolean parser_call(Parser *parser, AbiKind kind, AbiCallId *id) {
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  const AbiCall *call, *other;
  const Token *token;

  if (!parser_word(parser, "a call such as SET_CONTAINER", &token))
    return FALSE;
  call = abi_find_name(kind, token->text);
  if (call) {
    *id = call->id;
    return TRUE;
  }
  other = abi_find_name(ABI_NONE, token->text);
  if (other)
    return parser_fail(parser, SCENARIO_ERROR_NAME, token, "%s is a call on a %s, not on a %s", other->name,
                       abi_kind_name(other->kind), abi_kind_name(kind));
  for (int i = ABI_CALL_NONE + 1; i < ABI_N_CALLS; i++) {
    call = abi_call(i);
    if (kind == ABI_NONE || call->kind == ABI_NONE || call->kind == kind)
      g_ptr_array_add(names, (gpointer)call->name);
  }
  if (!scenario_nearest(token->text, names)) {
    for (int i = ABI_CALL_NONE + 1; i < ABI_N_CALLS; i++)
      g_ptr_array_add(names, (gpointer)abi_call(i)->name);
  }
  return parser_unknown(parser, token, "call", names);
}

/* ---- fields ---- */

/* What kind of object an fd field names: its name says it. */
static AbiKind field_object(const AbiField *field) {
  return strcmp(field->name, "liobn") == 0 ? ABI_TABLE : abi_kind_from_name(field->name);
}

static gboolean fits(const AbiField *field, gboolean negative, guint64 magnitude) {
  guint bits = field->size * 8;

  if (negative)
    return magnitude <= G_GUINT64_CONSTANT(1) << (bits - 1);
  return bits == 64 || magnitude >> bits == 0;
}

static gboolean parse_field_number(Parser *parser, ScenarioArg *arg) {
  const AbiField *field = arg->field;
  gboolean negative;
  const Token *token;
  const char *text;
  guint64 value;

  if (!parser_word(parser, "a value", &token))
    return FALSE;
  text = token->text;
  negative = text[0] == '-';
  text += negative;
  if (!g_ascii_isdigit(text[0]) || !abi_size_parse(text, &value))
    return parser_fail(parser, SCENARIO_ERROR_SYNTAX, token, "`%s` is no value of %s: write 12, 0x1000, 64K or 2^40",
                       token->text, field->name);
  if (!fits(field, negative, value))
    return parser_fail(parser, SCENARIO_ERROR_VALUE, token, "%s does not fit %s, which has %u byte%s", token->text,
                       field->name, field->size, field->size == 1 ? "" : "s");
  arg->kind = ARG_NUMBER;
  arg->value = negative ? 0 - value : value;
  if (field->size < 8)
    arg->value &= (G_GUINT64_CONSTANT(1) << field->size * 8) - 1;
  return TRUE;
}

static gboolean parse_text(Parser *parser, ScenarioArg *arg) {
  const Token *token = parser_peek(parser);

  if (token->kind == TOKEN_TEXT)
    parser_take(parser);
  else if (!parser_word(parser, "a text", &token))
    return FALSE;
  if (strlen(token->text) >= TRACE_PAYLOAD)
    return parser_fail(parser, SCENARIO_ERROR_VALUE, token, "the text is too long: at most %d bytes",
                       TRACE_PAYLOAD - 1);
  arg->kind = ARG_TEXT;
  arg->name = g_strdup(token->text);
  return TRUE;
}

static gboolean parse_raw_fd(Parser *parser, ScenarioArg *arg) {
  const Token *token = parser_peek(parser);
  Name *name;

  if (token->kind == TOKEN_WORD && (g_ascii_isdigit(token->text[0]) || token->text[0] == '-'))
    return parse_field_number(parser, arg);
  if (parser_accept(parser, "stdin")) {
    arg->kind = ARG_STDIN;
    return TRUE;
  }
  if (!parser_name(parser, NAME_HANDLE, &name))
    return FALSE;
  arg->kind = ARG_HANDLE;
  arg->name = g_strdup(name->name);
  return TRUE;
}

static gboolean parse_fd(Parser *parser, ScenarioArg *arg, gboolean raw) {
  AbiKind kind = field_object(arg->field);

  if (parser_accept(parser, "none")) {
    arg->kind = ARG_NUMBER;
    arg->value = G_MAXUINT32;
    return TRUE;
  }
  if (raw)
    return parse_raw_fd(parser, arg);
  if (kind == ABI_NONE)
    return parse_field_number(parser, arg);
  arg->kind = ARG_OBJECT;
  arg->object.kind = kind;
  return parse_object_id(parser, kind, &arg->object.id);
}

/* NAME, NAME+OFFSET, bad-address, bad-address+OFFSET: only of fields that can hold an address. */
static gboolean parse_raw_address(Parser *parser, ScenarioArg *arg) {
  const Token *token = parser_take(parser);
  g_auto(GStrv) parts = g_strsplit(token->text, "+", 2);
  const Name *name;

  if (parts[1] && (!g_ascii_isdigit(parts[1][0]) || !abi_size_parse(parts[1], &arg->value)))
    return parser_fail(parser, SCENARIO_ERROR_SYNTAX, token, "`%s` is no offset: write %s+0x1000", parts[1], parts[0]);
  if (arg->field->size != 8)
    return parser_fail(parser, SCENARIO_ERROR_VALUE, token, "%s has %u bytes: no address fits", arg->field->name,
                       arg->field->size);
  if (strcmp(parts[0], "bad-address") == 0) {
    arg->kind = ARG_BAD_ADDRESS;
    return TRUE;
  }
  name = names_find(parser->names, parts[0]);
  if (!name || name->kind != NAME_BUFFER)
    return parser_fail(parser, SCENARIO_ERROR_NAME, token, "%s is neither a value nor a buffer defined before",
                       parts[0]);
  if (!(name->processes & 1u << parser->process))
    return parser_fail(parser, SCENARIO_ERROR_NAME, token,
                       "process %u has no buffer %s: it was made in another process", parser->process, parts[0]);
  arg->kind = ARG_BUFFER;
  arg->name = g_strdup(parts[0]);
  return TRUE;
}

static gboolean parse_field_value(Parser *parser, ScenarioArg *arg, gboolean raw) {
  const Token *at = parser_peek(parser);

  if (arg->field->format == ABI_STR)
    return parse_text(parser, arg);
  if (arg->field->format == ABI_FD)
    return parse_fd(parser, arg, raw);
  if (raw && at->kind == TOKEN_WORD && g_ascii_isalpha(at->text[0]))
    return parse_raw_address(parser, arg);
  if (!raw && parser->scenario->guest && strcmp(arg->field->name, "liobn") == 0) {
    arg->kind = ARG_NUMBER;
    return parser_liobn(parser, &arg->value);
  }
  return parse_field_number(parser, arg);
}

static void arg_clear(gpointer data) {
  ScenarioArg *arg = data;

  g_free(arg->name);
}

GArray *scenario_args_new(void) {
  GArray *args = g_array_new(FALSE, TRUE, sizeof(ScenarioArg));

  g_array_set_clear_func(args, arg_clear);
  return args;
}

gboolean parser_field(Parser *parser, ScenarioExpect *expect, gboolean raw, gboolean after) {
  const AbiCall *call = abi_call(expect->call);
  ScenarioArg arg = {.after = after};
  const Token *token;

  if (!parser_word(parser, "the name of a field", &token))
    return FALSE;
  arg.field = abi_field(call, token->text);
  if (!arg.field) {
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    g_autofree char *what = g_strdup_printf("field of %s:", call->name);

    for (guint i = 0; i < call->n_fields; i++)
      g_ptr_array_add(names, (gpointer)call->fields[i].name);
    if (call->n_fields == 0)
      return parser_fail(parser, SCENARIO_ERROR_NAME, token, "%s has no fields, but `%s` follows it", call->name,
                         token->text);
    return parser_unknown(parser, token, what, names);
  }
  for (guint i = 0; i < expect->args->len; i++) {
    const ScenarioArg *other = &g_array_index(expect->args, ScenarioArg, i);

    if (other->field == arg.field && other->after == after)
      return parser_fail(parser, SCENARIO_ERROR_SYNTAX, token, "%s is given twice", token->text);
  }
  if (!parse_field_value(parser, &arg, raw)) {
    arg_clear(&arg);
    return FALSE;
  }
  g_array_append_val(expect->args, arg);
  return TRUE;
}

/* ---- results ---- */

static gboolean parse_error_result(Parser *parser, ScenarioExpect *expect) {
  int error;

  if (!parser_errno(parser, &error))
    return FALSE;
  expect->result = -error;
  return TRUE;
}

static gboolean parse_hcall_result(Parser *parser, ScenarioExpect *expect) {
  const Token *token = parser_peek(parser);

  if (token->kind == TOKEN_WORD && g_ascii_isalpha(token->text[0])) {
    g_autoptr(GPtrArray) names = g_ptr_array_new();

    parser_take(parser);
    if (abi_hcall_from_name(token->text, &expect->result))
      return TRUE;
    for (guint i = 0; abi_hcall_nth(i); i++)
      g_ptr_array_add(names, (gpointer)abi_hcall_nth(i));
    return parser_unknown(parser, token, "hypercall result", names);
  }
  if (token->kind == TOKEN_WORD && token->text[0] == '-' && g_ascii_isdigit(token->text[1])) {
    char *end;

    parser_take(parser);
    expect->result = g_ascii_strtoll(token->text, &end, 10);
    if (!*end && expect->result >= -1000)
      return TRUE;
    return parser_fail(parser, SCENARIO_ERROR_VALUE, token, "%s is no hypercall result: write H_PARAMETER",
                       token->text);
  }
  if (!parser_number(parser, "hypercall result", 0, 10000, (guint64 *)&expect->result))
    return FALSE;
  return TRUE;
}

gboolean parser_result(Parser *parser, ScenarioExpect *expect) {
  /* sizes of read, write and mmap are longer than an int; an ioctl's answer is one */
  gboolean is_long = expect->call == ABI_READ || expect->call == ABI_WRITE || expect->call == ABI_MMAP;
  const Token *token = parser_peek(parser);
  guint64 value;

  expect->any_result = FALSE;
  if (expect->call != ABI_CALL_NONE && abi_call(expect->call)->kind == ABI_GUEST) /* dup is none of the table's */
    return parse_hcall_result(parser, expect);
  if (parser_accept(parser, "fd")) {
    expect->result_fd = TRUE;
    return TRUE;
  }
  if (parser_accept(parser, "-1")) {
    if (parser_peek(parser)->kind == TOKEN_END)
      return parser_fail(parser, SCENARIO_ERROR_SYNTAX, parser_peek(parser), "say which error: `= -1 EBUSY`");
    return parse_error_result(parser, expect);
  }
  if (token->kind == TOKEN_WORD && token->text[0] == '-')
    return parser_fail(parser, SCENARIO_ERROR_SYNTAX, token, "an error is written by its name: `= -1 EBUSY`");
  if (token->kind == TOKEN_WORD && g_ascii_isalpha(token->text[0]))
    return parse_error_result(parser, expect);
  if (!parser_number(parser, "result", 0, is_long ? G_MAXINT64 : G_MAXINT32, &value))
    return FALSE;
  expect->result = value;
  return TRUE;
}

/* ---- lines ---- */

void scenario_expect_clear(ScenarioExpect *expect) {
  g_clear_pointer(&expect->args, g_array_unref);
}

gboolean parser_match(Parser *parser, ScenarioExpect *expect, const char *const *stops) {
  expect->place = parser_place(parser, parser_peek(parser));
  expect->any_result = TRUE;
  if (!parse_object(parser, expect) || !parser_call(parser, expect->object.kind, &expect->call))
    return FALSE;
  for (;;) {
    const Token *token = parser_peek(parser);

    if (token->kind == TOKEN_END || token->kind == TOKEN_EQUAL ||
        (stops && token->kind == TOKEN_WORD && g_strv_contains(stops, token->text)))
      return TRUE;
    if (!parser_field(parser, expect, FALSE, FALSE))
      return FALSE;
  }
}

static gboolean read_expect(Parser *parser, ScenarioExpect *expect) {
  if (parser_accept(parser, "...")) {
    expect->kind = EXPECT_SKIP;
    return parser_end(parser);
  }
  expect->kind = parser_accept(parser, "never") ? EXPECT_NEVER : EXPECT_CALL;
  if (!parser_match(parser, expect, NULL))
    return FALSE;
  if (parser_accept_kind(parser, TOKEN_EQUAL)) {
    if (!parser_result(parser, expect))
      return FALSE;
    /* what the kernel left is a field like any other to an expectation: it may stand behind the result as traces have
     * it */
    while (parser_peek(parser)->kind == TOKEN_WORD) {
      if (!parser_field(parser, expect, FALSE, FALSE))
        return FALSE;
    }
  }
  return parser_end(parser);
}

/* ---- blocks ---- */

static const char *const subject_names[] = {
    [SCENARIO_BUILTIN] = "builtin", [SCENARIO_QEMU] = "qemu", [SCENARIO_ANY_SUBJECT] = "any"};

const char *scenario_subject_name(ScenarioSubject subject) {
  return subject_names[subject];
}

gboolean scenario_subject_from_name(const char *name, ScenarioSubject *subject) {
  for (guint i = 0; i < SCENARIO_ANY_SUBJECT; i++)
    if (strcmp(subject_names[i], name) == 0) {
      *subject = (ScenarioSubject)i;
      return TRUE;
    }
  return FALSE;
}

gboolean parser_subject(Parser *parser, ScenarioSubject *subject) {
  const Token *token;

  if (!parser_word(parser, "`builtin` or `qemu`", &token))
    return FALSE;
  return scenario_subject_from_name(token->text, subject) ||
         parser_fail(parser, SCENARIO_ERROR_SYNTAX, token, "expected `builtin` or `qemu`, not `%s`", token->text);
}

gboolean parser_expect_block(Parser *parser) {
  GArray *blocks = parser->expect_stmt->blocks;
  const Token *first = parser_peek(parser);
  ScenarioBlock block = {.subject = SCENARIO_ANY_SUBJECT, .place = parser_place(parser, first)};

  if (!parser_keyword(parser, "expect") ||
      (parser_peek(parser)->kind != TOKEN_END && !parser_subject(parser, &block.subject)))
    return FALSE;
  for (guint i = 0; i < blocks->len; i++) {
    const ScenarioBlock *other = &g_array_index(blocks, ScenarioBlock, i);

    if (other->subject == block.subject)
      return parser_fail(parser, SCENARIO_ERROR_SYNTAX, first, "the event has such a block already, on line %u",
                         other->place.line);
  }
  block.expects = g_array_new(FALSE, TRUE, sizeof(ScenarioExpect));
  g_array_set_clear_func(block.expects, (GDestroyNotify)scenario_expect_clear);
  g_array_append_val(blocks, block);
  parser->block = &g_array_index(blocks, ScenarioBlock, blocks->len - 1);
  return parser_end(parser);
}

gboolean parser_end_block(Parser *parser) {
  const ScenarioBlock *block = parser->block;

  parser->block = NULL;
  if (block && block->expects->len == 0)
    return parser_fail_at(parser, SCENARIO_ERROR_SYNTAX, block->place,
                          "`expect` without a call: the calls stand below it, indented further");
  return TRUE;
}

gboolean parser_expect_line(Parser *parser) {
  GArray *expects = parser->block->expects;
  ScenarioExpect expect = {
      .args = scenario_args_new(), .place = parser_place(parser, parser_peek(parser)), .any_result = TRUE};

  if (!read_expect(parser, &expect)) {
    scenario_expect_clear(&expect);
    return FALSE;
  }
  if (expect.kind == EXPECT_SKIP && expects->len > 0 &&
      g_array_index(expects, ScenarioExpect, expects->len - 1).kind == EXPECT_SKIP) {
    scenario_expect_clear(&expect);
    return parser_fail_at(parser, SCENARIO_ERROR_SYNTAX, expect.place, "`...` after `...` says nothing more");
  }
  g_array_append_val(expects, expect);
  return TRUE;
}
