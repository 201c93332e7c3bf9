/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The words that begin a statement, when each may stand, and what a statement owns. */
#include <string.h>

#include "harness/scenario/parser.h"

enum {
  MACHINE = WORD_MACHINE | WORD_RUNNING | WORD_EXPECT,
  RAW = WORD_RAW,
  HOST = WORD_FAILS | WORD_AFTER_END,
};

const WordRow word_rows[] = {
    {"host", NULL, parse_host, -1, WORD_HEADER, "host NAME, or: host FILE",
     "the simulated host: a built-in one, or a host file, relative to the scenario; keys of it may follow, indented"},
    {"guest", guest_rows, NULL, -1, 0, "guest pseries kvm|tcg; guest put-tce ...",
     "the machine; the guest's hypercalls and what it asks of its firmware"},
    {"order", NULL, parse_order, -1, WORD_HEADER, "order shipped|pre-2017", "the order of the attach steps"},
    {"subject", NULL, parse_subject, -1, WORD_HEADER, "subject builtin|qemu",
     "whom alone the scenario is about: with another it is skipped"},
    {"timeout", NULL, parse_timeout, -1, WORD_HEADER, "timeout 10s", "limit of one statement"},
    {"cold", NULL, parse_plug, STMT_COLD, WORD_HEADER | WORD_MACHINE, "cold BDF phb N as NAME",
     "a device that is there when the machine is built"},
    {"boot", NULL, parse_boot, STMT_BOOT, WORD_MACHINE | WORD_FAILS | WORD_EXPECT, "boot",
     "the machine is built, cold devices are attached, then the reset that ends every boot"},
    {"reset", NULL, parse_reset, STMT_RESET, MACHINE | WORD_FAILS, "reset",
     "a machine reset: devices, then windows back to the default, from the highest PHB down"},
    {"plug", NULL, parse_plug, STMT_PLUG, MACHINE | WORD_FAILS, "plug BDF phb N as NAME", "device hotplug"},
    {"unplug", NULL, parse_unplug, STMT_UNPLUG, MACHINE, "unplug NAME", "the device leaves at once"},
    {"plug-phb", NULL, parse_plug_phb, STMT_PLUG_PHB, MACHINE | WORD_FAILS, "plug-phb N [: liobn L window A..B page P]",
     "PHB hotplug"},
    {"unplug-phb", NULL, parse_unplug_phb, STMT_UNPLUG_PHB, MACHINE, "unplug-phb N",
     "the PHB leaves; it must be empty"},
    {"plug-ram", NULL, parse_plug_ram, STMT_PLUG_RAM, MACHINE | WORD_FAILS, "plug-ram SIZE at ADDRESS as NAME",
     "memory hotplug"},
    {"unplug-ram", NULL, parse_unplug_ram, STMT_UNPLUG_RAM, MACHINE, "unplug-ram NAME", "the memory leaves"},
    {"ddw", ddw_rows, NULL, -1, 0, "ddw create|remove|reset|query ...", "the guest's dynamic DMA windows"},
    {"engine", NULL, parse_engine, STMT_ENGINE, MACHINE,
     "engine NAME copy ioba A to ioba B size N; engine NAME fill ioba B size N value V; "
     "engine NAME crc ioba A size N [= CRC]",
     "the guest's driver has a device of model engine do that, and its interrupt arrives; `stops WHY [at ioba I]` at "
     "the "
     "end: it must not get further"},
    {"quit", NULL, parse_quit, STMT_QUIT, MACHINE, "quit", "the machine is taken down in order"},
    {"kill", NULL, parse_kill, STMT_KILL, WORD_EXPECT, "kill subject", "the process dies as by SIGKILL"},
    {"fail", NULL, parse_fail, STMT_FAIL, 0, "fail [OBJECT [ID]] CALL [FIELD VALUE]... [nth N] with ERRNO",
     "the N-th such call from here on is answered with ERRNO instead of by the kernel, once"},
    {"host-unbind", NULL, parse_host_unbind, STMT_HOST_UNBIND, HOST, "host-unbind BDF [waits]",
     "the host's administrator takes the device from its driver; waits: it is in use and leaves with its last close"},
    {"host-bind", NULL, parse_host_bind, STMT_HOST_BIND, HOST, "host-bind BDF to vfio-pci|host",
     "the host's administrator binds the device to vfio-pci, or to some driver of the host's"},
    {"host-open", NULL, parse_host_device, STMT_HOST_OPEN, HOST, "host-open BDF",
     "another program opens the device's own node, /dev/vfio/devices/vfioN"},
    {"host-close", NULL, parse_host_device, STMT_HOST_CLOSE, HOST, "host-close BDF", "it closes the node again"},
    {"assert", assert_rows, NULL, -1, 0, "assert ...", "what must hold now"},
    {"open", NULL, parse_open, STMT_RAW_OPEN, RAW, "open container|group N|kvm [readonly] as H [= RESULT]",
     "opens a node"},
    {"close", NULL, parse_close, STMT_RAW_CLOSE, RAW, "close H [= RESULT]", "closes a handle"},
    {"dup", NULL, parse_dup, STMT_RAW_DUP, RAW, "dup H as H2 [= RESULT]", "a second fd of the same open file"},
    {"buffer", NULL, parse_buffer, STMT_RAW_BUFFER, RAW, "buffer NAME SIZE [readonly] [align A]",
     "memory, aligned to the host's page or to A"},
    {"free", NULL, parse_free, STMT_RAW_FREE, RAW, "free NAME [from OFFSET size SIZE]",
     "unmaps a buffer or a part of it"},
    {"process", NULL, parse_process, STMT_RAW_PROCESS, RAW, "process N",
     "the raw statements that follow are made by process N, forked from process 0 when first named"},
    {NULL},
};

