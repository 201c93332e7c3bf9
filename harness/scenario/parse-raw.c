/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Raw calls: one system call a line. */
#include <string.h>

#include "harness/scenario/parser.h"

/* Unless the line says otherwise, a raw call must succeed. */
static void set_call(ScenarioStmt *stmt, AbiCallId call, AbiKind kind) {
  stmt->match.call = call;
  stmt->match.object.kind = kind;
  stmt->match.any_result = FALSE;
  stmt->match.result_fd = TRUE;
}

static gboolean raw_result(Parser *parser, ScenarioStmt *stmt) {
  if (!parser_accept_kind(parser, TOKEN_EQUAL))
    return TRUE;
  stmt->has_result = TRUE;
  stmt->match.result_fd = FALSE;
  if (parser_accept(parser, "any")) {
    stmt->match.any_result = TRUE;
    return parser_end(parser);
  }
  return parser_result(parser, &stmt->match);
}

static gboolean must_fail(const ScenarioStmt *stmt) {
  return !stmt->match.any_result && !stmt->match.result_fd && stmt->match.result < 0;
}

/* A call that must fail makes no handle: its name stays free, and is kept only to say so. */
static void define_handle(Parser *parser, ScenarioStmt *stmt, AbiKind kind) {
  Name *name;

  if (!stmt->as)
    return;
  name = names_add(parser->names, NAME_HANDLE, stmt->as, parser->line.number);
  if (must_fail(stmt)) {
    name_end(name, parser->line.number, "is made by a call that must fail,");
    return;
  }
  name->object = kind;
  name->processes = 1u << parser->process;
}

/* The handle that the line began with is what the call is made on. */
static void on_handle(Parser *parser, ScenarioStmt *stmt, AbiCallId call) {
  stmt->name = g_strdup(parser->handle->name);
  set_call(stmt, call, parser->handle->object);
}

static gboolean parse_as(Parser *parser, ScenarioStmt *stmt) {
  const Token *token;

  if (!parser_as(parser, &token))
    return FALSE;
  stmt->as = g_strdup(token->text);
  return TRUE;
}

/* ---- files ---- */

gboolean parse_open(Parser *parser, ScenarioStmt *stmt) {
  const Token *token;
  AbiKind kind;

  if (!parser_word(parser, "`container`, `group N` or `kvm`", &token))
    return FALSE;
  kind = abi_kind_from_name(token->text);
  if (kind != ABI_CONTAINER && kind != ABI_GROUP && kind != ABI_KVM)
    return parser_fail(parser, SCENARIO_ERROR_SYNTAX, token, "expected `container`, `group N` or `kvm`, not `%s`",
                       token->text);
  set_call(stmt, ABI_OPEN, kind);
  if (kind == ABI_GROUP) {
    /* opening what the host does not have is a test like any other */
    if (!parser_number(parser, "group", 0, G_MAXINT32, &stmt->match.object.id))
      return FALSE;
    stmt->match.has_id = TRUE;
    stmt->group = stmt->match.object.id;
  }
  stmt->readonly = parser_accept(parser, "readonly");
  if (!parse_as(parser, stmt) || !raw_result(parser, stmt))
    return FALSE;
  define_handle(parser, stmt, kind);
  return TRUE;
}

static void leave_process(Parser *parser, Name *name, const char *how) {
  name->processes &= ~(1u << parser->process);
  if (!name->processes)
    name_end(name, parser->line.number, how);
}

gboolean parse_close(Parser *parser, ScenarioStmt *stmt) {
  Name *name;

  if (!parser_name(parser, NAME_HANDLE, &name))
    return FALSE;
  stmt->name = g_strdup(name->name);
  set_call(stmt, ABI_CLOSE, name->object);
  leave_process(parser, name, "was closed");
  return raw_result(parser, stmt);
}

gboolean parse_dup(Parser *parser, ScenarioStmt *stmt) {
  Name *name;

  if (!parser_name(parser, NAME_HANDLE, &name) || !parse_as(parser, stmt))
    return FALSE;
  stmt->name = g_strdup(name->name);
  set_call(stmt, ABI_CALL_NONE, name->object);
  if (!raw_result(parser, stmt))
    return FALSE;
  define_handle(parser, stmt, name->object);
  return TRUE;
}

/* ---- memory, processes ---- */

