/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The attach code's calls against those of unmodified QEMU 7.2, as recorded on a POWER host: "qemu-7.2-NN" names the
 * run. The differences on purpose are docs/attach.md's.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/vfio/rig.h"

#define DEVICE "0000:01:00.0"

#define OPEN_GROUP                                                                                                     \
  "open /dev/vfio/7\n"                                                                                                 \
  "group7 GROUP_GET_STATUS\n"
#define OPEN_CONTAINER                                                                                                 \
  "open /dev/vfio/vfio\n"                                                                                              \
  "container1 GET_API_VERSION\n"                                                                                       \
  "container1 CHECK_EXTENSION 3\n"                                                                                     \
  "container1 CHECK_EXTENSION 1\n"                                                                                     \
  "container1 CHECK_EXTENSION 7\n"
#define JOIN_V2                                                                                                        \
  "group7 SET_CONTAINER container1\n"                                                                                  \
  "container1 SET_IOMMU 7\n"                                                                                           \
  "container1 REGISTER_MEMORY size 0x20000000\n"                                                                       \
  "container1 TCE_GET_INFO\n"                                                                                          \
  "container1 TCE_REMOVE 0x0\n"
#define ADD                                                                                                            \
  "vm CREATE_DEVICE\n"                                                                                                 \
  "kvm-vfio GROUP_ADD group7\n"
#define WINDOW "container1 TCE_CREATE page_shift 12 window_size 0x40000000 levels 1\n"
#define SET "kvm-vfio SET_SPAPR_TCE group7 table 0x80000000\n"
#define OPEN_DEVICE(group, device)                                                                                     \
  group " GET_DEVICE_FD " device "\n" device " DEVICE_GET_INFO\n" device " GET_REGION_INFO 0\n" device                 \
        " GET_REGION_INFO 1\n" device " GET_REGION_INFO 2\n" device " GET_REGION_INFO 3\n" device                      \
        " GET_REGION_INFO 4\n" device " GET_REGION_INFO 5\n" device " GET_REGION_INFO 7\n" device                      \
        " GET_IRQ_INFO 3\n" device " SET_IRQS index 0 flags 0x24 count 1\n" device                                     \
        " SET_IRQS index 3 flags 0x24 count 1\n" device " GET_IRQ_INFO 4\n" device                                     \
        " SET_IRQS index 4 flags 0x24 count 1\n"
#define CLOSE_DEVICE(device)                                                                                           \
  device " SET_IRQS index 4 flags 0x24 count 1\n" device " SET_IRQS index 3 flags 0x24 count 1\n" device               \
         " SET_IRQS index 0 flags 0x21 count 0\n"                                                                      \
         "close " device "\n"
#define DETACH                                                                                                         \
  "container1 UNREGISTER_MEMORY size 0x20000000\n"                                                                     \
  "group7 UNSET_CONTAINER\n"                                                                                           \
  "close container1\n"                                                                                                 \
  "close group7\n"

/* An in-kernel table for the rig's window, as the machine makes before it adds one. */
static void make_table(Rig *rig) {
  const VfioSys *sys = fake_sys(rig->fake);
  guint64 create[4] = {0x80000000, 12, 0, 0x40000};

  rig->table->fd = (int)sys->ioctl(sys->data, fake_vm(rig->fake), 0x4020aea8, (guintptr)create);
  g_free(fake_take_log(rig->fake));
}

static void drop_table(Rig *rig) {
  const VfioSys *sys = fake_sys(rig->fake);

  sys->close(sys->data, rig->table->fd);
  rig->table->fd = -1;
}

