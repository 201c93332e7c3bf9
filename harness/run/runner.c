/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/run/runner.h"

#include <string.h>

#include "harness/host-vcpu.h"
#include "harness/pseries/order.h"
#include "harness/qemu/subject.h"
#include "harness/run/run.h"

static const char *const kernel_names[KERNEL_N_KINDS] = {"direct", "fuse", "host"};

const char *kernel_kind_name(KernelKind kind) {
  return kernel_names[kind];
}

gboolean kernel_kind_from_name(const char *name, KernelKind *kind) {
  for (guint i = 0; i < KERNEL_N_KINDS; i++)
    if (strcmp(kernel_names[i], name) == 0) {
      *kind = (KernelKind)i;
      return TRUE;
    }
  return FALSE;
}

/* ---- one statement ---- */

static void perform(Run *run, const ScenarioStmt *stmt) {
  SubjectReply reply = {0};

  run->subject->perform(run->subject, stmt, &reply);
  kernel_settle(run->kernel);
  if (stmt->kind == STMT_QUIT)
    run->machine = FALSE;
  else if (stmt->kind == STMT_BOOT && reply.status == SUBJECT_DONE)
    run->machine = TRUE;
  if (stmt->fails)
    run_reply_refused(run, stmt, &reply);
  else
    run_reply_ends(run, stmt, &reply);
}

static void carry_out(Run *run, const ScenarioStmt *stmt) {
  switch (stmt->kind) {
  case STMT_GUEST_PUT:
  case STMT_GUEST_GET:
  case STMT_GUEST_STUFF:
  case STMT_GUEST_INDIRECT:
    hypercall_make(run, stmt);
    break;
  case STMT_GUEST_STORE:
    memory_store(run, stmt);
    break;
  case STMT_ENGINE:
    engine_run(run, stmt);
    break;
  case STMT_DDW_QUERY:
  case STMT_CONFIG_READ:
  case STMT_CONFIG_WRITE:
    firmware_call(run, stmt);
    break;
  case STMT_KILL:
    run->subject->kill(run->subject);
    run->machine = FALSE;
    kernel_settle(run->kernel);
    break;
  case STMT_FAIL:
    faults_arm(run->faults, stmt);
    break;
  case STMT_HOST_UNBIND:
  case STMT_HOST_BIND:
  case STMT_HOST_OPEN:
  case STMT_HOST_CLOSE:
    host_event_make(run, stmt);
    break;
  case STMT_ASSERT_DMA:
  case STMT_ASSERT_FEEDS:
  case STMT_ASSERT_COUNT:
  case STMT_ASSERT_LOCKED:
  case STMT_ASSERT_INTERRUPT:
  case STMT_ASSERT_RAM:
  case STMT_ASSERT_CLEAN:
  case STMT_ASSERT_DRIVER:
    assertion_check(run, stmt);
    break;
  default:
    perform(run, stmt);
    break;
  }
}

/* ---- its expect block ---- */

static void fail_expectation(Run *run, const ScenarioBlock *block, guint failed, guint at) {
  g_autoptr(GString) wanted = g_string_new(NULL);
  g_autoptr(GString) came = g_string_new(NULL);
  ScenarioPlace place = run->at->place;
  const ScenarioExpect *expect = NULL;
  guint mark = at < trace_len(run->trace) ? at : RUN_NO_MARK;

  if (failed < block->expects->len) {
    expect = &g_array_index(block->expects, ScenarioExpect, failed);
    place = expect->place;
    scenario_expect_print(wanted, expect);
  }
  if (mark == RUN_NO_MARK)
    g_string_append(came, "no more calls");
  else {
    g_string_append_printf(came, "call %u: ", trace_get(run->trace, at)->seq);
    trace_event_print(came, trace_get(run->trace, at));
  }
  if (expect && expect->kind == EXPECT_NEVER)
    run_fail(run, CHECK_NEVER, place, mark, "this call must not be made, but came:\n  %s", came->str);
  else if (expect)
    run_fail(run, CHECK_EXPECT, place, mark, "this call did not come\n  expected: %s\n  came:     %s", wanted->str,
             came->str);
  else
    run_fail(run, CHECK_EXPECT, place, mark,
             "the event made a call after the last one expected (end the block with `...` "
             "to allow more)\n  came:     %s",
             came->str);
}

static void check_expectations(Run *run, const ScenarioStmt *stmt, ScenarioSubject subject) {
  guint failed = 0, at = 0;

  for (guint i = 0; i < stmt->blocks->len && run->result->status == RESULT_PASS; i++) {
    const ScenarioBlock *block = &g_array_index(stmt->blocks, ScenarioBlock, i);
    if (block->subject != SCENARIO_ANY_SUBJECT && block->subject != subject)
      continue;
    if (!scenario_expect_check(block, run->trace, run->first, &failed, &at))
      fail_expectation(run, block, failed, at);
  }
}

/* ---- the whole ---- */

static void run_statements(Run *run, const RunOptions *options) {
  for (guint i = 0; i < run->scenario->stmts->len && run->result->status == RESULT_PASS; i++) {
    const ScenarioStmt *stmt = run->scenario->stmts->pdata[i];
    if (options->progress)
      options->progress(i, trace_len(run->trace), options->progress_data);
    run->at = stmt;
    run->first = trace_len(run->trace);
    carry_out(run, stmt);
    if (run->result->status == RESULT_PASS)
      check_expectations(run, stmt, options->subject.kind);
  }
}

