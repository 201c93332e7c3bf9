/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The device: interrupts, reset, config space. */
#include <errno.h>
#include <linux/vfio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/vfio/rig.h"

#define DEVICE "0000:01:00.0"

/* PD-52: MSI and INTx exclude each other */
static void test_msi(void **state) {
  g_autoptr(Rig) rig = rig_new(FALSE, NULL);
  g_autoptr(GError) error = NULL;

  VfioPciDevice *device = rig_open(rig, DEVICE);
  g_free(fake_take_log(rig->fake));
  assert_true(vfio_pci_device_enable_msi(device, VFIO_PCI_MSIX_IRQ_INDEX, 3, NULL));
  rig_assert_calls(rig,
                   DEVICE " SET_IRQS index 0 flags 0x21 count 0\n" DEVICE " SET_IRQS index 2 flags 0x24 count 3\n");
  fake_signal(rig->fake, DEVICE, VFIO_PCI_MSIX_IRQ_INDEX, 2);
  fake_signal(rig->fake, DEVICE, VFIO_PCI_MSIX_IRQ_INDEX, 2);
  assert_int_equal(vfio_pci_device_take_interrupts(device, VFIO_PCI_MSIX_IRQ_INDEX, 2), 2);
  assert_int_equal(vfio_pci_device_take_interrupts(device, VFIO_PCI_MSIX_IRQ_INDEX, 2), 0);
  assert_int_equal(vfio_pci_device_take_interrupts(device, VFIO_PCI_MSIX_IRQ_INDEX, 3), 0);
  assert_int_equal(vfio_pci_device_take_interrupts(device, VFIO_PCI_MSI_IRQ_INDEX, 2), 0);
  vfio_pci_device_disable_msi(device);
  rig_assert_calls(rig,
                   DEVICE " SET_IRQS index 2 flags 0x21 count 0\n" DEVICE " SET_IRQS index 0 flags 0x24 count 1\n");

  /* PD-55: a positive answer enables nothing */
  fake_fail(rig->fake, DEVICE " SET_IRQS index 1", 1, 1);
  assert_false(vfio_pci_device_enable_msi(device, VFIO_PCI_MSI_IRQ_INDEX, 2, &error));
  rig_assert_calls(rig,
                   DEVICE " SET_IRQS index 0 flags 0x21 count 0\n" DEVICE
                          " SET_IRQS index 1 flags 0x24 count 2 = 1\n" DEVICE " SET_IRQS index 0 flags 0x24 count 1\n");

  /* a reset leaves INTx on and MSI off */
  assert_true(vfio_pci_device_enable_msi(device, VFIO_PCI_MSI_IRQ_INDEX, 1, NULL));
  g_free(fake_take_log(rig->fake));
  assert_true(vfio_pci_device_reset(device, NULL));
  rig_assert_calls(rig, DEVICE " SET_IRQS index 1 flags 0x21 count 0\n" DEVICE " DEVICE_RESET\n" DEVICE
                               " SET_IRQS index 0 flags 0x24 count 1\n");
  vfio_pci_device_close(device);
}

/* PD-46, PD-47: INTx masks itself when it fires */
static void test_intx(void **state) {
  g_autoptr(Rig) rig = rig_new(FALSE, NULL);

  VfioPciDevice *device = rig_open(rig, DEVICE);
  g_free(fake_take_log(rig->fake));
  assert_int_equal(vfio_pci_device_take_interrupts(device, VFIO_PCI_INTX_IRQ_INDEX, 0), 0);
  rig_assert_calls(rig, "");
  fake_signal(rig->fake, DEVICE, VFIO_PCI_INTX_IRQ_INDEX, 0);
  assert_int_equal(vfio_pci_device_take_interrupts(device, VFIO_PCI_INTX_IRQ_INDEX, 0), 1);
  rig_assert_calls(rig, DEVICE " SET_IRQS index 0 flags 0x11 count 1\n");
  vfio_pci_device_close(device);
}

