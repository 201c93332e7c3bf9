/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Storage, text lines as trace.h gives them, access to fields. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/trace/events.h"

static void assert_line(const TraceEvent *event, const char *line) {
  g_autoptr(GString) text = g_string_new("> ");

  trace_event_print(text, event);
  assert_string_equal(text->str + 2, line);
}

static void test_storage(void **state) {
  g_autoptr(Trace) trace = trace_new();
  const TraceEvent *first = trace_add(trace);

  for (guint i = 1; i < 10000; i++) {
    TraceEvent *event = trace_add(trace);
    assert_int_equal(event->seq, i + 1);
    event->arg = i;
  }
  assert_int_equal(trace_len(trace), 10000);
  assert_ptr_equal(trace_get(trace, 0), first); /* stable */
  assert_int_equal(trace_get(trace, 9999)->arg, 9999);
  trace_drop_last(trace);
  assert_int_equal(trace_len(trace), 9999);
  trace_clear(trace);
  assert_int_equal(trace_len(trace), 0);
}

static void test_used_memory_comes_back_blank(void **state) {
  g_autoptr(Trace) trace = trace_new();
  TraceEvent *event = trace_add(trace);

  memset(event, 0xa5, sizeof *event);
  trace_clear(trace);
  event = trace_add(trace);
  assert_int_equal(event->seq, 1);
  assert_int_equal(event->in_len | event->out_len | event->flags | event->rule | event->process, 0);
  assert_int_equal(event->call, ABI_CALL_NONE);
  assert_int_equal(event->made.kind, ABI_NONE);
  assert_int_equal(event->refs[1].kind, ABI_NONE);
  assert_true(event->result == 0 && event->arg == 0);
}

static void count(const TraceEvent *event, gpointer data) {
  guint *shown = data;
  assert_int_equal(event->seq, ++*shown);
}

static void test_a_followed_trace_keeps_nothing(void **state) {
  g_autoptr(Trace) trace = trace_new();
  const TraceEvent *first = trace_add(trace);
  guint shown = 1;

  trace_answered(trace); /* nobody follows */
  assert_int_equal(trace_len(trace), 1);
  trace_follow(trace, count, &shown);
  for (guint i = 0; i < 10000; i++) {
    TraceEvent *event = trace_add(trace);
    trace_answered(trace);
    assert_int_equal(trace_len(trace), 0);
    assert_true(i == 0 || event == first);
  }
  assert_int_equal(shown, 10001);
}

static void test_fd_fields(void **state) {
  g_autoptr(Trace) trace = trace_new();
  TraceEvent *event = event_new(trace, ABI_SET_CONTAINER, ABI_GROUP, 7);

  event_in(event, "container", 5);
  event->refs[0] = (AbiObject){ABI_CONTAINER, 1};
  assert_line(event, "group 7       SET_CONTAINER container 1 = 0");

  event = event_new(trace, ABI_SET_SPAPR_TCE, ABI_KVM_VFIO, 1);
  event_in(event, "group", 9);
  event_in(event, "liobn", 10);
  event->refs[0] = (AbiObject){ABI_GROUP, 7};
  event->refs[1] = (AbiObject){ABI_TABLE, 0x80000000};
  assert_line(event, "kvm-vfio 1    SET_SPAPR_TCE group 7 liobn 0x80000000 = 0");
  /* KV-46: a table fd that is none */
  event->refs[1] = (AbiObject){ABI_VM, 1};
  event_answer(event, -EINVAL, RULE_KV_46);
  assert_line(event,
              "kvm-vfio 1    SET_SPAPR_TCE group 7 liobn vm 1 = -1 EINVAL [KV-46 tablefd is not a TCE table fd of "
              "this VM (other kind of fd, other VM's ...]");
  event->refs[1].kind = ABI_NONE;
  event_in(event, "liobn", G_MAXUINT32);
  event_answer(event, -EBADF, RULE_KV_45);
  assert_line(event, "kvm-vfio 1    SET_SPAPR_TCE group 7 liobn fd -1 = -1 EBADF [KV-45 tablefd not open]");
}

