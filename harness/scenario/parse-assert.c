/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Assertions. */
#include <string.h>

#include "harness/scenario/parser.h"

static gboolean parse_dma(Parser *parser, ScenarioStmt *stmt) {
  Name *name;

  if (!parser_name(parser, NAME_DEVICE, &name))
    return FALSE;
  stmt->name = g_strdup(name->name);
  stmt->device = name->device;
  if (!parser_keyword(parser, "ioba") || !parser_number(parser, "I/O address", 0, G_MAXUINT64, &stmt->ioba) ||
      !parser_keyword(parser, "reaches"))
    return FALSE;
  if (parser_accept(parser, "nothing")) {
    stmt->negate = TRUE;
    return TRUE;
  }
  stmt->perm = 3;
  if (!parser_ram(parser, 1, &stmt->addr))
    return FALSE;
  return parser_peek(parser)->kind != TOKEN_WORD || parser_perm(parser, &stmt->perm);
}

static gboolean parse_feeds(Parser *parser, ScenarioStmt *stmt) {
  if (!parser_liobn(parser, &stmt->liobn))
    return FALSE;
  if (parser_accept(parser, "does")) {
    stmt->negate = TRUE;
    if (!parser_keyword(parser, "not") || !parser_keyword(parser, "feed"))
      return FALSE;
  } else if (!parser_accept(parser, "feeds")) {
    return parser_fail(parser, SCENARIO_ERROR_SYNTAX, parser_peek(parser),
                       "expected `feeds group G` or `does not feed group G`");
  }
  return parser_keyword(parser, "group") && parser_group(parser, &stmt->group);
}

static gboolean parse_count(Parser *parser, ScenarioStmt *stmt) {
  if (!parser_match(parser, &stmt->match, NULL))
    return FALSE;
  if (!parser_accept_kind(parser, TOKEN_EQUAL))
    return parser_fail(parser, SCENARIO_ERROR_SYNTAX, parser_peek(parser), "expected `= N`");
  return parser_number(parser, "count", 0, G_MAXUINT32, &stmt->value);
}

static gboolean parse_locked(Parser *parser, ScenarioStmt *stmt) {
  return parser_number(parser, "size", 0, G_MAXUINT64, &stmt->size);
}

static gboolean parse_interrupt(Parser *parser, ScenarioStmt *stmt) {
  static const char *const kinds[] = {"intx", "msi", "msix"}; /* in the order of VFIO_PCI_*_IRQ_INDEX */
  const SimHostDevice *device;
  const Token *token;
  guint64 vector;
  guint vectors;
  Name *name;

  if (!parser_name(parser, NAME_DEVICE, &name) || !parser_word(parser, "`intx`, `msi` or `msix`", &token))
    return FALSE;
  stmt->name = g_strdup(name->name);
  stmt->device = name->device;
  while (stmt->index < G_N_ELEMENTS(kinds) && strcmp(token->text, kinds[stmt->index]) != 0)
    stmt->index++;
  if (stmt->index == G_N_ELEMENTS(kinds))
    return parser_fail(parser, SCENARIO_ERROR_SYNTAX, token, "expected `intx`, `msi` or `msix`, not `%s`", token->text);
  device = sim_host_device(parser->scenario->host, name->device);
  vectors = stmt->index == 0 ? device->intx_pin != 0 : stmt->index == 1 ? device->msi : device->msix;
  if (!vectors)
    return parser_fail(parser, SCENARIO_ERROR_VALUE, token, "%s has no %s", name->name, token->text);
  if (!parser_number(parser, "vector", 0, vectors - 1, &vector))
    return FALSE;
  stmt->vector = vector;
  return parser_keyword(parser, "reaches") && parser_keyword(parser, "subject");
}

static gboolean parse_clean(Parser *parser, ScenarioStmt *stmt) {
  return TRUE;
}

const WordRow assert_rows[] = {
    {"liobn", NULL, parse_feeds, STMT_ASSERT_FEEDS, WORD_AFTER_END,
     "assert liobn L feeds group G, or: assert liobn L does not feed group G",
     "whether a guest TCE table L is attached to a window now programmed in group G"},
    {"dma", NULL, parse_dma, STMT_ASSERT_DMA, WORD_MACHINE | WORD_AFTER_END,
     "assert dma NAME ioba I reaches ram R [r|w|rw], or: reaches nothing",
     "the device's DMA at an I/O address arrives in guest memory; r, w: only what it reads, writes"},
    {"count", NULL, parse_count, STMT_ASSERT_COUNT, WORD_AFTER_END,
     "assert count [OBJECT [ID]] CALL [FIELD VALUE]... = N", "so many such calls were made since the scenario began"},
    {"locked", NULL, parse_locked, STMT_ASSERT_LOCKED, WORD_AFTER_END, "assert locked SIZE",
     "the kernel has accounted so much locked memory to the subject"},
    {"interrupt", NULL, parse_interrupt, STMT_ASSERT_INTERRUPT, WORD_MACHINE | WORD_RUNNING,
     "assert interrupt NAME intx|msi|msix VECTOR reaches subject", "an interrupt raised by the device arrives"},
    {"ram", NULL, parse_holds, STMT_ASSERT_RAM, WORD_MACHINE | WORD_RUNNING, "assert ram R size N holds V [counting]",
     "guest memory holds 32-bit words: V each, or V, V + 1, V + 2, ..."},
    {"driver", NULL, parse_assert_driver, STMT_ASSERT_DRIVER, WORD_AFTER_END, "assert driver BDF vfio-pci|host|none",
     "what the device is bound to now"},
    {"clean", NULL, parse_clean, STMT_ASSERT_CLEAN, WORD_AFTER_END, "assert clean",
     "nothing of VFIO is left in the kernel; after quit or kill: nothing at all"},
    {NULL},
};
