/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* docs/scenario-language.md: what the parser leaves, its limits, and that no bytes make it crash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "harness/scenario/scenario.h"

static const char head[] = "host power9\n  group 7: 0000:01:00.0\nguest pseries kvm\n  phb 0\nboot\n";

static Scenario *read_good(const char *text) {
  g_autoptr(GError) error = NULL;
  Scenario *scenario = scenario_parse("a.scn", text, &error);

  if (!scenario)
    fail_msg("%s", error->message);
  return scenario;
}

static void assert_refused(const char *text, int code, const char *message) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Scenario) scenario = scenario_parse("a.scn", text, &error);

  assert_null(scenario);
  assert_true(g_error_matches(error, SCENARIO_ERROR, code));
  assert_string_equal(error->message, message);
}

static ScenarioStmt *stmt_at(Scenario *scenario, guint index) {
  assert_true(index < scenario->stmts->len);
  return g_ptr_array_index(scenario->stmts, index);
}

static void test_header(void **state) {
  g_autoptr(Scenario) scenario =
      read_good("# SPDX-License-Identifier: LGPL-2.1-or-later\n# One thing\n# over lines. Then more.\n\n"
                "host power9\n  group 7: 0000:01:00.0 0000:01:00.1\n  memlock 64M\n"
                "guest pseries tcg\n  ram 2G\n  phb 1\n  phb 2: liobn 0x90000000 window 0..2G page 64K\n"
                "order pre-2017\ntimeout 2m\ncold 0000:01:00.0 phb 2 as nic0\nboot\n");
  const ScenarioPhb *phbs = (const ScenarioPhb *)scenario->phbs->data;

  assert_string_equal(scenario->summary, "One thing over lines.");
  assert_string_equal(scenario->path, "a.scn");
  assert_int_equal(sim_host_group(scenario->host, 7)->devices->len, 2);
  assert_int_equal(scenario->host->memlock, 64 << 20);
  assert_true(scenario->guest);
  assert_false(scenario->kvm);
  assert_int_equal(scenario->ram, 2ll << 30);
  assert_int_equal(scenario->phbs->len, 2);
  assert_int_equal(phbs[0].liobn, 0x80000100);
  assert_int_equal(phbs[0].window_size, 1 << 30);
  assert_int_equal(phbs[0].page_shift, 12);
  assert_int_equal(phbs[1].liobn, 0x90000000);
  assert_int_equal(phbs[1].window_size, 2ll << 30);
  assert_int_equal(phbs[1].page_shift, 16);
  assert_string_equal(scenario->order, "pre-2017");
  assert_int_equal(scenario->timeout_ms, 120000);
  assert_int_equal(stmt_at(scenario, 0)->kind, STMT_COLD);
  assert_int_equal(stmt_at(scenario, 0)->phb.index, 2);
  assert_int_equal(stmt_at(scenario, 1)->kind, STMT_BOOT);
}

static void test_defaults(void **state) {
  g_autoptr(Scenario) scenario = read_good("host power9\nguest pseries kvm\nboot\n");

  assert_string_equal(scenario->summary, "");
  assert_true(scenario->kvm);
  assert_int_equal(scenario->ram, 1 << 30);
  assert_int_equal(scenario->phbs->len, 1);
  assert_int_equal(g_array_index(scenario->phbs, ScenarioPhb, 0).liobn, 0x80000000);
  assert_string_equal(scenario->order, "shipped");
  assert_int_equal(scenario->timeout_ms, 10000);
  assert_int_equal(scenario->n_processes, 1);
}

static void test_events(void **state) {
  g_autofree char *text = g_strconcat(head,
                                      "plug 0000:01:00.0 phb 0 as nic0 fails ENODEV # comment\n"
                                      "guest put-tce liobn 0x80000000 ioba 0x1000 -> ram 0x2000 r\n"
                                      "guest get-tce liobn 0x80000000 ioba 0 = 0x2001\n"
                                      "guest stuff-tce liobn 0x80000000 ioba 0 value 3 count 9 = H_PARAMETER\n"
                                      "fail group 7 GET_DEVICE_FD nth 3 with EBUSY\n",
                                      NULL);
  g_autoptr(Scenario) scenario = read_good(text);
  const ScenarioStmt *plug = stmt_at(scenario, 1), *put = stmt_at(scenario, 2), *get = stmt_at(scenario, 3),
                     *stuff = stmt_at(scenario, 4), *fault = stmt_at(scenario, 5);

  assert_string_equal(plug->text, "plug 0000:01:00.0 phb 0 as nic0 fails ENODEV");
  assert_int_equal(plug->place.line, 6);
  assert_int_equal(plug->device, 0x100);
  assert_string_equal(plug->name, "nic0");
  assert_true(plug->fails);
  assert_int_equal(plug->error, ENODEV);
  assert_int_equal(put->liobn, 0x80000000);
  assert_int_equal(put->ioba, 0x1000);
  assert_int_equal(put->addr, 0x2000);
  assert_int_equal(put->perm, 1);
  assert_false(put->has_result);
  assert_int_equal(put->match.call, ABI_H_PUT_TCE);
  assert_int_equal(put->match.result, 0);
  assert_true(get->has_value);
  assert_int_equal(get->value, 0x2001);
  assert_true(stuff->has_result);
  assert_int_equal(stuff->match.result, -4);
  assert_int_equal(stuff->count, 9);
  assert_int_equal(fault->match.call, ABI_GET_DEVICE_FD);
  assert_int_equal(fault->match.object.id, 7);
  assert_int_equal(fault->nth, 3);
  assert_int_equal(fault->error, EBUSY);
}

