/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Each check on traces: what it finds, when, and what it leaves alone. The calls are those of QEMU's attach. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "harness/watch/ranges.h"
#include "harness/watch/watch.h"
#include "tests/trace/events.h"

enum { LIOBN = 0x80000000, WINDOW = 1 << 30, PAGE = 4096 };

typedef struct {
  SimHost *host;
  Trace *trace;
  Watch *watch;
} Fixture;

static int set_up(void **state) {
  Fixture *f = g_new0(Fixture, 1);
  f->host = sim_host_new();
  f->trace = trace_new();
  f->watch = watch_new(f->host);
  *state = f;
  return 0;
}

static int tear_down(void **state) {
  Fixture *f = *state;
  watch_free(f->watch);
  trace_free(f->trace);
  sim_host_free(f->host);
  g_free(f);
  return 0;
}

/* ---- calls ---- */

static void done(Fixture *f, const TraceEvent *event) {
  watch_event(f->watch, event);
}

static TraceEvent *call(Fixture *f, AbiCallId id, AbiKind kind, guint64 object) {
  return event_new(f->trace, id, kind, object);
}

static void makes(Fixture *f, AbiCallId id, AbiKind kind, guint64 object, AbiKind made, guint64 made_id) {
  TraceEvent *event = call(f, id, kind, object);
  event->made = (AbiObject){made, made_id};
  done(f, event);
}

static void plain(Fixture *f, AbiCallId id, AbiKind kind, guint64 object) {
  done(f, call(f, id, kind, object));
}

static void close_at_exit(Fixture *f, AbiKind kind, guint64 object) {
  TraceEvent *event = call(f, ABI_CLOSE, kind, object);
  event->flags = TRACE_AT_EXIT;
  done(f, event);
}

static void make_vm(Fixture *f) {
  makes(f, ABI_OPEN, ABI_KVM, 0, ABI_KVM, 0);
  makes(f, ABI_CREATE_VM, ABI_KVM, 0, ABI_VM, 1);
  TraceEvent *table = call(f, ABI_CREATE_SPAPR_TCE_64, ABI_VM, 1);
  event_in(table, "liobn", LIOBN);
  event_in(table, "page_shift", 12);
  event_in(table, "size", WINDOW / PAGE);
  table->made = (AbiObject){ABI_TABLE, LIOBN};
  done(f, table);
  makes(f, ABI_CREATE_DEVICE, ABI_VM, 1, ABI_KVM_VFIO, 1);
}

static void join(Fixture *f, guint group) {
  makes(f, ABI_OPEN, ABI_GROUP, group, ABI_GROUP, group);
  if (group == 7)
    makes(f, ABI_OPEN, ABI_CONTAINER, 1, ABI_CONTAINER, 1);
  TraceEvent *set = call(f, ABI_SET_CONTAINER, ABI_GROUP, group);
  set->refs[0] = (AbiObject){ABI_CONTAINER, 1};
  done(f, set);
}

static void kvm_group(Fixture *f, AbiCallId id, guint group) {
  TraceEvent *event = call(f, id, ABI_KVM_VFIO, 1);
  event->refs[0] = (AbiObject){ABI_GROUP, group};
  event->refs[1] = (AbiObject){id == ABI_SET_SPAPR_TCE ? ABI_TABLE : ABI_NONE, LIOBN};
  done(f, event);
}

static void make_window(Fixture *f) {
  TraceEvent *event = call(f, ABI_TCE_CREATE, ABI_CONTAINER, 1);
  event_in(event, "page_shift", 12);
  event_in(event, "window_size", WINDOW);
  event_out(event, "start_addr", 0);
  done(f, event);
}

static void remove_window(Fixture *f) {
  TraceEvent *event = call(f, ABI_TCE_REMOVE, ABI_CONTAINER, 1);
  event_in(event, "start_addr", 0);
  done(f, event);
}

static void device(Fixture *f) {
  makes(f, ABI_GET_DEVICE_FD, ABI_GROUP, 7, ABI_DEVICE, 0x100);
}

static void dma(Fixture *f, AbiCallId id, guint64 iova, guint64 size) {
  TraceEvent *event = call(f, id, ABI_CONTAINER, 1);
  event_in(event, "iova", iova);
  event_in(event, "size", size);
  done(f, event);
}

static void put_tce(Fixture *f, guint64 ioba, guint64 tce) {
  TraceEvent *event = call(f, ABI_H_PUT_TCE, ABI_GUEST, 1);
  memset(event->in, 0, 32);
  event->in_len = 32;
  const guint64 args[] = {LIOBN, ioba, tce};
  memcpy(event->in, args, sizeof args);
  done(f, event);
}

static void attach(Fixture *f) {
  make_vm(f);
  join(f, 7);
  kvm_group(f, ABI_GROUP_ADD, 7);
  make_window(f);
  kvm_group(f, ABI_SET_SPAPR_TCE, 7);
  device(f);
}

/* ---- findings ---- */

static void assert_found(Fixture *f, guint n, CheckId check) {
  const GPtrArray *findings = watch_findings(f->watch);
  assert_int_equal(findings->len, n);
  for (guint i = 0; i < n; i++)
    assert_int_equal(((WatchFinding *)findings->pdata[i])->check, check);
}

