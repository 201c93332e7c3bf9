/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a Coverage holds. Private to coverage/. */
#pragma once

#include "coverage/coverage.h"

G_BEGIN_DECLS

typedef struct {
  guint64 count;
  GPtrArray *runs;   /* borrowed names; NULL until the rule is met */
  gboolean excepted; /* a document says why it cannot be met */
} RuleCoverage;

struct Coverage {
  GHashTable *runs; /* names */
  RuleCoverage rules[RULE_COUNT];
  GHashTable *calls[ABI_N_CALLS]; /* result -> guint64; NULL: never made */
};

G_END_DECLS
