/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * docs/scenario-language.md, "Expectations". The calls are those that QEMU 7.2 made for a hotplugged device, in its
 * order (the mechanism of commit 8c37faa4: SET_SPAPR_TCE follows TCE_CREATE, GROUP_ADD precedes both).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "harness/scenario/scenario.h"

static TraceEvent *add(Trace *trace, AbiCallId call, AbiKind kind, guint64 id, gint64 result) {
  TraceEvent *event = trace_add(trace);

  event->call = call;
  event->object = (AbiObject){kind, id};
  event->result = result;
  event->in_len = event->out_len = MIN(abi_call(call)->size, TRACE_PAYLOAD);
  return event;
}

static void set_in(TraceEvent *event, const char *field, guint64 value) {
  abi_set(abi_field(abi_call(event->call), field), event->in, event->in_len, value);
}

static Trace *hotplug_trace(void) {
  Trace *trace = trace_new();
  TraceEvent *event;

  event = add(trace, ABI_SET_CONTAINER, ABI_GROUP, 7, 0);
  event->refs[0] = (AbiObject){ABI_CONTAINER, 1};
  set_in(event, "container", 20);
  event = add(trace, ABI_SET_IOMMU, ABI_CONTAINER, 1, 0);
  set_in(event, "type", 7);
  event = add(trace, ABI_GROUP_ADD, ABI_KVM_VFIO, 1, 0);
  event->refs[0] = (AbiObject){ABI_GROUP, 7};
  add(trace, ABI_READ, ABI_DEVICE, 0x100, 4);
  event = add(trace, ABI_TCE_CREATE, ABI_CONTAINER, 1, 0);
  set_in(event, "page_shift", 12);
  set_in(event, "window_size", 1 << 30);
  abi_set(abi_field(abi_call(event->call), "start_addr"), event->out, event->out_len, 0);
  event = add(trace, ABI_SET_SPAPR_TCE, ABI_KVM_VFIO, 1, 0);
  event->refs[0] = (AbiObject){ABI_GROUP, 7};
  event->refs[1] = (AbiObject){ABI_TABLE, 0x80000000};
  event = add(trace, ABI_GET_DEVICE_FD, ABI_GROUP, 7, 23);
  strcpy((char *)event->in, "0000:01:00.0");
  event->in_len = sizeof("0000:01:00.0");
  event = add(trace, ABI_H_PUT_TCE, ABI_GUEST, 0, 0);
  set_in(event, "liobn", 0x80000000);
  add(trace, ABI_UNSET_CONTAINER, ABI_GROUP, 7, -EBUSY);
  return trace;
}

typedef struct {
  const char *name;  /* of the rule in the description */
  const char *block; /* lines of the expect block */
  int failed, at;    /* -1: met */
} Case;

enum { END = 9, MET = -1 };

static const char all[] = "group 7 SET_CONTAINER\ncontainer SET_IOMMU\nkvm-vfio GROUP_ADD\ncontainer TCE_CREATE\n"
                          "kvm-vfio SET_SPAPR_TCE\ngroup GET_DEVICE_FD\ngroup UNSET_CONTAINER\n";