static void test_cold_boot_qemu_01(void **state) {
  g_autoptr(Rig) rig = rig_new(TRUE, NULL);

  VfioPciDevice *device = rig_open(rig, DEVICE);
  rig_assert_calls(rig, OPEN_GROUP OPEN_CONTAINER JOIN_V2 ADD OPEN_DEVICE("group7", DEVICE));
  assert_true(vfio_pci_device_reset(device, NULL));
  rig_assert_calls(rig, DEVICE " SET_IRQS index 0 flags 0x21 count 0\n" DEVICE " DEVICE_RESET\n" DEVICE
                               " SET_IRQS index 0 flags 0x24 count 1\n");
  make_table(rig);
  rig_add_window(rig);
  rig_assert_calls(rig, WINDOW SET);
  assert_true(vfio_address_space_eeh_enable(rig->context, rig->dma, NULL));
  rig_assert_calls(rig, "container1 EEH_PE_OP 1\n");

  /* qemu-7.2-04: the next reset takes the window away and makes it anew */
  rig_remove_window(rig);
  rig_assert_calls(rig, "container1 UNMAP_DMA iova 0x0 size 0x40000000\ncontainer1 TCE_REMOVE 0x0\n");
  vfio_pci_device_close(device);
  drop_table(rig);
}

static void test_hotplug_and_unplug_qemu_03a(void **state) {
  g_autoptr(Rig) rig = rig_new(TRUE, NULL);

  make_table(rig);
  rig_add_window(rig);
  VfioPciDevice *device = rig_open(rig, DEVICE);
  rig_assert_calls(rig, OPEN_GROUP OPEN_CONTAINER JOIN_V2 ADD WINDOW SET OPEN_DEVICE("group7", DEVICE));
  assert_false(rig->table->in_user);
  vfio_pci_device_close(device);
  rig_assert_calls(rig, CLOSE_DEVICE(DEVICE) "kvm-vfio GROUP_DEL group7\n"
                                             "container1 UNMAP_DMA iova 0x0 size 0x40000000\n"
                                             "container1 TCE_REMOVE 0x0\n" DETACH);
  rig_remove_window(rig);
  rig_assert_calls(rig, "");
  drop_table(rig);
}

/* facts of the recorded runs, "hotplug": a table that holds TCEs is followed by one MAP_DMA per entry after SET */
static void test_hotplug_replays_what_the_guest_has_mapped(void **state) {
  g_autoptr(Rig) rig = rig_new(TRUE, NULL);

  make_table(rig);
  guest_table_put(rig->table, 0x1000, 0x200000, 3);
  guest_table_put(rig->table, 0x3000, 0x300000, 1);
  rig_add_window(rig);
  VfioPciDevice *device = rig_open(rig, DEVICE);
  rig_assert_calls(rig, OPEN_GROUP OPEN_CONTAINER JOIN_V2 ADD WINDOW SET
                   "container1 MAP_DMA iova 0x1000 size 0x1000 flags 3\n"
                   "container1 MAP_DMA iova 0x3000 size 0x1000 flags 1\n" OPEN_DEVICE("group7", DEVICE));
  vfio_pci_device_close(device);
  rig_remove_window(rig);
  drop_table(rig);
}

static void test_two_devices_of_one_group_qemu_05a(void **state) {
  g_autoptr(Rig) rig = rig_new(TRUE, NULL);

  VfioPciDevice *first = rig_open(rig, DEVICE);
  g_free(fake_take_log(rig->fake));
  VfioPciDevice *second = rig_open(rig, "0000:01:00.1");
  rig_assert_calls(rig, OPEN_DEVICE("group7", "0000:01:00.1"));
  make_table(rig);
  rig_add_window(rig);
  rig_assert_calls(rig, WINDOW SET);

  vfio_pci_device_close(first);
  rig_assert_calls(rig, CLOSE_DEVICE(DEVICE));
  vfio_pci_device_close(second);
  rig_remove_window(rig);
  drop_table(rig);
}

