/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One line of a scenario as tokens, each with its column. Internal to harness/scenario. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  TOKEN_WORD,  /* kvm-vfio, 0000:01:00.0, 0..1G, buf+0x1000, 2^40, ... */
  TOKEN_TEXT,  /* "in quotes", text is without them */
  TOKEN_EQUAL, /* = */
  TOKEN_ARROW, /* -> */
  TOKEN_COLON, /* the colon that ends a word: "group 7:" */
  TOKEN_END,   /* always the last token of a line */
} TokenKind;

typedef struct {
  TokenKind kind;
  guint column; /* from 1, in characters; of TOKEN_END: behind the last token */
  char *text;
} Token;

typedef struct {
  guint number;   /* from 1 */
  guint indent;   /* columns of white space before the first token */
  char *text;     /* the line, trimmed and without its comment */
  GArray *tokens; /* of Token */
} Line;

void line_init(Line *line);
void line_clear(Line *line);

/* Reads `len` bytes of valid UTF-8 without a newline into `line`, whose former tokens are freed. FALSE: *message
 * (static) says what is wrong at *column. */
gboolean line_read(Line *line, guint number, const char *bytes, gsize len, guint *column, const char **message);

G_END_DECLS
