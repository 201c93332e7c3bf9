/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The config space of a recorded device as vfio-pci shows it: tests/host/recorded.txt, made to have what is hidden,
 * first, in the middle and last in its chains. PD-116, PD-117. drivers/vfio/pci/vfio_pci_config.c: vfio_cap_init(),
 * vfio_ecap_init(), init_pci_*_perm(); the masks of MSI and AER were asked of Linux 6.12 on an emulated POWER9.
 */
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <string.h>
#include <unistd.h>

#include "tests/kernel/rig.h"

#define CONFIG ((guint64)VFIO_PCI_CONFIG_REGION_INDEX << 40)

enum { PM = 0x48, MSI = 0x50, VENDOR = 0x6c, EXPRESS = 0x80, MSIX = 0xc0, VPD = 0xd0, AF = 0xd8 };
enum { PASID = 0x100, AER = 0x110, DSN = 0x170, DVSEC = 0x180, LTR = 0x1a0 };

typedef struct {
  Rig *rig;
  int fd;
} Device;

static void recorded(SimHost *host) {
  g_autofree char *path = g_strdup_printf("%s/recorded-%d.ini", g_get_tmp_dir(), getpid());
  g_autofree char *text =
      g_strdup_printf("[host]\n[group 0]\ndevices=0000:01:00.0\n[device 0000:01:00.0]\nconfig=%s\n", RECORDED);
  g_autoptr(GError) error = NULL;
  g_autoptr(SimHost) described = NULL;

  assert_true(g_file_set_contents(path, text, -1, NULL));
  described = sim_host_load(path, &error);
  assert_int_equal(unlink(path), 0);
  if (!described)
    fail_msg("%s", error->message);
  g_ptr_array_add(host->groups, g_ptr_array_steal_index(described->groups, 0));
}

static void on_5_15(SimHost *host) {
  recorded(host);
  host->version = SIM_VERSION(5, 15);
}

static Device device_open(void (*describe)(SimHost *host)) {
  Rig *rig = rig_new(describe);
  int container = -1;

  return (Device){rig, rig_device(rig, rig_attach(rig, 0, &container), "0000:01:00.0")};
}

static guint32 get(Device device, guint at, gsize size) {
  guint32 value = 0;

  assert_int_equal(sim_process_pread(device.rig->process, device.fd, &value, size, CONFIG + at), size);
  return GUINT32_FROM_LE(value);
}

static void put(Device device, guint at, gsize size, guint32 value) {
  value = GUINT32_TO_LE(value);
  assert_int_equal(sim_process_pwrite(device.rig->process, device.fd, &value, size, CONFIG + at), size);
}

static void test_chain(void **state) {
  static const guint8 shown[] = {PM, MSI, VENDOR, EXPRESS, MSIX, VPD, AF, 0};
  Device device = device_open(recorded);
  guint at = get(device, PCI_CAPABILITY_LIST, 1);

  for (guint i = 0; i < G_N_ELEMENTS(shown); i++) {
    assert_int_equal(at, shown[i]);
    at = at ? get(device, at + PCI_CAP_LIST_NEXT, 1) : 0;
  }
  assert_int_equal(get(device, 0x40, 4), 0x480d); /* what is hidden can still be read */
  assert_int_equal(get(device, 0x44, 4), 0x00021234);
  rig_free(device.rig);
}

static void test_extended_chain(void **state) {
  Device device = device_open(recorded);

  assert_int_equal(get(device, PASID, 4), AER << 20); /* the first one keeps its place, and no more */
  assert_int_equal(get(device, PASID + 4, 2), 0x0706);
  assert_int_equal(get(device, AER, 4), PCI_EXT_CAP_ID_ERR | 2 << 16 | DSN << 20);
  assert_int_equal(get(device, DSN, 4), PCI_EXT_CAP_ID_DSN | 1 << 16 | DVSEC << 20);
  assert_int_equal(get(device, DVSEC, 4), 0x23 | 1 << 16 | LTR << 20);
  assert_int_equal(get(device, LTR, 4), PCI_EXT_CAP_ID_LTR | 1 << 16); /* the end */
  rig_free(device.rig);

  device = device_open(on_5_15);
  assert_int_equal(get(device, DSN, 4), PCI_EXT_CAP_ID_DSN | 1 << 16 | LTR << 20); /* DVSEC is shown from 6.4 on */
  rig_free(device.rig);
}

