/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tokens taken one after the other, and the values they stand for. */
#include <string.h>

#include "harness/scenario/parser.h"

const Token *parser_peek(const Parser *parser) {
  return &g_array_index(parser->line.tokens, Token, parser->next);
}

const Token *parser_take(Parser *parser) {
  const Token *token = parser_peek(parser);

  if (token->kind != TOKEN_END)
    parser->next++;
  return token;
}

ScenarioPlace parser_place(const Parser *parser, const Token *token) {
  return (ScenarioPlace){parser->line.number, token->column};
}

static gboolean expected(Parser *parser, const char *what) {
  const Token *token = parser_peek(parser);

  if (token->kind == TOKEN_END)
    parser_fail(parser, SCENARIO_ERROR_SYNTAX, token, "expected %s at the end of the line", what);
  else
    parser_fail(parser, SCENARIO_ERROR_SYNTAX, token, "expected %s, not `%s`", what, token->text);
  return FALSE;
}

gboolean parser_word(Parser *parser, const char *what, const Token **token) {
  if (parser_peek(parser)->kind != TOKEN_WORD)
    return expected(parser, what);
  *token = parser_take(parser);
  return TRUE;
}

gboolean parser_accept(Parser *parser, const char *word) {
  const Token *token = parser_peek(parser);

  if (token->kind != TOKEN_WORD || strcmp(token->text, word) != 0)
    return FALSE;
  parser_take(parser);
  return TRUE;
}

gboolean parser_accept_kind(Parser *parser, TokenKind kind) {
  if (parser_peek(parser)->kind != kind)
    return FALSE;
  parser_take(parser);
  return TRUE;
}

gboolean parser_keyword(Parser *parser, const char *word) {
  g_autofree char *what = NULL;

  if (parser_accept(parser, word))
    return TRUE;
  what = g_strdup_printf("`%s`", word);
  return expected(parser, what);
}

gboolean parser_end(Parser *parser) {
  const Token *token = parser_peek(parser);

  if (token->kind == TOKEN_END)
    return TRUE;
  return parser_fail(parser, SCENARIO_ERROR_SYNTAX, token, "`%s` is one word too many here", token->text);
}

static gboolean size_token(Parser *parser, const char *what, const Token **token, guint64 *value) {
  if (!parser_word(parser, what, token))
    return FALSE;
  if (g_ascii_isdigit((*token)->text[0]) && abi_size_parse((*token)->text, value))
    return TRUE;
  parser_fail(parser, SCENARIO_ERROR_SYNTAX, *token,
              "`%s` is no %s: write 12, 0x1000, 64K, 1M, 1G, 128T or 2^40, less than 2^64", (*token)->text, what);
  return FALSE;
}

const char *size_text(SizeText buffer, guint64 size) {
  static const char suffixes[] = " KMGTPE";
  guint i = 0;

  while (size >= 1024 && size % 1024 == 0) {
    size /= 1024;
    i++;
  }
  if (i > 0)
    g_snprintf(buffer, sizeof(SizeText), "%" G_GUINT64_FORMAT "%c", size, suffixes[i]);
  else
    g_snprintf(buffer, sizeof(SizeText), size < 65536 ? "%" G_GUINT64_FORMAT : "0x%" G_GINT64_MODIFIER "x", size);
  return buffer;
}

gboolean parser_number(Parser *parser, const char *what, guint64 min, guint64 max, guint64 *value) {
  const Token *token;
  SizeText texts[2];

  if (!size_token(parser, what, &token, value))
    return FALSE;
  if (*value < min || *value > max)
    return parser_fail(parser, SCENARIO_ERROR_VALUE, token, "%s %s is out of range: %s to %s", what, token->text,
                       size_text(texts[0], min), size_text(texts[1], max));
  return TRUE;
}

gboolean parser_size(Parser *parser, const char *what, guint64 *value) {
  const Token *token;

  if (!size_token(parser, what, &token, value))
    return FALSE;
  if (*value == 0)
    return parser_fail(parser, SCENARIO_ERROR_VALUE, token, "%s must not be 0", what);
  return TRUE;
}

/* The IOMMU page sizes of LoPAPR's query of DMA windows and those of POWER9, as shifts. */
static const guint page_shifts[] = {12, 16, 21, 24, 25, 26, 27, 28, 30, 34};

gboolean parser_page(Parser *parser, guint *page_shift) {
  const Token *token;
  guint64 size;

  if (!size_token(parser, "IOMMU page size", &token, &size))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS(page_shifts); i++) {
    if (size == G_GUINT64_CONSTANT(1) << page_shifts[i]) {
      *page_shift = page_shifts[i];
      return TRUE;
    }
  }
  return parser_fail(parser, SCENARIO_ERROR_VALUE, token,
                     "no IOMMU has pages of %s: they are 4K, 64K, 2M, 16M, 32M, 64M, 128M, 256M, 1G or 16G",
                     token->text);
}

