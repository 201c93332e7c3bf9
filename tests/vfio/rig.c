/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/vfio/rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#include <cmocka.h>

enum { RAM_ALIGN = 65536 };

Rig *rig_new(gboolean kvm, VfioAttachOrder order) {
  Rig *rig = g_new0(Rig, 1);

  rig->fake = fake_new();
  rig->memory = vfio_address_space_new("memory");
  rig->dma = vfio_address_space_new("phb 0");
  rig->ram =
      mmap(NULL, RAM_SIZE + RAM_ALIGN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  assert_ptr_not_equal(rig->ram, MAP_FAILED);
  char *aligned = (char *)(((guintptr)rig->ram + RAM_ALIGN - 1) & ~(guintptr)(RAM_ALIGN - 1));
  assert_true(vfio_address_space_add_ram(rig->memory, 0, RAM_SIZE, aligned, NULL));
  if (kvm)
    rig->kvm = vfio_kvm_new(fake_sys(rig->fake), fake_vm(rig->fake), TRUE);
  rig->context = vfio_context_new(fake_sys(rig->fake), rig->memory, rig->kvm, order);
  rig->table = guest_table_new(-1, 12);
  return rig;
}

void rig_free(Rig *rig) {
  assert_int_equal(vfio_context_n_containers(rig->context), 0);
  assert_int_equal(vfio_context_n_groups(rig->context), 0);
  vfio_context_free(rig->context);
  vfio_kvm_free(rig->kvm);
  g_autofree char *held = fake_held(rig->fake);
  assert_string_equal(held, "");
  vfio_address_space_unref(rig->dma);
  vfio_address_space_unref(rig->memory);
  guest_table_free(rig->table);
  munmap(rig->ram, RAM_SIZE + RAM_ALIGN);
  fake_free(rig->fake);
  g_free(rig);
}

void rig_add_window(Rig *rig) {
  g_autoptr(GError) error = NULL;

  vfio_address_space_add_iommu(rig->dma, 0, 1 << 30, rig->table->region, &error);
  if (error)
    fail_msg("%s", error->message);
}

void rig_remove_window(Rig *rig) {
  vfio_address_space_remove(rig->dma, 0);
}

VfioPciDevice *rig_open(Rig *rig, const char *address) {
  g_autoptr(GError) error = NULL;
  VfioPciDevice *device = vfio_pci_device_open(rig->context, address, rig->dma, &error);

  if (error)
    fail_msg("%s", error->message);
  return device;
}

void rig_assert_calls_at(Rig *rig, const char *expected, const char *file, int line) {
  g_autofree char *log = fake_take_log(rig->fake);

  if (!g_str_equal(log, expected))
    print_error("expected:\n%s\nbut the calls were:\n%s\n", expected, log);
  _assert_string_equal(log, expected, file, line);
}