gboolean parse_buffer(Parser *parser, ScenarioStmt *stmt) {
  const Token *token, *at;
  Name *name;

  if (!parser_new_name(parser, &token) || !parser_number(parser, "size", 1, G_GUINT64_CONSTANT(1) << 40, &stmt->size))
    return FALSE;
  stmt->name = g_strdup(token->text);
  stmt->readonly = parser_accept(parser, "readonly");
  if (parser_accept(parser, "align")) {
    at = parser_peek(parser);
    if (!parser_number(parser, "alignment", 4096, 1 << 30, &stmt->align))
      return FALSE;
    if (stmt->align & (stmt->align - 1))
      return parser_fail(parser, SCENARIO_ERROR_VALUE, at, "an alignment is a power of two; %s is none", at->text);
  }
  name = names_add(parser->names, NAME_BUFFER, token->text, parser->line.number);
  name->size = stmt->size;
  name->processes = 1u << parser->process;
  return TRUE;
}

gboolean parse_free(Parser *parser, ScenarioStmt *stmt) {
  const Token *at;
  Name *name;

  if (!parser_name(parser, NAME_BUFFER, &name))
    return FALSE;
  stmt->name = g_strdup(name->name);
  stmt->size = name->size;
  if (!parser_accept(parser, "from")) {
    leave_process(parser, name, "was freed");
    return TRUE;
  }
  at = parser_peek(parser);
  if (!parser_number(parser, "offset", 0, name->size - 1, &stmt->offset) || !parser_keyword(parser, "size") ||
      !parser_number(parser, "size", 1, name->size - stmt->offset, &stmt->size))
    return FALSE;
  if (stmt->offset % 4096)
    return parser_fail(parser, SCENARIO_ERROR_VALUE, at, "memory is unmapped by pages: %s is no multiple of 4K",
                       at->text);
  return TRUE;
}

gboolean parse_process(Parser *parser, ScenarioStmt *stmt) {
  if (!parser_number(parser, "process", 0, SCENARIO_MAX_PROCESSES - 1, &stmt->value))
    return FALSE;
  parser->process = stmt->value;
  parser->scenario->n_processes = MAX(parser->scenario->n_processes, parser->process + 1);
  if (parser->forked & 1u << parser->process)
    return TRUE;
  /* a child has what the first process has at that moment */
  parser->forked |= 1u << parser->process;
  for (guint i = 0; i < names_len(parser->names); i++) {
    Name *name = names_get(parser->names, i);

    if (name->processes & 1u)
      name->processes |= 1u << parser->process;
  }
  return TRUE;
}

/* ---- calls on a handle ---- */

static gboolean parse_read(Parser *parser, ScenarioStmt *stmt) {
  on_handle(parser, stmt, ABI_READ);
  if (!parser_keyword(parser, "offset") || !parser_number(parser, "offset", 0, G_MAXUINT64, &stmt->offset) ||
      !parser_keyword(parser, "size") || !parser_number(parser, "size", 0, 1 << 20, &stmt->size) ||
      !raw_result(parser, stmt))
    return FALSE;
  if (parser_accept(parser, "value")) {
    stmt->has_value = TRUE;
    return parser_number(parser, "value", 0, G_MAXUINT64, &stmt->value);
  }
  return TRUE;
}

static gboolean parse_write(Parser *parser, ScenarioStmt *stmt) {
  const Token *at;

  on_handle(parser, stmt, ABI_WRITE);
  if (!parser_keyword(parser, "offset") || !parser_number(parser, "offset", 0, G_MAXUINT64, &stmt->offset) ||
      !parser_keyword(parser, "size") || !parser_number(parser, "size", 0, 8, &stmt->size) ||
      !parser_keyword(parser, "value"))
    return FALSE;
  at = parser_peek(parser);
  if (!parser_number(parser, "value", 0, G_MAXUINT64, &stmt->value))
    return FALSE;
  if (stmt->size < 8 && stmt->value >> stmt->size * 8)
    return parser_fail(parser, SCENARIO_ERROR_VALUE, at, "%s does not fit %u bytes", at->text, (guint)stmt->size);
  stmt->has_value = TRUE;
  return raw_result(parser, stmt);
}

static gboolean parse_mmap(Parser *parser, ScenarioStmt *stmt) {
  on_handle(parser, stmt, ABI_MMAP);
  if (!parser_keyword(parser, "size") || !parser_size(parser, "size", &stmt->size))
    return FALSE;
  if (parser_accept(parser, "offset") && !parser_number(parser, "offset", 0, G_MAXUINT64, &stmt->offset))
    return FALSE;
  stmt->readonly = parser_accept(parser, "readonly");
  return raw_result(parser, stmt);
}

enum { HANDLE_FLAGS = WORD_RAW };

