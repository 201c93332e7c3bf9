/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Faults that a trace shows by itself, whoever made the calls and whoever answered them: no scenario says what is
 * expected. Follows the calls one by one in constant memory for each object that lives.
 *
 * A check is a function of the state before a call (shadow.h) and the call. What it finds names the calls that led to
 * it, so that the finding can be read without the trace.
 */
#pragma once

#include "harness/checks.h"
#include "sim/host/host.h"
#include "sim/trace/trace.h"

G_BEGIN_DECLS

typedef struct {
  CheckId check;
  char *message;
  GPtrArray *calls; /* of TraceEvent*, by number; the last one is where it was seen */
  guint times;      /* the same was found */
} WatchFinding;

/* Sets of checks are masks of 1 << CheckId: those there are, and those whose findings are faults in every client. The
 * others find what a careful client avoids: CHK-STRICT, CHK-LEFT. */
guint64 watch_checks_all(void);
guint64 watch_checks_default(void);

typedef struct Watch Watch;

/* host: what its kernel can do decides what a client may be expected to do. It is not kept. */
Watch *watch_new(const SimHost *host);
void watch_free(Watch *watch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Watch, watch_free)

void watch_event(Watch *watch, const TraceEvent *event);
/* There are no more events. */
void watch_end(Watch *watch);

/* Of WatchFinding*, in the order they were found first; the watch's. The same fault of the same objects is one finding,
 * and of many findings of one check the first few are kept. */
const GPtrArray *watch_findings(const Watch *watch);

G_END_DECLS