gboolean parser_range(Parser *parser, guint64 *start, guint64 *size) {
  const Token *token;
  g_autofree char *from = NULL;
  const char *dots;
  guint64 end;

  if (!parser_word(parser, "a range such as 0..1G", &token))
    return FALSE;
  dots = strstr(token->text, "..");
  if (!dots)
    return parser_fail(parser, SCENARIO_ERROR_SYNTAX, token, "expected a range such as 0..1G, not `%s`", token->text);
  from = g_strndup(token->text, dots - token->text);
  if (!g_ascii_isdigit(from[0]) || !g_ascii_isdigit(dots[2]) || !abi_size_parse(from, start) ||
      !abi_size_parse(dots + 2, &end))
    return parser_fail(parser, SCENARIO_ERROR_SYNTAX, token, "`%s` is no range: write one such as 0..1G", token->text);
  if (end <= *start)
    return parser_fail(parser, SCENARIO_ERROR_VALUE, token, "the range %s is empty: it ends where it starts, or before",
                       token->text);
  *size = end - *start;
  return TRUE;
}

gboolean parser_errno(Parser *parser, int *error) {
  const Token *token;

  if (!parser_word(parser, "an errno such as EBUSY", &token))
    return FALSE;
  *error = abi_errno_from_name(token->text);
  if (*error == 0) {
    g_autoptr(GPtrArray) names = g_ptr_array_new();

    for (int err = 1; err < 256; err++) {
      if (abi_errno_name(err))
        g_ptr_array_add(names, (gpointer)abi_errno_name(err));
    }
    return parser_unknown(parser, token, "errno", names);
  }
  return TRUE;
}

static char *host_devices(const SimHost *host) {
  GString *out = g_string_new(NULL);

  for (guint i = 0; i < host->groups->len; i++) {
    const SimHostGroup *group = g_ptr_array_index(host->groups, i);

    for (guint j = 0; j < group->devices->len && out->len < 200; j++) {
      if (out->len)
        g_string_append(out, ", ");
      abi_bdf_print(out, g_array_index(group->devices, SimHostDevice, j).id);
    }
  }
  return g_string_free(out, FALSE);
}

gboolean parser_bdf(Parser *parser, guint64 *device) {
  const SimHost *host = parser->scenario->host;
  g_autofree char *known = NULL;
  const Token *token;

  if (!parser_word(parser, "a device's address such as 0000:01:00.0", &token))
    return FALSE;
  if (!abi_bdf_parse(token->text, device))
    return parser_fail(parser, SCENARIO_ERROR_SYNTAX, token, "`%s` is no device's address: write it as 0000:01:00.0",
                       token->text);
  if (sim_host_device(host, *device))
    return TRUE;
  known = host_devices(host);
  if (!known[0])
    return parser_fail(parser, SCENARIO_ERROR_NAME, token,
                       "the host has no device %s, nor any other: give it one by a line `group N: %s` under `host`",
                       token->text, token->text);
  return parser_fail(parser, SCENARIO_ERROR_NAME, token, "the host has no device %s; it has %s", token->text, known);
}

gboolean parser_group(Parser *parser, guint *group) {
  const SimHost *host = parser->scenario->host;
  const Token *token = parser_peek(parser);
  g_autoptr(GString) known = g_string_new(NULL);
  guint64 number;

  if (!parser_number(parser, "group", 0, G_MAXINT32, &number))
    return FALSE;
  *group = number;
  if (sim_host_group(host, number))
    return TRUE;
  for (guint i = 0; i < host->groups->len && known->len < 200; i++)
    g_string_append_printf(known, "%s%u", known->len ? ", " : "; it has ",
                           ((const SimHostGroup *)g_ptr_array_index(host->groups, i))->number);
  return parser_fail(parser, SCENARIO_ERROR_NAME, token, "the host has no group %u%s", *group,
                     known->len ? known->str : ", nor any other");
}

static void note_later(Parser *parser, LaterKind kind, const Token *token, guint64 value, guint64 size) {
  Later later = {kind, parser_place(parser, token), value, size};

  g_array_append_val(parser->later, later);
}

gboolean parser_liobn(Parser *parser, guint64 *liobn) {
  const Token *token;

  if (!size_token(parser, "LIOBN", &token, liobn))
    return FALSE;
  if (*liobn > G_MAXUINT32)
    return parser_fail(parser, SCENARIO_ERROR_VALUE, token, "LIOBN %s does not fit 32 bits", token->text);
  if (parser->scenario->guest)
    note_later(parser, LATER_LIOBN, token, *liobn, 0);
  return TRUE;
}

gboolean parser_ram(Parser *parser, guint64 size, guint64 *addr) {
  return parser_keyword(parser, "ram") && parser_ram_at(parser, size, addr);
}

gboolean parser_ram_at(Parser *parser, guint64 size, guint64 *addr) {
  const Token *token;

  if (!size_token(parser, "address", &token, addr))
    return FALSE;
  note_later(parser, LATER_RAM, token, *addr, size);
  return TRUE;
}

void parser_ram_reaches(Parser *parser, guint64 size) {
  g_array_index(parser->later, Later, parser->later->len - 1).size = size;
}

