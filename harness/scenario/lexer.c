/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * GScanner is not used: to it 0000:01:00.0, 0..1G, 2^40 and kvm-vfio are several numbers and identifiers, and putting
 * them together again takes more code than splitting at white space.
 */
#include "harness/scenario/lexer.h"

#include <string.h>

static void token_clear(gpointer data) {
  Token *token = data;

  g_free(token->text);
}

void line_init(Line *line) {
  memset(line, 0, sizeof(*line));
  line->tokens = g_array_new(FALSE, TRUE, sizeof(Token));
  g_array_set_clear_func(line->tokens, token_clear);
}

void line_clear(Line *line) {
  g_clear_pointer(&line->tokens, g_array_unref);
  g_clear_pointer(&line->text, g_free);
}

static void line_add(Line *line, TokenKind kind, guint column, const char *text, gsize len) {
  Token token = {kind, column, g_strndup(text, len)};

  g_array_append_val(line->tokens, token);
}

static gboolean is_space(char c) {
  return c == ' ' || c == '\t';
}

static gboolean starts_comment(char c) {
  return c == '#';
}

/* How many bytes of a word stand here; "=" and "->" end one. */
static gsize word_len(const char *p, const char *end) {
  const char *start = p;

  while (p < end && !is_space(*p) && !starts_comment(*p) && *p != '"' && *p != '=') {
    if (p[0] == '-' && p + 1 < end && p[1] == '>')
      break;
    p++;
  }
  return p - start;
}

static gboolean read_text(Line *line, guint at, const char **pp, const char *end, const char **message) {
  const char *start = *pp + 1, *close = memchr(start, '"', end - start);

  if (!close) {
    *message = "the quoted text does not end on this line";
    return FALSE;
  }
  line_add(line, TOKEN_TEXT, at, start, close - start);
  *pp = close + 1;
  return TRUE;
}

static void read_word(Line *line, guint at, const char **pp, const char *end) {
  const char *p = *pp;
  gsize len = word_len(p, end);

  *pp = p + len;
  if (len > 1 && p[len - 1] == ':') {
    line_add(line, TOKEN_WORD, at, p, len - 1);
    line_add(line, TOKEN_COLON, at + g_utf8_strlen(p, len - 1), ":", 1);
  } else if (len == 1 && p[0] == ':') {
    line_add(line, TOKEN_COLON, at, ":", 1);
  } else {
    line_add(line, TOKEN_WORD, at, p, len);
  }
}

static gboolean check_characters(const char *bytes, gsize len, guint *column, const char **message) {
  *column = 1;
  for (const char *p = bytes; p < bytes + len; p = g_utf8_next_char(p), ++*column) {
    if (*p != '\t' && g_unichar_iscntrl(g_utf8_get_char(p))) {
      *message = "a control character has no place in a scenario";
      return FALSE;
    }
  }
  return TRUE;
}

gboolean line_read(Line *line, guint number, const char *bytes, gsize len, guint *column, const char **message) {
  const char *p = bytes, *end, *first, *last;

  g_array_set_size(line->tokens, 0);
  g_clear_pointer(&line->text, g_free);
  line->number = number;
  line->indent = 0;
  if (len > 0 && bytes[len - 1] == '\r')
    len--;
  end = bytes + len;
  if (!check_characters(bytes, len, column, message))
    return FALSE;

  for (; p < end && is_space(*p); p++)
    line->indent = *p == '\t' ? (line->indent / 8 + 1) * 8 : line->indent + 1;
  first = last = p;
  while (p < end && !starts_comment(*p)) {
    guint at = g_utf8_strlen(bytes, p - bytes) + 1;

    if (is_space(*p)) {
      p++;
      continue;
    }
    if (*p == '"') {
      if (!read_text(line, at, &p, end, message)) {
        *column = at;
        return FALSE;
      }
    } else if (*p == '=') {
      line_add(line, TOKEN_EQUAL, at, p++, 1);
    } else if (p[0] == '-' && p + 1 < end && p[1] == '>') {
      line_add(line, TOKEN_ARROW, at, p, 2);
      p += 2;
    } else {
      read_word(line, at, &p, end);
    }
    last = p;
  }
  line->text = g_strndup(first, last - first);
  line_add(line, TOKEN_END, g_utf8_strlen(bytes, last - bytes) + 1, "", 0);
  return TRUE;
}
