/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a failure is called: each check has an id that messages bear and `vfiosim explain` tells more about. Most are of
 * scenarios; the last six judge the calls of any program (harness/watch).
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  CHECK_EXPECT,
  CHECK_NEVER,
  CHECK_ANSWER,
  CHECK_FAILS,
  CHECK_FAULT,
  CHECK_COUNT,
  CHECK_FEEDS,
  CHECK_REACHES,
  CHECK_NOTHING,
  CHECK_INTERRUPT,
  CHECK_ENGINE,
  CHECK_RAM,
  CHECK_LOCKED,
  CHECK_DRIVER,
  CHECK_CLEAN,
  CHECK_HUNG,
  CHECK_DIED,
  CHECK_UNFED,
  CHECK_ORPHAN,
  CHECK_LIVE,
  CHECK_TRAP,
  CHECK_STRICT,
  CHECK_LEFT,
  CHECK_N_IDS,
} CheckId;

typedef struct {
  const char *id;      /* "CHK-FEEDS" */
  const char *summary; /* one sentence */
  const char *text;    /* why it matters, what to look at; lines of at most 100 characters */
} Check;

const Check *check_get(CheckId id);      /* NULL out of range */
const Check *check_find(const char *id); /* case-insensitive; NULL */

G_END_DECLS
