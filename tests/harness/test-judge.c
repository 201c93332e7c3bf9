/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the runner says of a machine that went wrong. The pre-2017 order is QEMU's before commit 8c37faa475: at hotplug
 * no SET_SPAPR_TCE is made, H_PUT_TCE returns H_SUCCESS, and the DMA goes nowhere until a reset.
 */
#include "harness/run/world.h"
#include "tests/harness/test.h"

#define HEAD                                                                                                           \
  "# A test.\nhost power9\n  group 7: 0000:01:00.0\nguest pseries kvm\n  ram 256M\n"                                   \
  "  phb 0: liobn 0x80000000 window 0..1G page 64K\n"
#define PLUG "boot\nplug 0000:01:00.0 phb 0 as nic0\n"
#define PUT "guest put-tce liobn 0x80000000 ioba 0x10000 -> ram 0x200000 rw\n"

static void run(const char *order, const char *text, ResultStatus status, const char *message, const char *stretch) {
  g_autoptr(Scenario) scenario = test_scenario(text);
  g_autoptr(ScenarioResult) result = scenario_result_new("test.scn", "test");
  g_autoptr(Worlds) worlds = worlds_new(NULL);
  const RunOptions options = {.kernel = KERNEL_DIRECT, .order = order};

  assert_true(worlds_run(worlds, scenario, &options, result));
  if (result->status != status)
    fail_msg("%s: %s\n%s", result_status_name(result->status), result->message ? result->message : "",
             result->stretch ? result->stretch : "");
  if (message)
    assert_contains(result->message, message);
  if (stretch)
    assert_contains(result->stretch, stretch);
}

static void test_feeds(void **state) {
  run("shipped", HEAD PLUG PUT "assert liobn 0x80000000 feeds group 7\n", RESULT_PASS, NULL, NULL);
  run("shipped", HEAD PLUG "assert liobn 0x80000000 does not feed group 7\n", RESULT_FAIL, "[CHK-FEEDS]", NULL);
  run("shipped", HEAD PLUG "unplug nic0\nassert liobn 0x80000000 does not feed group 7\n", RESULT_PASS, NULL, NULL);
}

static void test_missing_call(void **state) {
  run("pre-2017", HEAD PLUG PUT "assert liobn 0x80000000 feeds group 7\n", RESULT_FAIL,
      "no SET_SPAPR_TCE names group 7 with LIOBN 0x80000000: KVM takes the guest's H_PUT_TCE and no hardware table is "
      "written",
      "GROUP_ADD group 7 = 0");
  run("pre-2017", HEAD PLUG PUT "assert dma nic0 ioba 0x10000 reaches ram 0x200000\n", RESULT_FAIL,
      "no SET_SPAPR_TCE names group 7 with LIOBN 0x80000000", "TCE_CREATE");
  run("pre-2017", HEAD PLUG "reset\nassert liobn 0x80000000 feeds group 7\n", RESULT_PASS, NULL, NULL);
}

static void test_unknown_to_kvm(void **state) {
  run("shipped",
      HEAD "boot\nfail SET_SPAPR_TCE with EINVAL\nplug 0000:01:00.0 phb 0 as nic0 fails EINVAL\n"
           "assert liobn 0x80000000 feeds group 7\n",
      RESULT_FAIL, "group 7 is in no container", NULL);
}

static void test_dma(void **state) {
  run("shipped", HEAD PLUG PUT "assert dma nic0 ioba 0x10000 reaches ram 0x200000\n", RESULT_PASS, NULL, NULL);
  run("shipped", HEAD PLUG PUT "assert dma nic0 ioba 0x10000 reaches ram 0x300000\n", RESULT_FAIL,
      "the TCE there points elsewhere [CHK-REACHES]", NULL);
  run("shipped", HEAD PLUG "assert dma nic0 ioba 0x10000 reaches nothing\n", RESULT_PASS, NULL, NULL);
  run("shipped", HEAD PLUG PUT "assert dma nic0 ioba 0x10000 reaches nothing\n", RESULT_FAIL, "[CHK-NOTHING]", NULL);
  run("shipped",
      HEAD PLUG "guest put-tce liobn 0x80000000 ioba 0x10000 -> ram 0x200000 r\n"
                "assert dma nic0 ioba 0x10000 reaches ram 0x200000\n",
      RESULT_FAIL, "(the device writes): the TCE there does not permit it", NULL);
}

