/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The machine's calls against those of unmodified QEMU 7.2 ("qemu-7.2-NN" names the recorded run), on a scripted host.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "harness/pseries/error.h"
#include "harness/pseries/hcall.h"
#include "harness/pseries/order.h"
#include "tests/vfio/fake-sys.h"

#define DEVICE "0000:01:00.0"
#define LIOBN 0x80000000u

static const PseriesPhbConfig phb0 = {.index = 0, .liobn = LIOBN, .window_size = 1 << 30, .page_shift = 12};
static const PseriesPhbConfig phb1 = {.index = 1, .liobn = LIOBN + 0x100, .window_size = 1 << 30, .page_shift = 12};

#define INTX_OFF(device) device " SET_IRQS index 0 flags 0x21 count 0\n"
#define RESET(device) INTX_OFF(device) device " DEVICE_RESET\n" device " SET_IRQS index 0 flags 0x24 count 1\n"
#define TABLE                                                                                                          \
  "vm CREATE_SPAPR_TCE_64 liobn 0x80000000 page_shift 12 offset 0x0 size 0x40000\n"                                    \
  "mmap table 0x80000000 0x200000\n"
#define WINDOW "container1 TCE_CREATE page_shift 12 window_size 0x40000000 levels 1\n"
#define SET "kvm-vfio SET_SPAPR_TCE group7 table 0x80000000\n"
#define WINDOW_GOES                                                                                                    \
  "container1 UNMAP_DMA iova 0x0 size 0x40000000\n"                                                                    \
  "container1 TCE_REMOVE 0x0\n"                                                                                        \
  "close table 0x80000000\n"
#define EEH "container1 EEH_PE_OP 1\n"

typedef struct {
  Fake *fake;
  PseriesMachine *machine;
} Rig;

static Rig *rig_new(gboolean kvm, void (*change)(FakeHost *host)) {
  Rig *rig = g_new0(Rig, 1);
  g_autoptr(GError) error = NULL;

  rig->fake = fake_new();
  if (change)
    change(fake_host(rig->fake));
  PseriesConfig config = {.sys = fake_sys(rig->fake), .order = vfio_attach_order, .kvm = kvm, .ram = 512 << 20};
  rig->machine = pseries_machine_new(&config, &error);
  if (!rig->machine)
    fail_msg("%s", error->message);
  assert_true(pseries_machine_add_phb(rig->machine, &phb0, FALSE, NULL));
  return rig;
}

static void rig_free(Rig *rig) {
  pseries_machine_free(rig->machine);
  g_autofree char *held = fake_held(rig->fake);
  assert_string_equal(held, "");
  fake_free(rig->fake);
  g_free(rig);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Rig, rig_free)

static PseriesPhb *phb(Rig *rig, guint index) {
  return pseries_machine_phb(rig->machine, index, NULL);
}

static PhbWindows *windows(Rig *rig) {
  return pseries_phb_windows(phb(rig, 0));
}

static void forget(Rig *rig) {
  g_free(fake_take_log(rig->fake));
}

#define assert_calls(rig, expected) assert_calls_at(rig, expected, __FILE__, __LINE__)
static void assert_calls_at(Rig *rig, const char *expected, const char *file, int line) {
  g_autofree char *log = fake_take_log(rig->fake);

  if (!g_str_equal(log, expected))
    print_error("expected:\n%s\nbut the calls were:\n%s\n", expected, log);
  _assert_string_equal(log, expected, file, line);
}

static void boot_with_device(Rig *rig) {
  assert_true(pseries_phb_plug(phb(rig, 0), "d0", DEVICE, FALSE, NULL));
  assert_true(pseries_machine_reset(rig->machine, NULL));
  forget(rig);
}

