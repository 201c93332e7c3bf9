/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Events: what happens to the machine, what its guest does, faults. */
#include <string.h>

#include "harness/scenario/parser.h"

static void end_machine(Parser *parser, const char *word) {
  parser->end_line = parser->line.number;
  parser->end_word = word;
}

static void end_windows(Parser *parser, gboolean all, guint phb, NameState state, const char *gone) {
  for (guint i = 0; i < names_len(parser->names); i++) {
    Name *name = names_get(parser->names, i);

    if (name->kind != NAME_WINDOW || name->state == NAME_GONE || (!all && name->phb != phb))
      continue;
    if (state == NAME_GONE)
      name_end(name, parser->line.number, gone);
    else
      name->state = state;
  }
}

/* ---- the machine ---- */

gboolean parse_boot(Parser *parser, ScenarioStmt *stmt) {
  if (parser->boot_line)
    return parser_fail(parser, SCENARIO_ERROR_SYNTAX, NULL,
                       "the machine runs already, since `boot` on line %u; `reset` resets it", parser->boot_line);
  parser->boot_line = parser->line.number;
  if (parser_will_fail(parser))
    end_machine(parser, "a `boot` that fails");
  return TRUE;
}

gboolean parse_reset(Parser *parser, ScenarioStmt *stmt) {
  end_windows(parser, TRUE, 0, NAME_GONE, "went with the reset");
  return TRUE;
}

gboolean parse_quit(Parser *parser, ScenarioStmt *stmt) {
  end_machine(parser, "`quit`");
  return TRUE;
}

gboolean parse_kill(Parser *parser, ScenarioStmt *stmt) {
  if (parser->scenario->guest && !parser->boot_line)
    return parser_fail(parser, SCENARIO_ERROR_SYNTAX, NULL, "`kill subject` before `boot`: nothing runs yet");
  end_machine(parser, "`kill subject`");
  return parser_keyword(parser, "subject");
}

gboolean parse_plug(Parser *parser, ScenarioStmt *stmt) {
  gboolean fails = parser_will_fail(parser);
  const Token *address = parser_peek(parser), *token;
  Name *name;

  if (!parser_bdf(parser, &stmt->device))
    return FALSE;
  for (guint i = 0; !fails && i < names_len(parser->names); i++) {
    name = names_get(parser->names, i);
    if (name->kind == NAME_DEVICE && name->state == NAME_ALIVE && name->device == stmt->device)
      return parser_fail(parser, SCENARIO_ERROR_VALUE, address,
                         "device %s is in the machine already: %s, since line %u", address->text, name->name,
                         name->line);
  }
  if (!parser_phb(parser, &stmt->phb) || !parser_as(parser, &token))
    return FALSE;
  stmt->name = g_strdup(token->text);
  if (fails)
    return TRUE;
  name = names_add(parser->names, NAME_DEVICE, token->text, parser->line.number);
  name->device = stmt->device;
  name->phb = stmt->phb.index;
  return TRUE;
}

gboolean parse_unplug(Parser *parser, ScenarioStmt *stmt) {
  Name *name;

  if (!parser_name(parser, NAME_DEVICE, &name))
    return FALSE;
  stmt->name = g_strdup(name->name);
  stmt->device = name->device;
  name_end(name, parser->line.number, "was unplugged");
  return TRUE;
}

gboolean parse_plug_phb(Parser *parser, ScenarioStmt *stmt) {
  return parser_phb_line(parser, &stmt->phb);
}

gboolean parse_unplug_phb(Parser *parser, ScenarioStmt *stmt) {
  const Token *at = parser_peek(parser);
  NamesPhb *entry;
  guint64 index;

  if (!parser_number(parser, "PHB", 0, 30, &index))
    return FALSE;
  entry = names_phb(parser->names, index);
  if (!entry || !entry->alive)
    return parser_fail(parser, SCENARIO_ERROR_NAME, at, "there is no PHB %s here", at->text);
  for (guint i = 0; i < names_len(parser->names); i++) {
    const Name *name = names_get(parser->names, i);

    if (name->kind == NAME_DEVICE && name->state == NAME_ALIVE && name->phb == index)
      return parser_fail(parser, SCENARIO_ERROR_VALUE, at, "PHB %s still holds %s (line %u): unplug it first", at->text,
                         name->name, name->line);
  }
  stmt->phb = entry->phb;
  entry->alive = FALSE;
  end_windows(parser, FALSE, index, NAME_GONE, "went with its PHB");
  return TRUE;
}

