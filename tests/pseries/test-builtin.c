/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The builtin subject on the simulated kernel in process: statements in, DMA and the kernel's census out. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "harness/kernel.h"
#include "harness/pseries/order.h"

enum { H_PUT_TCE = 0x20 };

typedef struct {
  Scenario *scenario;
  Trace *trace;
  Kernel *kernel;
  Subject *subject;
  guint at;    /* the next statement */
  guint fault; /* this call from now on fails, 0: none */
  gboolean faulted;
} World;

static World *world_new(const char *text, const char *order) {
  g_autoptr(GError) error = NULL;
  World *world = g_new0(World, 1);

  world->scenario = scenario_parse("test", text, &error);
  if (!world->scenario)
    fail_msg("%s", error->message);
  world->trace = trace_new();
  world->kernel = kernel_direct_new(world->scenario, world->trace, NULL);
  world->subject = kernel_start_builtin(world->kernel, world->scenario, pseries_order_find(order), NULL);
  assert_non_null(world->subject);
  return world;
}

static void world_free(World *world) {
  world->subject->free(world->subject);
  kernel_free(world->kernel);
  trace_free(world->trace);
  scenario_free(world->scenario);
  g_free(world);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(World, world_free)

/* Puts the next statement. */
static SubjectReply step(World *world) {
  SubjectReply reply;

  assert_in_range(world->at, 0, world->scenario->stmts->len - 1);
  world->subject->perform(world->subject, world->scenario->stmts->pdata[world->at++], &reply);
  return reply;
}

static void steps(World *world, guint n) {
  while (n-- > 0) {
    SubjectReply reply = step(world);
    if (reply.status != SUBJECT_DONE)
      fail_msg("%s", reply.message);
  }
}

typedef struct {
  guint64 device, ioba, liobn;
  guint64 value;
  long result;
  guint group;
  SimCensus census;
} Ask;

static void do_put(SimKernel *model, gpointer data) {
  Ask *ask = data;
  guint64 args[4] = {ask->liobn, ask->ioba, ask->value};
  guint64 unused;
  ask->result = sim_hypercall(model, 1, H_PUT_TCE, args, &unused);
}

static void do_read(SimKernel *model, gpointer data) {
  Ask *ask = data;
  ask->result = sim_dma(model, ask->device, ask->ioba, &ask->value, sizeof ask->value, FALSE);
}

static void do_feeds(SimKernel *model, gpointer data) {
  Ask *ask = data;
  ask->result = sim_liobn_feeds_group(model, ask->liobn, ask->group);
}

static void do_census(SimKernel *model, gpointer data) {
  sim_census(model, data);
}

static gboolean reaches(World *world, const char *bdf, guint64 ioba, guint64 gpa) {
  static guint64 serial = 0x1234567800000000;
  Ask ask = {.ioba = ioba};
  guint64 expected = serial++;

  assert_true(abi_bdf_parse(bdf, &ask.device));
  assert_true(world->subject->poke(world->subject, gpa, &expected, sizeof expected));
  kernel_with_model(world->kernel, do_read, &ask);
  return ask.result == 0 && ask.value == expected;
}

static gboolean feeds(World *world, guint64 liobn, guint group) {
  Ask ask = {.liobn = liobn, .group = group};
  kernel_with_model(world->kernel, do_feeds, &ask);
  return (gboolean)ask.result;
}

static long put_tce(World *world, guint64 liobn, guint64 ioba, guint64 tce) {
  Ask ask = {.liobn = liobn, .ioba = ioba, .value = tce};
  kernel_with_model(world->kernel, do_put, &ask);
  return ask.result;
}

static SimCensus census(World *world) {
  SimCensus census;
  kernel_with_model(world->kernel, do_census, &census);
  return census;
}

static int fail_nth(const TraceEvent *event, gpointer data) {
  World *world = data;

  if (event->call == ABI_CLOSE || event->call == ABI_READ || world->fault == 0 || --world->fault > 0)
    return 0;
  world->faulted = TRUE;
  return -EIO;
}

#define HOST "# A test.\nhost power9\n  group 7: 0000:01:00.0\n  group 8: 0000:02:00.0\n"

/* Q01: what this project is about */
static void test_hotplug_reaches_the_hardware(void **state) {
  g_autoptr(World) world = world_new(HOST "guest pseries kvm\n  ram 512M\n"
                                          "boot\nplug 0000:01:00.0 phb 0 as nic0\n",
                                     "shipped");
  steps(world, 2);
  assert_true(feeds(world, 0x80000000, 7));
  assert_int_equal(put_tce(world, 0x80000000, 0x1000, 0x200003), 0);
  assert_true(reaches(world, "0000:01:00.0", 0x1000, 0x200000));
}

static void test_pre_2017_needs_a_reset(void **state) {
  g_autoptr(World) world = world_new(HOST "guest pseries kvm\n  ram 512M\n"
                                          "boot\nplug 0000:01:00.0 phb 0 as nic0\nreset\n",
                                     "pre-2017");
  steps(world, 2);
  assert_false(feeds(world, 0x80000000, 7));
  assert_int_equal(put_tce(world, 0x80000000, 0x1000, 0x200003), 0);
  assert_false(reaches(world, "0000:01:00.0", 0x1000, 0x200000));
  steps(world, 1);
  assert_true(feeds(world, 0x80000000, 7));
  assert_int_equal(put_tce(world, 0x80000000, 0x1000, 0x200003), 0);
  assert_true(reaches(world, "0000:01:00.0", 0x1000, 0x200000));
}

/* fail-nth: each call of a hotplug fails in its turn, and the machine is as it was: nothing is held that was not
 * before, and the group that shares the container still has its windows, its TCEs and its link (KV-53, TCE-19). */
static gboolean plug_with_fault(const char *guest, guint n) {
  g_autofree char *text = g_strconcat(HOST, "guest pseries ", guest, "\n  ram 512M\n",
                                      "boot\n"
                                      "ddw create phb 0 page 64K size 512M as w\n"
                                      "guest put-tce liobn 0x80000000 ioba 0x1000 -> ram 0x200000 rw\n"
                                      "plug 0000:01:00.0 phb 0 as nic0\n"
                                      "plug 0000:02:00.0 phb 0 as nic1 fails\n"
                                      "unplug nic0\n",
                                      NULL);
  g_autoptr(World) world = world_new(text, "shipped");
  gboolean kvm = world->scenario->kvm;

  steps(world, 2);
  if (kvm) {
    assert_int_equal(put_tce(world, 0x80000000, 0x1000, 0x200003), 0);
    world->at++;
  } else {
    steps(world, 1);
  }
  SimCensus empty = census(world);
  steps(world, 1);
  assert_true(reaches(world, "0000:01:00.0", 0x1000, 0x200000));
  SimCensus before = census(world);

  kernel_set_fault(world->kernel, fail_nth, world);
  world->fault = n;
  SubjectReply reply = step(world);
  world->fault = 0;
  if (reply.status == SUBJECT_DONE)
    return world->faulted;
  assert_int_equal(reply.status, SUBJECT_REFUSED);
  SimCensus after = census(world);
  if (memcmp(&after, &before, sizeof after) != 0)
    fail_msg("%s, call %u (%s): the kernel holds other things than before", guest, n, reply.message);
  assert_true(reaches(world, "0000:01:00.0", 0x1000, 0x200000));
  if (kvm) {
    assert_true(feeds(world, 0x80000000, 7));
    assert_true(feeds(world, 0x80000001, 7));
    assert_int_equal(put_tce(world, 0x80000000, 0x2000, 0x300003), 0);
    assert_int_equal(put_tce(world, 0x80000001, 1ull << 59, 0x300003), 0);
    assert_true(reaches(world, "0000:01:00.0", 0x2000, 0x300000));
    assert_true(reaches(world, "0000:01:00.0", 1ull << 59, 0x300000));
  }
  steps(world, 1);
  after = census(world);
  empty.kvm_vfio = after.kvm_vfio; /* the VM keeps its kvm-vfio device */
  assert_memory_equal(&after, &empty, sizeof after);
  return TRUE;
}

static void test_every_call_of_a_plug_fails(void **state) {
  const char *const guests[] = {"kvm", "tcg"};

  for (guint i = 0; i < G_N_ELEMENTS(guests); i++) {
    guint n = 1;
    while (plug_with_fault(guests[i], n))
      n++;
    assert_in_range(n, 20, 200);
  }
}

/* Every call of a boot fails in its turn: the machine is not there, and neither is anything of it. */
static gboolean boot_with_fault(guint n) {
  g_autoptr(World) world = world_new(HOST "guest pseries kvm\n  ram 512M\n  phb 0\n  phb 1\n"
                                          "cold 0000:01:00.0 phb 0 as nic0\ncold 0000:02:00.0 phb 1 as nic1\nboot\n",
                                     "shipped");
  const SimCensus empty = {0};

  steps(world, 2);
  kernel_set_fault(world->kernel, fail_nth, world);
  world->fault = n;
  SubjectReply reply = step(world);
  world->fault = 0;
  if (reply.status == SUBJECT_DONE)
    return world->faulted;
  SimCensus after = census(world);
  if (memcmp(&after, &empty, sizeof after) != 0)
    fail_msg("call %u (%s): the kernel holds something", n, reply.message);
  return TRUE;
}

static void test_every_call_of_a_boot_fails(void **state) {
  guint n = 1;

  while (boot_with_fault(n))
    n++;
  assert_in_range(n, 80, 300);
}

/* kill: the process's fds are closed by the kernel, nothing is undone, and nothing is left. */
static void test_kill(void **state) {
  g_autoptr(World) world = world_new(HOST "guest pseries kvm\n  ram 512M\n"
                                          "boot\nplug 0000:01:00.0 phb 0 as nic0\n",
                                     "shipped");
  const SimCensus empty = {0};

  steps(world, 2);
  guint before = trace_len(world->trace);
  world->subject->kill(world->subject);
  for (guint i = before; i < trace_len(world->trace); i++)
    assert_int_equal(trace_get(world->trace, i)->call, ABI_CLOSE);
  SimCensus after = census(world);
  assert_memory_equal(&after, &empty, sizeof after);
}

static void test_interrupts(void **state) {
  g_autoptr(World) world = world_new(HOST "guest pseries kvm\n  ram 512M\n"
                                          "boot\nplug 0000:01:00.0 phb 0 as nic0\nreset\n",
                                     "shipped");
  Subject *subject = world->subject;

  steps(world, 2);
  assert_int_equal(subject->interrupts(subject, "nic0", 2, 3), 0); /* the guest's driver now has MSI-X */
  guint before = trace_len(world->trace);
  assert_int_equal(subject->interrupts(subject, "nic0", 2, 0), 0);
  assert_int_equal(trace_len(world->trace), before);
  steps(world, 1);
  assert_int_equal(subject->interrupts(subject, "nic0", 0, 0), 0); /* the reset took it off */
  assert_int_equal(subject->interrupts(subject, "another", 0, 0), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_hotplug_reaches_the_hardware),
      cmocka_unit_test(test_pre_2017_needs_a_reset),
      cmocka_unit_test(test_every_call_of_a_plug_fails),
      cmocka_unit_test(test_every_call_of_a_boot_fails),
      cmocka_unit_test(test_kill),
      cmocka_unit_test(test_interrupts),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
