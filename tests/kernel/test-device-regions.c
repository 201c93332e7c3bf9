/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Config space, BARs and ROM of a device. */
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "sim/host/host-internal.h"
#include "tests/kernel/rig.h"

#define REGION(index) ((guint64)(index) << 40)
#define CONFIG REGION(VFIO_PCI_CONFIG_REGION_INDEX)
#define ROM REGION(VFIO_PCI_ROM_REGION_INDEX)

/* Group 0: a plain device with a second function. Group 1: an e1000e. Group 2: a prefetchable BAR of 8 GiB, 64 bits. */
static void describe(SimHost *host) {
  SimHostDevice *device;

  assert_true(sim_host_add_device(host, 0, "0000:01:00.0", NULL));
  assert_true(sim_host_add_device(host, 0, "0000:01:00.1", NULL));
  assert_true(sim_host_add_device(host, 1, "0000:02:00.0", NULL));
  assert_true(sim_host_device_model(sim_host_find_device(host, 0x200), "e1000e"));
  assert_true(sim_host_add_device(host, 2, "0000:03:00.0", NULL));
  device = sim_host_find_device(host, 0x300);
  device->bars[0] = (SimBar){.size = G_GUINT64_CONSTANT(8) << 30, .is64 = TRUE, .prefetch = TRUE};
}

typedef struct {
  Rig *rig;
  int fd;
} Device;

static Device open_device(Rig *rig, guint group, const char *name) {
  int container = -1;

  return (Device){rig, rig_device(rig, rig_attach(rig, group, &container), name)};
}

static guint32 get(Device device, guint64 at, gsize size) {
  guint32 value = 0;

  assert_int_equal(sim_process_pread(device.rig->process, device.fd, &value, size, at), size);
  return GUINT32_FROM_LE(value);
}

static void put(Device device, guint64 at, gsize size, guint32 value) {
  value = GUINT32_TO_LE(value);
  assert_int_equal(sim_process_pwrite(device.rig->process, device.fd, &value, size, at), size);
}

static guint find_capability(Device device, guint8 id) {
  for (guint at = get(device, CONFIG + PCI_CAPABILITY_LIST, 1); at; at = get(device, CONFIG + at + 1, 1))
    if (get(device, CONFIG + at, 1) == id)
      return at;
  return 0;
}

static void test_header(void **state) {
  g_autoptr(Rig) rig = rig_new(describe);
  Device dumb = open_device(rig, 0, "0000:01:00.0"), nic = open_device(rig, 1, "0000:02:00.0");

  assert_int_equal(get(dumb, CONFIG, 4), 0x11101af4);
  assert_int_equal(get(dumb, CONFIG + PCI_CLASS_REVISION, 4), 0x05000000);
  assert_int_equal(get(dumb, CONFIG + PCI_HEADER_TYPE, 1), 0x80); /* a function beside it */
  assert_int_equal(get(nic, CONFIG + PCI_HEADER_TYPE, 1), 0);
  assert_int_equal(get(dumb, CONFIG + PCI_SUBSYSTEM_VENDOR_ID, 4), 0x11001af4);
  assert_int_equal(get(dumb, CONFIG + PCI_INTERRUPT_PIN, 1), 1);
  /* PD-8: memory and I/O decode as the BARs need it, bus mastering is off */
  assert_int_equal(get(dumb, CONFIG + PCI_COMMAND, 2), PCI_COMMAND_MEMORY);
  assert_int_equal(get(nic, CONFIG + PCI_COMMAND, 2), PCI_COMMAND_MEMORY | PCI_COMMAND_IO);
  put(dumb, CONFIG, 4, 0);
  assert_int_equal(get(dumb, CONFIG, 4), 0x11101af4); /* PD-116: dropped in silence */
  put(dumb, CONFIG + PCI_INTERRUPT_LINE, 1, 9);
  assert_int_equal(get(dumb, CONFIG + PCI_INTERRUPT_LINE, 1), 9);
}

