/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Raw calls on the direct kernel; the answers are those of the rules named in the scenarios' comments. */
#include "harness/raw/memory.h"
#include "harness/run/world.h"
#include "tests/harness/test.h"

#define HOST "host power9\n  group 0: 0000:01:00.0\n"
#define OPEN "open container as c\nopen group 0 as g\n"
#define CLOSE "close g\nclose c\nassert clean\n"

static void run(const char *text, ResultStatus status, const char *message) {
  g_autoptr(Scenario) scenario = test_scenario(text);
  g_autoptr(ScenarioResult) result = scenario_result_new("test.scn", "test");
  g_autoptr(Worlds) worlds = worlds_new(NULL); /* cmocka's handler of SIGSEGV stands in the way of bad pointers */
  const RunOptions options = {.kernel = KERNEL_DIRECT};

  assert_true(worlds_run(worlds, scenario, &options, result));
  if (result->status != status)
    fail_msg("%s: %s", result_status_name(result->status), result->message ? result->message : "");
  if (message)
    assert_contains(result->message, message);
}

/* CG-24: no group in the container; then it works, and the window's address is out-field of TCE_CREATE (TCE-52). */
static void test_results_and_fields(void **state) {
  run("# Raw.\n" HOST OPEN "c SET_IOMMU type 7 = -1 EINVAL\n"
      "g SET_CONTAINER container c = 0\n"
      "c SET_IOMMU type 7 = 0\n"
      "c TCE_CREATE page_shift 12 window_size 1G levels 1 = 0 start_addr 0x800000000000000\n" CLOSE,
      RESULT_PASS, NULL);
}

static void test_wrong_result(void **state) {
  run("# Raw.\n" HOST OPEN "c SET_IOMMU type 7 = 0\n", RESULT_FAIL,
      "test.scn:6:1: the answer is -1 EINVAL; expected is 0");
  run("# Raw.\n" HOST OPEN "c SET_IOMMU type 7\n", RESULT_FAIL, "[CHK-ANSWER]");
}

static void test_wrong_field(void **state) {
  run("# Raw.\n" HOST OPEN "g SET_CONTAINER container c = 0\nc SET_IOMMU type 7 = 0\n"
      "c TCE_CREATE page_shift 12 window_size 1G levels 1 = 0 start_addr 0x1000\n",
      RESULT_FAIL, "the kernel left start_addr 0x800000000000000; expected is 0x1000");
}

/* CG-2: a copy is the same open file; it goes when the last fd does. */
static void test_dup(void **state) {
  run("# Raw.\n" HOST OPEN "dup g as g2\nclose g\ng2 SET_CONTAINER container c = 0\nclose g2\nclose c\nassert clean\n",
      RESULT_PASS, NULL);
  run("# Raw.\n" HOST OPEN "dup g as g2\nclose g\nclose c\nassert clean\n", RESULT_FAIL,
      "the kernel still holds 1 open group of the subject [CHK-CLEAN]");
}

/* TCE-24: another address space than the one that chose the IOMMU. */
static void test_processes(void **state) {
  run("# Raw.\n" HOST "buffer buf 1M\n" OPEN "g SET_CONTAINER container c = 0\nc SET_IOMMU type 7 = 0\n"
      "c REGISTER_MEMORY vaddr buf size 1M = 0\n"
      "process 1\nc UNREGISTER_MEMORY vaddr buf size 1M = -1 EPERM\nclose g\nclose c\nprocess 0\n" CLOSE,
      RESULT_PASS, NULL);
}

/* TCE-68 and CG-39: 32 bytes, 4 bytes that cannot be read. */
static void test_bad_pointers(void **state) {
  run("# Raw.\n" HOST "buffer buf 64K\n" OPEN "g SET_CONTAINER at bad-pointer = -1 EFAULT\n"
      "g SET_CONTAINER container c = 0\nc SET_IOMMU type 7 = 0\nc REGISTER_MEMORY vaddr buf size 64K = 0\n"
      "c MAP_DMA at bad-pointer = -1 EFAULT\n" CLOSE,
      RESULT_PASS, NULL);
}

/* MM-7: pages before a hole are counted, nothing is registered. MM-6: a hole at the start is EFAULT. */
static void test_hole(void **state) {
  run("# Raw.\n" HOST "buffer buf 1M\n" OPEN "g SET_CONTAINER container c = 0\nc SET_IOMMU type 7 = 0\n"
      "c REGISTER_MEMORY vaddr buf size 1M = 0\nc UNREGISTER_MEMORY vaddr buf size 1M = 0\n"
      "free buf from 64K size 64K\n"
      "c REGISTER_MEMORY vaddr buf size 1M = 1\n"
      "c REGISTER_MEMORY vaddr buf+64K size 128K = -1 EFAULT\n"
      "c REGISTER_MEMORY vaddr buf size 64K = 0\nc REGISTER_MEMORY vaddr buf+128K size 64K = 0\n" CLOSE,
      RESULT_PASS, NULL);
}