static void test_boot_qemu_01(void **state) {
  g_autoptr(Rig) rig = rig_new(TRUE, NULL);

  assert_calls(rig, "open /dev/kvm\n"
                    "kvm KVM_GET_API_VERSION\n"
                    "kvm CREATE_VM\n"
                    "vm SET_USER_MEMORY_REGION slot 0 gpa 0x0 size 0x20000000\n"
                    "vm ENABLE_CAP 104 0x13c\n"
                    "vm ENABLE_CAP 104 0x138\n");
  assert_true(pseries_phb_plug(phb(rig, 0), "d0", DEVICE, FALSE, NULL));
  g_autofree char *attach = fake_take_log(rig->fake);
  assert_null(strstr(attach, "TCE_CREATE")); /* the bridge has no window before the reset */
  assert_true(pseries_machine_reset(rig->machine, NULL));
  assert_calls(rig, RESET(DEVICE) TABLE WINDOW SET EEH);

  /* qemu-7.2-04 */
  assert_true(pseries_machine_reset(rig->machine, NULL));
  assert_calls(rig, RESET(DEVICE) WINDOW_GOES TABLE WINDOW SET EEH);
}

static void test_hotplug_and_unplug_qemu_03a(void **state) {
  g_autoptr(Rig) rig = rig_new(TRUE, NULL);

  forget(rig);
  assert_true(pseries_machine_reset(rig->machine, NULL));
  assert_calls(rig, TABLE);
  assert_true(pseries_phb_plug(phb(rig, 0), "d0", DEVICE, TRUE, NULL));
  g_autofree char *plug = fake_take_log(rig->fake);
  assert_non_null(strstr(plug, "kvm-vfio GROUP_ADD group7\n" WINDOW SET "group7 GET_DEVICE_FD " DEVICE "\n"));
  assert_true(g_str_has_suffix(plug, DEVICE " SET_IRQS index 4 flags 0x24 count 1\n" RESET(DEVICE)));
  pseries_phb_unplug(phb(rig, 0), "d0");
  assert_calls(rig, RESET(DEVICE) DEVICE " SET_IRQS index 4 flags 0x24 count 1\n" DEVICE
                                         " SET_IRQS index 3 flags 0x24 count 1\n" INTX_OFF(
                                             DEVICE) "close " DEVICE "\n"
                                                     "kvm-vfio GROUP_DEL group7\n"
                                                     "container1 UNMAP_DMA iova 0x0 size 0x40000000\n"
                                                     "container1 TCE_REMOVE 0x0\n"
                                                     "container1 UNREGISTER_MEMORY size 0x20000000\n"
                                                     "group7 UNSET_CONTAINER\n"
                                                     "close container1\n"
                                                     "close group7\n");
}

/* A machine reset takes a bridge's devices first, the last plugged before the others. */
static void test_two_devices_qemu_05a(void **state) {
  g_autoptr(Rig) rig = rig_new(TRUE, NULL);

  assert_true(pseries_phb_plug(phb(rig, 0), "d0", DEVICE, FALSE, NULL));
  assert_true(pseries_phb_plug(phb(rig, 0), "d1", "0000:01:00.1", FALSE, NULL));
  forget(rig);
  assert_true(pseries_machine_reset(rig->machine, NULL));
  assert_calls(rig, RESET("0000:01:00.1") RESET(DEVICE) TABLE WINDOW SET EEH);
}

static void test_two_bridges_qemu_06a(void **state) {
  g_autoptr(Rig) rig = rig_new(TRUE, NULL);

  assert_true(pseries_machine_add_phb(rig->machine, &phb1, FALSE, NULL));
  assert_true(pseries_phb_plug(phb(rig, 0), "d0", DEVICE, FALSE, NULL));
  assert_true(pseries_phb_plug(phb(rig, 1), "d8", "0000:02:00.0", FALSE, NULL));
  forget(rig);
  assert_true(pseries_machine_reset(rig->machine, NULL));
  assert_calls(rig,
               RESET("0000:02:00.0") "vm CREATE_SPAPR_TCE_64 liobn 0x80000100 page_shift 12 offset 0x0 size 0x40000\n"
                                     "mmap table 0x80000100 0x200000\n"
                                     "container2 TCE_CREATE page_shift 12 window_size 0x40000000 levels 1\n"
                                     "kvm-vfio SET_SPAPR_TCE group8 table 0x80000100\n"
                                     "container2 EEH_PE_OP 1\n" RESET(DEVICE) TABLE WINDOW SET EEH);
}

static void no_tce_vfio(FakeHost *host) {
  host->spapr_tce_vfio = FALSE;
}

