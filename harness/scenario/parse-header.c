/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The header: host, guest, order, timeout, and the indented lines below host and guest. */
#include <string.h>

#include "harness/scenario/parser.h"

static gboolean once(Parser *parser, guint *line, const char *word) {
  if (*line)
    return parser_fail(parser, SCENARIO_ERROR_SYNTAX, NULL, "`%s` is given already, on line %u", word, *line);
  *line = parser->line.number;
  return TRUE;
}

/* ---- host ---- */

static gboolean is_builtin(const char *name) {
  return g_strv_contains(sim_host_builtin_names(), name);
}

static gboolean unknown_host(Parser *parser, const Token *token) {
  g_autoptr(GPtrArray) names = g_ptr_array_new();

  for (const char *const *name = sim_host_builtin_names(); *name; name++)
    g_ptr_array_add(names, (gpointer)*name);
  return parser_unknown(parser, token, "host", names);
}

gboolean parse_host(Parser *parser, ScenarioStmt *stmt) {
  Scenario *scenario = parser->scenario;
  g_autoptr(GError) error = NULL;
  const Token *token;

  if (!once(parser, &parser->host_line, "host"))
    return FALSE;
  token = parser_peek(parser);
  if (token->kind == TOKEN_TEXT)
    parser_take(parser);
  else if (!parser_word(parser, "a host: its name, or the path of its file", &token))
    return FALSE;

  if (token->kind == TOKEN_WORD && is_builtin(token->text)) {
    scenario->host = sim_host_builtin(token->text, &error);
  } else {
    g_autofree char *folder = strcmp(scenario->path, "-") ? g_path_get_dirname(scenario->path) : g_strdup(".");
    g_autofree char *path =
        g_path_is_absolute(token->text) ? g_strdup(token->text) : g_build_filename(folder, token->text, NULL);

    if (!strpbrk(token->text, "/.") && !g_file_test(path, G_FILE_TEST_EXISTS))
      return unknown_host(parser, token);
    if (!g_file_test(path, G_FILE_TEST_IS_REGULAR))
      return parser_fail(parser, SCENARIO_ERROR_READ, token, "there is no host file %s", path);
    scenario->host = sim_host_load(path, &error);
  }
  if (!scenario->host)
    return parser_fail(parser, SCENARIO_ERROR_READ, token, "%s", error->message);
  parser->rows = host_key_rows;
  return TRUE;
}

/* "iommu none" before the colon: keys of a host file's [group N]. */
static gboolean parse_group_key(Parser *parser, guint group) {
  SimHost *host = parser->scenario->host;
  g_autoptr(GError) error = NULL;
  const Token *key, *value;

  if (!parser_word(parser, "a key of the group's", &key) || !parser_word(parser, "its value", &value))
    return FALSE;
  if (sim_host_group_set(host, group, key->text, value->text, &error))
    return TRUE;
  return parser_fail(parser, SCENARIO_ERROR_VALUE,
                     g_error_matches(error, SIM_HOST_ERROR, SIM_HOST_ERROR_VALUE) ? value : key, "%s", error->message);
}

static gboolean parse_host_group(Parser *parser, ScenarioStmt *stmt) {
  guint64 group, device;

  if (!parser_number(parser, "group", 0, G_MAXINT32, &group))
    return FALSE;
  while (parser_peek(parser)->kind == TOKEN_WORD && !abi_bdf_parse(parser_peek(parser)->text, &device))
    if (!parse_group_key(parser, (guint)group))
      return FALSE;
  if (!parser_accept_kind(parser, TOKEN_COLON))
    return parser_fail(parser, SCENARIO_ERROR_SYNTAX, parser_peek(parser),
                       "expected `:` and the group's devices: group 7: 0000:01:00.0");
  do {
    g_autoptr(GError) error = NULL;
    const Token *token;

    if (!parser_word(parser, "a device's address such as 0000:01:00.0", &token))
      return FALSE;
    if (!abi_bdf_parse(token->text, &device))
      return parser_fail(parser, SCENARIO_ERROR_SYNTAX, token, "`%s` is no device's address: write it as 0000:01:00.0",
                         token->text);
    if (!sim_host_add_device(parser->scenario->host, group, token->text, &error))
      return parser_fail(parser, SCENARIO_ERROR_VALUE, token, "%s", error->message);
  } while (parser_peek(parser)->kind != TOKEN_END);
  return TRUE;
}

const WordRow host_key_rows[] = {
    {"group", NULL, parse_host_group, -1, 0, "group N [KEY VALUE]...: BDF...",
     "adds a group of plain devices to the host; keys of a host file's [group N] stand before the colon"},
    {NULL},
};

