/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON lines: round trip, what they show, and what is no event. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/trace/events.h"

static char *to_json(const TraceEvent *event) {
  GString *text = g_string_new(NULL);

  trace_event_print_json(text, event);
  return g_string_free(text, FALSE);
}

static void assert_same(const TraceEvent *a, const TraceEvent *b) {
  assert_int_equal(a->seq, b->seq);
  assert_int_equal(a->process, b->process);
  assert_int_equal(a->rule, b->rule);
  assert_int_equal(a->flags, b->flags);
  assert_int_equal(a->call, b->call);
  assert_true(a->object.kind == b->object.kind && a->object.id == b->object.id);
  assert_true(a->made.kind == b->made.kind && a->made.id == b->made.id);
  for (guint i = 0; i < TRACE_REFS; i++)
    assert_true(a->refs[i].kind == b->refs[i].kind && a->refs[i].id == b->refs[i].id);
  assert_true(a->arg == b->arg && a->result == b->result);
  assert_int_equal(a->in_len, b->in_len);
  assert_int_equal(a->out_len, b->out_len);
  assert_memory_equal(a->in, b->in, a->in_len);
  assert_memory_equal(a->out, b->out, a->out_len);
}

static void assert_round_trip(const TraceEvent *event) {
  g_autofree char *line = to_json(event);
  g_autofree char *again = NULL;
  g_autoptr(GError) error = NULL;
  TraceEvent parsed;

  assert_null(strchr(line, '\n'));
  if (!trace_event_parse_json(line, -1, &parsed, &error))
    fail_msg("%s: %s", line, error->message);
  assert_same(event, &parsed);
  again = to_json(&parsed);
  assert_string_equal(line, again);
}

static TraceEvent *sample(Trace *trace) {
  TraceEvent *event = event_new(trace, ABI_SET_SPAPR_TCE, ABI_KVM_VFIO, 1);

  event_in(event, "group", 9);
  event_in(event, "liobn", 10);
  event->refs[1] = (AbiObject){ABI_TABLE, G_MAXUINT64}; /* KT-19: all 64 bits of a LIOBN count */
  event->arg = 0xffffffffffffff00;
  event->flags = TRACE_INJECTED | TRACE_NOTABLE;
  event_answer(event, -ENOENT, RULE_KV_43);
  return event;
}

static void test_round_trip_of_every_call(void **state) {
  g_autoptr(Trace) trace = trace_new();

  assert_round_trip(sample(trace));
  for (int id = ABI_CALL_NONE + 1; id < ABI_N_CALLS; id++) {
    const AbiCall *call = abi_call((AbiCallId)id);
    TraceEvent *event = event_new(trace, call->id, call->kind ? call->kind : ABI_GROUP, 7);

    for (guint len = 0; len <= MIN(call->size, TRACE_PAYLOAD); len += 4) { /* payloads cut short, too */
      event->in_len = event->out_len = (guint8)len;
      memset(event->in, 0xc3, TRACE_PAYLOAD);
      memset(event->out, 0x3c, TRACE_PAYLOAD);
      event->made = (AbiObject){call->returns, call->returns ? 3 : 0};
      event->result = len ? 0 : -EINVAL;
      assert_round_trip(event);
    }
  }
}

static void test_line_as_documented(void **state) {
  g_autoptr(Trace) trace = trace_new();
  TraceEvent *event = event_new(trace, ABI_SET_CONTAINER, ABI_GROUP, 7);
  g_autofree char *line = NULL;

  event_in(event, "container", 5);
  event->refs[0] = (AbiObject){ABI_CONTAINER, 1};
  event->arg = 0x7ffe10;
  event_answer(event, -EINVAL, RULE_CG_44);
  line = to_json(event);
  assert_string_equal(
      line, "{\"seq\":1,\"process\":1,\"object\":\"group 7\",\"call\":\"SET_CONTAINER\",\"arg\":\"0x7ffe10\","
            "\"in\":\"05000000\",\"refs\":[\"container 1\"],\"result\":-22,\"errno\":\"EINVAL\",\"rule\":\"CG-44\","
            "\"fields\":{\"container\":\"container 1\"}}");
}