static void test_no_spapr_tce_vfio_qemu_07a(void **state) {
  g_autoptr(Rig) rig = rig_new(TRUE, no_tce_vfio);

  assert_true(pseries_phb_plug(phb(rig, 0), "d0", DEVICE, FALSE, NULL));
  forget(rig);
  assert_true(pseries_machine_reset(rig->machine, NULL));
  assert_calls(rig, RESET(DEVICE) TABLE WINDOW "close table 0x80000000\n" EEH);

  /* the guest's TCEs come through here, and stay with the table when it moves back into KVM (Q10) */
  assert_int_equal(pseries_h_put_tce(rig->machine, LIOBN, 0x1000, 0x200003), H_SUCCESS);
  assert_calls(rig, "container1 MAP_DMA iova 0x1000 size 0x1000 flags 3\n");
  pseries_phb_unplug(phb(rig, 0), "d0");
  g_autofree char *unplug = fake_take_log(rig->fake);
  assert_non_null(strstr(unplug, TABLE));
  guint64 tce = 0;
  assert_int_equal(pseries_h_get_tce(rig->machine, LIOBN, 0x1000, &tce), H_SUCCESS);
  assert_int_equal(tce, 0x200003);

  /* and out again, mapped */
  assert_true(pseries_phb_plug(phb(rig, 0), "d0", DEVICE, TRUE, NULL));
  g_autofree char *plug = fake_take_log(rig->fake);
  assert_non_null(strstr(plug, "close table 0x80000000\ncontainer2 MAP_DMA iova 0x1000 size 0x1000 flags 3\n"));
}

static void test_ddw_qemu_09a(void **state) {
  g_autoptr(Rig) rig = rig_new(TRUE, NULL);
  guint64 liobn = 0;

  boot_with_device(rig);
  assert_true(phb_windows_create(windows(rig), 16, 512 << 20, &liobn, NULL));
  assert_int_equal(liobn, LIOBN + 1);
  assert_calls(rig, "vm CREATE_SPAPR_TCE_64 liobn 0x80000001 page_shift 16 offset 0x80000000000 size 0x2000\n"
                    "mmap table 0x80000001 0x10000\n"
                    "container1 TCE_CREATE page_shift 16 window_size 0x20000000 levels 1\n"
                    "kvm-vfio SET_SPAPR_TCE group7 table 0x80000001\n");
  assert_true(pseries_machine_reset(rig->machine, NULL));
  assert_calls(rig, RESET(DEVICE) WINDOW_GOES "container1 UNMAP_DMA iova 0x800000000000000 size 0x20000000\n"
                                              "container1 TCE_REMOVE 0x800000000000000\n"
                                              "close table 0x80000001\n" TABLE WINDOW SET EEH);
}

/* Q12; the host puts the first window at 0 whatever its size (PNV-3), so one in the default window's place is there. */
static void test_ddw_without_the_default_window(void **state) {
  g_autoptr(Rig) rig = rig_new(TRUE, NULL);
  guint64 liobn = 0;

  boot_with_device(rig);
  assert_true(phb_windows_remove(windows(rig), LIOBN, NULL));
  assert_calls(rig, WINDOW_GOES);
  assert_null(pseries_machine_find_table(rig->machine, LIOBN)); /* the default window's own removal restores nothing */
  assert_true(phb_windows_create(windows(rig), 16, 1ull << 32, &liobn, NULL));
  assert_int_equal(liobn, LIOBN);
  assert_int_equal(tce_table_start(pseries_machine_find_table(rig->machine, liobn)), 0);
  assert_true(phb_windows_remove(windows(rig), liobn, NULL));
  TceTable *table = pseries_machine_find_table(rig->machine, LIOBN);
  assert_non_null(table);
  assert_int_equal(tce_table_size(table), 1 << 30);
  assert_int_equal(tce_table_page_shift(table), 12);
}

