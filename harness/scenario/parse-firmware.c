/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the guest asks of its firmware: config space of its devices, how many windows are left. */
#include "harness/scenario/parser.h"

enum { CONFIG_SPACE = 4096 };

/* "NAME offset O size N" */
static gboolean config_place(Parser *parser, ScenarioStmt *stmt) {
  const Token *at;
  Name *name;

  if (!parser_name(parser, NAME_DEVICE, &name) || !parser_keyword(parser, "offset"))
    return FALSE;
  stmt->name = g_strdup(name->name);
  stmt->device = name->device;
  at = parser_peek(parser);
  if (!parser_number(parser, "offset", 0, CONFIG_SPACE - 1, &stmt->offset) || !parser_keyword(parser, "size"))
    return FALSE;
  if (!parser_number(parser, "size", 1, 4, &stmt->size))
    return FALSE;
  if (stmt->size == 3 || stmt->offset % stmt->size)
    return parser_fail(parser, SCENARIO_ERROR_VALUE, at,
                       "config space is read and written by 1, 2 or 4 bytes, at a multiple of that");
  return TRUE;
}

static guint64 largest(const ScenarioStmt *stmt) {
  return G_MAXUINT32 >> (32 - 8 * stmt->size);
}

gboolean parse_read_config(Parser *parser, ScenarioStmt *stmt) {
  if (!config_place(parser, stmt))
    return FALSE;
  stmt->has_value = parser_accept_kind(parser, TOKEN_EQUAL);
  return !stmt->has_value || parser_number(parser, "value", 0, largest(stmt), &stmt->value);
}

gboolean parse_write_config(Parser *parser, ScenarioStmt *stmt) {
  return config_place(parser, stmt) && parser_keyword(parser, "value") &&
         parser_number(parser, "value", 0, largest(stmt), &stmt->value);
}

gboolean parse_ddw_query(Parser *parser, ScenarioStmt *stmt) {
  if (!parser_phb(parser, &stmt->phb))
    return FALSE;
  stmt->has_value = parser_accept_kind(parser, TOKEN_EQUAL);
  return !stmt->has_value || parser_number(parser, "windows", 0, G_MAXUINT32, &stmt->value);
}