static void test_hypercalls(void **state) {
  run("shipped", HEAD PLUG PUT "guest get-tce liobn 0x80000000 ioba 0x10000 = 0x200003\n", RESULT_PASS, NULL, NULL);
  run("shipped", HEAD PLUG PUT "guest get-tce liobn 0x80000000 ioba 0x10000 = 0x300003\n", RESULT_FAIL,
      "H_GET_TCE returned 0x200003; expected is 0x300003", NULL);
  run("shipped", HEAD PLUG "guest put-tce liobn 0x80000000 ioba 0x40000000 -> ram 0 rw\n", RESULT_FAIL,
      "the hypercall returned H_PARAMETER (-4); expected is H_SUCCESS (0)", "H_PUT_TCE");
  run("shipped", HEAD PLUG "guest put-tce liobn 0x80000000 ioba 0x40000000 -> ram 0 rw = H_PARAMETER\n", RESULT_PASS,
      NULL, NULL);
  run("shipped",
      HEAD PLUG "guest put-tce-list liobn 0x80000000 ioba 0 -> ram 0x200000 rw count 3\n"
                "guest get-tce liobn 0x80000000 ioba 0x20000 = 0x220003\n"
                "assert dma nic0 ioba 0x20000 reaches ram 0x220000\n"
                "guest stuff-tce liobn 0x80000000 ioba 0 value 0 count 3\n"
                "assert dma nic0 ioba 0x20000 reaches nothing\n",
      RESULT_PASS, NULL, NULL);
}

static void test_firmware(void **state) {
  run("shipped", HEAD PLUG "guest read-config nic0 offset 0 size 2 = 0x1af4\n", RESULT_PASS, NULL, NULL);
  run("shipped", HEAD PLUG "guest read-config nic0 offset 0 size 2 = 0x1af5\n", RESULT_FAIL,
      "its config space: the firmware says 0x1af4; expected is 0x1af5 [CHK-ANSWER]", NULL);
  run("shipped", HEAD PLUG "ddw query phb 0 = 2\n", RESULT_FAIL,
      "windows that may still be made: the firmware says 0x1; expected is 0x2", NULL);
}

static void test_interrupts(void **state) {
  run("shipped", HEAD PLUG "assert interrupt nic0 msi 0 reaches subject\n", RESULT_PASS, NULL, NULL);
  run("shipped", HEAD PLUG "assert interrupt nic0 intx 0 reaches subject\n", RESULT_PASS, NULL, NULL);
}

#define ENGINE                                                                                                         \
  "# A test.\nhost " ENGINE_HOST "\n  eeh off\nguest pseries kvm\n  ram 256M\n"                                        \
  "  phb 0: liobn 0x80000000 window 0..1G page 64K\n" PLUG PUT "guest store ram 0x200000 size 64K value 5 counting\n"

static void test_engine(void **state) {
  run("shipped", ENGINE "engine nic0 copy ioba 0x10000 to ioba 0x10004 size 4\nassert ram 0x200004 size 4 holds 5\n",
      RESULT_PASS, NULL, NULL);
  run("shipped", ENGINE "engine nic0 fill ioba 0x10000 size 8 value 1\nassert ram 0x200000 size 12 holds 1\n",
      RESULT_FAIL, "ram 0x200008 holds 0x00000007; expected is 0x00000001 [CHK-RAM]", NULL);
  run("shipped", ENGINE "engine nic0 crc ioba 0x10000 size 4 = 1\n", RESULT_FAIL,
      "the CRC 0x169a2f2e; expected is 0x00000001 [CHK-ENGINE]", NULL);
  run("shipped", ENGINE "engine nic0 fill ioba 0x10000 size 4 value 1 stops unmapped\n", RESULT_FAIL,
      "it does all; expected: it stops: unmapped", NULL);
  run("shipped", ENGINE "engine nic0 fill ioba 0x20000 size 4 value 1 stops unmapped at ioba 0x20004\n", RESULT_FAIL,
      "unmapped at ioba 0x20000; expected: it stops: unmapped at ioba 0x20004", NULL);
  run("pre-2017", ENGINE "engine nic0 fill ioba 0x10000 size 4 value 1\n", RESULT_FAIL,
      "no SET_SPAPR_TCE names group 7 with LIOBN 0x80000000", "TCE_CREATE");
}

static void test_state(void **state) {
  run("shipped", HEAD PLUG "assert clean\n", RESULT_FAIL,
      "the kernel still holds 1 container, 1 open group, 1 open device, 1 DMA window, 1 preregistered region", NULL);
  run("shipped", HEAD PLUG "kill subject\nassert clean\n", RESULT_PASS, NULL, NULL);
  run("shipped", HEAD PLUG "unplug nic0\nassert clean\nquit\nassert clean\nassert locked 0\n", RESULT_PASS, NULL, NULL);
  run("shipped", HEAD PLUG "assert locked 1\n", RESULT_FAIL, "[CHK-LOCKED]", NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_feeds),      cmocka_unit_test(test_missing_call), cmocka_unit_test(test_unknown_to_kvm),
      cmocka_unit_test(test_dma),        cmocka_unit_test(test_hypercalls),   cmocka_unit_test(test_firmware),
      cmocka_unit_test(test_interrupts), cmocka_unit_test(test_engine),       cmocka_unit_test(test_state),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