static void test_ddw_refusals(void **state) {
  g_autoptr(Rig) rig = rig_new(TRUE, NULL);
  static const struct {
    guint page_shift;
    guint64 size;
  } bad[] = {{12, 0}, {13, 1 << 30}, {30, 1 << 30}, {16, 3 << 20}, {24, 1 << 20}, {64, 1 << 30}};
  guint64 liobn = 0;

  boot_with_device(rig);
  for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_autoptr(GError) error = NULL;
    assert_false(phb_windows_create(windows(rig), bad[i].page_shift, bad[i].size, &liobn, &error));
    assert_int_equal(pseries_error_errno(error), EINVAL);
  }
  g_autoptr(GError) error = NULL;
  assert_false(phb_windows_create(windows(rig), 12, 1ull << 62, &liobn, &error));
  assert_int_equal(pseries_error_errno(error), ENOMEM);
  g_clear_error(&error);
  assert_true(phb_windows_create(windows(rig), 16, 1 << 30, &liobn, NULL));
  forget(rig);
  assert_false(phb_windows_create(windows(rig), 16, 1 << 30, &liobn, &error));
  assert_int_equal(pseries_error_errno(error), ENOSPC);
  assert_false(phb_windows_remove(windows(rig), LIOBN + 2, NULL));
  assert_calls(rig, "");
}

static void test_ddw_that_the_host_refuses(void **state) {
  g_autoptr(Rig) rig = rig_new(TRUE, NULL);
  g_autoptr(GError) error = NULL;
  guint64 liobn = 0;

  boot_with_device(rig);
  fake_fail(rig->fake, "kvm-vfio SET_SPAPR_TCE", 1, -EINVAL);
  assert_false(phb_windows_create(windows(rig), 16, 512 << 20, &liobn, &error));
  assert_int_equal(pseries_error_errno(error), EINVAL);
  assert_null(pseries_machine_find_table(rig->machine, LIOBN + 1));
  g_autofree char *log = fake_take_log(rig->fake);
  assert_true(g_str_has_suffix(log, "container1 TCE_REMOVE 0x800000000000000\nclose table 0x80000001\n"));
  assert_null(strstr(log, "GROUP_DEL")); /* the default window is still fed */
}

static void no_tce_64(FakeHost *host) {
  host->spapr_tce_64 = FALSE;
}

/* Q24: the old call's size has 32 bits */
static void test_tables_of_the_old_call(void **state) {
  g_autoptr(Rig) rig = rig_new(TRUE, no_tce_64);
  guint64 liobn = 0;

  forget(rig);
  assert_true(pseries_machine_reset(rig->machine, NULL));
  assert_calls(rig, "vm CREATE_SPAPR_TCE liobn 0x80000000 window_size 0x40000000\nmmap table 0x80000000 0x200000\n");
  assert_true(phb_windows_create(windows(rig), 12, 1 << 30, &liobn, NULL)); /* not at 0 */
  assert_true(phb_windows_remove(windows(rig), LIOBN, NULL));
  forget(rig);
  assert_true(phb_windows_create(windows(rig), 12, 1ull << 32, &liobn, NULL)); /* 4 GiB do not fit */
  assert_calls(rig, "");
}