static void test_header(void **state) {
  Device device = device_open(recorded);

  assert_int_equal(get(device, 0, 4), 0x01231234);
  assert_int_equal(get(device, PCI_CLASS_REVISION, 4), 0x02000007);
  assert_int_equal(get(device, PCI_COMMAND, 2), PCI_COMMAND_IO | PCI_COMMAND_MEMORY); /* PD-8 */
  put(device, PCI_STATUS, 2, 0xffff);
  assert_int_equal(get(device, PCI_STATUS, 2), PCI_STATUS_CAP_LIST);
  put(device, PCI_LATENCY_TIMER, 1, 0xff); /* PCI Express has none */
  assert_int_equal(get(device, PCI_LATENCY_TIMER, 1), 0);
  put(device, PCI_COMMAND, 2, 0xffff);
  put(device, PCI_COMMAND + 1, 1, 0);
  assert_int_equal(get(device, PCI_COMMAND, 2),
                   PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_PARITY);
  rig_free(device.rig);
}

/* PD-117. The addresses are those of the recording. */
static void test_bars(void **state) {
  static const guint32 before[] = {0x0000000c, 0x60, 0x3021, 0, 0x92bc0000, 0};
  static const guint32 sizing[] = {0xffff800c, 0xffffffff, 0xffffffe1, 0, 0xffff0000, 0};
  Device device = device_open(recorded);

  for (guint i = 0; i < G_N_ELEMENTS(before); i++) {
    assert_int_equal(get(device, PCI_BASE_ADDRESS_0 + 4 * i, 4), before[i]);
    put(device, PCI_BASE_ADDRESS_0 + 4 * i, 4, 0xffffffff);
    expect(device.rig, 0, 0, RULE_PD_117);
    assert_int_equal(get(device, PCI_BASE_ADDRESS_0 + 4 * i, 4), sizing[i]);
  }
  put(device, PCI_ROM_ADDRESS, 4, PCI_ROM_ADDRESS_MASK);
  assert_int_equal(get(device, PCI_ROM_ADDRESS, 4), 0xfffc0000);
  rig_free(device.rig);
}

static void test_power(void **state) {
  Device device = device_open(recorded);

  assert_int_equal(get(device, PM + PCI_PM_PMC, 2), 0x0223); /* no PME */
  assert_int_equal(get(device, PM + PCI_PM_CTRL, 2), PCI_PM_CTRL_NO_SOFT_RESET);
  put(device, PM + PCI_PM_CTRL, 2, 0xffff);
  assert_int_equal(get(device, PM + PCI_PM_CTRL, 2), PCI_PM_CTRL_NO_SOFT_RESET | 3);
  put(device, PM + PCI_PM_CTRL, 2, 1);
  assert_int_equal(get(device, PM + PCI_PM_CTRL, 2), PCI_PM_CTRL_NO_SOFT_RESET | 1);
  put(device, PM + PCI_PM_CTRL, 2, 2); /* there is no D2 */
  assert_int_equal(get(device, PM + PCI_PM_CTRL, 2), PCI_PM_CTRL_NO_SOFT_RESET | 1);
  rig_free(device.rig);
}

static void test_message_interrupts(void **state) {
  Device device = device_open(recorded);

  assert_int_equal(get(device, MSI + PCI_MSI_FLAGS, 2), 0x0186); /* recorded as enabled */
  put(device, MSI + PCI_MSI_FLAGS, 2, 0xffff);
  assert_int_equal(get(device, MSI + PCI_MSI_FLAGS, 2), 0x018e);
  put(device, MSI + PCI_MSI_MASK_64, 4, 0x5a);
  assert_int_equal(get(device, MSI + PCI_MSI_MASK_64, 4), 0x5a);
  put(device, MSI + PCI_MSI_PENDING_64, 4, 0x5a); /* the device's to set */
  assert_int_equal(get(device, MSI + PCI_MSI_PENDING_64, 4), 0);
  assert_int_equal(get(device, MSIX + PCI_MSIX_FLAGS, 2), 9);
  put(device, MSIX + PCI_MSIX_FLAGS, 2, 0xffff);
  assert_int_equal(get(device, MSIX + PCI_MSIX_FLAGS, 2), 9);
  put(device, MSIX + PCI_MSIX_TABLE, 4, 0);
  assert_int_equal(get(device, MSIX + PCI_MSIX_TABLE, 4), 0x2004);
  rig_free(device.rig);
}

static void test_express(void **state) {
  Device device = device_open(recorded);

  put(device, EXPRESS + PCI_EXP_DEVCTL, 2, 0xffff & ~PCI_EXP_DEVCTL_BCR_FLR);
  assert_int_equal(get(device, EXPRESS + PCI_EXP_DEVCTL, 2),
                   0xffff & ~(PCI_EXP_DEVCTL_BCR_FLR | PCI_EXP_DEVCTL_PHANTOM));
  put(device, EXPRESS + PCI_EXP_LNKCTL, 2, 0);
  assert_int_equal(get(device, EXPRESS + PCI_EXP_LNKCTL, 2), 0x0040);
  put(device, EXPRESS + PCI_EXP_DEVCTL2, 2, 0xffff);
  assert_int_equal(get(device, EXPRESS + PCI_EXP_DEVCTL2, 2), 0x1f); /* ARI is the host's */
  put(device, VENDOR + 4, 4, 0);
  assert_int_equal(get(device, VENDOR + 4, 4), 0xcafef00d);
  put(device, VPD + PCI_VPD_ADDR, 2, 0x1234);
  assert_int_equal(get(device, VPD + PCI_VPD_ADDR, 2), 0x1234); /* never done: there is nothing to read */
  rig_free(device.rig);
}

