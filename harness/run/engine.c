/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/run/run.h"

/* How it ended, in words; where: the I/O address, unless it is frozen, which says nothing more. */
static char *ending(guint stops, gboolean has_place, guint64 where) {
  if (!stops)
    return g_strdup("it does all");
  if (!has_place || stops == ENGINE_FROZEN)
    return g_strdup_printf("it stops: %s", scenario_engine_stop(stops));
  return g_strdup_printf("it stops: %s at ioba 0x%" G_GINT64_MODIFIER "x", scenario_engine_stop(stops), where);
}

/* With KVM a translation that is missing has a reason, which may be found in the calls. */
static void fail_ending(Run *run, const ScenarioStmt *stmt, guint stops, guint64 where) {
  g_autofree char *came = ending(stops, TRUE, where);
  g_autofree char *wanted = ending(stmt->stops, stmt->has_stop, stmt->stop);
  const ScenarioStmt *device = run_device(run, stmt->name, stmt);
  const SimHostDevice *host = sim_host_device(run->scenario->host, stmt->device);
  g_autoptr(GString) why = g_string_new(NULL);
  char *stretch = NULL;

  if (stops == ENGINE_FROZEN) /* it does not say where */
    where = stmt->command == ENGINE_FILL ? stmt->destination : stmt->ioba;
  if ((stops == ENGINE_UNMAPPED || stops == ENGINE_FROZEN) && device && host && run->scenario->kvm)
    stretch = diagnose_feed(run, host->group, run_liobn_at(run, device->phb.index, where), why);
  run_fail_stretch(run, CHECK_ENGINE, stmt->place,
                   stretch ? stretch : stretch_range(run->trace, run->first, trace_len(run->trace), RUN_NO_MARK),
                   "%s's engine: %s; expected: %s%s%s", stmt->name, came, wanted, why->len ? ". " : "", why->str);
}

static void judge(Run *run, const ScenarioStmt *stmt, const SubjectReply *reply) {
  guint stops = (guint)reply->result;

  if (stops != stmt->stops || (stmt->has_stop && reply->value != stmt->stop))
    fail_ending(run, stmt, stops, reply->value);
  else if (!stops && stmt->command == ENGINE_CRC && stmt->has_value && reply->value != stmt->value)
    run_fail(run, CHECK_ENGINE, stmt->place, RUN_NO_MARK,
             "%s's engine finds the CRC 0x%08" G_GINT64_MODIFIER "x; expected is 0x%08" G_GINT64_MODIFIER "x",
             stmt->name, reply->value, stmt->value);
}

void engine_run(Run *run, const ScenarioStmt *stmt) {
  SubjectReply reply = {0};

  run->subject->perform(run->subject, stmt, &reply);
  kernel_settle(run->kernel);
  if (!run_reply_ends(run, stmt, &reply))
    judge(run, stmt, &reply);
}