static void test_hypercalls(void **state) {
  g_autoptr(Rig) rig = rig_new(FALSE, NULL);
  guint64 tce = 1, list[4] = {0x200003, 0x201003, 0, 0x203001}, bad[2] = {0x200003, 0x40000003};

  boot_with_device(rig);
  /* HC-2, HC-22 */
  assert_int_equal(pseries_h_put_tce(rig->machine, LIOBN, 0x40000000, 0x200003), H_PARAMETER);
  assert_int_equal(pseries_h_put_tce(rig->machine, LIOBN, 0x1800, 0x200003), H_PARAMETER);
  assert_int_equal(pseries_h_put_tce(rig->machine, LIOBN + 1, 0x1000, 0x200003), H_PARAMETER);
  assert_int_equal(pseries_h_get_tce(rig->machine, LIOBN, 0x40000000, &tce), H_PARAMETER);
  /* HC-3, HC-4: what KVM leaves over is no translation */
  assert_int_equal(pseries_h_put_tce(rig->machine, LIOBN, 0x1000, 0x200803), H_PARAMETER);
  assert_int_equal(pseries_h_put_tce(rig->machine, LIOBN, 0x1000, 0x20000003), H_PARAMETER);
  assert_calls(rig, "");
  /* HC-8: without permission any value will do */
  assert_int_equal(pseries_h_put_tce(rig->machine, LIOBN, 0x1000, 0x20000800), H_SUCCESS);
  assert_calls(rig, "container1 UNMAP_DMA iova 0x1000 size 0x1000\n");
  assert_int_equal(pseries_h_get_tce(rig->machine, LIOBN, 0x1000, &tce), H_SUCCESS);
  assert_int_equal(tce, 0x20000800);

  /* HC-10, HC-14 */
  assert_int_equal(pseries_h_put_tce_indirect(rig->machine, LIOBN, 0x10000, list, 513), H_PARAMETER);
  assert_int_equal(pseries_h_put_tce_indirect(rig->machine, LIOBN, 0x10000, bad, 2), H_PARAMETER);
  assert_calls(rig, "");
  assert_int_equal(pseries_h_put_tce_indirect(rig->machine, LIOBN, 0x10000, list, 4), H_SUCCESS);
  assert_calls(rig, "container1 MAP_DMA iova 0x10000 size 0x1000 flags 3\n"
                    "container1 MAP_DMA iova 0x11000 size 0x1000 flags 3\n"
                    "container1 UNMAP_DMA iova 0x12000 size 0x1000\n"
                    "container1 MAP_DMA iova 0x13000 size 0x1000 flags 1\n");
  /* HC-19, HC-26 */
  assert_int_equal(pseries_h_stuff_tce(rig->machine, LIOBN, 0x10000, 0x5003, 4), H_PARAMETER);
  assert_int_equal(pseries_h_stuff_tce(rig->machine, LIOBN, 0x3ffff000, 0, 2), H_PARAMETER);
  assert_calls(rig, "");
  assert_int_equal(pseries_h_stuff_tce(rig->machine, LIOBN, 0, 0, 0x40000), H_SUCCESS);
  assert_calls(rig, "container1 UNMAP_DMA iova 0x1000 size 0x1000\n"
                    "container1 UNMAP_DMA iova 0x10000 size 0x1000\n"
                    "container1 UNMAP_DMA iova 0x11000 size 0x1000\n"
                    "container1 UNMAP_DMA iova 0x13000 size 0x1000\n");
}

/* K18's invariant: after a failure the guest's view and the hardware's agree */
static void test_hypercall_that_the_host_refuses(void **state) {
  g_autoptr(Rig) rig = rig_new(FALSE, NULL);
  guint64 tce = 1;

  boot_with_device(rig);
  assert_int_equal(pseries_h_put_tce(rig->machine, LIOBN, 0x1000, 0x200003), H_SUCCESS);
  fake_fail(rig->fake, "container1 MAP_DMA", 1, -ENOMEM);
  assert_int_equal(pseries_h_put_tce(rig->machine, LIOBN, 0x1000, 0x300003), H_HARDWARE);
  assert_int_equal(pseries_h_get_tce(rig->machine, LIOBN, 0x1000, &tce), H_SUCCESS);
  assert_int_equal(tce, 0);
  g_autofree char *mappings = fake_mappings(rig->fake, 1);
  assert_string_equal(mappings, "");
}

static void test_memory_hotplug(void **state) {
  g_autoptr(Rig) rig = rig_new(TRUE, NULL);
  g_autoptr(GError) error = NULL;

  boot_with_device(rig);
  assert_true(pseries_machine_add_ram(rig->machine, "m", 1 << 30, 256 << 20, NULL));
  assert_calls(rig, "vm SET_USER_MEMORY_REGION slot 1 gpa 0x40000000 size 0x10000000\n"
                    "container1 REGISTER_MEMORY size 0x10000000\n");
  assert_non_null(pseries_machine_ram(rig->machine, 1 << 30, 256 << 20));
  assert_true(pseries_machine_remove_ram(rig->machine, "m", NULL));
  assert_calls(rig, "container1 UNREGISTER_MEMORY size 0x10000000\n"
                    "vm SET_USER_MEMORY_REGION slot 1 gpa 0x40000000 size 0x0\n");
  assert_false(pseries_machine_add_ram(rig->machine, "m", 1 << 30, 0, NULL));
  assert_false(pseries_machine_add_ram(rig->machine, "m", 1 << 30, 0x1000, &error));
  assert_int_equal(pseries_error_errno(error), EINVAL);
  g_clear_error(&error);
  assert_calls(rig, "");
  fake_fail(rig->fake, "container1 REGISTER_MEMORY", 1, -ENOMEM);
  assert_false(pseries_machine_add_ram(rig->machine, "m", 1 << 30, 256 << 20, &error));
  assert_int_equal(pseries_error_errno(error), ENOMEM);
  assert_calls(rig, "vm SET_USER_MEMORY_REGION slot 1 gpa 0x40000000 size 0x10000000\n"
                    "container1 REGISTER_MEMORY size 0x10000000 = -12\n"
                    "vm SET_USER_MEMORY_REGION slot 1 gpa 0x40000000 size 0x0\n");
  assert_null(pseries_machine_ram(rig->machine, 1 << 30, 1));
}