/* A fault answers instead of the kernel, whose state stays as it was. */
static void test_fault(void **state) {
  run("# Raw.\n" HOST OPEN "fail SET_CONTAINER with ENOMEM\ng SET_CONTAINER container c = -1 ENOMEM\n"
      "g SET_CONTAINER container c = 0\n" CLOSE,
      RESULT_PASS, NULL);
  run("# Raw.\n" HOST OPEN "fail SET_CONTAINER nth 2 with ENOMEM\ng SET_CONTAINER container c = 0\n", RESULT_FAIL,
      "the fault was never reached: 1 such call was made after it [CHK-FAULT]");
}

static void test_count(void **state) {
  run("# Raw.\n" HOST OPEN "assert count OPEN = 2\nassert count group 0 OPEN = 1\n" CLOSE, RESULT_PASS, NULL);
  run("# Raw.\n" HOST OPEN "assert count OPEN = 3\n", RESULT_FAIL,
      "2 such calls were made; expected are 3 [CHK-COUNT]");
}

/* An answer that may be any is not judged; what it did not make is fd -1 to those after it, which the kernel refuses
 * with EBADF (CG-44) or does not see at all, and no name to those that are judged. */
static void test_any(void **state) {
  run("# Raw.\n" HOST OPEN "open group 9 as h = any\nh GROUP_GET_STATUS = any\nh read offset 0 size 4 = any\n"
      "g SET_CONTAINER container h = any\ng GET_DEVICE_FD name 0000:01:00.0 as d = any\nd mmap size 4K = any\n"
      "dup d as d2 = any\nclose d2 = any\nclose d = any\nclose h = any\n"
      "assert count SET_CONTAINER = 1\n" CLOSE,
      RESULT_PASS, NULL);
  run("# Raw.\n" HOST OPEN "open group 9 as h = any\ng SET_CONTAINER container h = -1 EBADF\n", RESULT_FAIL,
      "this process has no handle h: the call that makes it failed");
}

/* KV-9: KVM_CREATE_DEVICE_TEST makes no device. The field it leaves alone is no fd either: 0 is standard input. */
static void test_tested_device(void **state) {
  run("# Raw.\n" HOST "open kvm as k\nk CREATE_VM as vm\nvm CREATE_DEVICE type 4 flags 1 as kv = 0\n"
      "kv HAS_DEVICE_ATTR group 1 attr 1 = 0\n",
      RESULT_FAIL, "this process has no handle kv: the call that makes it failed");
}

/* A hole's bytes cannot be read, and no later buffer falls into it. */
static void test_memory(void **state) {
  g_autoptr(RawMemory) memory = raw_memory_new();
  char *buffer = raw_memory_new_buffer(memory, "a", 1 << 20, 1 << 16, TRUE);
  gsize size = 1 << 16;
  guint64 address;

  assert_non_null(buffer);
  assert_int_equal((guintptr)buffer & 0xffff, 0);
  buffer[0] = buffer[(1 << 20) - 1] = 1;
  assert_ptr_equal(raw_memory_hole(memory, "a", 1 << 16, &size), buffer + (1 << 16));
  for (guint i = 0; i < 50; i++) {
    g_autofree char *name = g_strdup_printf("b%u", i);
    char *other = raw_memory_new_buffer(memory, name, 1 << 16, 4096, TRUE);
    assert_non_null(other);
    assert_true(other + (1 << 16) <= buffer || other >= buffer + (1 << 20));
  }
  size = 1 << 20;
  assert_null(raw_memory_hole(memory, "a", 4096, &size));
  size = 0;
  assert_ptr_equal(raw_memory_hole(memory, "a", 0, &size), buffer);
  assert_int_equal(size, 1 << 20);
  assert_false(raw_memory_address(memory, "a", &address));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_results_and_fields),
      cmocka_unit_test(test_wrong_result),
      cmocka_unit_test(test_wrong_field),
      cmocka_unit_test(test_dup),
      cmocka_unit_test(test_processes),
      cmocka_unit_test(test_bad_pointers),
      cmocka_unit_test(test_hole),
      cmocka_unit_test(test_fault),
      cmocka_unit_test(test_count),
      cmocka_unit_test(test_any),
      cmocka_unit_test(test_tested_device),
      cmocka_unit_test(test_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