static void test_raw(void **state) {
  g_autoptr(Scenario) scenario =
      read_good("host power9\n  group 7: 0000:01:00.0\nbuffer buf 1M\nopen group 7 readonly as g\n"
                "open container as c\nc TCE_CREATE page_shift 12 at bad-pointer = EFAULT\n"
                "c REGISTER_MEMORY vaddr buf+4K size -1 = -1 EINVAL flags 1\n"
                "g SET_CONTAINER container c\ng GET_DEVICE_FD name 0000:01:00.0 as d = fd\n"
                "process 3\ng SET_CONTAINER container none\n");
  const ScenarioStmt *open = stmt_at(scenario, 1), *bad = stmt_at(scenario, 3), *map = stmt_at(scenario, 4),
                     *set = stmt_at(scenario, 5), *get = stmt_at(scenario, 6), *none = stmt_at(scenario, 8);
  const ScenarioArg *args = (const ScenarioArg *)map->match.args->data;

  assert_false(scenario->guest);
  assert_int_equal(scenario->n_processes, 4);
  assert_int_equal(open->match.object.kind, ABI_GROUP);
  assert_int_equal(open->match.object.id, 7);
  assert_true(open->readonly);
  assert_true(open->match.result_fd); /* no result written: it must succeed */
  assert_true(bad->bad_pointer);
  assert_int_equal(bad->match.result, -EFAULT);
  assert_string_equal(map->name, "c");
  assert_int_equal(args[0].kind, ARG_BUFFER);
  assert_string_equal(args[0].name, "buf");
  assert_int_equal(args[0].value, 4096);
  assert_true(args[1].value == G_MAXUINT64);
  assert_false(args[1].after);
  assert_true(args[2].after);
  assert_int_equal(g_array_index(set->match.args, ScenarioArg, 0).kind, ARG_HANDLE);
  assert_string_equal(g_array_index(set->match.args, ScenarioArg, 0).name, "c");
  assert_string_equal(get->as, "d");
  assert_int_equal(g_array_index(get->match.args, ScenarioArg, 0).kind, ARG_TEXT);
  assert_int_equal(g_array_index(none->match.args, ScenarioArg, 0).value, G_MAXUINT32);
}

static void test_limits(void **state) {
  g_autoptr(GString) text = g_string_new(head);

  for (guint i = 1; i < SCENARIO_MAX_STMTS; i++)
    g_string_append(text, "reset\n");
  scenario_free(read_good(text->str));
  g_string_append(text, "reset\n");
  assert_refused(text->str, SCENARIO_ERROR_VALUE,
                 "a.scn:10005:1: a scenario has 10000 statements at most\n  reset\n  ^");
  g_string_truncate(text, 0);
  while (text->len <= SCENARIO_MAX_BYTES)
    g_string_append(text, "# more and more\n");
  assert_refused(text->str, SCENARIO_ERROR_READ, "a.scn: the file is larger than 1048576 bytes");
}

static void test_file(void **state) {
  g_autoptr(GError) error = NULL;

  assert_null(scenario_load("/dev/zero", &error)); /* read to the limit, not for ever */
  assert_string_equal(error->message, "/dev/zero: the file is larger than 1048576 bytes");
  g_clear_error(&error);
  assert_null(scenario_load("/none/such.scn", &error));
  assert_true(g_error_matches(error, SCENARIO_ERROR, SCENARIO_ERROR_READ));
  assert_string_equal(error->message, "/none/such.scn: cannot be read: No such file or directory");
}

static void test_message(void **state) {
  g_autoptr(Scenario) scenario = read_good(head);
  g_autofree char *message = scenario_message(scenario, (ScenarioPlace){2, 12}, "not %s", "this");

  assert_string_equal(message, "a.scn:2:12: not this\n    group 7: 0000:01:00.0\n             ^");
}

static void test_describe(void **state) {
  g_autofree char *plug = scenario_describe("plug"), *ddw = scenario_describe("ddw"),
                  *none = scenario_describe("plugh");

  assert_true(g_str_has_prefix(plug, "plug BDF phb N as NAME\n"));
  assert_non_null(strstr(ddw, "ddw create phb N page P size S as NAME\n"));
  assert_null(none);
}

