/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One scenario being run: what the parts of the runner share. Private to harness/run. */
#pragma once

#include "harness/checks.h"
#include "harness/run/faults.h"
#include "harness/run/runner.h"

G_BEGIN_DECLS

enum { RUN_NO_MARK = G_MAXUINT };

typedef struct {
  const Scenario *scenario;
  Trace *trace;
  Kernel *kernel;
  Subject *subject;
  Faults *faults;
  ScenarioResult *result;
  gboolean machine;       /* built, and neither quit nor killed */
  const ScenarioStmt *at; /* the statement being carried out */
  guint first;            /* its first event */
} Run;

/* ---- run/verdict.c ---- */

/* Ends the scenario; message and stretch are consumed. */
void run_end(Run *run, ResultStatus status, char *message, char *stretch);

/* Ends the scenario: RESULT_FAIL with the place, the reason, the check's id, and the statement's calls; the event
 * `mark` (an index, or RUN_NO_MARK) is pointed at. */
void run_fail(Run *run, CheckId check, ScenarioPlace place, guint mark, const char *format, ...) G_GNUC_PRINTF(5, 6);
/* The same with the stretch as given (consumed). */
void run_fail_stretch(Run *run, CheckId check, ScenarioPlace place, char *stretch, const char *format, ...)
    G_GNUC_PRINTF(5, 6);

/* Whether the reply says that the subject died, hung, cannot do it, or refused: then the scenario ends, and why is
 * noted. */
gboolean run_reply_ends(Run *run, const ScenarioStmt *stmt, const SubjectReply *reply);
/* The same of a statement that says "fails": the scenario ends unless the subject refused it, and so. */
void run_reply_refused(Run *run, const ScenarioStmt *stmt, const SubjectReply *reply);

/* ---- run/assertions.c ---- */

/* Whether the statement asks the model, which the machine's own kernel does not have. */
gboolean assertion_needs_model(ScenarioStmtKind kind);
/* Carries out an STMT_ASSERT_*; failures go to run_fail(). */
void assertion_check(Run *run, const ScenarioStmt *stmt);

/* ---- run/host-event.c ---- */

/* Carries out an STMT_HOST_*. */
void host_event_make(Run *run, const ScenarioStmt *stmt);
/* STMT_ASSERT_DRIVER */
void host_event_check_driver(Run *run, const ScenarioStmt *stmt);

/* ---- run/hypercall.c ---- */

/* Carries out an STMT_GUEST_*: the kernel's VM answers, or the subject what the kernel leaves to user space. */
void hypercall_make(Run *run, const ScenarioStmt *stmt);

/* ---- run/memory.c: STMT_GUEST_STORE, STMT_ASSERT_RAM ---- */

void memory_store(Run *run, const ScenarioStmt *stmt);
void memory_check(Run *run, const ScenarioStmt *stmt);

/* ---- run/engine.c ---- */

/* Puts an STMT_ENGINE to the subject's driver and judges how it ended. */
void engine_run(Run *run, const ScenarioStmt *stmt);

/* ---- run/firmware.c ---- */

/* Carries out an STMT_CONFIG_* or STMT_DDW_QUERY: a firmware call of the guest's that answers with a value. */
void firmware_call(Run *run, const ScenarioStmt *stmt);

/* ---- run/diagnosis.c ---- */

/* The statement that brought the device of that name in (STMT_PLUG or STMT_COLD) last before `before`; NULL. */
const ScenarioStmt *run_device(const Run *run, const char *name, const ScenarioStmt *before);
/* The LIOBN of the window of a PHB that holds the I/O address: the guest's newest table there, else the default one. */
guint64 run_liobn_at(const Run *run, guint phb, guint64 ioba);

/* Looks for the reason why a LIOBN does not feed a group in the calls made. Appends one sentence to `why` and gives the
 * calls that show it. NULL: everything that is needed was called. */
char *diagnose_feed(const Run *run, guint group, guint64 liobn, GString *why);

/* ---- run/stretch.c ---- */

/* The events [first, end) one a line with their numbers, at most 40 of them: around the mark, if there is one; without
 * those of vCPUs. NULL: none. */
char *stretch_range(const Trace *trace, guint first, guint end, guint mark);
/* The events of these indices (guint), ascending. */
char *stretch_of(const Trace *trace, const GArray *indices, guint mark);

G_END_DECLS
