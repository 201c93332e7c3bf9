/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A scenario from its bytes: lines, blocks, and what can only be checked at the end. */
#include "harness/scenario/scenario.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "harness/scenario/parser.h"

/* ---- lines ---- */

/* An indented line belongs to the line above it that is not: keys of host and guest, or an `expect` block. */
static gboolean indented_line(Parser *parser) {
  const Token *token = parser_peek(parser);

  if (parser->block && parser->line.indent >= parser->block->place.column)
    return parser_expect_line(parser);
  if (parser->expect_stmt) {
    if (parser->block && (token->kind != TOKEN_WORD || strcmp(token->text, "expect") != 0))
      return parser_fail(parser, SCENARIO_ERROR_SYNTAX, token,
                         "the lines of an `expect` block stand further right than `expect` itself (line %u)",
                         parser->block->place.line);
    return parser_end_block(parser) && parser_expect_block(parser);
  }
  if (parser->rows) {
    const WordRow *row = token->kind == TOKEN_WORD ? word_find(parser->rows, token->text) : NULL;
    g_autoptr(GPtrArray) words = NULL;

    if (row) {
      parser_take(parser);
      return row->parse(parser, NULL) && parser_end(parser);
    }
    if (parser->rows == host_key_rows)
      return parser_host_key(parser);
    words = g_ptr_array_new();
    word_list(parser->rows, words);
    return parser_word(parser, "`ram` or `phb`", &token) && parser_unknown(parser, token, "line of the guest:", words);
  }
  return parser_fail(parser, SCENARIO_ERROR_SYNTAX, token,
                     "an indented line belongs to the one above it, but nothing can follow that");
}

static gboolean end_block(Parser *parser) {
  gboolean ok = parser_end_block(parser);

  parser->rows = NULL;
  parser->expect_stmt = NULL;
  return ok;
}

static gboolean top_line(Parser *parser) {
  const Token *first = parser_peek(parser);
  g_autoptr(GPtrArray) words = NULL;
  const WordRow *row;
  const Name *name;

  if (!end_block(parser))
    return FALSE;
  row = first->kind == TOKEN_WORD ? word_find(word_rows, first->text) : NULL;
  if (row) {
    parser_take(parser);
    return parser_row(parser, row, first);
  }
  name = first->kind == TOKEN_WORD ? names_find(parser->names, first->text) : NULL;
  if (name && name->kind == NAME_HANDLE)
    return parser_handle_line(parser);
  words = g_ptr_array_new();
  word_list(word_rows, words);
  for (guint i = 0; i < names_len(parser->names); i++) {
    if (names_get(parser->names, i)->kind == NAME_HANDLE)
      g_ptr_array_add(words, names_get(parser->names, i)->name);
  }
  return parser_word(parser, "a statement", &first) && parser_unknown(parser, first, "statement", words);
}

static gboolean read_line(Parser *parser, guint number, const char *bytes, gsize len) {
  const char *message;
  guint column = 0;

  parser->next = 0;
  if (len > SCENARIO_MAX_LINE)
    return parser_fail_at(parser, SCENARIO_ERROR_SYNTAX, (ScenarioPlace){number, 0}, "the line is longer than %d bytes",
                          SCENARIO_MAX_LINE);
  if (!line_read(&parser->line, number, bytes, len, &column, &message))
    return parser_fail_at(parser, SCENARIO_ERROR_SYNTAX, (ScenarioPlace){number, column}, "%s", message);
  if (parser_peek(parser)->kind == TOKEN_END)
    return TRUE;
  return parser->line.indent > 0 ? indented_line(parser) : top_line(parser);
}

/* ---- the end ---- */

static gboolean check_liobn(Parser *parser, const Later *later) {
  g_autoptr(GString) known = g_string_new(NULL);

  for (guint i = 0; i < names_n_phbs(parser->names); i++) {
    const NamesPhb *entry = names_get_phb(parser->names, i);

    if (later->value == entry->phb.liobn || later->value == entry->phb.liobn + 1)
      return TRUE;
    if (known->len < 120)
      g_string_append_printf(known, "%s0x%" G_GINT64_MODIFIER "x", known->len ? ", " : "", entry->phb.liobn);
  }
  return parser_fail_at(parser, SCENARIO_ERROR_NAME, later->place,
                        "no PHB has LIOBN 0x%" G_GINT64_MODIFIER "x; they have %s, and the next for a dynamic window",
                        later->value, known->str);
}

