/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the parse-*.c files share. Internal to harness/scenario.
 *
 * A scenario is read in one pass, line by line, with the state that it would have reached there: which names are
 * defined, which PHBs exist, whether the machine runs. What depends on lines still to come (LIOBNs and RAM of what is
 * plugged later) is noted and checked at the end.
 */
#pragma once

#include "harness/scenario/lexer.h"
#include "harness/scenario/names.h"
#include "harness/scenario/scenario.h"

G_BEGIN_DECLS

typedef struct Parser Parser;

/* When a statement may stand. */
enum {
  WORD_HEADER = 1,     /* before the first event */
  WORD_MACHINE = 2,    /* only with a `guest` */
  WORD_RAW = 4,        /* only without */
  WORD_RUNNING = 8,    /* between boot and quit or kill */
  WORD_FAILS = 16,     /* may end in "fails [ERRNO]" */
  WORD_EXPECT = 32,    /* may be followed by an `expect` block */
  WORD_AFTER_END = 64, /* may stand after quit and kill */
};

/* One statement of the language; the tables of these are the language. */
typedef struct WordRow {
  const char *word;
  const struct WordRow *rows; /* not NULL: the next word picks one of these */
  gboolean (*parse)(Parser *parser, ScenarioStmt *stmt);
  int kind; /* ScenarioStmtKind, or -1: leaves no statement */
  guint flags;
  const char *usage;
  const char *help;
} WordRow;

/* Each ends in a row without a word. */
extern const WordRow word_rows[];
extern const WordRow ddw_rows[];
extern const WordRow guest_rows[];
extern const WordRow assert_rows[];
extern const WordRow handle_rows[];                     /* the word after a handle that is no call */
extern const WordRow host_key_rows[], guest_key_rows[]; /* the indented lines below `host` and `guest` */

typedef enum { LATER_LIOBN, LATER_RAM } LaterKind;

typedef struct {
  LaterKind kind;
  ScenarioPlace place;
  guint64 value, size;
} Later;

struct Parser {
  Scenario *scenario;
  GError **error;
  Line line;
  guint next; /* token */
  Names *names;
  GArray *later;             /* of Later */
  const WordRow *rows;       /* of the indented lines that may follow; NULL: none may */
  ScenarioStmt *expect_stmt; /* whose `expect` may follow; borrowed */
  ScenarioBlock *block;      /* that is open; NULL: none. Borrowed; its place is its `expect` */
  guint host_line, guest_line, ram_line, order_line, subject_line, timeout_line; /* 0: not seen */
  guint first_line;          /* of the first event, 0: still in the header */
  guint boot_line, end_line; /* of boot; of quit or kill; 0: not yet */
  const char *end_word;
  Name *handle;  /* that a raw line begins with */
  guint process; /* that makes the raw calls */
  guint forked;  /* mask of processes that exist */
};