static gboolean parse_ioctl(Parser *parser, ScenarioStmt *stmt) {
  ScenarioArg number = {.kind = ARG_NUMBER, .field = abi_field(abi_call(ABI_UNKNOWN), "number")};

  on_handle(parser, stmt, ABI_UNKNOWN);
  if (!parser_number(parser, "ioctl number", 0, G_MAXUINT32, &number.value))
    return FALSE;
  g_array_append_val(stmt->match.args, number);
  return raw_result(parser, stmt);
}

const WordRow handle_rows[] = {
    {"ioctl", NULL, parse_ioctl, STMT_RAW_CALL, HANDLE_FLAGS, "H ioctl NUMBER [= RESULT]",
     "an ioctl by its number, its argument a zeroed buffer: for numbers that the handle's kind does not know"},
    {"read", NULL, parse_read, STMT_RAW_READ, HANDLE_FLAGS, "H read offset O size N [= RESULT [value V]]",
     "pread(); value: what its bytes, up to 8, must be, little-endian"},
    {"write", NULL, parse_write, STMT_RAW_WRITE, HANDLE_FLAGS, "H write offset O size N value V [= RESULT]",
     "pwrite() of the N low bytes of V"},
    {"mmap", NULL, parse_mmap, STMT_RAW_MMAP, HANDLE_FLAGS, "H mmap size N [offset O] [readonly] [= RESULT]",
     "mmap(), shared; 0 is success"},
    {NULL},
};

/* Fields, "at bad-pointer", "as H2", up to "=". */
static gboolean call_arguments(Parser *parser, ScenarioStmt *stmt) {
  const AbiCall *call = abi_call(stmt->match.call);

  for (;;) {
    const Token *token = parser_peek(parser);

    if (token->kind == TOKEN_END || token->kind == TOKEN_EQUAL)
      return TRUE;
    if (parser_accept(parser, "at")) {
      if (!parser_keyword(parser, "bad-pointer"))
        return FALSE;
      if (call->arg != ABI_ARG_STRUCT && call->arg != ABI_ARG_STRING)
        return parser_fail(parser, SCENARIO_ERROR_VALUE, token, "%s takes no pointer", call->name);
      stmt->bad_pointer = TRUE;
    } else if (token->kind == TOKEN_WORD && strcmp(token->text, "as") == 0) {
      if (call->returns == ABI_NONE)
        return parser_fail(parser, SCENARIO_ERROR_VALUE, token, "%s makes no handle", call->name);
      if (stmt->as)
        return parser_fail(parser, SCENARIO_ERROR_SYNTAX, token, "`as` is given twice");
      if (!parse_as(parser, stmt))
        return FALSE;
    } else if (!parser_field(parser, &stmt->match, TRUE, FALSE)) {
      return FALSE;
    }
  }
}

static gboolean parse_call(Parser *parser, ScenarioStmt *stmt) {
  on_handle(parser, stmt, ABI_CALL_NONE);
  if (!parser_call(parser, stmt->match.object.kind, &stmt->match.call))
    return FALSE;
  if (stmt->match.call == ABI_OPEN || stmt->match.call == ABI_CLOSE || stmt->match.call == ABI_UNKNOWN ||
      stmt->match.call == ABI_READ || stmt->match.call == ABI_WRITE || stmt->match.call == ABI_MMAP)
    return parser_fail(parser, SCENARIO_ERROR_SYNTAX, &g_array_index(parser->line.tokens, Token, parser->next - 1),
                       "%s is no ioctl: write `open`, `close H`, `H read`, `H write` or `H mmap`",
                       abi_call(stmt->match.call)->name);
  if (!call_arguments(parser, stmt) || !raw_result(parser, stmt))
    return FALSE;
  while (stmt->has_result && parser_peek(parser)->kind == TOKEN_WORD) {
    if (!parser_field(parser, &stmt->match, TRUE, TRUE))
      return FALSE;
  }
  define_handle(parser, stmt, abi_call(stmt->match.call)->returns);
  return TRUE;
}

static const WordRow call_row = {"CALL",
                                 NULL,
                                 parse_call,
                                 STMT_RAW_CALL,
                                 HANDLE_FLAGS,
                                 "H CALL [FIELD VALUE]... [at bad-pointer] [as H2] [= RESULT [FIELD VALUE]...]",
                                 "an ioctl; fields not given are 0, argsz is the struct's size"};

gboolean parser_handle_line(Parser *parser) {
  const Token *first = parser_peek(parser);
  const WordRow *row;

  if (!parser_name(parser, NAME_HANDLE, &parser->handle))
    return FALSE;
  row = word_find(handle_rows, parser_peek(parser)->text);
  if (row)
    parser_take(parser);
  return parser_row(parser, row ? row : &call_row, first);
}