/* "" in the middle of a valid line, and what the error must say. */
static void test_malformed(void **state) {
#define HEAD "{\"seq\":1,\"process\":1,\"object\":\"group 7\",\"call\":\"SET_CONTAINER\",\"result\":0"
  static const struct {
    const char *line, *error;
  } rows[] = {
      {"", "byte 1:"},
      {"null", "byte 1:"},
      {"[]", "byte 1: an event is an object"},
      {"{", "byte "},
      {"{}", "byte 3: \"seq\" must be there"},
      {HEAD, "byte "},
      {HEAD "}x", "byte "},
      {HEAD ",\"in\":\"0\"}", "\"in\" must be pairs"},
      {HEAD ",\"in\":\"0g\"}", "\"in\" must be hexadecimal"},
      {HEAD ",\"in\":7}", "\"in\" must be a string"},
      {HEAD ",\"out\":null}", "\"out\" must be a string"},
      {HEAD ",\"refs\":{}}", "\"refs\" must be an array"},
      {HEAD ",\"refs\":[null,null,null]}", "\"refs\" must be an array"},
      {HEAD ",\"refs\":[7]}", "\"refs\" must hold"},
      {HEAD ",\"refs\":[\"group\"]}", "\"refs\" must hold"},
      {HEAD ",\"made\":\"vm x\"}", "\"made\" must name"},
      {HEAD ",\"rule\":\"KV-9999\"}", "\"rule\" is not"},
      {HEAD ",\"arg\":\"-1\"}", "\"arg\" must be a number"},
      {HEAD ",\"arg\":1}", "\"arg\" must be a string"},
      {HEAD ",\"flags\":\"injected\"}", "\"flags\" must be an array"},
      {HEAD ",\"flags\":[\"loud\"]}", "\"flags\" may hold"},
      {HEAD ",\"flags\":[1]}", "\"flags\" may hold"},
      {HEAD ",\"flags\":[null]}", "\"flags\" may hold"},
      {"{\"seq\":-1}", "byte 2: \"seq\" is out of range"},
      {"{\"seq\":4294967296}", "\"seq\" is out of range"},
      {"{\"seq\":1.5}", "\"seq\" must be there"},
      {"{\"seq\":\"1\"}", "\"seq\" must be there"},
      {"{\"seq\":1,\"process\":65536}", "\"process\" is out of range"},
      {"{\"seq\":1,\"process\":1,\"result\":0}", "\"object\" is missing"},
      {"{\"seq\":1,\"process\":1,\"result\":0,\"object\":\"group 7\"}", "\"call\" is missing"},
      {"{\"seq\":1,\"process\":1,\"result\":0,\"object\":\"group 7\",\"call\":\"MAP_DMB\"}", "\"call\" is not"},
      {"{\"a\":[[[[[[[[[]]]]]]]]]}", "byte 13: objects and arrays are nested too deep"},
      {"{\"seq\":\xff}", "byte 8: the line is not UTF-8"},
  };

  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(GError) error = NULL;
    TraceEvent event = {.seq = 4711};

    if (trace_event_parse_json(rows[i].line, -1, &event, &error))
      fail_msg("%s is taken for an event", rows[i].line);
    if (!strstr(error->message, rows[i].error))
      fail_msg("%s: the error is '%s'", rows[i].line, error->message);
    assert_int_equal(event.seq, 4711);
  }
}

/* A valid line cut at every byte, with every byte changed, or far too long, is an error or an event; never a crash. */
static void test_damaged(void **state) {
  g_autoptr(Trace) trace = trace_new();
  g_autofree char *line = to_json(sample(trace));
  gsize len = strlen(line);
  g_autofree char *deep = g_strnfill(1 << 20, '[');
  TraceEvent event;

  for (gsize cut = 0; cut < len; cut++)
    assert_false(trace_event_parse_json(line, (gssize)cut, &event, NULL));
  for (gsize at = 0; at < len; at++) {
    static const char bytes[] = {'\0', '"', '\\', '{', ']', '9', '-', '\x80', 'u'};
    char was = line[at];
    for (gsize i = 0; i < sizeof bytes; i++) {
      line[at] = bytes[i];
      trace_event_parse_json(line, (gssize)len, &event, NULL);
    }
    line[at] = was;
  }
  assert_false(trace_event_parse_json(deep, -1, &event, NULL));
}

static void test_unknown_members_are_skipped(void **state) {
  TraceEvent event;

  assert_true(trace_event_parse_json(HEAD ",\"new\":{\"a\":[1]},\"fields\":7}", -1, &event, NULL));
  assert_int_equal(event.call, ABI_SET_CONTAINER);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_round_trip_of_every_call),
      cmocka_unit_test(test_line_as_documented),
      cmocka_unit_test(test_malformed),
      cmocka_unit_test(test_damaged),
      cmocka_unit_test(test_unknown_members_are_skipped),
  };

  return cmocka_run_group_tests_name("trace-json", tests, NULL, NULL);
}