/* PD-113..PD-116 */
static void test_config_bounds(void **state) {
  g_autoptr(Rig) rig = rig_new(describe);
  Device dumb = open_device(rig, 0, "0000:01:00.0"), nic = open_device(rig, 1, "0000:02:00.0");
  guint8 all[4096];

  expect(rig, sim_process_pread(rig->process, dumb.fd, all, 0, REGION(99)), 0, RULE_PD_113);
  expect(rig, sim_process_pwrite(rig->process, dumb.fd, all, 0, REGION(99)), 0, RULE_PD_113);
  expect(rig, sim_process_pread(rig->process, dumb.fd, all, 1, REGION(9)), -EINVAL, RULE_PD_114);
  expect(rig, sim_process_pwrite(rig->process, dumb.fd, all, 1, REGION(9)), -EINVAL, RULE_PD_114);
  expect(rig, sim_process_pread(rig->process, dumb.fd, all, 256, CONFIG), 256, RULE_PD_116);
  expect(rig, sim_process_pread(rig->process, dumb.fd, all, 257, CONFIG), -EFAULT, RULE_PD_115);
  expect(rig, sim_process_pread(rig->process, dumb.fd, all, 2, CONFIG + 255), -EFAULT, RULE_PD_115);
  expect(rig, sim_process_pwrite(rig->process, dumb.fd, all, 1, CONFIG + 256), -EFAULT, RULE_PD_115);
  expect(rig, sim_process_pread(rig->process, nic.fd, all, 4096, CONFIG), 4096, RULE_PD_116);
  assert_int_equal(all[PCI_CFG_SPACE_SIZE], PCI_EXT_CAP_ID_ERR);
  expect(rig, sim_process_pread(rig->process, dumb.fd, all, 1, REGION(8)), -EINVAL, RULE_PD_127);
}

/* PD-117 */
static void test_bar_sizing(void **state) {
  g_autoptr(Rig) rig = rig_new(describe);
  Device dumb = open_device(rig, 0, "0000:01:00.0"), nic = open_device(rig, 1, "0000:02:00.0");
  Device wide = open_device(rig, 2, "0000:03:00.0");
  guint32 first = get(dumb, CONFIG + PCI_BASE_ADDRESS_0, 4);

  assert_int_not_equal(first, 0);
  put(dumb, CONFIG + PCI_BASE_ADDRESS_0, 4, 0xffffffff);
  expect(rig, 0, 0, RULE_PD_117);
  assert_int_equal(get(dumb, CONFIG + PCI_BASE_ADDRESS_0, 4), 0xffff0000);
  put(dumb, CONFIG + PCI_BASE_ADDRESS_0, 4, first);
  assert_int_equal(get(dumb, CONFIG + PCI_BASE_ADDRESS_0, 4), first);
  put(dumb, CONFIG + PCI_BASE_ADDRESS_1, 4, 0xffffffff);
  assert_int_equal(get(dumb, CONFIG + PCI_BASE_ADDRESS_1, 4), 0); /* absent */
  put(nic, CONFIG + PCI_BASE_ADDRESS_2, 4, 0xffffffff);
  assert_int_equal(get(nic, CONFIG + PCI_BASE_ADDRESS_2, 4), 0xffffffe1); /* 32 bytes of I/O */
  put(nic, CONFIG + PCI_ROM_ADDRESS, 4, 0xfffffffe);
  assert_int_equal(get(nic, CONFIG + PCI_ROM_ADDRESS, 4), 0xfffc0000);
  put(nic, CONFIG + PCI_ROM_ADDRESS, 4, 0xffffffff);
  assert_int_equal(get(nic, CONFIG + PCI_ROM_ADDRESS, 4), 0xfffc0001);
  put(wide, CONFIG + PCI_BASE_ADDRESS_0, 4, 0xffffffff);
  put(wide, CONFIG + PCI_BASE_ADDRESS_1, 4, 0xffffffff);
  assert_int_equal(get(wide, CONFIG + PCI_BASE_ADDRESS_0, 4), 0xc);
  assert_int_equal(get(wide, CONFIG + PCI_BASE_ADDRESS_1, 4), 0xfffffffe);
}