gboolean parser_host_key(Parser *parser) {
  g_autoptr(GString) value = g_string_new(NULL);
  g_autoptr(GError) error = NULL;
  const Token *key, *first;

  if (!parser_word(parser, "a key of the host's, or `group N: ...`", &key))
    return FALSE;
  parser_accept_kind(parser, TOKEN_EQUAL);
  first = parser_peek(parser);
  if (first->kind == TOKEN_END)
    return parser_fail(parser, SCENARIO_ERROR_SYNTAX, first, "expected a value for %s at the end of the line",
                       key->text);
  while (parser_peek(parser)->kind != TOKEN_END)
    g_string_append_printf(value, "%s%s", value->len ? " " : "", parser_take(parser)->text);
  if (sim_host_set(parser->scenario->host, key->text, value->str, &error))
    return TRUE;
  return parser_fail(parser, SCENARIO_ERROR_VALUE,
                     g_error_matches(error, SIM_HOST_ERROR, SIM_HOST_ERROR_VALUE) ? first : key, "%s", error->message);
}

/* ---- guest ---- */

gboolean parse_guest(Parser *parser, ScenarioStmt *stmt) {
  const Token *token;

  if (!once(parser, &parser->guest_line, "guest") || !parser_word(parser, "`kvm` or `tcg`", &token))
    return FALSE;
  if (strcmp(token->text, "kvm") != 0 && strcmp(token->text, "tcg") != 0)
    return parser_fail(parser, SCENARIO_ERROR_SYNTAX, token, "expected `kvm` or `tcg`, not `%s`", token->text);
  parser->scenario->guest = TRUE;
  parser->scenario->kvm = strcmp(token->text, "kvm") == 0;
  parser->rows = guest_key_rows;
  return TRUE;
}

static gboolean parse_ram(Parser *parser, ScenarioStmt *stmt) {
  guint64 page = G_GUINT64_CONSTANT(1) << parser->scenario->host->page_shift;
  const Token *token;

  if (!once(parser, &parser->ram_line, "ram"))
    return FALSE;
  token = parser_peek(parser);
  if (!parser_number(parser, "RAM", page, G_GUINT64_CONSTANT(1) << 42, &parser->scenario->ram))
    return FALSE;
  if (parser->scenario->ram % page)
    return parser_fail(parser, SCENARIO_ERROR_VALUE, token,
                       "RAM of %s is no multiple of the host's page, %" G_GUINT64_FORMAT "K", token->text, page / 1024);
  return TRUE;
}

static gboolean parse_phb(Parser *parser, ScenarioStmt *stmt) {
  ScenarioPhb phb = {0};

  if (!parser_phb_line(parser, &phb))
    return FALSE;
  g_array_append_val(parser->scenario->phbs, phb);
  return TRUE;
}

const WordRow guest_key_rows[] = {
    {"ram", NULL, parse_ram, -1, 0, "ram SIZE", "the guest's RAM at boot; 1G if not given"},
    {"phb", NULL, parse_phb, -1, 0, "phb N [: liobn L window A..B page P]",
     "a PCI host bridge, from LIOBN 0x80000000 + (N << 8), window 0..1G, page 4K; PHB 0 if none is given"},
    {NULL},
};

void parser_guest_defaults(Parser *parser) {
  if (!parser->scenario->guest)
    return;
  if (!parser->scenario->ram)
    parser->scenario->ram = 1 << 30;
  if (!parser->scenario->phbs->len) {
    ScenarioPhb phb = {0, 0x80000000, 0, 1 << 30, 12};

    g_array_append_val(parser->scenario->phbs, phb);
    names_add_phb(parser->names, &phb, parser->guest_line);
  }
}

/* ---- PHBs ---- */

/* Where the 64-bit window of a group begins on PowerNV: TCE bypass, pnv_pci_ioda2_create_table() of window 1. */
static const guint64 window_64 = G_GUINT64_CONSTANT(1) << 59;

gboolean parser_check_window(Parser *parser, const Token *at, guint64 start, guint64 size, guint page_shift) {
  guint64 page = G_GUINT64_CONSTANT(1) << page_shift;
  SizeText texts[2];

  if (size & (size - 1))
    return parser_fail(parser, SCENARIO_ERROR_VALUE, at, "a DMA window's size must be a power of two, not %s",
                       size_text(texts[0], size));
  if (size < page)
    return parser_fail(parser, SCENARIO_ERROR_VALUE, at, "a DMA window holds a page at least: %s is less than %s",
                       size_text(texts[0], size), size_text(texts[1], page));
  if (start & (page - 1))
    return parser_fail(parser, SCENARIO_ERROR_VALUE, at,
                       "a DMA window starts at a multiple of its page: %s is no multiple of %s",
                       size_text(texts[0], start), size_text(texts[1], page));
  if (start >= window_64 || size > window_64 - start)
    return parser_fail(parser, SCENARIO_ERROR_VALUE, at,
                       "the window must end below 0x%" G_GINT64_MODIFIER "x, where a PHB's 64-bit window begins",
                       window_64);
  return TRUE;
}