static void test_bridge_hotplug(void **state) {
  g_autoptr(Rig) rig = rig_new(TRUE, NULL);
  g_autoptr(GError) error = NULL;

  assert_true(pseries_machine_reset(rig->machine, NULL));
  forget(rig);
  assert_true(pseries_machine_add_phb(rig->machine, &phb1, TRUE, NULL));
  assert_calls(rig, "vm CREATE_SPAPR_TCE_64 liobn 0x80000100 page_shift 12 offset 0x0 size 0x40000\n"
                    "mmap table 0x80000100 0x200000\n");
  assert_false(pseries_machine_add_phb(rig->machine, &phb1, TRUE, &error));
  assert_int_equal(pseries_error_errno(error), EEXIST);
  g_clear_error(&error);
  assert_true(pseries_phb_plug(phb(rig, 1), "d0", DEVICE, TRUE, NULL));
  assert_false(pseries_machine_remove_phb(rig->machine, 1, &error));
  assert_int_equal(pseries_error_errno(error), EBUSY);
  pseries_phb_unplug(phb(rig, 1), "d0");
  forget(rig);
  assert_true(pseries_machine_remove_phb(rig->machine, 1, NULL));
  assert_calls(rig, "close table 0x80000100\n");
}

/* What fails in a reset is passed over: the rest of the machine must not stay as it was. */
static void test_reset_goes_on(void **state) {
  g_autoptr(Rig) rig = rig_new(TRUE, NULL);
  g_autoptr(GError) error = NULL;

  boot_with_device(rig);
  fake_fail(rig->fake, DEVICE " DEVICE_RESET", 1, -EAGAIN);
  assert_false(pseries_machine_reset(rig->machine, &error));
  assert_int_equal(pseries_error_errno(error), EAGAIN);
  assert_calls(rig, INTX_OFF(DEVICE) DEVICE " DEVICE_RESET = -11\n" DEVICE
                                            " SET_IRQS index 0 flags 0x24 count 1\n" WINDOW_GOES TABLE WINDOW SET EEH);
}

static void test_orders(void **state) {
  assert_ptr_equal(pseries_order_find("shipped"), vfio_attach_order);
  assert_ptr_equal(pseries_order_find("pre-2017"), pseries_order_pre_2017);
  assert_null(pseries_order_find("another"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_boot_qemu_01),
      cmocka_unit_test(test_hotplug_and_unplug_qemu_03a),
      cmocka_unit_test(test_two_devices_qemu_05a),
      cmocka_unit_test(test_two_bridges_qemu_06a),
      cmocka_unit_test(test_no_spapr_tce_vfio_qemu_07a),
      cmocka_unit_test(test_ddw_qemu_09a),
      cmocka_unit_test(test_ddw_without_the_default_window),
      cmocka_unit_test(test_ddw_refusals),
      cmocka_unit_test(test_ddw_that_the_host_refuses),
      cmocka_unit_test(test_tables_of_the_old_call),
      cmocka_unit_test(test_hypercalls),
      cmocka_unit_test(test_hypercall_that_the_host_refuses),
      cmocka_unit_test(test_memory_hotplug),
      cmocka_unit_test(test_bridge_hotplug),
      cmocka_unit_test(test_reset_goes_on),
      cmocka_unit_test(test_orders),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