/* qemu-7.2-07a, -07g: the second group goes into the first one's container. On purpose: its windows are linked. */
static void test_second_group_joins_the_container(void **state) {
  g_autoptr(Rig) rig = rig_new(TRUE, NULL);

  make_table(rig);
  guest_table_put(rig->table, 0x1000, 0x200000, 3);
  rig_add_window(rig);
  VfioPciDevice *first = rig_open(rig, DEVICE);
  g_free(fake_take_log(rig->fake));
  VfioPciDevice *second = rig_open(rig, "0000:02:00.0");
  rig_assert_calls(rig, "open /dev/vfio/8\n"
                        "group8 GROUP_GET_STATUS\n"
                        "group8 SET_CONTAINER container1\n"
                        "kvm-vfio GROUP_ADD group8\n"
                        "kvm-vfio SET_SPAPR_TCE group8 table 0x80000000\n" OPEN_DEVICE("group8", "0000:02:00.0"));
  assert_int_equal(vfio_context_n_containers(rig->context), 1);
  assert_int_equal(vfio_context_n_groups(rig->context), 2);
  /* two groups in one container have no EEH */
  assert_true(vfio_address_space_eeh_enable(rig->context, rig->dma, NULL));
  rig_assert_calls(rig, "");

  /* a reset serves both groups */
  rig_remove_window(rig);
  rig_add_window(rig);
  rig_assert_calls(rig, "container1 UNMAP_DMA iova 0x0 size 0x40000000\n"
                        "container1 TCE_REMOVE 0x0\n" WINDOW SET "kvm-vfio SET_SPAPR_TCE group8 table 0x80000000\n"
                        "container1 MAP_DMA iova 0x1000 size 0x1000 flags 3\n");

  /* TCE-19: the group that leaves takes the others' mappings with it on Linux 6.11 and later: they are made again */
  vfio_pci_device_close(first);
  rig_assert_calls(rig, CLOSE_DEVICE(DEVICE) "kvm-vfio GROUP_DEL group7\n"
                                             "group7 UNSET_CONTAINER\n"
                                             "container1 MAP_DMA iova 0x1000 size 0x1000 flags 3\n"
                                             "close group7\n");
  vfio_pci_device_close(second);
  rig_remove_window(rig);
  drop_table(rig);
}

static void test_two_bridges_qemu_06a(void **state) {
  g_autoptr(Rig) rig = rig_new(TRUE, NULL);
  g_autoptr(VfioAddressSpace) other = vfio_address_space_new("phb 1");
  g_autoptr(GError) error = NULL;

  VfioPciDevice *first = rig_open(rig, DEVICE);
  g_free(fake_take_log(rig->fake));
  VfioPciDevice *second = vfio_pci_device_open(rig->context, "0000:02:00.0", other, &error);
  assert_non_null(second);
  rig_assert_calls(rig, "open /dev/vfio/8\n"
                        "group8 GROUP_GET_STATUS\n"
                        "open /dev/vfio/vfio\n"
                        "container2 GET_API_VERSION\n"
                        "container2 CHECK_EXTENSION 3\n"
                        "container2 CHECK_EXTENSION 1\n"
                        "container2 CHECK_EXTENSION 7\n"
                        "group8 SET_CONTAINER container2\n"
                        "container2 SET_IOMMU 7\n"
                        "container2 REGISTER_MEMORY size 0x20000000\n"
                        "container2 TCE_GET_INFO\n"
                        "container2 TCE_REMOVE 0x0\n"
                        "kvm-vfio GROUP_ADD group8\n" OPEN_DEVICE("group8", "0000:02:00.0"));
  /* one group on two bridges: refused without a call */
  assert_null(vfio_pci_device_open(rig->context, "0000:01:00.1", other, &error));
  assert_true(g_error_matches(error, VFIO_ERROR, VFIO_ERROR_BUSY));
  rig_assert_calls(rig, "");
  vfio_pci_device_close(second);
  vfio_pci_device_close(first);
}

