/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "harness/run/run.h"

/* PAPR's numbers. arch/powerpc/include/asm/hvcall.h */
enum { H_GET_TCE = 0x1c, H_PUT_TCE = 0x20, H_STUFF_TCE = 0x138, H_PUT_TCE_INDIRECT = 0x13c };

enum {
  TCE_LIST = 4096,                          /* bytes of the page that H_PUT_TCE_INDIRECT reads */
  TCE_LIST_MAX = TCE_LIST / sizeof(guint64) /* entries */
};

typedef struct {
  guint64 nr, args[4], value;
  long result;
} Hypercall;

/* The serial of the VM that was made last; 0: none. */
static guint newest_vm(const Trace *trace) {
  for (guint i = trace_len(trace); i-- > 0;) {
    const TraceEvent *event = trace_get(trace, i);
    if (event->call == ABI_CREATE_VM && event->result >= 0)
      return (guint)event->made.id;
  }
  return 0;
}

/* The page size of the window behind a LIOBN, as the newest table of that name has it; else as the PHB's. */
static guint window_page_shift(const Run *run, guint64 liobn) {
  guint64 shift;

  for (guint i = trace_len(run->trace); i-- > 0;) {
    const TraceEvent *event = trace_get(run->trace, i);
    if (event->call == ABI_CREATE_SPAPR_TCE_64 && event->result >= 0 && event->made.id == liobn &&
        trace_event_field(event, "page_shift", &shift))
      return (guint)shift;
  }
  for (guint i = 0; i < run->scenario->phbs->len; i++) {
    const ScenarioPhb *phb = &g_array_index(run->scenario->phbs, ScenarioPhb, i);
    if (phb->page_shift && (phb->liobn ? phb->liobn : 0x80000000u + ((guint64)phb->index << 8)) == liobn)
      return phb->page_shift;
  }
  return 12;
}

static void fill(const ScenarioStmt *stmt, Hypercall *call) {
  call->args[0] = stmt->liobn;
  call->args[1] = stmt->ioba;
  switch (stmt->kind) {
  case STMT_GUEST_GET:
    call->nr = H_GET_TCE;
    break;
  case STMT_GUEST_STUFF:
    call->nr = H_STUFF_TCE;
    call->args[2] = stmt->value;
    call->args[3] = stmt->count;
    break;
  default:
    call->nr = H_PUT_TCE;
    call->args[2] = stmt->addr | stmt->perm;
    break;
  }
}

/* Asks the kernel's VM. FALSE: it is user space's to answer, or the scenario has ended. */
static gboolean ask_kernel(Run *run, Hypercall *call) {
  g_autoptr(GError) error = NULL;
  guint vm = newest_vm(run->trace);

  if (!vm)
    return FALSE;
  if (kernel_hypercall(run->kernel, vm, call->nr, call->args, &call->value, &call->result, &error))
    return call->result != SIM_H_TOO_HARD;
  run_end(run, RESULT_ERROR, g_strdup(error->message), NULL);
  return FALSE;
}

/* The guest puts the list of TCEs into the last page of its RAM, which is restored after. */
static gboolean ask_kernel_list(Run *run, const ScenarioStmt *stmt, Hypercall *call) {
  Subject *subject = run->subject;
  guint64 at = run->scenario->ram - TCE_LIST;
  guint shift = window_page_shift(run, stmt->liobn);
  guint64 list[TCE_LIST_MAX] = {0};
  guint8 saved[TCE_LIST];

  if (!subject->peek(subject, at, saved, TCE_LIST))
    return FALSE;
  for (guint i = 0; i < MIN(stmt->count, TCE_LIST_MAX); i++)
    list[i] = GUINT64_TO_BE((stmt->addr + ((guint64)i << shift)) | stmt->perm);
  subject->poke(subject, at, list, TCE_LIST);
  call->nr = H_PUT_TCE_INDIRECT;
  call->args[2] = at;
  call->args[3] = stmt->count;
  gboolean answered = ask_kernel(run, call);
  subject->poke(subject, at, saved, TCE_LIST);
  return answered;
}

static const char *result_name(gint64 result) {
  const char *name = abi_hcall_name(result);
  return name ? name : "an unknown result";
}

static void judge(Run *run, const ScenarioStmt *stmt, gint64 result, guint64 value) {
  gint64 wanted = stmt->has_result ? stmt->match.result : 0;
  guint mark = trace_len(run->trace) > run->first ? trace_len(run->trace) - 1 : RUN_NO_MARK;

  if (result != wanted)
    run_fail(run, CHECK_ANSWER, stmt->place, mark,
             "the hypercall returned %s (%" G_GINT64_FORMAT "); expected is %s (%" G_GINT64_FORMAT ")",
             result_name(result), result, result_name(wanted), wanted);
  else if (stmt->has_value && stmt->kind == STMT_GUEST_GET && value != stmt->value)
    run_fail(run, CHECK_ANSWER, stmt->place, mark,
             "H_GET_TCE returned 0x%" G_GINT64_MODIFIER "x; expected is 0x%" G_GINT64_MODIFIER "x", value, stmt->value);
}

void hypercall_make(Run *run, const ScenarioStmt *stmt) {
  Hypercall call = {0};
  SubjectReply reply = {0};
  gboolean answered = FALSE;

  fill(stmt, &call);
  if (!run->subject->guest_calls)
    answered = stmt->kind == STMT_GUEST_INDIRECT ? ask_kernel_list(run, stmt, &call) : ask_kernel(run, &call);
  if (run->result->status != RESULT_PASS)
    return;
  if (!answered && run->scenario->guest) {
    run->subject->perform(run->subject, stmt, &reply);
    if (run_reply_ends(run, stmt, &reply))
      return;
    call.result = (long)reply.result;
    call.value = reply.value;
  } else if (!answered) {
    call.result = SIM_H_TOO_HARD;
  }
  kernel_settle(run->kernel);
  judge(run, stmt, call.result, call.value);
}
