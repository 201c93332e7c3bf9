/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The DMA engine's commands, and what memory holds before and after them. */
#include <string.h>

#include "harness/scenario/parser.h"

/* By the engine's error codes: docs/engine.md. */
static const char *const stops[] = {"",
                                    "command",
                                    "length",
                                    "no-master",
                                    [ENGINE_UNMAPPED] = "unmapped",
                                    "forbidden",
                                    "gone",
                                    [ENGINE_FROZEN] = "frozen"};

const char *scenario_engine_stop(guint code) {
  return code < G_N_ELEMENTS(stops) ? stops[code] : "an unknown error";
}

/* "[stops WHY [at ioba I]]" */
static gboolean parse_stops(Parser *parser, ScenarioStmt *stmt) {
  g_autoptr(GPtrArray) words = g_ptr_array_new();
  const Token *token;

  if (!parser_accept(parser, "stops"))
    return TRUE;
  if (!parser_word(parser, "why it stops", &token))
    return FALSE;
  for (guint i = 1; i < G_N_ELEMENTS(stops); i++) {
    g_ptr_array_add(words, (gpointer)stops[i]);
    if (strcmp(token->text, stops[i]) == 0)
      stmt->stops = i;
  }
  if (!stmt->stops)
    return parser_unknown(parser, token, "reason", words);
  if (!parser_accept(parser, "at"))
    return TRUE;
  stmt->has_stop = TRUE;
  return parser_keyword(parser, "ioba") && parser_number(parser, "I/O address", 0, G_MAXUINT64, &stmt->stop);
}

static gboolean parse_ioba(Parser *parser, guint64 *ioba) {
  return parser_keyword(parser, "ioba") && parser_number(parser, "I/O address", 0, G_MAXUINT64, ioba);
}

static gboolean parse_size(Parser *parser, ScenarioStmt *stmt) {
  return parser_keyword(parser, "size") && parser_number(parser, "size", 0, G_MAXUINT32, &stmt->size);
}

static gboolean parse_copy(Parser *parser, ScenarioStmt *stmt) {
  return parse_ioba(parser, &stmt->ioba) && parser_keyword(parser, "to") && parse_ioba(parser, &stmt->destination) &&
         parse_size(parser, stmt);
}

static gboolean parse_fill(Parser *parser, ScenarioStmt *stmt) {
  return parse_ioba(parser, &stmt->destination) && parse_size(parser, stmt) && parser_keyword(parser, "value") &&
         parser_number(parser, "value", 0, G_MAXUINT32, &stmt->value);
}

static gboolean parse_crc(Parser *parser, ScenarioStmt *stmt) {
  if (!parse_ioba(parser, &stmt->ioba) || !parse_size(parser, stmt))
    return FALSE;
  stmt->has_value = parser_accept_kind(parser, TOKEN_EQUAL);
  return !stmt->has_value || parser_number(parser, "CRC", 0, G_MAXUINT32, &stmt->value);
}

gboolean parse_engine(Parser *parser, ScenarioStmt *stmt) {
  static const struct {
    const char *word;
    ScenarioEngineCommand command;
    gboolean (*parse)(Parser *parser, ScenarioStmt *stmt);
  } commands[] = {{"copy", ENGINE_COPY, parse_copy}, {"fill", ENGINE_FILL, parse_fill}, {"crc", ENGINE_CRC, parse_crc}};
  const Token *at = parser_peek(parser), *token;
  Name *name;

  if (!parser_name(parser, NAME_DEVICE, &name))
    return FALSE;
  if (!sim_host_device(parser->scenario->host, name->device)->engine)
    return parser_fail(parser, SCENARIO_ERROR_VALUE, at,
                       "%s is no engine; its section of a host file must say model=engine", name->name);
  stmt->name = g_strdup(name->name);
  stmt->device = name->device;
  if (!parser_word(parser, "`copy`, `fill` or `crc`", &token))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS(commands); i++) {
    if (strcmp(token->text, commands[i].word) != 0)
      continue;
    stmt->command = commands[i].command;
    return commands[i].parse(parser, stmt) && parse_stops(parser, stmt);
  }
  return parser_fail(parser, SCENARIO_ERROR_SYNTAX, token, "expected `copy`, `fill` or `crc`, not `%s`", token->text);
}

/* "R size N WORD V [counting]" */
static gboolean parse_contents(Parser *parser, ScenarioStmt *stmt, const char *word) {
  const Token *size;

  if (!parser_ram_at(parser, 1, &stmt->addr) || !parser_keyword(parser, "size"))
    return FALSE;
  size = parser_peek(parser);
  if (!parser_size(parser, "size", &stmt->size))
    return FALSE;
  if (stmt->size % 4 || stmt->size > SCENARIO_MAX_CONTENTS)
    return parser_fail(parser, SCENARIO_ERROR_VALUE, size, "%s is no number of 32-bit words up to %dM", size->text,
                       SCENARIO_MAX_CONTENTS >> 20);
  parser_ram_reaches(parser, stmt->size);
  if (!parser_keyword(parser, word) || !parser_number(parser, "value", 0, G_MAXUINT32, &stmt->value))
    return FALSE;
  stmt->counting = parser_accept(parser, "counting");
  return TRUE;
}

gboolean parse_store(Parser *parser, ScenarioStmt *stmt) {
  return parser_keyword(parser, "ram") && parse_contents(parser, stmt, "value");
}

gboolean parse_holds(Parser *parser, ScenarioStmt *stmt) {
  return parse_contents(parser, stmt, "holds");
}