static void test_tcg_qemu_07g(void **state) {
  g_autoptr(Rig) rig = rig_new(FALSE, NULL);

  VfioPciDevice *device = rig_open(rig, DEVICE);
  rig_assert_calls(rig, OPEN_GROUP OPEN_CONTAINER JOIN_V2 OPEN_DEVICE("group7", DEVICE));
  rig_add_window(rig);
  rig_assert_calls(rig, WINDOW);
  assert_true(rig->table->in_user);

  /* Q21: no permission is an unmap, whatever the address says */
  VfioIommuTlb tlb = {.iova = 0x1000, .gpa = 0x200000, .size = 0x1000, .perm = 3};
  assert_true(vfio_iommu_region_notify(rig->table->region, &tlb, NULL));
  tlb.perm = 0;
  assert_true(vfio_iommu_region_notify(rig->table->region, &tlb, NULL));
  rig_assert_calls(rig, "container1 MAP_DMA iova 0x1000 size 0x1000 flags 3\n"
                        "container1 UNMAP_DMA iova 0x1000 size 0x1000\n");
  vfio_pci_device_close(device);
  assert_false(rig->table->in_user);
  /* Q04: nothing is mapped into a container that is gone */
  g_free(fake_take_log(rig->fake));
  tlb.perm = 3;
  assert_true(vfio_iommu_region_notify(rig->table->region, &tlb, NULL));
  rig_assert_calls(rig, "");
  rig_remove_window(rig);
}

static void test_v1_qemu_07d(void **state) {
  g_autoptr(Rig) rig = rig_new(TRUE, NULL);

  fake_host(rig->fake)->v2 = FALSE;
  make_table(rig);
  VfioPciDevice *first = rig_open(rig, DEVICE);
  rig_assert_calls(rig, OPEN_GROUP OPEN_CONTAINER "container1 CHECK_EXTENSION 2\n"
                                                  "group7 SET_CONTAINER container1\n"
                                                  "container1 SET_IOMMU 2\n"
                                                  "container1 ENABLE\n"
                                                  "container1 TCE_GET_INFO\n" ADD OPEN_DEVICE("group7", DEVICE));
  rig_add_window(rig);
  rig_assert_calls(rig, "");
  /* on purpose: KVM does not feed v1's window, so the guest's TCEs must come through user space */
  assert_true(rig->table->in_user);

  /* TCE-4: a v1 container takes one group, so the second gets one of its own */
  VfioPciDevice *second = rig_open(rig, "0000:02:00.0");
  g_autofree char *log = fake_take_log(rig->fake);
  assert_true(g_str_has_prefix(log, "open /dev/vfio/8\n"
                                    "group8 GROUP_GET_STATUS\n"
                                    "group8 SET_CONTAINER container1\n"
                                    "open /dev/vfio/vfio\n"));
  assert_int_equal(vfio_context_n_containers(rig->context), 2);
  rig_remove_window(rig);
  rig_assert_calls(rig, "container2 UNMAP_DMA iova 0x0 size 0x40000000\n"
                        "container1 UNMAP_DMA iova 0x0 size 0x40000000\n");
  assert_int_equal(rig->table->n_need, 2);
  vfio_pci_device_close(second);
  vfio_pci_device_close(first);
  drop_table(rig);
}

/* Q24-like limit of v1: its only window is the host's default one */
static void test_v1_window_must_be_the_hosts(void **state) {
  g_autoptr(Rig) rig = rig_new(FALSE, NULL);
  g_autoptr(GError) error = NULL;

  fake_host(rig->fake)->v2 = FALSE;
  VfioPciDevice *device = rig_open(rig, DEVICE);
  assert_false(vfio_address_space_add_iommu(rig->dma, 0x40000000, 1u << 31, rig->table->region, &error));
  assert_true(g_error_matches(error, VFIO_ERROR, VFIO_ERROR_WINDOW));
  vfio_pci_device_close(device);
}

