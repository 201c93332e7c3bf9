/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the checks on traces share. Private to harness/watch. */
#pragma once

#include "harness/watch/shadow.h"
#include "harness/watch/watch.h"

G_BEGIN_DECLS

struct Watch {
  gboolean tce_vfio; /* the host's KVM can feed hardware tables */
  Shadow shadow;
  GPtrArray *findings;                  /* of WatchFinding* */
  GHashTable *keys;                     /* check and key -> WatchFinding* */
  guint n[CHECK_N_IDS];                 /* findings of each check */
  gboolean exiting;                     /* the newest close was made by the end of a process */
  GPtrArray *left;                      /* of TraceEvent*: what made the objects that ends of processes closed */
  guint64 left_mapped, left_registered; /* bytes */
};

/* A new finding with the calls (NULLs are passed over), whose message is the caller's to set; NULL: it was found
 * before, or there are enough of them. key: what is at fault, for telling two findings of a check apart. */
WatchFinding *watch_find(Watch *watch, CheckId check, const char *key, const TraceEvent *const *calls, guint n);

/* Each is called before the shadow takes the event in. */
void watch_check_feeds(Watch *watch, const TraceEvent *event);   /* CHK-UNFED, CHK-ORPHAN, CHK-LIVE */
void watch_check_answers(Watch *watch, const TraceEvent *event); /* CHK-TRAP, CHK-STRICT */
void watch_check_left(Watch *watch, const TraceEvent *event);    /* CHK-LEFT */
void watch_report_left(Watch *watch);

G_END_DECLS