gboolean parser_perm(Parser *parser, guint *perm) {
  static const char *const words[] = {"", "r", "w", "rw"};
  const Token *token;

  if (!parser_word(parser, "a permission: r, w or rw", &token))
    return FALSE;
  for (guint i = 1; i < G_N_ELEMENTS(words); i++) {
    if (strcmp(token->text, words[i]) == 0) {
      *perm = i;
      return TRUE;
    }
  }
  return parser_fail(parser, SCENARIO_ERROR_SYNTAX, token, "expected a permission: r, w or rw, not `%s`", token->text);
}

/* Words that cannot be names, because they already say something where a name may stand. */
static const char *const reserved[] = {"none", "stdin", "bad-address", "bad-pointer", "liobn", "fails", NULL};

gboolean parser_new_name(Parser *parser, const Token **token) {
  const char *text;
  const Name *old;

  if (!parser_word(parser, "a name", token))
    return FALSE;
  text = (*token)->text;
  if (!g_ascii_isalpha(text[0]) || strlen(text) > 64 ||
      strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != strlen(text))
    return parser_fail(parser, SCENARIO_ERROR_SYNTAX, *token,
                       "`%s` cannot be a name: a name is a letter, then letters, digits, - and _, up to 64", text);
  if (g_strv_contains(reserved, text) || word_find(word_rows, text))
    return parser_fail(parser, SCENARIO_ERROR_NAME, *token, "`%s` cannot be a name: it is a word of the language",
                       text);
  old = names_find(parser->names, text);
  if (old && old->state == NAME_ALIVE)
    return parser_fail(parser, SCENARIO_ERROR_NAME, *token, "%s is the name of a %s already, since line %u", text,
                       name_kind_word(old->kind), old->line);
  return TRUE;
}

gboolean parser_as(Parser *parser, const Token **token) {
  return parser_keyword(parser, "as") && parser_new_name(parser, token);
}

static gboolean unknown_name(Parser *parser, NameKind kind, const Token *token) {
  g_autoptr(GPtrArray) known = g_ptr_array_new();

  for (guint i = 0; i < names_len(parser->names); i++) {
    const Name *name = names_get(parser->names, i);

    if (name->kind == kind && name->state != NAME_GONE)
      g_ptr_array_add(known, name->name);
  }
  if (known->len == 0)
    return parser_fail(parser, SCENARIO_ERROR_NAME, token, "unknown %s %s: none has been named before this line",
                       name_kind_word(kind), token->text);
  return parser_unknown(parser, token, name_kind_word(kind), known);
}

gboolean parser_name(Parser *parser, NameKind kind, Name **name) {
  g_autofree char *what = g_strdup_printf("the name of a %s", name_kind_word(kind));
  const Token *token;

  if (!parser_word(parser, what, &token))
    return FALSE;
  *name = names_find(parser->names, token->text);
  if (!*name)
    return unknown_name(parser, kind, token);
  if ((*name)->kind != kind)
    return parser_fail(parser, SCENARIO_ERROR_NAME, token, "%s is a %s (line %u), not a %s", token->text,
                       name_kind_word((*name)->kind), (*name)->line, name_kind_word(kind));
  if ((*name)->state == NAME_GONE)
    return parser_fail(parser, SCENARIO_ERROR_NAME, token, "%s %s on line %u", token->text, (*name)->gone,
                       (*name)->gone_line);
  if ((kind == NAME_HANDLE || kind == NAME_BUFFER) && !((*name)->processes & 1u << parser->process))
    return parser_fail(parser, SCENARIO_ERROR_NAME, token, "process %u has no %s %s: it was made in another process",
                       parser->process, name_kind_word(kind), token->text);
  return TRUE;
}

gboolean parser_phb(Parser *parser, ScenarioPhb *phb) {
  const Token *token;
  const NamesPhb *entry;
  guint64 index;

  if (!parser_keyword(parser, "phb"))
    return FALSE;
  token = parser_peek(parser);
  if (!parser_number(parser, "PHB", 0, 30, &index))
    return FALSE;
  entry = names_phb(parser->names, index);
  if (!entry || !entry->alive) {
    g_autoptr(GString) known = g_string_new(NULL);

    for (guint i = 0; i < names_n_phbs(parser->names); i++) {
      const NamesPhb *other = names_get_phb(parser->names, i);

      if (other->alive)
        g_string_append_printf(known, "%s%u", known->len ? ", " : "; there is ", other->phb.index);
    }
    return parser_fail(parser, SCENARIO_ERROR_NAME, token, "there is no PHB %s here%s", token->text, known->str);
  }
  *phb = entry->phb;
  return TRUE;
}

gboolean parser_fails(Parser *parser, ScenarioStmt *stmt) {
  if (!parser_accept(parser, "fails"))
    return TRUE;
  stmt->fails = TRUE;
  if (parser_peek(parser)->kind == TOKEN_WORD)
    return parser_errno(parser, &stmt->error);
  return TRUE;
}

gboolean parser_will_fail(const Parser *parser) {
  for (guint i = parser->next; i < parser->line.tokens->len; i++) {
    const Token *token = &g_array_index(parser->line.tokens, Token, i);

    if (token->kind == TOKEN_WORD && strcmp(token->text, "fails") == 0)
      return TRUE;
  }
  return FALSE;
}
