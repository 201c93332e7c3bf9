/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/run/run.h"

static const char *what_it_is(const ScenarioStmt *stmt) {
  return stmt->kind == STMT_DDW_QUERY ? "windows that may still be made" : "its config space";
}

void firmware_call(Run *run, const ScenarioStmt *stmt) {
  SubjectReply reply = {0};

  run->subject->perform(run->subject, stmt, &reply);
  kernel_settle(run->kernel);
  if (run_reply_ends(run, stmt, &reply) || stmt->kind == STMT_CONFIG_WRITE || !stmt->has_value ||
      reply.value == stmt->value)
    return;
  run_fail(run, CHECK_ANSWER, stmt->place, RUN_NO_MARK,
           "%s: the firmware says 0x%" G_GINT64_MODIFIER "x; expected is 0x%" G_GINT64_MODIFIER "x", what_it_is(stmt),
           reply.value, stmt->value);
}
