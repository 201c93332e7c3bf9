/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What guest memory holds: 32-bit little-endian words, all the same or counting. */
#include "harness/run/run.h"

static guint32 word_at(const ScenarioStmt *stmt, gsize i) {
  return GUINT32_TO_LE((guint32)(stmt->value + (stmt->counting ? i : 0)));
}

static void no_ram(Run *run, const ScenarioStmt *stmt, CheckId check) {
  run_fail(run, check, stmt->place, RUN_NO_MARK,
           "the guest has no RAM of 0x%" G_GINT64_MODIFIER "x bytes at 0x%" G_GINT64_MODIFIER "x", stmt->size,
           stmt->addr);
}

void memory_store(Run *run, const ScenarioStmt *stmt) {
  g_autofree guint32 *words = g_malloc(stmt->size);

  for (gsize i = 0; i < stmt->size / sizeof *words; i++)
    words[i] = word_at(stmt, i);
  if (!run->subject->poke(run->subject, stmt->addr, words, stmt->size))
    no_ram(run, stmt, CHECK_RAM);
}

void memory_check(Run *run, const ScenarioStmt *stmt) {
  g_autofree guint32 *words = g_malloc(stmt->size);

  if (!run->subject->peek(run->subject, stmt->addr, words, stmt->size)) {
    no_ram(run, stmt, CHECK_RAM);
    return;
  }
  for (gsize i = 0; i < stmt->size / sizeof *words; i++) {
    if (words[i] == word_at(stmt, i))
      continue;
    run_fail(run, CHECK_RAM, stmt->place, RUN_NO_MARK, "ram 0x%" G_GINT64_MODIFIER "x holds 0x%08x; expected is 0x%08x",
             stmt->addr + i * sizeof *words, GUINT32_FROM_LE(words[i]), GUINT32_FROM_LE(word_at(stmt, i)));
    return;
  }
}