static gboolean check_liobn(Parser *parser, const Token *at, const ScenarioPhb *phb) {
  for (guint i = 0; i < names_n_phbs(parser->names); i++) {
    const NamesPhb *other = names_get_phb(parser->names, i);

    if (other->alive && phb->liobn <= other->phb.liobn + 1 && other->phb.liobn <= phb->liobn + 1)
      return parser_fail(parser, SCENARIO_ERROR_VALUE, at,
                         "LIOBN 0x%" G_GINT64_MODIFIER "x belongs to PHB %u: a PHB has two, 0x%" G_GINT64_MODIFIER
                         "x and the next for its dynamic window",
                         phb->liobn, other->phb.index, other->phb.liobn);
  }
  return TRUE;
}

typedef struct {
  const Token *liobn, *window, *page;
} PhbTokens;

static gboolean phb_keys(Parser *parser, ScenarioPhb *phb, PhbTokens *tokens) {
  while (parser_peek(parser)->kind != TOKEN_END && strcmp(parser_peek(parser)->text, "fails") != 0) {
    const Token *key, **seen;

    if (!parser_word(parser, "`liobn`, `window` or `page`", &key))
      return FALSE;
    seen = !strcmp(key->text, "liobn")    ? &tokens->liobn
           : !strcmp(key->text, "window") ? &tokens->window
           : !strcmp(key->text, "page")   ? &tokens->page
                                          : NULL;
    if (!seen)
      return parser_fail(parser, SCENARIO_ERROR_SYNTAX, key, "expected `liobn`, `window` or `page`, not `%s`",
                         key->text);
    if (*seen)
      return parser_fail(parser, SCENARIO_ERROR_SYNTAX, key, "`%s` is given twice", key->text);
    *seen = parser_peek(parser);
    if (seen == &tokens->liobn    ? !parser_number(parser, "LIOBN", 1, G_MAXUINT32 - 1, &phb->liobn)
        : seen == &tokens->window ? !parser_range(parser, &phb->window_start, &phb->window_size)
                                  : !parser_page(parser, &phb->page_shift))
      return FALSE;
  }
  return TRUE;
}

gboolean parser_phb_line(Parser *parser, ScenarioPhb *phb) {
  gboolean fails = parser_will_fail(parser);
  const Token *at = parser_peek(parser);
  PhbTokens tokens = {0};
  const NamesPhb *old;
  guint64 index;

  if (!parser_number(parser, "PHB", 0, 30, &index))
    return FALSE;
  *phb = (ScenarioPhb){index, 0x80000000 + (index << 8), 0, 1 << 30, 12};
  if (parser_accept_kind(parser, TOKEN_COLON) && !phb_keys(parser, phb, &tokens))
    return FALSE;
  if (fails)
    return TRUE;

  old = names_phb(parser->names, index);
  if (old && old->alive)
    return parser_fail(parser, SCENARIO_ERROR_VALUE, at, "PHB %u is there already, since line %u", phb->index,
                       old->line);
  if (!check_liobn(parser, tokens.liobn ? tokens.liobn : at, phb) ||
      !parser_check_window(parser, tokens.window ? tokens.window : at, phb->window_start, phb->window_size,
                           phb->page_shift))
    return FALSE;
  names_add_phb(parser->names, phb, parser->line.number);
  return TRUE;
}

/* ---- order, subject, timeout ---- */

gboolean parse_order(Parser *parser, ScenarioStmt *stmt) {
  const Token *token;

  if (!once(parser, &parser->order_line, "order") || !parser_word(parser, "`shipped` or `pre-2017`", &token))
    return FALSE;
  if (strcmp(token->text, "shipped") != 0 && strcmp(token->text, "pre-2017") != 0)
    return parser_fail(parser, SCENARIO_ERROR_SYNTAX, token, "expected `shipped` or `pre-2017`, not `%s`", token->text);
  g_free(parser->scenario->order);
  parser->scenario->order = g_strdup(token->text);
  return TRUE;
}

gboolean parse_subject(Parser *parser, ScenarioStmt *stmt) {
  return once(parser, &parser->subject_line, "subject") && parser_subject(parser, &parser->scenario->subject);
}

gboolean parse_timeout(Parser *parser, ScenarioStmt *stmt) {
  static const struct {
    const char *suffix;
    guint ms;
  } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}};
  const guint max_ms = 600000;
  const Token *token;
  char *end;
  guint64 n;

  if (!once(parser, &parser->timeout_line, "timeout") || !parser_word(parser, "a time such as 10s", &token))
    return FALSE;
  n = g_ascii_isdigit(token->text[0]) ? g_ascii_strtoull(token->text, &end, 10) : 0;
  for (guint i = 0; n > 0 && i < G_N_ELEMENTS(units); i++) {
    if (strcmp(end, units[i].suffix) != 0)
      continue;
    if (n > max_ms / units[i].ms)
      return parser_fail(parser, SCENARIO_ERROR_VALUE, token, "a statement may take 10m at most");
    parser->scenario->timeout_ms = n * units[i].ms;
    return TRUE;
  }
  return parser_fail(parser, SCENARIO_ERROR_SYNTAX, token, "`%s` is no time: write 500ms, 10s or 2m", token->text);
}