const WordRow *word_find(const WordRow *rows, const char *word) {
  for (; rows->word; rows++) {
    if (strcmp(rows->word, word) == 0)
      return rows;
  }
  return NULL;
}

void word_list(const WordRow *rows, GPtrArray *words) {
  for (; rows->word; rows++)
    g_ptr_array_add(words, (gpointer)rows->word);
}

char *scenario_describe(const char *word) {
  const WordRow *tables[] = {word_rows, host_key_rows, guest_key_rows, guest_rows, ddw_rows, assert_rows, handle_rows};
  GString *out = g_string_new(NULL);

  for (guint i = 0; i < G_N_ELEMENTS(tables); i++) {
    const WordRow *row = word_find(tables[i], word);

    if (!row)
      continue;
    g_string_append_printf(out, "%s\n    %s\n", row->usage, row->help);
    for (const WordRow *sub = row->rows; sub && sub->word; sub++)
      g_string_append_printf(out, "  %s\n    %s\n", sub->usage, sub->help);
  }
  return g_string_free(out, out->len == 0);
}

static void block_clear(gpointer data) {
  ScenarioBlock *block = data;

  g_array_unref(block->expects);
}

ScenarioStmt *scenario_stmt_new(int kind) {
  ScenarioStmt *stmt = g_new0(ScenarioStmt, 1);

  stmt->kind = kind;
  stmt->match.any_result = TRUE;
  stmt->match.args = scenario_args_new();
  stmt->blocks = g_array_new(FALSE, TRUE, sizeof(ScenarioBlock));
  g_array_set_clear_func(stmt->blocks, block_clear);
  return stmt;
}

void scenario_stmt_free(gpointer data) {
  ScenarioStmt *stmt = data;

  if (!stmt)
    return;
  g_free(stmt->text);
  g_free(stmt->name);
  g_free(stmt->as);
  scenario_expect_clear(&stmt->match);
  g_array_unref(stmt->blocks);
  g_free(stmt);
}

static gboolean check_place(Parser *parser, const WordRow *row, const Token *first) {
  const char *word = parser->line.text;
  const Scenario *scenario = parser->scenario;
  g_autofree char *head = g_strndup(word, strcspn(word, " \t"));

  if (!scenario->host && row->parse != parse_host)
    return parser_fail(parser, SCENARIO_ERROR_SYNTAX, first, "a scenario begins with its host: `host power9`");
  if (row->flags & WORD_HEADER && parser->first_line)
    return parser_fail(parser, SCENARIO_ERROR_SYNTAX, first, "`%s` belongs above line %u, where the events begin", head,
                       parser->first_line);
  if (row->flags & WORD_MACHINE && !scenario->guest)
    return parser_fail(parser, SCENARIO_ERROR_SYNTAX, first,
                       "`%s` needs a machine: the header has no line `guest pseries kvm`", head);
  if (row->flags & WORD_RAW && scenario->guest)
    return parser_fail(parser, SCENARIO_ERROR_SYNTAX, first,
                       "`%s` is a raw call: a scenario has either a guest (line %u) or raw calls", head,
                       parser->guest_line);
  if (parser->end_line && !(row->flags & WORD_AFTER_END))
    return parser_fail(parser, SCENARIO_ERROR_SYNTAX, first, "only assertions can follow %s (line %u)",
                       parser->end_word, parser->end_line);
  if (row->flags & WORD_RUNNING && !parser->boot_line)
    return parser_fail(parser, SCENARIO_ERROR_SYNTAX, first, "`%s` before `boot`: the machine does not run yet", head);
  return TRUE;
}

gboolean parser_row(Parser *parser, const WordRow *row, const Token *first) {
  GPtrArray *stmts = parser->scenario->stmts;
  ScenarioStmt *stmt;

  if (row->rows) {
    const Token *token = parser_peek(parser);
    const WordRow *sub = token->kind == TOKEN_WORD ? word_find(row->rows, token->text) : NULL;
    g_autofree char *what = g_strdup_printf("`%s`", row->usage);
    g_autoptr(GPtrArray) words = NULL;

    if (sub) {
      parser_take(parser);
      return parser_row(parser, sub, first);
    }
    words = g_ptr_array_new();
    word_list(row->rows, words);
    if (!parser_word(parser, what, &token))
      return FALSE;
    return parser_unknown(parser, token, row->word, words);
  }
  g_assert(row->parse); /* rows without one have rows of their own, which were looked into above */
  if (!check_place(parser, row, first))
    return FALSE;
  if (!(row->flags & WORD_HEADER) && row->kind >= 0 && !parser->first_line)
    parser->first_line = parser->line.number;
  if (row->kind < 0)
    return row->parse(parser, NULL) && parser_end(parser);

  if (stmts->len >= SCENARIO_MAX_STMTS)
    return parser_fail(parser, SCENARIO_ERROR_VALUE, first, "a scenario has %d statements at most", SCENARIO_MAX_STMTS);
  parser_guest_defaults(parser);
  stmt = scenario_stmt_new(row->kind);
  stmt->place = parser_place(parser, first);
  stmt->text = g_strdup(parser->line.text);
  g_ptr_array_add(stmts, stmt);
  if (row->flags & WORD_EXPECT) {
    parser->expect_stmt = stmt;
    parser->block = NULL;
  }
  return row->parse(parser, stmt) && (!(row->flags & WORD_FAILS) || parser_fails(parser, stmt)) && parser_end(parser);
}
