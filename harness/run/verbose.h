/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Shows a run as it went: each statement as the scenario has it, and below it the calls that it made, with the rule of
 * each answer that has one.
 */
#pragma once

#include <stdio.h>

#include "harness/scenario/scenario.h"

G_BEGIN_DECLS

typedef struct Verbose Verbose;

Verbose *verbose_new(FILE *out); /* out stays the caller's */
void verbose_free(Verbose *verbose);

/* scenario and trace must live until verbose_end(). */
void verbose_begin(Verbose *verbose, const Scenario *scenario, const Trace *trace);
/* A statement begins after n_events events; its events may come later. */
void verbose_statement(Verbose *verbose, guint index, guint n_events);
/* n_events: the scenario's own; what comes after them is the subject being taken down. passed: the last statement held,
 * too. */
void verbose_end(Verbose *verbose, guint n_events, gboolean passed);

G_END_DECLS
