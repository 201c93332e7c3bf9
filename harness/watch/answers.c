/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Answers that a client should not get, or should not take for a success. */
#include <errno.h>

#include "harness/watch/internal.h"

static WatchFinding *find_answer(Watch *watch, CheckId check, const TraceEvent *event) {
  g_autofree char *key = g_strdup_printf("%u %u %" G_GINT64_FORMAT, event->call, event->rule, event->result);
  return watch_find(watch, check, key, &event, 1);
}

static const char *rule_text(const TraceEvent *event) {
  const Rule *rule = rule_get((RuleId)event->rule);
  return rule ? rule->condition : "no rule says why";
}

static gboolean is_trap(const TraceEvent *event) {
  if (!(event->flags & TRACE_NOTABLE))
    return FALSE;
  switch (event->rule) {
  case RULE_EEH_8: /* states of a partitionable endpoint are positive answers, and what was asked for */
  case RULE_KV_55: /* what this leaves behind, and the next, is CHK-ORPHAN's to find; two groups in one container have
                    */
  case RULE_KV_57: /* it from the first DEL to the second */
    return FALSE;
  case RULE_TCE_19: /* nobody can help it, and who maps anew is right */
    return FALSE;
  default:
    return TRUE;
  }
}

static gboolean is_misuse(const TraceEvent *event) {
  return event->object.kind != ABI_GUEST && !(event->flags & TRACE_INJECTED) &&
         (event->result == -EFAULT || event->result == -EINVAL);
}

void watch_check_answers(Watch *watch, const TraceEvent *event) {
  WatchFinding *finding;

  if (is_trap(event) && (finding = find_answer(watch, CHECK_TRAP, event)))
    finding->message =
        g_strdup_printf("%s succeeded and did not do what it says (%s)", abi_call(event->call)->name, rule_text(event));
  if (is_misuse(event) && (finding = find_answer(watch, CHECK_STRICT, event)))
    finding->message = g_strdup_printf("%s was refused with %s (%s)", abi_call(event->call)->name,
                                       abi_errno_name((int)-event->result), rule_text(event));
}
