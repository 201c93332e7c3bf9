/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the host's administrator does while the subject runs. */
#include "harness/scenario/parser.h"

gboolean parse_host_device(Parser *parser, ScenarioStmt *stmt) {
  return parser_bdf(parser, &stmt->device);
}

gboolean parse_host_unbind(Parser *parser, ScenarioStmt *stmt) {
  if (!parser_bdf(parser, &stmt->device))
    return FALSE;
  stmt->waits = parser_accept(parser, "waits");
  return TRUE;
}

static gboolean parse_driver(Parser *parser, gboolean none_ok, ScenarioDriver *driver) {
  *driver = parser_accept(parser, "vfio-pci")          ? SCENARIO_DRIVER_VFIO
            : parser_accept(parser, "host")            ? SCENARIO_DRIVER_HOST
            : none_ok && parser_accept(parser, "none") ? SCENARIO_DRIVER_NONE
                                                       : SCENARIO_N_DRIVERS;
  if (*driver != SCENARIO_N_DRIVERS)
    return TRUE;
  return parser_fail(parser, SCENARIO_ERROR_SYNTAX, parser_peek(parser),
                     "expected a driver: `vfio-pci`, `host` for any of the host's%s", none_ok ? ", or `none`" : "");
}

gboolean parse_host_bind(Parser *parser, ScenarioStmt *stmt) {
  return parser_bdf(parser, &stmt->device) && parser_keyword(parser, "to") &&
         parse_driver(parser, FALSE, &stmt->driver);
}

gboolean parse_assert_driver(Parser *parser, ScenarioStmt *stmt) {
  return parser_bdf(parser, &stmt->device) && parse_driver(parser, TRUE, &stmt->driver);
}
