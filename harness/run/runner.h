/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs one scenario in this process: puts its statements to the subject one by one, lets the kernel settle, holds the
 * calls against what is expected. The first statement that fails ends it.
 */
#pragma once

#include "harness/kernel.h"
#include "harness/report/report.h"

G_BEGIN_DECLS

typedef enum { KERNEL_DIRECT, KERNEL_FUSE, KERNEL_HOST, KERNEL_N_KINDS } KernelKind;

const char *kernel_kind_name(KernelKind kind);
gboolean kernel_kind_from_name(const char *name, KernelKind *kind);

/* Who attaches. */
typedef struct {
  ScenarioSubject kind; /* never SCENARIO_ANY_SUBJECT */
  const char *program;  /* QEMU's path; NULL: see qemu_program_find() */
} SubjectSpec;

typedef struct {
  KernelKind kernel;
  SubjectSpec subject;
  /* Makes the kernel instead of what `kernel` names: for tests with one of their own. NULL: as `kernel` says. */
  Kernel *(*open_kernel)(const Scenario *scenario, Trace *trace, GError **error);
  const char *order;           /* NULL: the scenario's */
  const char *const *bindings; /* host: see kernel_host_new() */
  /* Told before each statement is put: its index in scenario->stmts, and how many events there were before it. May be
   * NULL. */
  void (*progress)(guint index, guint n_events, gpointer data);
  gpointer progress_data;
  Trace *trace;       /* where the events go; NULL: one of its own */
  guint32 *rules_met; /* RULE_COUNT counts, added to; NULL: not wanted */
} RunOptions;

/* result: a new one of this scenario; its status and all that goes with it are filled. Never fails otherwise: what
 * keeps a scenario from being run is RESULT_SKIP or RESULT_ERROR. */
void run_scenario(const Scenario *scenario, const RunOptions *options, ScenarioResult *result);

G_END_DECLS