/* The end of the RAM that holds `addr`, at any time of the scenario; `addr` itself if none does. */
static guint64 ram_end(Parser *parser, guint64 addr) {
  if (addr < parser->scenario->ram)
    return parser->scenario->ram;
  for (guint i = 0; i < names_len(parser->names); i++) {
    const Name *name = names_get(parser->names, i);

    if (name->kind == NAME_RAM && addr >= name->addr && addr - name->addr < name->size)
      return name->addr + name->size;
  }
  return addr;
}

static gboolean check_ram(Parser *parser, const Later *later) {
  guint64 left = later->size, addr = later->value;
  SizeText text;

  while (left > 0) {
    guint64 end = ram_end(parser, addr);

    if (end == addr)
      return parser_fail_at(parser, SCENARIO_ERROR_VALUE, later->place,
                            "there is no RAM at 0x%" G_GINT64_MODIFIER
                            "x: the machine boots with %s, and nothing is plugged there",
                            later->value, size_text(text, parser->scenario->ram));
    left -= MIN(left, end - addr);
    addr = end;
  }
  return TRUE;
}

static gboolean check_end(Parser *parser) {
  g_autoptr(GError) error = NULL;

  if (!end_block(parser))
    return FALSE;
  if (!parser->scenario->host)
    return parser_fail_at(parser, SCENARIO_ERROR_SYNTAX, (ScenarioPlace){0, 0},
                          "the scenario is empty: it begins with its host, `host power9`");
  if (parser->scenario->stmts->len == 0)
    return parser_fail_at(parser, SCENARIO_ERROR_SYNTAX, (ScenarioPlace){0, 0},
                          "the scenario has a header, but no events");
  if (!sim_host_check(parser->scenario->host, &error))
    return parser_fail_at(parser, SCENARIO_ERROR_VALUE, (ScenarioPlace){parser->host_line, 0}, "%s", error->message);
  parser_guest_defaults(parser);
  for (guint i = 0; i < parser->later->len; i++) {
    const Later *later = &g_array_index(parser->later, Later, i);

    if (later->kind == LATER_LIOBN ? !check_liobn(parser, later) : !check_ram(parser, later))
      return FALSE;
  }
  return TRUE;
}

/* ---- the whole ---- */

/* The first sentence of the comment that opens the file. */
static char *opening_summary(const char *source) {
  GString *text = g_string_new(NULL);
  const char *end;

  for (; *source == '#' || *source == '\n' || *source == '\r'; source += *source == '\n') {
    gsize len = strcspn(source, "\n");
    g_autofree char *line = g_strndup(source, len);
    const char *words = g_strstrip(line + strspn(line, "#"));

    source += len;
    if (g_str_has_prefix(words, "SPDX-"))
      continue;
    if (!*words && text->len)
      break;
    if (*words)
      g_string_append_printf(text, "%s%s", text->len ? " " : "", words);
    if (!*source)
      break;
  }
  for (end = text->str; *end; end++) {
    if ((*end == '.' || *end == '!' || *end == '?') && (end[1] == ' ' || !end[1])) {
      g_string_truncate(text, end + 1 - text->str);
      break;
    }
  }
  return g_string_free(text, FALSE);
}

static gboolean check_encoding(Parser *parser, const char *text, gsize len) {
  const char *bad, *start;
  ScenarioPlace place = {1, 0};

  if (g_utf8_validate_len(text, len, &bad))
    return TRUE;
  start = text;
  for (const char *p = text; p < bad; p++) {
    if (*p == '\n') {
      place.line++;
      start = p + 1;
    }
  }
  place.column = g_utf8_strlen(start, bad - start) + 1;
  return parser_fail_at(parser, SCENARIO_ERROR_SYNTAX, place, "this byte, 0x%02x, is no UTF-8 text",
                        *(const guchar *)bad);
}