/* ---- memory ---- */

static gboolean check_block(Parser *parser, const Token *at, guint64 addr, guint64 size) {
  const guint64 limit = G_GUINT64_CONSTANT(1) << 50;
  SizeText text;

  if (addr >= limit || size > limit - addr)
    return parser_fail(parser, SCENARIO_ERROR_VALUE, at, "RAM must end below 2^50");
  if (addr < parser->scenario->ram)
    return parser_fail(parser, SCENARIO_ERROR_VALUE, at, "there is RAM at %s already: the machine boots with %s",
                       at->text, size_text(text, parser->scenario->ram));
  for (guint i = 0; i < names_len(parser->names); i++) {
    const Name *name = names_get(parser->names, i);

    if (name->kind == NAME_RAM && name->state == NAME_ALIVE && addr < name->addr + name->size &&
        name->addr < addr + size)
      return parser_fail(parser, SCENARIO_ERROR_VALUE, at, "the block overlaps %s of line %u", name->name, name->line);
  }
  return TRUE;
}

gboolean parse_plug_ram(Parser *parser, ScenarioStmt *stmt) {
  guint64 page = G_GUINT64_CONSTANT(1) << parser->scenario->host->page_shift;
  gboolean fails = parser_will_fail(parser);
  const Token *size = parser_peek(parser), *at, *token;
  Name *name;

  if (!parser_size(parser, "size", &stmt->size) || !parser_keyword(parser, "at"))
    return FALSE;
  at = parser_peek(parser);
  if (!parser_number(parser, "address", 0, G_MAXUINT64, &stmt->addr) || !parser_as(parser, &token))
    return FALSE;
  stmt->name = g_strdup(token->text);
  if (fails)
    return TRUE;
  if (stmt->size % page || stmt->addr % page)
    return parser_fail(parser, SCENARIO_ERROR_VALUE, stmt->size % page ? size : at,
                       "RAM comes in whole pages of the host: %s is no multiple of %" G_GUINT64_FORMAT "K",
                       (stmt->size % page ? size : at)->text, page / 1024);
  if (!check_block(parser, at, stmt->addr, stmt->size))
    return FALSE;
  name = names_add(parser->names, NAME_RAM, token->text, parser->line.number);
  name->addr = stmt->addr;
  name->size = stmt->size;
  return TRUE;
}

gboolean parse_unplug_ram(Parser *parser, ScenarioStmt *stmt) {
  Name *name;

  if (!parser_name(parser, NAME_RAM, &name))
    return FALSE;
  stmt->name = g_strdup(name->name);
  stmt->addr = name->addr;
  stmt->size = name->size;
  name_end(name, parser->line.number, "was unplugged");
  return TRUE;
}

/* ---- dynamic DMA windows ---- */

static gboolean parse_ddw_create(Parser *parser, ScenarioStmt *stmt) {
  gboolean fails = parser_will_fail(parser);
  const Token *size, *token;

  if (!parser_phb(parser, &stmt->phb) || !parser_keyword(parser, "page") || !parser_page(parser, &stmt->page_shift) ||
      !parser_keyword(parser, "size"))
    return FALSE;
  size = parser_peek(parser);
  if (!parser_size(parser, "size", &stmt->size) || !parser_as(parser, &token))
    return FALSE;
  stmt->name = g_strdup(token->text);
  if (fails)
    return TRUE;
  if (!parser_check_window(parser, size, 0, stmt->size, stmt->page_shift))
    return FALSE;
  names_add(parser->names, NAME_WINDOW, token->text, parser->line.number)->phb = stmt->phb.index;
  return TRUE;
}

static gboolean parse_ddw_remove(Parser *parser, ScenarioStmt *stmt) {
  gboolean fails = parser_will_fail(parser);
  Name *name;

  if (parser_accept(parser, "liobn")) {
    if (!parser_liobn(parser, &stmt->liobn))
      return FALSE;
    /* which window had that LIOBN is the subject's choice: the name may have lost its window */
    if (!fails)
      end_windows(parser, TRUE, 0, NAME_UNSURE, NULL);
    return TRUE;
  }
  if (!parser_name(parser, NAME_WINDOW, &name))
    return FALSE;
  stmt->name = g_strdup(name->name);
  stmt->phb = names_phb(parser->names, name->phb)->phb;
  if (!fails)
    name_end(name, parser->line.number, "was removed");
  return TRUE;
}