static void test_capabilities(void **state) {
  g_autoptr(Rig) rig = rig_new(describe);
  Device dumb = open_device(rig, 0, "0000:01:00.0"), nic = open_device(rig, 1, "0000:02:00.0");
  guint msix = find_capability(dumb, PCI_CAP_ID_MSIX), express;

  assert_true(get(dumb, CONFIG + PCI_STATUS, 2) & PCI_STATUS_CAP_LIST);
  assert_true(find_capability(dumb, PCI_CAP_ID_PM) && find_capability(dumb, PCI_CAP_ID_MSI) && msix);
  assert_int_equal(find_capability(dumb, PCI_CAP_ID_EXP), 0);
  assert_int_equal(get(dumb, CONFIG + msix + PCI_MSIX_FLAGS, 2), 3); /* 4 vectors */
  assert_int_equal(get(dumb, CONFIG + msix + PCI_MSIX_TABLE, 4), 0x8000);
  put(dumb, CONFIG + msix + PCI_MSIX_FLAGS, 2, PCI_MSIX_FLAGS_ENABLE);
  assert_int_equal(get(dumb, CONFIG + msix + PCI_MSIX_FLAGS, 2), 3); /* SET_IRQS enables it */
  express = find_capability(nic, PCI_CAP_ID_EXP);
  assert_true(express);
  assert_int_equal(get(nic, CONFIG + find_capability(nic, PCI_CAP_ID_MSIX) + PCI_MSIX_TABLE, 4), 3);
}

/* vfio_msi_config_write(): the enable bit stays off until SET_IRQS has enabled MSI, and no more vectors are enabled
 * than that. The low byte is virtual as a whole. */
static void test_msi_control(void **state) {
  g_autoptr(Rig) rig = rig_new(describe);
  Device dumb = open_device(rig, 0, "0000:01:00.0");
  guint flags = find_capability(dumb, PCI_CAP_ID_MSI) + PCI_MSI_FLAGS;
  int event = eventfd(0, EFD_CLOEXEC);
  gint32 set[6] = {24, VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER, VFIO_PCI_MSI_IRQ_INDEX, 0, 1, event};

  put(dumb, CONFIG + flags, 2, 0xffff);
  assert_int_equal(get(dumb, CONFIG + flags, 2), 0x8e); /* asked of Linux 6.12 on an emulated POWER9 */
  put(dumb, CONFIG + flags, 2, PCI_MSI_FLAGS_64BIT | PCI_MSI_FLAGS_ENABLE | 2 << 4);
  assert_int_equal(get(dumb, CONFIG + flags, 2), PCI_MSI_FLAGS_64BIT);
  assert_int_equal(rig_call(rig, dumb.fd, ABI_SET_IRQS, set), 0);
  put(dumb, CONFIG + flags, 2, PCI_MSI_FLAGS_64BIT | PCI_MSI_FLAGS_ENABLE | 2 << 4);
  assert_int_equal(get(dumb, CONFIG + flags, 2), PCI_MSI_FLAGS_64BIT | PCI_MSI_FLAGS_ENABLE);
  put(dumb, CONFIG + flags, 2, 0); /* even what describes the device */
  assert_int_equal(get(dumb, CONFIG + flags, 2), 0);
  close(event);
}

/* PD-118..PD-126 */
static void test_bars(void **state) {
  g_autoptr(Rig) rig = rig_new(describe);
  Device dumb = open_device(rig, 0, "0000:01:00.0"), nic = open_device(rig, 1, "0000:02:00.0");
  Device wide = open_device(rig, 2, "0000:03:00.0");
  guint8 bytes[0x3000], back[0x3000];

  for (gsize i = 0; i < sizeof bytes; i++)
    bytes[i] = (guint8)(i * 7 + 1);
  expect(rig, sim_process_pread(rig->process, dumb.fd, back, 4, 0x100), 4, RULE_PD_126);
  assert_int_equal(back[0], 0);
  expect(rig, sim_process_pwrite(rig->process, dumb.fd, bytes, sizeof bytes, 0x801), sizeof bytes, RULE_PD_126);
  expect(rig, sim_process_pread(rig->process, dumb.fd, back, sizeof back, 0x801), sizeof back, RULE_PD_126);
  assert_memory_equal(bytes, back, sizeof bytes);
  expect(rig, sim_process_pread(rig->process, dumb.fd, back, 16, 0xfff8), 8, RULE_PD_121);
  expect(rig, sim_process_pwrite(rig->process, dumb.fd, bytes, 16, 0xfff8), 8, RULE_PD_121);
  expect(rig, sim_process_pread(rig->process, dumb.fd, back, 4, 0x10000), -EINVAL, RULE_PD_120);
  expect(rig, sim_process_pread(rig->process, dumb.fd, back, 4, REGION(1)), -EINVAL, RULE_PD_119);
  expect(rig, sim_process_pread(rig->process, wide.fd, back, 4, REGION(1)), -EINVAL, RULE_PD_119);
  expect(rig, sim_process_pwrite(rig->process, wide.fd, bytes, 4, 0x1fffffffc), 4, RULE_PD_126);
  expect(rig, sim_process_pwrite(rig->process, nic.fd, bytes, 4, ROM), -EINVAL, RULE_PD_118);
  expect(rig, sim_process_pread(rig->process, nic.fd, back, 4, ROM), 4, RULE_PD_126);
  assert_int_equal(back[0], 0x55);
  assert_int_equal(back[1], 0xaa);
  expect(rig, sim_process_pread(rig->process, dumb.fd, back, 4, ROM), -EINVAL, RULE_PD_119);
}