static const Case cases[] = {
    {"every call in order; READ and hypercalls are not seen", all, MET, MET},
    {"... skips any number of calls", "...\nkvm-vfio GROUP_ADD\n...\nTCE_CREATE\n...", MET, MET},
    {"... skips no call, too", "...\ngroup SET_CONTAINER\n...\nSET_IOMMU\n...", MET, MET},
    {"the first call must match without ...", "container SET_IOMMU\n...", 0, 0},
    {"the next call must match without ...", "SET_CONTAINER\nGROUP_ADD\n...", 1, 1},
    {"no call may be left over without ...", "...\nSET_SPAPR_TCE", 2, 6},
    {"a call that never comes stands at the end", "...\nDISABLE\n...", 1, END},
    {"after ... it stands at the call of that name", "...\nSET_IOMMU type 8\n...", 1, 1},
    {"order is part of it", "...\nTCE_CREATE\n...\nGROUP_ADD\n...", 3, END},
    {"... stops at the first match and does not go back", "...\ngroup SET_CONTAINER\ncontainer TCE_CREATE\n...", 2, 1},
    {"never anywhere in the event", "...\nnever container TCE_CREATE", 1, 4},
    {"never stands where it likes and does not take part in the order", "never TCE_REMOVE\nSET_CONTAINER\n...", MET,
     MET},
    {"never alone asks for nothing else", "never TCE_REMOVE", MET, MET},
    {"never with fields that differ", "never TCE_CREATE page_shift 16", MET, MET},
    {"never of a quiet call is seen", "never READ", 0, 3},
    {"never does not make a quiet call visible",
     "SET_CONTAINER\nSET_IOMMU\nGROUP_ADD\nTCE_CREATE\n...\nnever device READ = 8", MET, MET},
    {"READ is visible once the block names it", "...\nGROUP_ADD\nTCE_CREATE\n...\nREAD\n...", 2, 3},
    {"READ in its place", "...\nGROUP_ADD\ndevice 0000:01:00.0 READ = 4\nTCE_CREATE\n...", MET, MET},
    {"hypercalls are visible once the block names one",
     "...\nguest H_PUT_TCE liobn 0x80000000 = H_SUCCESS\n"
     "UNSET_CONTAINER",
     MET, MET},
    {"an id that differs", "group 8 SET_CONTAINER\n...", 0, 0},
    {"an fd field names its object", "SET_CONTAINER container 1\n...", MET, MET},
    {"an fd field of another object", "SET_CONTAINER container 2\n...", 0, 0},
    {"both fd fields", "...\nSET_SPAPR_TCE group 7 liobn 0x80000000 = 0\n...", MET, MET},
    {"the second fd field", "...\nSET_SPAPR_TCE group 7 liobn 0x80000001\n...", 1, 5},
    {"an out field", "...\nTCE_CREATE start_addr 0\n...", MET, MET},
    {"an out field that differs", "...\nTCE_CREATE = 0 start_addr 2^59\n...", 1, 4},
    {"a size in words", "...\nTCE_CREATE window_size 1G\n...", MET, MET},
    {"a text", "...\nGET_DEVICE_FD name 0000:01:00.0 = fd\n...", MET, MET},
    {"a text is compared whole", "...\nGET_DEVICE_FD name 0000:01:00\n...", 1, 6},
    {"= fd is no error", "...\nUNSET_CONTAINER = fd\n...", 1, 8},
    {"an error by name", "...\nUNSET_CONTAINER = EBUSY", MET, MET},
    {"another error", "...\nUNSET_CONTAINER = -1 EINVAL", 1, 8},
    {"success is no error", "SET_CONTAINER = EBUSY\n...", 0, 0},
};

static Scenario *scenario_of(const char *block) {
  g_autoptr(GString) text = g_string_new("host power9\n  group 7: 0000:01:00.0\n  group 8: 0000:02:00.0\n"
                                         "guest pseries kvm\nboot\n  expect\n");
  g_auto(GStrv) lines = g_strsplit(block, "\n", -1);
  g_autoptr(GError) error = NULL;
  Scenario *scenario;

  for (char **line = lines; *line; line++)
    g_string_append_printf(text, "    %s\n", *line);
  scenario = scenario_parse("a.scn", text->str, &error);
  if (!scenario)
    fail_msg("%s", error->message);
  return scenario;
}

static const ScenarioBlock *only_block(const Scenario *scenario) {
  const ScenarioStmt *boot = g_ptr_array_index(scenario->stmts, 0);

  assert_int_equal(boot->blocks->len, 1);
  return &g_array_index(boot->blocks, ScenarioBlock, 0);
}

static void test_check(void **state) {
  const Case *c = *state;
  g_autoptr(Scenario) scenario = scenario_of(c->block);
  g_autoptr(Trace) trace = hotplug_trace();
  guint failed = G_MAXUINT, at = G_MAXUINT;
  gboolean met = scenario_expect_check(only_block(scenario), trace, 0, &failed, &at);

  assert_int_equal(met, c->failed == MET);
  if (!met) {
    assert_int_equal(failed, c->failed);
    assert_int_equal(at, c->at);
  }
}