static gboolean read_lines(Parser *parser, const char *text, gsize len) {
  const char *end = text + len;

  if (len > SCENARIO_MAX_BYTES)
    return parser_fail_at(parser, SCENARIO_ERROR_READ, (ScenarioPlace){0, 0}, "the file is larger than %d bytes",
                          SCENARIO_MAX_BYTES);
  if (!check_encoding(parser, text, len))
    return FALSE;
  for (guint number = 1; text < end; number++) {
    const char *newline = memchr(text, '\n', end - text);
    gsize line_len = newline ? newline - text : end - text;

    if (!read_line(parser, number, text, line_len))
      return FALSE;
    text += line_len + 1;
  }
  return check_end(parser);
}

static Scenario *parse_bytes(const char *path, const char *text, gsize len, GError **error) {
  Scenario *scenario = g_new0(Scenario, 1);
  Parser parser = {.scenario = scenario, .forked = 1};
  GError *local = NULL;
  gboolean ok;

  scenario->path = g_strdup(path);
  scenario->source = g_strndup(text, MIN(len, SCENARIO_MAX_BYTES));
  scenario->summary = opening_summary(scenario->source);
  scenario->phbs = g_array_new(FALSE, TRUE, sizeof(ScenarioPhb));
  scenario->order = g_strdup("shipped");
  scenario->subject = SCENARIO_ANY_SUBJECT;
  scenario->timeout_ms = 10000;
  scenario->n_processes = 1;
  scenario->stmts = g_ptr_array_new_with_free_func(scenario_stmt_free);

  parser.error = &local;
  parser.names = names_new();
  parser.later = g_array_new(FALSE, TRUE, sizeof(Later));
  line_init(&parser.line);
  ok = read_lines(&parser, text, len);
  line_clear(&parser.line);
  g_array_unref(parser.later);
  names_free(parser.names);
  if (ok)
    return scenario;
  g_propagate_error(error, local);
  scenario_free(scenario);
  return NULL;
}

Scenario *scenario_parse(const char *path, const char *text, GError **error) {
  return parse_bytes(path, text, strlen(text), error);
}

/* All of the file, but no more than one byte beyond the limit: the file may be a device or a pipe without end. */
static GByteArray *read_file(const char *path, GError **error) {
  g_autoptr(GByteArray) bytes = g_byte_array_new();
  gboolean is_stdin = strcmp(path, "-") == 0;
  int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
  int saved = errno;
  guint8 chunk[16384];

  while (fd >= 0 && bytes->len <= SCENARIO_MAX_BYTES) {
    ssize_t n = read(fd, chunk, MIN(sizeof(chunk), SCENARIO_MAX_BYTES + 1 - bytes->len));

    saved = errno;
    if (n < 0 && saved == EINTR)
      continue;
    if (n < 0) {
      if (!is_stdin)
        close(fd);
      fd = -1;
      break;
    }
    if (n == 0)
      break;
    g_byte_array_append(bytes, chunk, n);
  }
  if (fd < 0) {
    g_set_error(error, SCENARIO_ERROR, SCENARIO_ERROR_READ, "%s: cannot be read: %s", path, g_strerror(saved));
    return NULL;
  }
  if (!is_stdin)
    close(fd);
  return g_steal_pointer(&bytes);
}

Scenario *scenario_load(const char *path, GError **error) {
  g_autoptr(GByteArray) bytes = read_file(path, error);

  if (!bytes)
    return NULL;
  return parse_bytes(path, bytes->len ? (const char *)bytes->data : "", bytes->len, error);
}

void scenario_free(Scenario *scenario) {
  if (!scenario)
    return;
  g_free(scenario->path);
  g_free(scenario->source);
  g_free(scenario->summary);
  g_clear_pointer(&scenario->host, sim_host_free);
  g_array_unref(scenario->phbs);
  g_free(scenario->order);
  g_ptr_array_unref(scenario->stmts);
  g_free(scenario);
}