static void test_structs(void **state) {
  g_autoptr(Trace) trace = trace_new();
  TraceEvent *event = event_new(trace, ABI_TCE_CREATE, ABI_CONTAINER, 1);

  event_in(event, "argsz", 40);
  event_in(event, "page_shift", 12);
  event_in(event, "window_size", 0x40000000);
  event_in(event, "levels", 1);
  event_out(event, "start_addr", 0);
  assert_line(event, "container 1   TCE_CREATE page_shift 12 window_size 0x40000000 levels 1 = 0 start_addr 0x0");

  event = event_new(trace, ABI_MAP_DMA, ABI_CONTAINER, 1);
  event_in(event, "argsz", 32);
  event_in(event, "flags", 3);
  event_in(event, "vaddr", 0x7f0000000000);
  event_in(event, "iova", 0x1000);
  event_in(event, "size", 0x1000);
  event_answer(event, -EPERM, RULE_TCE_67);
  assert_line(event,
              "container 1   MAP_DMA flags 0x3 vaddr 0x7f0000000000 iova 0x1000 size 0x1000 = -1 EPERM [TCE-67 not "
              "enabled (v1: no ENABLE; v2: no REGISTER_MEMORY has succeeded yet ...]");
  event->in_len = 0; /* TCE-68: nothing could be read */
  event_answer(event, -EFAULT, RULE_TCE_68);
  assert_line(event, "container 1   MAP_DMA = -1 EFAULT [TCE-68 32 bytes not readable]");
  event->flags = TRACE_INJECTED;
  event->rule = RULE_NONE;
  assert_line(event, "container 1   MAP_DMA = -1 EFAULT (injected)");

  event = event_new(trace, ABI_GROUP_GET_STATUS, ABI_GROUP, 0);
  event_in(event, "argsz", 8);
  event_out(event, "flags", 3);
  assert_line(event, "group 0       GROUP_GET_STATUS = 0 flags 0x3");
}

/* TCE-75: a positive result, and a trap. A success that is none does not print its rule. */
static void test_positive_and_notable(void **state) {
  g_autoptr(Trace) trace = trace_new();
  TraceEvent *event = event_new(trace, ABI_MAP_DMA, ABI_CONTAINER, 1);

  event_answer(event, 1, RULE_TCE_75);
  assert_line(event, "container 1   MAP_DMA = 1");
  event->flags = TRACE_NOTABLE;
  assert_line(event, "container 1   MAP_DMA = 1 [TCE-75 iova not a multiple of the window's IOMMU page]");
}

static void test_calls_that_make_an_fd(void **state) {
  g_autoptr(Trace) trace = trace_new();
  TraceEvent *event = event_new(trace, ABI_CREATE_VM, ABI_KVM, 0);

  event->made = (AbiObject){ABI_VM, 1};
  event->result = 12;
  assert_line(event, "kvm           CREATE_VM type 0 = fd vm 1");

  event = event_new(trace, ABI_CREATE_DEVICE, ABI_VM, 1);
  event_in(event, "type", 4);
  event_out(event, "fd", 13);
  event->made = (AbiObject){ABI_KVM_VFIO, 1};
  assert_line(event, "vm 1          CREATE_DEVICE type 4 = 0 fd kvm-vfio 1");
  event->made.kind = ABI_NONE; /* KV-9: the test makes nothing */
  event_in(event, "flags", 1);
  assert_line(event, "vm 1          CREATE_DEVICE type 4 flags 0x1 = 0");

  event = event_new(trace, ABI_CREATE_SPAPR_TCE_64, ABI_VM, 1);
  event_in(event, "liobn", 0x80000000);
  event_in(event, "page_shift", 12);
  event_in(event, "size", 0x40000);
  event->made = (AbiObject){ABI_TABLE, 0x80000000};
  event->result = 14;
  assert_line(event,
              "vm 1          CREATE_SPAPR_TCE_64 liobn 0x80000000 page_shift 12 offset 0x0 size 0x40000 = fd table "
              "0x80000000");

  event = event_new(trace, ABI_GET_DEVICE_FD, ABI_GROUP, 7);
  memcpy(event->in, "0000:01:00.0", 13);
  event->in_len = 13;
  event->made = (AbiObject){ABI_DEVICE, 0x100};
  assert_line(event, "group 7       GET_DEVICE_FD name 0000:01:00.0 = fd device 0000:01:00.0");
  memcpy(event->in, "\x1b\\a\xff", 4); /* no terminator within the payload, nothing that a terminal obeys */
  event->in_len = 4;
  event->made.kind = ABI_NONE;
  event_answer(event, -ENODEV, RULE_NONE);
  assert_line(event, "group 7       GET_DEVICE_FD name \\x1b\\x5ca\\xff = -1 ENODEV");

  event = event_new(trace, ABI_OPEN, ABI_CONTAINER, 1);
  assert_line(event, "container 1   OPEN = fd");
  event = event_new(trace, ABI_CLOSE, ABI_DEVICE, 0x100);
  assert_line(event, "device 0000:01:00.0 CLOSE = 0");
}