/* PD-125: 4 vectors of 16 bytes at 0x8000 */
static void test_msix_table_is_hidden(void **state) {
  g_autoptr(Rig) rig = rig_new(describe);
  Device dumb = open_device(rig, 0, "0000:01:00.0");
  guint8 bytes[0x60], back[0x60];

  memset(bytes, 0x11, sizeof bytes);
  expect(rig, sim_process_pwrite(rig->process, dumb.fd, bytes, sizeof bytes, 0x7ff0), sizeof bytes, RULE_PD_125);
  expect(rig, sim_process_pread(rig->process, dumb.fd, back, sizeof back, 0x7ff0), sizeof back, RULE_PD_125);
  for (gsize i = 0; i < sizeof back; i++)
    assert_int_equal(back[i], i >= 0x10 && i < 0x50 ? 0xff : 0x11);
}

/* PD-123 */
static void test_decoding_off(void **state) {
  g_autoptr(Rig) rig = rig_new(describe);
  Device nic = open_device(rig, 1, "0000:02:00.0");
  guint pm = find_capability(nic, PCI_CAP_ID_PM) + PCI_PM_CTRL;
  guint32 word = 0;

  put(nic, CONFIG + PCI_COMMAND, 2, PCI_COMMAND_IO);
  expect(rig, sim_process_pread(rig->process, nic.fd, &word, 4, 0), -EIO, RULE_PD_123);
  expect(rig, sim_process_pwrite(rig->process, nic.fd, &word, 4, 0), -EIO, RULE_PD_123);
  expect(rig, sim_process_pread(rig->process, nic.fd, &word, 4, ROM), -EIO, RULE_PD_123);
  expect(rig, sim_process_pread(rig->process, nic.fd, &word, 4, REGION(2)), 4, RULE_PD_126); /* I/O: not tested */
  expect(rig, sim_process_pread(rig->process, nic.fd, &word, 4, 0x20000), -EINVAL, RULE_PD_120);
  put(nic, CONFIG + PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
  expect(rig, sim_process_pread(rig->process, nic.fd, &word, 4, 0), 4, RULE_PD_126);
  put(nic, CONFIG + pm, 2, 3);
  expect(rig, sim_process_pread(rig->process, nic.fd, &word, 4, 0), -EIO, RULE_PD_123); /* D3 */
  put(nic, CONFIG + pm, 2, 1);                                                          /* there is no D1 */
  expect(rig, sim_process_pread(rig->process, nic.fd, &word, 4, 0), -EIO, RULE_PD_123);
  put(nic, CONFIG + pm, 2, 0);
  expect(rig, sim_process_pread(rig->process, nic.fd, &word, 4, 0), 4, RULE_PD_126);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_header),
      cmocka_unit_test(test_config_bounds),
      cmocka_unit_test(test_bar_sizing),
      cmocka_unit_test(test_capabilities),
      cmocka_unit_test(test_msi_control),
      cmocka_unit_test(test_bars),
      cmocka_unit_test(test_msix_table_is_hidden),
      cmocka_unit_test(test_decoding_off),
  };

  return cmocka_run_group_tests_name("device-regions", tests, NULL, NULL);
}