static gboolean parse_ddw_reset(Parser *parser, ScenarioStmt *stmt) {
  if (!parser_phb(parser, &stmt->phb))
    return FALSE;
  end_windows(parser, FALSE, stmt->phb.index, NAME_GONE, "went with `ddw reset`");
  return TRUE;
}

enum { DDW_FLAGS = WORD_MACHINE | WORD_RUNNING | WORD_FAILS | WORD_EXPECT };

const WordRow ddw_rows[] = {
    {"create", NULL, parse_ddw_create, STMT_DDW_CREATE, DDW_FLAGS, "ddw create phb N page P size S as NAME",
     "the guest asks for a dynamic DMA window (ibm,create-pe-dma-window)"},
    {"remove", NULL, parse_ddw_remove, STMT_DDW_REMOVE, DDW_FLAGS, "ddw remove NAME, or: ddw remove liobn L",
     "the guest removes a DMA window, its default window too (ibm,remove-pe-dma-window)"},
    {"reset", NULL, parse_ddw_reset, STMT_DDW_RESET, DDW_FLAGS, "ddw reset phb N",
     "the guest restores the PHB's default window (ibm,reset-pe-dma-window)"},
    {"query", NULL, parse_ddw_query, STMT_DDW_QUERY, WORD_MACHINE | WORD_RUNNING | WORD_EXPECT,
     "ddw query phb N [= COUNT]", "the guest asks how many windows may still be made (ibm,query-pe-dma-window)"},
    {NULL},
};

/* ---- the guest's hypercalls ---- */

static gboolean tce_place(Parser *parser, ScenarioStmt *stmt, AbiCallId call) {
  stmt->match.call = call;
  stmt->match.object.kind = ABI_GUEST;
  stmt->match.any_result = FALSE;
  return parser_keyword(parser, "liobn") && parser_liobn(parser, &stmt->liobn) && parser_keyword(parser, "ioba") &&
         parser_number(parser, "I/O address", 0, G_MAXUINT64, &stmt->ioba);
}

/* What the hypercall must refuse may name a LIOBN or an address that does not exist. */
static void forget_checks(Parser *parser) {
  guint n = parser->later->len;

  while (n > 0 && g_array_index(parser->later, Later, n - 1).place.line == parser->line.number)
    n--;
  g_array_set_size(parser->later, n);
}

static gboolean hypercall_result(Parser *parser, ScenarioStmt *stmt) {
  if (!parser_accept_kind(parser, TOKEN_EQUAL))
    return TRUE;
  stmt->has_result = TRUE;
  if (!parser_result(parser, &stmt->match))
    return FALSE;
  if (stmt->match.result != 0)
    forget_checks(parser);
  return TRUE;
}

/* "-> ram R PERM" or "-> none" */
static gboolean tce_target(Parser *parser, ScenarioStmt *stmt, gboolean none_ok, const Token **addr) {
  if (!parser_accept_kind(parser, TOKEN_ARROW))
    return parser_fail(parser, SCENARIO_ERROR_SYNTAX, parser_peek(parser), "expected `-> ram ADDRESS rw`%s",
                       none_ok ? " or `-> none`" : "");
  if (none_ok && parser_accept(parser, "none"))
    return TRUE;
  *addr = &g_array_index(parser->line.tokens, Token, MIN(parser->next + 1, parser->line.tokens->len - 1));
  if (!parser_ram(parser, 4096, &stmt->addr) || !parser_perm(parser, &stmt->perm))
    return FALSE;
  if (stmt->addr % 4096)
    return parser_fail(parser, SCENARIO_ERROR_VALUE, *addr,
                       "a TCE holds the address of a page: %s is no multiple of 4K", (*addr)->text);
  return TRUE;
}

static gboolean parse_put(Parser *parser, ScenarioStmt *stmt) {
  const Token *addr;

  return tce_place(parser, stmt, ABI_H_PUT_TCE) && tce_target(parser, stmt, TRUE, &addr) &&
         hypercall_result(parser, stmt);
}

static gboolean parse_get(Parser *parser, ScenarioStmt *stmt) {
  if (!tce_place(parser, stmt, ABI_H_GET_TCE))
    return FALSE;
  if (parser_peek(parser)->kind == TOKEN_EQUAL && g_ascii_isdigit(parser_peek(parser)[1].text[0])) {
    parser_take(parser);
    stmt->has_value = TRUE;
    return parser_number(parser, "TCE", 0, G_MAXUINT64, &stmt->value);
  }
  return hypercall_result(parser, stmt);
}