/* Sets the error "path:line:column: ..." unless one is set. Always FALSE. `at` NULL: the first token of the line. */
gboolean parser_fail(Parser *parser, ScenarioError code, const Token *at, const char *format, ...) G_GNUC_PRINTF(4, 5);
gboolean parser_fail_at(Parser *parser, ScenarioError code, ScenarioPlace place, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

/* The candidate nearest to a misspelt word, NULL if none is near. Borrowed from the array. */
const char *scenario_nearest(const char *word, const GPtrArray *candidates);
/* "unknown WHAT WORD; did you mean X?" at a token; without a near one "; one of ..." if the list is short. FALSE. */
gboolean parser_unknown(Parser *parser, const Token *at, const char *what, const GPtrArray *candidates);

/* ---- tokens ---- */

const Token *parser_peek(const Parser *parser);
const Token *parser_take(Parser *parser);
/* "64K" or "0x1001": a size as people write it, in a buffer of the caller's. */
typedef char SizeText[24];
const char *size_text(SizeText buffer, guint64 size);
/* Takes a word; FALSE with "expected WHAT" otherwise. */
gboolean parser_word(Parser *parser, const char *what, const Token **token);
gboolean parser_keyword(Parser *parser, const char *word);
/* Takes the word, or the token of that kind, if it is next. */
gboolean parser_accept(Parser *parser, const char *word);
gboolean parser_accept_kind(Parser *parser, TokenKind kind);
/* Nothing may be left on the line. */
gboolean parser_end(Parser *parser);
ScenarioPlace parser_place(const Parser *parser, const Token *token);

/* ---- values; `what` is how messages call it ---- */

gboolean parser_number(Parser *parser, const char *what, guint64 min, guint64 max, guint64 *value);
gboolean parser_size(Parser *parser, const char *what, guint64 *value); /* not 0 */
gboolean parser_page(Parser *parser, guint *page_shift);
gboolean parser_range(Parser *parser, guint64 *start, guint64 *size); /* A..B */
gboolean parser_errno(Parser *parser, int *error);
gboolean parser_bdf(Parser *parser, guint64 *device); /* of the scenario's host */
gboolean parser_group(Parser *parser, guint *group);  /* of the scenario's host */
gboolean parser_liobn(Parser *parser, guint64 *liobn);
gboolean parser_ram(Parser *parser, guint64 size, guint64 *addr);    /* "ram R": size bytes from there must be RAM */
gboolean parser_ram_at(Parser *parser, guint64 size, guint64 *addr); /* "R" alone */
/* The RAM that parser_ram() took last must reach so far: `size` bytes. */
void parser_ram_reaches(Parser *parser, guint64 size);
gboolean parser_perm(Parser *parser, guint *perm);
/* A name that is not defined yet; it is not entered. */
gboolean parser_new_name(Parser *parser, const Token **token);
gboolean parser_as(Parser *parser, const Token **token); /* "as NAME" */
/* A name of that kind that is alive. */
gboolean parser_name(Parser *parser, NameKind kind, Name **name);
/* "phb N", PHB N being there. */
gboolean parser_phb(Parser *parser, ScenarioPhb *phb);

/* Whether [start, start + size) may be a DMA window: power of two, aligned, of at least a page. */
gboolean parser_check_window(Parser *parser, const Token *at, guint64 start, guint64 size, guint page_shift);
/* "N [: liobn L window A..B page P]"; the PHB is entered unless the line ends in "fails". */
gboolean parser_phb_line(Parser *parser, ScenarioPhb *phb);
/* "fails [ERRNO]" at the end of an event that may have it. */
gboolean parser_fails(Parser *parser, ScenarioStmt *stmt);
/* Whether the rest of the line will end so: what is refused on purpose need not make sense. */
gboolean parser_will_fail(const Parser *parser);

/* ---- calls ---- */

GArray *scenario_args_new(void); /* of ScenarioArg */
void scenario_expect_clear(ScenarioExpect *expect);
/* "OBJECT [ID] CALL [FIELD VALUE]..." up to "=", to one of `stops` (NULL-terminated) or the end of the line. */
gboolean parser_match(Parser *parser, ScenarioExpect *expect, const char *const *stops);
gboolean parser_field(Parser *parser, ScenarioExpect *expect, gboolean raw, gboolean after);
gboolean parser_call(Parser *parser, AbiKind kind, AbiCallId *call);
/* "builtin" or "qemu". */
gboolean parser_subject(Parser *parser, ScenarioSubject *subject);
/* What follows "=". */
gboolean parser_result(Parser *parser, ScenarioExpect *expect);
/* "expect [SUBJECT]": opens the block. */
gboolean parser_expect_block(Parser *parser);
gboolean parser_expect_line(Parser *parser);
/* The block that is open, if any, must hold something; it is closed. */
gboolean parser_end_block(Parser *parser);
/* "HANDLE ..." */
gboolean parser_handle_line(Parser *parser);

/* ---- statements ---- */

ScenarioStmt *scenario_stmt_new(int kind);
void scenario_stmt_free(gpointer stmt);
/* The row whose word it is, NULL if none. */
const WordRow *word_find(const WordRow *rows, const char *word);
void word_list(const WordRow *rows, GPtrArray *words);
/* Checks the row's flags, runs its parser on what is left of the line, appends its statement. */
gboolean parser_row(Parser *parser, const WordRow *row, const Token *first);

gboolean parse_host(Parser *parser, ScenarioStmt *stmt);
gboolean parse_order(Parser *parser, ScenarioStmt *stmt);
gboolean parse_subject(Parser *parser, ScenarioStmt *stmt);
gboolean parse_timeout(Parser *parser, ScenarioStmt *stmt);
gboolean parse_boot(Parser *parser, ScenarioStmt *stmt);
gboolean parse_reset(Parser *parser, ScenarioStmt *stmt);
gboolean parse_quit(Parser *parser, ScenarioStmt *stmt);
gboolean parse_plug(Parser *parser, ScenarioStmt *stmt); /* cold, too */
gboolean parse_unplug(Parser *parser, ScenarioStmt *stmt);
gboolean parse_plug_phb(Parser *parser, ScenarioStmt *stmt);
gboolean parse_unplug_phb(Parser *parser, ScenarioStmt *stmt);
gboolean parse_plug_ram(Parser *parser, ScenarioStmt *stmt);
gboolean parse_unplug_ram(Parser *parser, ScenarioStmt *stmt);
gboolean parse_kill(Parser *parser, ScenarioStmt *stmt);
gboolean parse_fail(Parser *parser, ScenarioStmt *stmt);
gboolean parse_engine(Parser *parser, ScenarioStmt *stmt);
gboolean parse_read_config(Parser *parser, ScenarioStmt *stmt);
gboolean parse_write_config(Parser *parser, ScenarioStmt *stmt);
gboolean parse_ddw_query(Parser *parser, ScenarioStmt *stmt);
gboolean parse_store(Parser *parser, ScenarioStmt *stmt);
gboolean parse_holds(Parser *parser, ScenarioStmt *stmt);
gboolean parse_open(Parser *parser, ScenarioStmt *stmt);
gboolean parse_close(Parser *parser, ScenarioStmt *stmt);
gboolean parse_dup(Parser *parser, ScenarioStmt *stmt);
gboolean parse_buffer(Parser *parser, ScenarioStmt *stmt);
gboolean parse_free(Parser *parser, ScenarioStmt *stmt);
gboolean parse_process(Parser *parser, ScenarioStmt *stmt);
gboolean parse_host_device(Parser *parser, ScenarioStmt *stmt);
gboolean parse_host_unbind(Parser *parser, ScenarioStmt *stmt);
gboolean parse_host_bind(Parser *parser, ScenarioStmt *stmt);
gboolean parse_assert_driver(Parser *parser, ScenarioStmt *stmt);
/* The guest row `pseries`: the header's second part. */
gboolean parse_guest(Parser *parser, ScenarioStmt *stmt);

/* A key of the host's that is no row: page-size, memlock, ... */
gboolean parser_host_key(Parser *parser);

/* No more lines of the guest's will come: what was left out gets its default. */
void parser_guest_defaults(Parser *parser);

G_END_DECLS