/* The stretch of one statement begins where the last ended. */
static void test_first(void **state) {
  g_autoptr(Scenario) scenario = scenario_of("container TCE_CREATE\n...\nnever GROUP_ADD");
  g_autoptr(Trace) trace = hotplug_trace();
  guint failed, at;

  assert_true(scenario_expect_check(only_block(scenario), trace, 3, &failed, &at));
  assert_false(scenario_expect_check(only_block(scenario), trace, trace_len(trace), &failed, &at));
  assert_int_equal(failed, 0);
  assert_int_equal(at, trace_len(trace));
}

/* A vCPU's calls come and go between the others. */
static void test_vcpus_are_quiet(void **state) {
  static const struct {
    const char *block;
    gboolean met;
  } rows[] = {{"SET_CONTAINER\nSET_IOMMU", TRUE},
              {"SET_CONTAINER\nvcpu RUN = EINTR\nSET_IOMMU", TRUE},
              {"SET_CONTAINER\nSET_IOMMU\nnever RUN = 0", TRUE},
              {"SET_CONTAINER\nSET_IOMMU\nnever RUN = EINTR", FALSE}};
  g_autoptr(Trace) trace = trace_new();
  guint failed, at;

  add(trace, ABI_SET_CONTAINER, ABI_GROUP, 7, 0);
  add(trace, ABI_RUN, ABI_VCPU, 0, -EINTR);
  add(trace, ABI_SET_IOMMU, ABI_CONTAINER, 1, 0);
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(Scenario) scenario = scenario_of(rows[i].block);

    assert_int_equal(scenario_expect_check(only_block(scenario), trace, 0, &failed, &at), rows[i].met);
  }
}

/* What is printed reads back as the same. */
static void test_print(void **state) {
  static const char *const lines[] = {
      "...",
      "group 7 SET_CONTAINER container 1 = 0",
      "kvm-vfio SET_SPAPR_TCE group 7 liobn 0x80000000 = -1 EBUSY",
      "never TCE_REMOVE start_addr 0x800000000000000",
      "container 1 OPEN = fd",
      "guest H_PUT_TCE liobn 0x80000000 = H_PARAMETER",
      "group GET_DEVICE_FD name \"0000:01:00.0\"",
      "table 0x80000000 CLOSE",
      "kvm-vfio GROUP_DEL group none",
      "device 0000:01:00.0 READ offset 0x70000000000 size 4",
  };
  g_autofree char *block =
      g_strjoinv("\n", (char **)(const char *[]){lines[0], lines[1], lines[2], lines[3], lines[4], lines[5], lines[6],
                                                 lines[7], lines[8], lines[9], NULL});
  g_autoptr(Scenario) scenario = scenario_of(block);
  const GArray *expects = only_block(scenario)->expects;

  assert_int_equal(expects->len, G_N_ELEMENTS(lines));
  for (guint i = 0; i < G_N_ELEMENTS(lines); i++) {
    g_autoptr(GString) out = g_string_new(NULL);

    scenario_expect_print(out, &g_array_index(expects, ScenarioExpect, i));
    assert_string_equal(out->str, lines[i]);
  }
}

int main(void) {
  struct CMUnitTest tests[G_N_ELEMENTS(cases) + 3];

  for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
    tests[i] = (struct CMUnitTest){cases[i].name, test_check, NULL, NULL, (gpointer)&cases[i]};
  tests[G_N_ELEMENTS(cases)] = (struct CMUnitTest)cmocka_unit_test(test_first);
  tests[G_N_ELEMENTS(cases) + 1] = (struct CMUnitTest)cmocka_unit_test(test_print);
  tests[G_N_ELEMENTS(cases) + 2] = (struct CMUnitTest)cmocka_unit_test(test_vcpus_are_quiet);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