/* "spapr, a typical run": SET_IOMMU(7) failing leads to SET_IOMMU(2) (TCE-9) */
static void test_v2_refused_falls_back_to_v1(void **state) {
  g_autoptr(Rig) rig = rig_new(FALSE, NULL);

  fake_fail(rig->fake, "container1 SET_IOMMU 7", 1, -EPERM);
  VfioPciDevice *device = rig_open(rig, DEVICE);
  g_autofree char *log = fake_take_log(rig->fake);
  assert_non_null(strstr(log, "container1 SET_IOMMU 7 = -1\ncontainer1 SET_IOMMU 2\ncontainer1 ENABLE\n"));
  vfio_pci_device_close(device);
}

static void test_no_spapr_tce_vfio_qemu_07a(void **state) {
  g_autoptr(Rig) rig = rig_new(FALSE, NULL);
  const VfioSys *sys = fake_sys(rig->fake);
  g_autoptr(VfioKvm) kvm = vfio_kvm_new(sys, fake_vm(rig->fake), FALSE);
  VfioContext *context = vfio_context_new(sys, rig->memory, kvm, NULL);

  make_table(rig);
  VfioPciDevice *device = vfio_pci_device_open(context, DEVICE, rig->dma, NULL);
  assert_non_null(device);
  rig_assert_calls(rig, OPEN_GROUP OPEN_CONTAINER JOIN_V2 ADD OPEN_DEVICE("group7", DEVICE));
  rig_add_window(rig);
  rig_assert_calls(rig, WINDOW);
  assert_true(rig->table->in_user);
  vfio_pci_device_close(device);
  rig_remove_window(rig);
  drop_table(rig);
  vfio_context_free(context);
}

/* The order before QEMU's commit 8c37faa475, Q01: the listener runs before the group is on the list, so SET_SPAPR_TCE
 * is missing, and nothing fails. */
static const VfioAttachStep *const listener_early[] = {
    &vfio_step_open_group, &vfio_step_set_container, &vfio_step_set_iommu,
    &vfio_step_prereg,     &vfio_step_host_windows,  &vfio_step_listener,
    &vfio_step_kvm_add,    &vfio_step_list_group,    NULL,
};

static void test_another_order_misses_the_link(void **state) {
  g_autoptr(Rig) rig = rig_new(TRUE, listener_early);

  make_table(rig);
  rig_add_window(rig);
  VfioPciDevice *device = rig_open(rig, DEVICE);
  rig_assert_calls(rig, OPEN_GROUP OPEN_CONTAINER JOIN_V2 WINDOW ADD OPEN_DEVICE("group7", DEVICE));
  assert_false(rig->table->in_user);
  /* the next reset mends it */
  rig_remove_window(rig);
  rig_add_window(rig);
  rig_assert_calls(rig, "container1 UNMAP_DMA iova 0x0 size 0x40000000\ncontainer1 TCE_REMOVE 0x0\n" WINDOW SET);
  vfio_pci_device_close(device);
  rig_remove_window(rig);
  drop_table(rig);
}

static void test_group_that_is_not_viable(void **state) {
  g_autoptr(Rig) rig = rig_new(TRUE, NULL);
  g_autoptr(GError) error = NULL;

  fake_host(rig->fake)->not_viable = TRUE;
  assert_null(vfio_pci_device_open(rig->context, DEVICE, rig->dma, &error));
  assert_true(g_error_matches(error, VFIO_ERROR, VFIO_ERROR_NOT_VIABLE));
  rig_assert_calls(rig, OPEN_GROUP "close group7\n");
}

static void test_host_without_spapr(void **state) {
  g_autoptr(Rig) rig = rig_new(TRUE, NULL);
  g_autoptr(GError) error = NULL;

  fake_host(rig->fake)->type1 = TRUE;
  assert_null(vfio_pci_device_open(rig->context, DEVICE, rig->dma, &error));
  assert_true(g_error_matches(error, VFIO_ERROR, VFIO_ERROR_NO_IOMMU));
}