static gboolean parse_stuff(Parser *parser, ScenarioStmt *stmt) {
  return tce_place(parser, stmt, ABI_H_STUFF_TCE) && parser_keyword(parser, "value") &&
         parser_number(parser, "TCE", 0, G_MAXUINT64, &stmt->value) && parser_keyword(parser, "count") &&
         parser_number(parser, "count", 1, G_MAXUINT32, &stmt->count) && hypercall_result(parser, stmt);
}

static gboolean parse_put_list(Parser *parser, ScenarioStmt *stmt) {
  const Token *addr;

  return tce_place(parser, stmt, ABI_H_PUT_TCE_INDIRECT) && tce_target(parser, stmt, FALSE, &addr) &&
         parser_keyword(parser, "count") && parser_number(parser, "count", 1, 1 << 16, &stmt->count) &&
         hypercall_result(parser, stmt);
}

enum { GUEST_FLAGS = WORD_MACHINE | WORD_RUNNING | WORD_EXPECT };

const WordRow guest_rows[] = {
    {"pseries", NULL, parse_guest, -1, WORD_HEADER, "guest pseries kvm|tcg", "the machine, in the header"},
    {"put-tce", NULL, parse_put, STMT_GUEST_PUT, GUEST_FLAGS,
     "guest put-tce liobn L ioba I -> ram R r|w|rw [= H_...], or: -> none", "H_PUT_TCE; none clears"},
    {"get-tce", NULL, parse_get, STMT_GUEST_GET, GUEST_FLAGS, "guest get-tce liobn L ioba I [= VALUE]", "H_GET_TCE"},
    {"stuff-tce", NULL, parse_stuff, STMT_GUEST_STUFF, GUEST_FLAGS,
     "guest stuff-tce liobn L ioba I value V count N [= H_...]", "H_STUFF_TCE"},
    {"put-tce-list", NULL, parse_put_list, STMT_GUEST_INDIRECT, GUEST_FLAGS,
     "guest put-tce-list liobn L ioba I -> ram R r|w|rw count N [= H_...]",
     "H_PUT_TCE_INDIRECT with N consecutive pages from R"},
    {"read-config", NULL, parse_read_config, STMT_CONFIG_READ, GUEST_FLAGS,
     "guest read-config NAME offset O size N [= VALUE]", "the guest reads config space (ibm,read-pci-config)"},
    {"write-config", NULL, parse_write_config, STMT_CONFIG_WRITE, GUEST_FLAGS,
     "guest write-config NAME offset O size N value V", "the guest writes config space (ibm,write-pci-config)"},
    {"store", NULL, parse_store, STMT_GUEST_STORE, WORD_MACHINE | WORD_RUNNING,
     "guest store ram R size N value V [counting]", "the guest writes 32-bit words: V each, or V, V + 1, V + 2, ..."},
    {NULL},
};

/* ---- faults ---- */

gboolean parse_fail(Parser *parser, ScenarioStmt *stmt) {
  static const char *const stops[] = {"nth", "with", NULL};
  const Token *first = parser_peek(parser);
  guint64 nth = 1;

  if (!parser_match(parser, &stmt->match, stops))
    return FALSE;
  if (stmt->match.call == ABI_CLOSE || abi_call(stmt->match.call)->kind == ABI_GUEST)
    return parser_fail(parser, SCENARIO_ERROR_VALUE, first,
                       "%s does not answer with an errno: it cannot be made to fail", abi_call(stmt->match.call)->name);
  for (guint i = 0; i < stmt->match.args->len; i++) {
    const ScenarioArg *arg = &g_array_index(stmt->match.args, ScenarioArg, i);

    if (arg->field->format == ABI_FD || !(arg->field->dir & ABI_IN))
      return parser_fail(parser, SCENARIO_ERROR_VALUE, first,
                         "a fault is decided before the call is: it cannot look at %s", arg->field->name);
  }
  if (parser_accept(parser, "nth") && !parser_number(parser, "nth", 1, 1000000, &nth))
    return FALSE;
  stmt->nth = nth;
  return parser_keyword(parser, "with") && parser_errno(parser, &stmt->error);
}
