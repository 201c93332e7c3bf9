/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The faults of a scenario: each answers one call, once. Offers may come from another thread than arming.
 */
#pragma once

#include "harness/scenario/scenario.h"

G_BEGIN_DECLS

typedef struct Faults Faults;

Faults *faults_new(void);
void faults_free(Faults *faults);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Faults, faults_free)

/* stmt: STMT_FAIL; it must outlive the faults. */
void faults_arm(Faults *faults, const ScenarioStmt *stmt);

/* A SimFaultFunc; data is the Faults. */
int faults_offer(const TraceEvent *event, gpointer data);

/* The first armed fault that was not reached, NULL if there is none; *seen: how many calls matched it. */
const ScenarioStmt *faults_unreached(Faults *faults, guint *seen);

G_END_DECLS