/* ---- any bytes ---- */

static const char *const seeds[] = {
    "# Words.\nhost power9\n  group 7: 0000:01:00.0 0000:01:00.1\n  memlock 64M\nguest pseries kvm\n  ram 1G\n"
    "  phb 0: liobn 0x80000000 window 0..1G page 4K\norder shipped\ntimeout 10s\ncold 0000:01:00.0 phb 0 as "
    "nic0\nboot\n"
    "plug 0000:01:00.1 phb 0 as nic1\n  expect\n    group 7 SET_CONTAINER container 1 = 0\n    ...\n"
    "    kvm-vfio SET_SPAPR_TCE group 7 liobn 0x80000000 = -1 EBUSY\n    never TCE_REMOVE start_addr 2^59\n"
    "plug-ram 256M at 1G as dimm0\nddw create phb 0 page 64K size 2^30 as w\nddw remove w\n"
    "guest put-tce liobn 0x80000000 ioba 0x1000 -> ram 0x200000 rw = H_SUCCESS\n"
    "fail group 7 SET_CONTAINER nth 2 with EINVAL\nassert dma nic0 ioba 0 reaches nothing\nquit\nassert clean\n",
    "host power9\n  group 0: 0000:01:00.0\nbuffer buf 16M readonly align 2M\nopen container as c\nopen group 0 as g = "
    "fd\n"
    "g SET_CONTAINER container c = 0\nc SET_IOMMU type 7\nc REGISTER_MEMORY vaddr buf+0x1000 size 1M = -1 EFAULT\n"
    "c MAP_DMA at bad-pointer = EPERM\ng GET_DEVICE_FD name \"0000:01:00.0\" as d = fd\nd read offset 2^40 size 4 = 4\n"
    "d mmap size 64K\nprocess 1\ndup g as g2\nfree buf from 0 size 1M\nclose d\n",
};

/* Words that put a mutation where a random byte seldom gets. */
static const char *const pieces[] = {"=",      "->",
                                     "...",    "..",
                                     ":",      "\n",
                                     "\n  ",   "\n    ",
                                     "\"",     "#",
                                     " 0 ",    "-1",
                                     "2^64",   "0x",
                                     "+",      "none",
                                     "as",     "fails",
                                     "expect", "phb",
                                     "at",     "\xff",
                                     "\xc3",   "\t",
                                     "\r",     "18446744073709551615",
                                     "group",  "host",
                                     "guest",  "process 7\n"};

static gsize pick(GRand *rand, gsize most, gsize limit) {
  gsize n = g_rand_int_range(rand, 0, most);

  return MIN(n, limit);
}

static void mutate(GRand *rand, GString *text) {
  gsize at = text->len ? g_rand_int_range(rand, 0, text->len) : 0;

  switch (g_rand_int_range(rand, 0, 5)) {
  case 0:
    if (text->len)
      text->str[at] = g_rand_int_range(rand, 1, 256);
    break;
  case 1:
    g_string_erase(text, at, pick(rand, 30, text->len - at));
    break;
  case 2:
    g_string_insert(text, at, pieces[g_rand_int_range(rand, 0, G_N_ELEMENTS(pieces))]);
    break;
  case 3: { /* a stretch again, somewhere else */
    gsize from = text->len ? g_rand_int_range(rand, 0, text->len) : 0;
    g_autofree char *copy = g_strndup(text->str + from, pick(rand, 80, text->len - from));

    g_string_insert(text, at, copy);
    break;
  }
  default:
    g_string_truncate(text, text->len - pick(rand, 20, text->len));
  }
}

/* Leaks and wild reads are for the sanitizers to see; here: an error has a message in UTF-8 that names the file. */
static void test_mutations(void **state) {
  const guint32 seed = 20171104;
  const gint64 limit = g_get_monotonic_time() + G_USEC_PER_SEC;
  g_autoptr(GRand) rand = g_rand_new_with_seed(seed);

  for (guint round = 0; round < 20000 && g_get_monotonic_time() < limit; round++) {
    g_autoptr(GString) text = g_string_new(seeds[round % G_N_ELEMENTS(seeds)]);
    g_autoptr(GError) error = NULL;
    g_autoptr(Scenario) scenario = NULL;

    for (gint32 n = g_rand_int_range(rand, 1, 6); n > 0; n--)
      mutate(rand, text);
    scenario = scenario_parse("a.scn", text->str, &error);
    assert_true(!scenario == !!error);
    if (error) {
      assert_true(g_utf8_validate(error->message, -1, NULL));
      assert_true(g_str_has_prefix(error->message, "a.scn:"));
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_header),  cmocka_unit_test(test_defaults), cmocka_unit_test(test_events),
      cmocka_unit_test(test_raw),     cmocka_unit_test(test_limits),   cmocka_unit_test(test_file),
      cmocka_unit_test(test_message), cmocka_unit_test(test_describe), cmocka_unit_test(test_mutations),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