static void check_faults(Run *run) {
  guint seen = 0;
  const ScenarioStmt *stmt = faults_unreached(run->faults, &seen);

  if (stmt && run->result->status == RESULT_PASS)
    run_fail_stretch(run, CHECK_FAULT, stmt->place, NULL, "the fault was never reached: %u such call%s made after it",
                     seen, seen == 1 ? " was" : "s were");
}

/* What the machine's own kernel cannot tell is known before anything runs. */
static const ScenarioStmt *first_beyond_host(const Scenario *scenario, ScenarioSubject subject) {
  for (guint i = 0; i < scenario->stmts->len; i++) {
    const ScenarioStmt *stmt = scenario->stmts->pdata[i];
    gboolean hypercall = stmt->kind >= STMT_GUEST_PUT && stmt->kind <= STMT_GUEST_INDIRECT;
    gboolean fault = stmt->kind == STMT_FAIL && subject != SCENARIO_BUILTIN;
    gboolean host_event = stmt->kind >= STMT_HOST_UNBIND && stmt->kind <= STMT_HOST_CLOSE;
    gboolean vcpu = subject == SCENARIO_BUILTIN && host_vcpu_available();
    if (assertion_needs_model(stmt->kind) || host_event || fault || stmt->kind == STMT_ENGINE ||
        (hypercall && (scenario->kvm || !scenario->guest) && !vcpu))
      return stmt;
  }
  return NULL;
}

static void collect_rules(SimKernel *model, gpointer data) {
  guint32 *sum = data;
  const guint32 *met = sim_rules_met(model);

  for (guint i = 0; i < RULE_COUNT; i++)
    sum[i] += met[i];
}

static Kernel *open_kernel(const Scenario *scenario, const RunOptions *options, Trace *trace, GError **error) {
  if (options->open_kernel)
    return options->open_kernel(scenario, trace, error);
  switch (options->kernel) {
  case KERNEL_FUSE:
    return kernel_fuse_new(scenario, trace, error);
  case KERNEL_HOST:
    return kernel_host_new(scenario, trace, options->bindings, error);
  default:
    return kernel_direct_new(scenario, trace, error);
  }
}

static void end_unavailable(Run *run, GError *error) {
  gboolean skip = g_error_matches(error, KERNEL_ERROR, KERNEL_ERROR_UNAVAILABLE);
  run_end(run, skip ? RESULT_SKIP : RESULT_ERROR, g_strdup(error->message), NULL);
  g_error_free(error);
}

static Subject *start_subject(Run *run, const RunOptions *options, VfioAttachOrder order, GError **error) {
  if (options->subject.kind == SCENARIO_QEMU)
    return qemu_subject_new(run->scenario, run->kernel, options->subject.program, error);
  return kernel_start_builtin(run->kernel, run->scenario, order, error);
}

static void run_on_kernel(Run *run, const RunOptions *options, VfioAttachOrder order) {
  GError *error = NULL;

  run->kernel = open_kernel(run->scenario, options, run->trace, &error);
  if (!run->kernel) {
    end_unavailable(run, error);
    return;
  }
  kernel_set_fault(run->kernel, faults_offer, run->faults);
  run->subject = start_subject(run, options, order, &error);
  if (run->subject) {
    run_statements(run, options);
    check_faults(run);
    run->result->n_calls = trace_len(run->trace);
    run->subject->free(run->subject);
    kernel_settle(run->kernel);
  } else {
    end_unavailable(run, error);
  }
  if (options->rules_met)
    kernel_with_model(run->kernel, collect_rules, options->rules_met);
  kernel_free(run->kernel);
}

void run_scenario(const Scenario *scenario, const RunOptions *options, ScenarioResult *result) {
  const char *order_name = options->order ? options->order : scenario->order;
  const VfioAttachOrder order = pseries_order_find(order_name);
  g_autoptr(Trace) own = options->trace ? NULL : trace_new();
  g_autoptr(Faults) faults = faults_new();
  const ScenarioStmt *beyond;
  Run run = {.scenario = scenario, .trace = own ? own : options->trace, .faults = faults, .result = result};
  gint64 start = g_get_monotonic_time();

  result->status = RESULT_PASS;
  result->summary = g_strdup(scenario->summary);
  result->kernel = g_strdup(kernel_kind_name(options->kernel));
  result->subject = g_strdup(scenario_subject_name(options->subject.kind));
  result->order = g_strdup(order_name);
  if (!order)
    run_end(&run, RESULT_ERROR, g_strdup_printf("there is no attach order \"%s\": shipped or pre-2017", order_name),
            NULL);
  else if (options->kernel == KERNEL_HOST && (beyond = first_beyond_host(scenario, options->subject.kind)))
    run_end(&run, RESULT_SKIP,
            scenario_message(scenario, beyond->place,
                             "the machine's own kernel cannot tell this, or is not to be meddled with; --kernel direct "
                             "or --kernel fuse can"),
            NULL);
  else if (scenario->subject != SCENARIO_ANY_SUBJECT && scenario->subject != options->subject.kind)
    run_end(&run, RESULT_SKIP,
            g_strdup_printf("%s: it is about the subject %s alone", scenario->path,
                            scenario_subject_name(scenario->subject)),
            NULL);
  else
    run_on_kernel(&run, options, order);
  result->seconds = (double)(g_get_monotonic_time() - start) / G_USEC_PER_SEC;
}