static void the_right_order_is_not_found(void **state) {
  Fixture *f = *state;
  attach(f);
  put_tce(f, PAGE, 0x200003);
  plain(f, ABI_CLOSE, ABI_DEVICE, 0x100);
  kvm_group(f, ABI_GROUP_DEL, 7);
  dma(f, ABI_UNMAP_DMA, 0, WINDOW);
  remove_window(f);
  plain(f, ABI_UNSET_CONTAINER, ABI_GROUP, 7);
  plain(f, ABI_CLOSE, ABI_CONTAINER, 1);
  plain(f, ABI_CLOSE, ABI_GROUP, 7);
  plain(f, ABI_CLOSE, ABI_TABLE, LIOBN);
  plain(f, ABI_CLOSE, ABI_KVM_VFIO, 1);
  plain(f, ABI_CLOSE, ABI_VM, 1);
  watch_end(f->watch);
  assert_found(f, 0, 0);
}

static void attach_unfed(Fixture *f) {
  make_vm(f);
  join(f, 7);
  make_window(f);
  kvm_group(f, ABI_GROUP_ADD, 7);
  device(f);
}

static void a_window_without_a_feed_is_found_when_the_guest_writes(void **state) {
  Fixture *f = *state;
  attach_unfed(f);
  assert_found(f, 0, 0);
  put_tce(f, PAGE, 0x200003);
  put_tce(f, 2 * PAGE, 0x201003);
  assert_found(f, 1, CHECK_UNFED);
  const WatchFinding *finding = watch_findings(f->watch)->pdata[0];
  assert_non_null(strstr(finding->message, "8c37faa475"));
  assert_int_equal(((TraceEvent *)finding->calls->pdata[finding->calls->len - 1])->call, ABI_H_PUT_TCE);
}

static void or_when_it_is_taken_down(void **state) {
  Fixture *f = *state;
  attach_unfed(f);
  kvm_group(f, ABI_GROUP_DEL, 7);
  assert_found(f, 1, CHECK_UNFED);
}

static void not_where_kvm_cannot_feed(void **state) {
  Fixture *f = *state;
  f->host->spapr_tce_vfio = FALSE;
  watch_free(f->watch);
  f->watch = watch_new(f->host);
  attach_unfed(f);
  put_tce(f, PAGE, 0x200003);
  assert_found(f, 0, 0);
}

static void a_table_of_other_addresses_is_none_for_the_window(void **state) {
  Fixture *f = *state;
  makes(f, ABI_CREATE_VM, ABI_KVM, 0, ABI_VM, 1);
  TraceEvent *table = call(f, ABI_CREATE_SPAPR_TCE_64, ABI_VM, 1);
  event_in(table, "page_shift", 12);
  event_in(table, "offset", 1 << 20);
  event_in(table, "size", 16);
  table->made = (AbiObject){ABI_TABLE, LIOBN};
  done(f, table);
  makes(f, ABI_CREATE_DEVICE, ABI_VM, 1, ABI_KVM_VFIO, 1);
  join(f, 7);
  make_window(f);
  kvm_group(f, ABI_GROUP_ADD, 7);
  device(f);
  kvm_group(f, ABI_GROUP_DEL, 7);
  assert_found(f, 0, 0);
}

/* KV-49: one attachment, counted twice; KV-57: a group that never asked gives none back. */
static void two_groups_share_a_feed(void **state) {
  Fixture *f = *state;
  attach(f);
  join(f, 8);
  kvm_group(f, ABI_GROUP_ADD, 8);
  kvm_group(f, ABI_GROUP_DEL, 8);
  put_tce(f, PAGE, 0x200003);
  kvm_group(f, ABI_GROUP_ADD, 8);
  kvm_group(f, ABI_SET_SPAPR_TCE, 8);
  kvm_group(f, ABI_GROUP_DEL, 8);
  put_tce(f, PAGE, 0x200003);
  assert_found(f, 0, 0);
}

static void an_attachment_that_outlives_its_window_is_found(void **state) {
  Fixture *f = *state;
  attach(f);
  remove_window(f);
  assert_found(f, 0, 0); /* the table may be closed next */
  put_tce(f, PAGE, 0x200003);
  assert_found(f, 1, CHECK_ORPHAN);
}

static void or_at_the_end(void **state) {
  Fixture *f = *state;
  attach(f);
  remove_window(f);
  close_at_exit(f, ABI_KVM, 0);
  assert_found(f, 1, CHECK_ORPHAN);
}

/* QEMU's reset: window, table, both anew. */
static void not_if_the_table_goes_with_it(void **state) {
  Fixture *f = *state;
  attach(f);
  remove_window(f);
  plain(f, ABI_CLOSE, ABI_TABLE, LIOBN);
  close_at_exit(f, ABI_KVM, 0);
  assert_found(f, 0, 0);
}