static void test_errors(void **state) {
  Device device = device_open(recorded);

  assert_int_equal(get(device, AER + PCI_ERR_UNCOR_STATUS, 4), 0x00100000);
  put(device, AER + PCI_ERR_UNCOR_STATUS, 4, 0x00200000);
  assert_int_equal(get(device, AER + PCI_ERR_UNCOR_STATUS, 4), 0x00100000);
  put(device, AER + PCI_ERR_UNCOR_STATUS, 4, 0x00100000);
  assert_int_equal(get(device, AER + PCI_ERR_UNCOR_STATUS, 4), 0);
  put(device, AER + PCI_ERR_COR_STATUS, 4, 0x2000);
  assert_int_equal(get(device, AER + PCI_ERR_COR_STATUS, 4), 0);
  put(device, AER + PCI_ERR_UNCOR_MASK, 4, ~0u);
  assert_int_equal(get(device, AER + PCI_ERR_UNCOR_MASK, 4), 0x03fff030);
  put(device, AER + PCI_ERR_UNCOR_SEVER, 4, ~0u);
  assert_int_equal(get(device, AER + PCI_ERR_UNCOR_SEVER, 4), 0x03fff030);
  put(device, AER + PCI_ERR_COR_MASK, 4, ~0u);
  assert_int_equal(get(device, AER + PCI_ERR_COR_MASK, 4), 0xf1c1);
  put(device, AER + PCI_ERR_CAP, 4, ~0u);
  assert_int_equal(get(device, AER + PCI_ERR_CAP, 4), 0x1e0);
  rig_free(device.rig);
}

/* Accesses of any width at any place, across registers and capabilities. */
static void test_straddling(void **state) {
  Device device = device_open(recorded);
  const guint8 mixed[] = {0xff, 0xff, 0xff, 0x55, 0x66};
  guint8 back[8];

  assert_int_equal(get(device, PM - 1, 4), 0x23500100);
  assert_int_equal(get(device, PCI_CFG_SPACE_SIZE - 2, 4), (guint32)(AER << 20) << 16);
  /* the class (not writable), then cache line and latency */
  assert_int_equal(sim_process_pwrite(device.rig->process, device.fd, mixed, 5, CONFIG + PCI_CLASS_PROG), 5);
  assert_int_equal(sim_process_pread(device.rig->process, device.fd, back, 8, CONFIG + PCI_REVISION_ID), 8);
  assert_memory_equal(back, ((guint8[]){7, 0, 0, 2, 0x55, 0, 0, 0}), 8);
  rig_free(device.rig);
}

/* Either bit that starts a function reset; registers of BARs are gone after it, config space stays. */
static void test_function_reset(void **state) {
  static const struct {
    guint at, size;
    guint32 bit;
  } ways[] = {{EXPRESS + PCI_EXP_DEVCTL, 2, PCI_EXP_DEVCTL_BCR_FLR}, {AF + PCI_AF_CTRL, 1, PCI_AF_CTRL_FLR}};
  Device device = device_open(recorded);
  guint32 word = 0x12345678;

  for (guint i = 0; i < G_N_ELEMENTS(ways); i++) {
    put(device, PCI_INTERRUPT_LINE, 1, 0x77);
    assert_int_equal(sim_process_pwrite(device.rig->process, device.fd, &word, 4, 0x100), 4);
    put(device, ways[i].at, ways[i].size, ways[i].bit);
    assert_int_equal(get(device, ways[i].at, ways[i].size) & ways[i].bit, 0);
    assert_int_equal(sim_process_pread(device.rig->process, device.fd, &word, 4, 0x100), 4);
    assert_int_equal(word, 0);
    assert_int_equal(get(device, PCI_INTERRUPT_LINE, 1), 0x77);
    word = 0x12345678;
  }
  rig_free(device.rig);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_chain),      cmocka_unit_test(test_extended_chain),
      cmocka_unit_test(test_header),     cmocka_unit_test(test_bars),
      cmocka_unit_test(test_power),      cmocka_unit_test(test_message_interrupts),
      cmocka_unit_test(test_express),    cmocka_unit_test(test_errors),
      cmocka_unit_test(test_straddling), cmocka_unit_test(test_function_reset),
  };

  return cmocka_run_group_tests_name("recorded-device", tests, NULL, NULL);
}