static void test_hypercalls(void **state) {
  static const struct {
    gint64 result;
    const char *text;
  } rows[] = {{0, "H_SUCCESS"}, {-4, "H_PARAMETER"}, {-1, "H_HARDWARE"}, {9999, "to user space"}, {-77, "-77"}};
  g_autoptr(Trace) trace = trace_new();
  TraceEvent *event = event_new(trace, ABI_H_PUT_TCE, ABI_GUEST, 0);

  event_in(event, "liobn", 0x80000000);
  event_in(event, "ioba", 0x1000);
  event_in(event, "tce", 0x200003);
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autofree char *line =
        g_strdup_printf("guest         H_PUT_TCE liobn 0x80000000 ioba 0x1000 tce 0x200003 = %s", rows[i].text);
    event->result = rows[i].result;
    assert_line(event, line);
  }

  event = event_new(trace, ABI_H_GET_TCE, ABI_GUEST, 0);
  event_in(event, "liobn", 0x80000000);
  event_out(event, "value", 0x2003);
  assert_line(event, "guest         H_GET_TCE liobn 0x80000000 ioba 0x0 = H_SUCCESS value 0x2003");
  event->result = -4;
  assert_line(event, "guest         H_GET_TCE liobn 0x80000000 ioba 0x0 = H_PARAMETER");
}

static void test_odd_events(void **state) {
  g_autoptr(Trace) trace = trace_new();
  TraceEvent *event = trace_add(trace);

  assert_line(event, "none          ?");
  event->call = ABI_N_CALLS;
  assert_line(event, "none          ?");
  event->call = ABI_UNKNOWN;
  event->object = (AbiObject){ABI_GROUP, 7};
  event_in(event, "number", 0x3b64);
  event_answer(event, -4095, RULE_CG_30);
  assert_line(event, "group 7       UNKNOWN number 0x3b64 = -1 errno 4095 [CG-30 ioctl number not one of 103..106]");
  event->in_len = 255; /* more than is kept */
  event->rule = 65535;
  assert_line(event, "group 7       UNKNOWN number 0x3b64 = -1 errno 4095");
}

static void test_fields(void **state) {
  g_autoptr(Trace) trace = trace_new();
  TraceEvent *event = event_new(trace, ABI_SET_IOMMU, ABI_CONTAINER, 1);
  guint64 value = 0;

  event->arg = 7;
  assert_line(event, "container 1   SET_IOMMU type 7 = 0");
  assert_true(trace_event_field(event, "type", &value));
  assert_int_equal(value, 7);
  assert_false(trace_event_field(event, "size", &value));

  event = event_new(trace, ABI_TYPE1_UNMAP_DMA, ABI_CONTAINER, 1); /* T1-50: size is written back */
  event_in(event, "size", 0x2000);
  event_out(event, "size", 0x1000);
  assert_true(trace_event_field(event, "size", &value));
  assert_int_equal(value, 0x1000);
  event->result = -EINVAL;
  assert_true(trace_event_field(event, "size", &value));
  assert_int_equal(value, 0x2000);

  event = event_new(trace, ABI_GROUP_ADD, ABI_KVM_VFIO, 1);
  event_in(event, "group", 30);
  assert_false(trace_event_field(event, "group", &value));
  event->refs[0] = (AbiObject){ABI_GROUP, 7};
  assert_true(trace_event_field(event, "group", &value));
  assert_int_equal(value, 7);

  event = event_new(trace, ABI_TCE_CREATE, ABI_CONTAINER, 1);
  event_in(event, "page_shift", 16);
  event_out(event, "start_addr", 1ull << 59);
  assert_true(trace_event_field(event, "start_addr", &value));
  assert_true(value == 1ull << 59);
  event->result = -ENOSPC;
  assert_false(trace_event_field(event, "start_addr", &value));
  event->in_len = 8;
  assert_false(trace_event_field(event, "page_shift", &value));

  event = event_new(trace, ABI_GET_DEVICE_FD, ABI_GROUP, 7);
  memcpy(event->in, "0000:01:00.0", 13);
  event->in_len = 13;
  assert_true(trace_event_field(event, "name", &value));
  assert_int_equal(value, 0x100);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_storage),
      cmocka_unit_test(test_used_memory_comes_back_blank),
      cmocka_unit_test(test_a_followed_trace_keeps_nothing),
      cmocka_unit_test(test_fd_fields),
      cmocka_unit_test(test_structs),
      cmocka_unit_test(test_positive_and_notable),
      cmocka_unit_test(test_calls_that_make_an_fd),
      cmocka_unit_test(test_hypercalls),
      cmocka_unit_test(test_odd_events),
      cmocka_unit_test(test_fields),
  };

  return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