static void a_window_is_removed_under_mappings(void **state) {
  Fixture *f = *state;
  attach(f);
  dma(f, ABI_MAP_DMA, 0x10000, PAGE);
  dma(f, ABI_UNMAP_DMA, 0x10000, PAGE);
  put_tce(f, PAGE, 0x200003);
  put_tce(f, PAGE, 0);
  remove_window(f);
  assert_found(f, 0, 0);
  make_window(f);
  kvm_group(f, ABI_SET_SPAPR_TCE, 7);
  dma(f, ABI_MAP_DMA, 0x10000, PAGE);
  remove_window(f);
  assert_found(f, 1, CHECK_LIVE);
}

static void or_under_those_of_the_guest(void **state) {
  Fixture *f = *state;
  attach(f);
  put_tce(f, PAGE, 0x200003);
  remove_window(f);
  assert_found(f, 1, CHECK_LIVE);
}

static void answers_are_judged(void **state) {
  Fixture *f = *state;
  for (guint i = 0; i < 3; i++) {
    TraceEvent *event = call(f, ABI_MAP_DMA, ABI_CONTAINER, 1);
    event_answer(event, 1, RULE_TCE_75);
    event->flags = TRACE_NOTABLE;
    done(f, event);
  }
  TraceEvent *state_of = call(f, ABI_EEH_PE_OP, ABI_CONTAINER, 1);
  event_answer(state_of, 5, RULE_EEH_8);
  state_of->flags = TRACE_NOTABLE;
  done(f, state_of);
  assert_found(f, 1, CHECK_TRAP);
  assert_int_equal(((WatchFinding *)watch_findings(f->watch)->pdata[0])->times, 3);

  TraceEvent *injected = call(f, ABI_GROUP_ADD, ABI_KVM_VFIO, 1);
  event_answer(injected, -EINVAL, RULE_NONE);
  injected->flags = TRACE_INJECTED;
  done(f, injected);
  TraceEvent *refused = call(f, ABI_GROUP_ADD, ABI_KVM_VFIO, 1);
  event_answer(refused, -ENOENT, RULE_NONE);
  done(f, refused);
  assert_int_equal(watch_findings(f->watch)->len, 1);
  event_answer(refused, -EFAULT, RULE_KV_25);
  done(f, refused);
  assert_int_equal(watch_findings(f->watch)->len, 2);
  assert_int_equal(((WatchFinding *)watch_findings(f->watch)->pdata[1])->check, CHECK_STRICT);
}

static void what_is_left_is_counted(void **state) {
  Fixture *f = *state;
  attach(f);
  dma(f, ABI_MAP_DMA, 0x10000, 0x3000);
  plain(f, ABI_CLOSE, ABI_TABLE, LIOBN);
  close_at_exit(f, ABI_GROUP, 7);
  close_at_exit(f, ABI_CONTAINER, 1);
  close_at_exit(f, ABI_DEVICE, 0x100);
  watch_end(f->watch);
  assert_found(f, 1, CHECK_LEFT);
  const WatchFinding *finding = watch_findings(f->watch)->pdata[0];
  assert_non_null(strstr(finding->message, "1 container, 1 group, 1 device; 0x3000 bytes were mapped"));
}

/* Against a plain array of bits. */
static void ranges_are_a_set(void **state) {
  enum { BITS = 64 };
  g_autoptr(Ranges) ranges = ranges_new();
  g_autoptr(GRand) rand = g_rand_new_with_seed(1);
  gboolean bits[BITS] = {0};

  for (guint i = 0; i < 20000; i++) {
    guint start = g_rand_int_range(rand, 0, BITS), size = g_rand_int_range(rand, 0, BITS - start + 1);
    gboolean add = g_rand_boolean(rand);
    (add ? ranges_add : ranges_remove)(ranges, start, size);
    for (guint b = start; b < start + size; b++)
      bits[b] = add;
    start = g_rand_int_range(rand, 0, BITS);
    size = g_rand_int_range(rand, 0, BITS - start + 1);
    guint expected = 0;
    for (guint b = start; b < start + size; b++)
      expected += bits[b];
    assert_int_equal(ranges_within(ranges, start, size), expected);
  }
  ranges_add(ranges, G_MAXUINT64 - 9, 100);
  ranges_add(ranges, G_MAXUINT64 - 19, 10);
  assert_int_equal(ranges_within(ranges, G_MAXUINT64 - 99, 1000), 20);
  ranges_remove(ranges, 1, G_MAXUINT64);
  assert_int_equal(ranges_within(ranges, 0, G_MAXUINT64), bits[0]);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(the_right_order_is_not_found),
      TEST(a_window_without_a_feed_is_found_when_the_guest_writes),
      TEST(or_when_it_is_taken_down),
      TEST(not_where_kvm_cannot_feed),
      TEST(a_table_of_other_addresses_is_none_for_the_window),
      TEST(two_groups_share_a_feed),
      TEST(an_attachment_that_outlives_its_window_is_found),
      TEST(or_at_the_end),
      TEST(not_if_the_table_goes_with_it),
      TEST(a_window_is_removed_under_mappings),
      TEST(or_under_those_of_the_guest),
      TEST(answers_are_judged),
      TEST(what_is_left_is_counted),
      cmocka_unit_test(ranges_are_a_set),
  };
  return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
