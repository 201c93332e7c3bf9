/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a world says to the process that made it, through a pipe: messages of a header and `len` bytes. Both ends are
 * one image, so structs travel as they are. Private to harness/run.
 */
#pragma once

#include "harness/run/runner.h"

G_BEGIN_DECLS

enum {
  WORLD_MAX_EVENTS = 100000,
  WORLD_MAX_TEXT = 1 << 20, /* bytes of a message or a stretch */
  WORLD_LAST_EVENTS = 20,   /* that a dying world still sends */
};

typedef enum {
  WORLD_STMT,    /* WorldBeginning */
  WORLD_RESULT,  /* WorldResult */
  WORLD_MESSAGE, /* text */
  WORLD_STRETCH, /* text */
  WORLD_EVENT,   /* TraceEvent */
  WORLD_RULES,   /* RULE_COUNT counts */
  WORLD_LOST,    /* gint32: the signal that ends the world; events follow */
  WORLD_END,
} WorldMsgKind;

typedef struct {
  guint32 kind, len;
} WorldMsgHeader;

typedef struct {
  guint32 stmt, n_events;
} WorldBeginning;

typedef struct {
  gint32 status;
  double seconds;
  guint64 n_calls;
} WorldResult;

/* Writes a message; ends the process if nobody reads any more. Only write(2): safe in a signal handler. */
void world_msg_send(int fd, WorldMsgKind kind, const void *data, gsize len);

/* Whether the length is one that the kind can have. */
gboolean world_msg_is_sane(const WorldMsgHeader *header);

/* ---- world-child.c ---- */

/* Runs the scenario, says everything to fd, and exits: 0, or what a sanitizer makes of it. */
void world_child(int fd, const Scenario *scenario, const RunOptions *options) G_GNUC_NORETURN;

G_END_DECLS
