/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Errors as people read them: the place, what is wrong, the line with a caret, and what was perhaps meant. */
#include <string.h>

#include "harness/scenario/parser.h"

G_DEFINE_QUARK(scenario - error - quark, scenario_error)

enum { SOURCE_SHOWN = 200 }; /* characters of a source line that a message shows */

/* The n-th line of the source, from 1, as text that a terminal can show; NULL past the end. */
static char *source_line(const char *source, guint number) {
  const char *end;
  char *line;

  if (!source || number == 0)
    return NULL;
  for (guint i = 1; i < number; i++) {
    source = strchr(source, '\n');
    if (!source)
      return NULL;
    source++;
  }
  end = source + strcspn(source, "\r\n");
  line = g_utf8_make_valid(source, end - source);
  for (char *p = line; *p; p++) {
    if (g_ascii_iscntrl(*p) && *p != '\t')
      *p = '?';
  }
  return line;
}

static void append_caret(GString *out, const char *source, guint column) {
  const char *p = source;

  g_string_append(out, "\n  ");
  for (guint i = 1; i < column; i++) {
    g_string_append_c(out, *p == '\t' ? '\t' : ' ');
    if (*p)
      p = g_utf8_next_char(p);
  }
  g_string_append_c(out, '^');
}

static char *message_va(const Scenario *scenario, ScenarioPlace place, const char *format, va_list ap) {
  GString *out = g_string_new(scenario->path);
  g_autofree char *source = source_line(scenario->source, place.line);

  if (place.line)
    g_string_append_printf(out, ":%u", place.line);
  if (place.line && place.column)
    g_string_append_printf(out, ":%u", place.column);
  g_string_append(out, ": ");
  g_string_append_vprintf(out, format, ap);
  if (source) {
    gboolean shortened = g_utf8_strlen(source, -1) > SOURCE_SHOWN;

    if (shortened)
      *g_utf8_offset_to_pointer(source, SOURCE_SHOWN) = '\0';
    g_string_append_printf(out, "\n  %s%s", source, shortened ? "..." : "");
    if (place.column && place.column <= SOURCE_SHOWN + 1)
      append_caret(out, source, place.column);
  }
  return g_string_free(out, FALSE);
}

char *scenario_message(const Scenario *scenario, ScenarioPlace place, const char *format, ...) {
  va_list ap;
  char *message;

  va_start(ap, format);
  message = message_va(scenario, place, format, ap);
  va_end(ap);
  return message;
}

static void fail_va(Parser *parser, ScenarioError code, ScenarioPlace place, const char *format, va_list ap) {
  g_autofree char *message = NULL;

  if (parser->error && *parser->error)
    return;
  message = message_va(parser->scenario, place, format, ap);
  g_set_error_literal(parser->error, SCENARIO_ERROR, code, message);
}

gboolean parser_fail_at(Parser *parser, ScenarioError code, ScenarioPlace place, const char *format, ...) {
  va_list ap;

  va_start(ap, format);
  fail_va(parser, code, place, format, ap);
  va_end(ap);
  return FALSE;
}

gboolean parser_fail(Parser *parser, ScenarioError code, const Token *at, const char *format, ...) {
  ScenarioPlace place = {parser->line.number, at ? at->column : g_array_index(parser->line.tokens, Token, 0).column};
  va_list ap;

  va_start(ap, format);
  fail_va(parser, code, place, format, ap);
  va_end(ap);
  return FALSE;
}

/* Letters changed, added, left out or swapped with their neighbour, without regard to case; `limit` + 1 if more than
 * limit. */
static guint distance(const char *a, const char *b, guint limit) {
  gsize la = strlen(a), lb = strlen(b);
  g_autofree guint *rows = NULL;
  guint *before, *last, *now;

  if (MAX(la, lb) - MIN(la, lb) > limit || la > 64 || lb > 64)
    return limit + 1;
  rows = g_new0(guint, 3 * (lb + 1));
  before = rows;
  last = before + lb + 1;
  now = last + lb + 1;
  for (gsize j = 0; j <= lb; j++)
    last[j] = j;
  for (gsize i = 1; i <= la; i++) {
    guint *spare = before;

    now[0] = i;
    for (gsize j = 1; j <= lb; j++) {
      char ca = g_ascii_tolower(a[i - 1]), cb = g_ascii_tolower(b[j - 1]);
      guint cost = MIN(last[j] + 1, now[j - 1] + 1);

      cost = MIN(cost, last[j - 1] + (ca != cb));
      if (i > 1 && j > 1 && ca == g_ascii_tolower(b[j - 2]) && g_ascii_tolower(a[i - 2]) == cb)
        cost = MIN(cost, before[j - 2] + 1);
      now[j] = cost;
    }
    before = last;
    last = now;
    now = spare;
  }
  return last[lb];
}

const char *scenario_nearest(const char *word, const GPtrArray *candidates) {
  guint best = MAX(1, MIN(strlen(word), 64) / 3) + 1;
  const char *nearest = NULL;

  for (guint i = 0; i < candidates->len; i++) {
    const char *candidate = g_ptr_array_index(candidates, i);
    guint d = distance(word, candidate, best - 1);

    if (d < best) {
      best = d;
      nearest = candidate;
    }
  }
  return nearest;
}

gboolean parser_unknown(Parser *parser, const Token *at, const char *what, const GPtrArray *candidates) {
  const char *nearest = scenario_nearest(at->text, candidates);
  g_autoptr(GString) list = g_string_new(NULL);

  if (nearest)
    return parser_fail(parser, SCENARIO_ERROR_NAME, at, "unknown %s %s; did you mean %s?", what, at->text, nearest);
  for (guint i = 0; i < candidates->len; i++)
    g_string_append_printf(list, "%s%s", i ? ", " : "", (const char *)g_ptr_array_index(candidates, i));
  if (list->len == 0 || list->len > 200)
    return parser_fail(parser, SCENARIO_ERROR_NAME, at, "unknown %s %s", what, at->text);
  return parser_fail(parser, SCENARIO_ERROR_NAME, at, "unknown %s %s; known: %s", what, at->text, list->str);
}