/* PD-29: a device that is not PCI Express has no ERR; PD-33: an absent INTx may not even be turned off */
static void test_absent_interrupts(void **state) {
  g_autoptr(Rig) rig = rig_new(FALSE, NULL);

  fake_host(rig->fake)->no_intx = TRUE;
  fake_fail(rig->fake, DEVICE " GET_IRQ_INFO 3", 1, -EINVAL);
  VfioPciDevice *device = rig_open(rig, DEVICE);
  g_free(fake_take_log(rig->fake));
  vfio_pci_device_close(device);
  g_autofree char *log = fake_take_log(rig->fake);
  assert_true(g_str_has_prefix(log, DEVICE " SET_IRQS index 4 flags 0x24 count 1\nclose " DEVICE "\n"));
}

static void test_reset_fails(void **state) {
  g_autoptr(Rig) rig = rig_new(FALSE, NULL);
  g_autoptr(GError) error = NULL;

  VfioPciDevice *device = rig_open(rig, DEVICE);
  g_free(fake_take_log(rig->fake));
  fake_fail(rig->fake, DEVICE " DEVICE_RESET", 1, -EAGAIN);
  assert_false(vfio_pci_device_reset(device, &error));
  assert_int_equal(vfio_error_errno(error), EAGAIN);
  rig_assert_calls(rig, DEVICE " SET_IRQS index 0 flags 0x21 count 0\n" DEVICE " DEVICE_RESET = -11\n" DEVICE
                               " SET_IRQS index 0 flags 0x24 count 1\n");
  vfio_pci_device_close(device);
}

/* PD-123: a BAR without memory decoding */
static void test_config_and_bars(void **state) {
  g_autoptr(Rig) rig = rig_new(FALSE, NULL);
  g_autoptr(GError) error = NULL;
  guint8 pin = 0;
  guint32 value = 0;

  VfioPciDevice *device = rig_open(rig, DEVICE);
  assert_string_equal(vfio_pci_device_address(device), DEVICE);
  assert_int_equal(vfio_pci_device_group(device), 7);
  assert_true(vfio_pci_device_config_read(device, 0x3d, &pin, 1, NULL));
  assert_int_equal(pin, 1);
  g_free(fake_take_log(rig->fake));
  assert_true(vfio_pci_device_config_write(device, 4, &value, 2, NULL));
  assert_true(vfio_pci_device_bar_write(device, 0, 0x10, &value, 4, NULL));
  rig_assert_calls(rig, DEVICE " write 0x70000000004\n" DEVICE " write 0x10\n");
  fake_fail(rig->fake, "." DEVICE " read", 1, -EIO);
  assert_false(vfio_pci_device_bar_read(device, 0, 0x10, &value, 4, &error));
  assert_int_equal(vfio_error_errno(error), EIO);
  vfio_pci_device_close(device);
}

/* QEMU's "device is already attached": without a call */
static void test_open_twice(void **state) {
  g_autoptr(Rig) rig = rig_new(FALSE, NULL);
  g_autoptr(GError) error = NULL;

  VfioPciDevice *device = rig_open(rig, DEVICE);
  g_free(fake_take_log(rig->fake));
  assert_null(vfio_pci_device_open(rig->context, DEVICE, rig->dma, &error));
  assert_true(g_error_matches(error, VFIO_ERROR, VFIO_ERROR_BUSY));
  rig_assert_calls(rig, "");
  vfio_pci_device_close(device);
  vfio_pci_device_close(rig_open(rig, DEVICE));
}

/* EEH-2: a group without PE is no error, EEH-6: one that stays frozen is */
static void test_eeh(void **state) {
  g_autoptr(Rig) rig = rig_new(FALSE, NULL);
  g_autoptr(GError) error = NULL;

  assert_true(vfio_address_space_eeh_enable(rig->context, rig->dma, NULL));
  VfioPciDevice *device = rig_open(rig, DEVICE);
  fake_fail(rig->fake, "container1 EEH_PE_OP", 1, -ENODEV);
  assert_true(vfio_address_space_eeh_enable(rig->context, rig->dma, &error));
  assert_null(error);
  fake_fail(rig->fake, "container1 EEH_PE_OP", 1, -EIO);
  assert_false(vfio_address_space_eeh_enable(rig->context, rig->dma, &error));
  assert_int_equal(vfio_error_errno(error), EIO);
  vfio_pci_device_close(device);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_msi),
      cmocka_unit_test(test_intx),
      cmocka_unit_test(test_absent_interrupts),
      cmocka_unit_test(test_reset_fails),
      cmocka_unit_test(test_config_and_bars),
      cmocka_unit_test(test_open_twice),
      cmocka_unit_test(test_eeh),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
