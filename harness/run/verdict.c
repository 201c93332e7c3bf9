/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/run/run.h"

void run_end(Run *run, ResultStatus status, char *message, char *stretch) {
  g_free(run->result->message);
  g_free(run->result->stretch);
  run->result->status = status;
  run->result->message = message;
  run->result->stretch = stretch;
}

static void fail_v(Run *run, CheckId check, ScenarioPlace place, char *stretch, const char *format, va_list args) {
  g_autofree char *reason = g_strdup_vprintf(format, args);

  run_end(run, RESULT_FAIL, scenario_message(run->scenario, place, "%s [%s]", reason, check_get(check)->id), stretch);
}

void run_fail(Run *run, CheckId check, ScenarioPlace place, guint mark, const char *format, ...) {
  va_list args;

  va_start(args, format);
  fail_v(run, check, place, stretch_range(run->trace, run->first, trace_len(run->trace), mark), format, args);
  va_end(args);
}

void run_fail_stretch(Run *run, CheckId check, ScenarioPlace place, char *stretch, const char *format, ...) {
  va_list args;

  va_start(args, format);
  fail_v(run, check, place, stretch, format, args);
  va_end(args);
}

/* The last calls, whatever statement made them: what a subject did before it was lost. The closes after them are the
 * kernel's, when the process was gone. */
static char *last_calls(const Run *run) {
  guint n = trace_len(run->trace);

  while (n && trace_get(run->trace, n - 1)->call == ABI_CLOSE)
    n--;
  return stretch_range(run->trace, n > 20 ? n - 20 : 0, n, RUN_NO_MARK);
}

gboolean run_reply_ends(Run *run, const ScenarioStmt *stmt, const SubjectReply *reply) {
  const char *why = reply->message[0] ? reply->message : "it gave no reason";

  switch (reply->status) {
  case SUBJECT_DONE:
    return FALSE;
  case SUBJECT_REFUSED:
    run_fail(run, stmt->kind >= STMT_RAW_OPEN ? CHECK_ANSWER : CHECK_FAILS, stmt->place,
             trace_len(run->trace) > run->first ? trace_len(run->trace) - 1 : RUN_NO_MARK,
             stmt->kind >= STMT_RAW_OPEN ? "%s" : "the subject refused it: %s", why);
    return TRUE;
  case SUBJECT_UNSUPPORTED:
    run_end(run, RESULT_SKIP, scenario_message(run->scenario, stmt->place, "this subject cannot do that: %s", why),
            NULL);
    return TRUE;
  case SUBJECT_DEAD:
    kernel_settle(run->kernel);
    run_fail_stretch(run, CHECK_DIED, stmt->place, last_calls(run), "%s", why);
    return TRUE;
  case SUBJECT_HUNG:
    kernel_settle(run->kernel);
    run_fail_stretch(run, CHECK_HUNG, stmt->place, last_calls(run), "%s", why);
    return TRUE;
  }
  g_return_val_if_reached(TRUE);
}

void run_reply_refused(Run *run, const ScenarioStmt *stmt, const SubjectReply *reply) {
  const char *wanted = stmt->error ? abi_errno_name(stmt->error) : NULL;

  if (reply->status == SUBJECT_DONE) {
    run_fail(run, CHECK_FAILS, stmt->place, RUN_NO_MARK, "it succeeded; it should have been refused%s%s",
             wanted ? " with " : "", wanted ? wanted : "");
  } else if (reply->status != SUBJECT_REFUSED) {
    run_reply_ends(run, stmt, reply);
  } else if (stmt->error && reply->err != stmt->error && reply->err != SUBJECT_NO_ERRNO) {
    const char *got = reply->err ? abi_errno_name(reply->err) : NULL;
    run_fail(run, CHECK_FAILS, stmt->place, RUN_NO_MARK, "it was refused with %s; expected is %s: %s",
             got          ? got
             : reply->err ? "another errno"
                          : "no errno",
             wanted ? wanted : "another errno", reply->message);
  }
}