static void test_device_that_is_not_there(void **state) {
  g_autoptr(Rig) rig = rig_new(TRUE, NULL);
  g_autoptr(GError) error = NULL;

  assert_null(vfio_pci_device_open(rig->context, "nonsense", rig->dma, &error));
  assert_true(g_error_matches(error, VFIO_ERROR, VFIO_ERROR_NOT_FOUND));
  assert_int_equal(vfio_error_errno(error), ENOENT);
}

/* qemu-7.2-08-hotplug-fail-SET_CONTAINER: the same closes; the message names the group, the call and the errno. */
static void test_set_container_refused(void **state) {
  g_autoptr(Rig) rig = rig_new(TRUE, NULL);
  g_autoptr(GError) error = NULL;

  fake_fail(rig->fake, "group7 SET_CONTAINER", 1, -EPERM);
  assert_null(vfio_pci_device_open(rig->context, DEVICE, rig->dma, &error));
  assert_string_equal(error->message, "0000:01:00.0: group 7: SET_CONTAINER: Operation not permitted (EPERM)");
  assert_int_equal(vfio_error_errno(error), EPERM);
  rig_assert_calls(rig, OPEN_GROUP OPEN_CONTAINER "group7 SET_CONTAINER container1 = -1\n"
                                                  "close container1\n"
                                                  "close group7\n");
}

/* MM-7: REGISTER_MEMORY over a hole returns how many pages could be pinned, and has registered nothing */
static void test_positive_result_of_register(void **state) {
  g_autoptr(Rig) rig = rig_new(TRUE, NULL);
  g_autoptr(GError) error = NULL;

  fake_fail(rig->fake, "container1 REGISTER_MEMORY", 1, 12);
  assert_null(vfio_pci_device_open(rig->context, DEVICE, rig->dma, &error));
  assert_non_null(strstr(error->message, "REGISTER_MEMORY: returned 12 instead of 0"));
  assert_int_equal(vfio_error_errno(error), EINVAL);
}

/* TCE-75: MAP_DMA of a misaligned address returns 1 */
static void test_positive_result_of_map(void **state) {
  g_autoptr(Rig) rig = rig_new(FALSE, NULL);
  g_autoptr(GError) error = NULL;

  guest_table_put(rig->table, 0x1000, 0x200000, 3);
  rig_add_window(rig);
  fake_fail(rig->fake, "container1 MAP_DMA", 1, 1);
  assert_null(vfio_pci_device_open(rig->context, DEVICE, rig->dma, &error));
  assert_non_null(strstr(error->message, "MAP_DMA: returned 1 instead of 0"));
  rig_remove_window(rig);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_cold_boot_qemu_01),
      cmocka_unit_test(test_hotplug_and_unplug_qemu_03a),
      cmocka_unit_test(test_hotplug_replays_what_the_guest_has_mapped),
      cmocka_unit_test(test_two_devices_of_one_group_qemu_05a),
      cmocka_unit_test(test_second_group_joins_the_container),
      cmocka_unit_test(test_two_bridges_qemu_06a),
      cmocka_unit_test(test_tcg_qemu_07g),
      cmocka_unit_test(test_v1_qemu_07d),
      cmocka_unit_test(test_v1_window_must_be_the_hosts),
      cmocka_unit_test(test_v2_refused_falls_back_to_v1),
      cmocka_unit_test(test_no_spapr_tce_vfio_qemu_07a),
      cmocka_unit_test(test_another_order_misses_the_link),
      cmocka_unit_test(test_group_that_is_not_viable),
      cmocka_unit_test(test_host_without_spapr),
      cmocka_unit_test(test_device_that_is_not_there),
      cmocka_unit_test(test_set_container_refused),
      cmocka_unit_test(test_positive_result_of_register),
      cmocka_unit_test(test_positive_result_of_map),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
