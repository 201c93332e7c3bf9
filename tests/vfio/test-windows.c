/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Host windows: page sizes, levels, start addresses; address spaces and their listeners. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/vfio/rig.h"

#define DEVICE "0000:01:00.0"

typedef struct {
  guint host_page_shift, guest_page_shift, window_shift;
  guint64 pgsizes;
  guint max_levels;
  const char *create; /* what is asked of the host */
} Geometry;

/* QEMU 7.2's guess, recorded for the default window (qemu-7.2-01) and a 512M window of 64K pages (qemu-7.2-09a); the
 * others follow from PNV-7: a level's table is at most 256 host pages. */
static const Geometry geometries[] = {
    {16, 12, 30, 0x41211000, 5, "page_shift 12 window_size 0x40000000 levels 1"},
    {16, 16, 29, 0x41211000, 5, "page_shift 16 window_size 0x20000000 levels 1"},
    {16, 16, 40, 0x41211000, 5, "page_shift 16 window_size 0x10000000000 levels 2"},
    {16, 16, 37, 0x41211000, 5, "page_shift 16 window_size 0x2000000000 levels 1"},
    {12, 12, 30, 0x41211000, 5, "page_shift 12 window_size 0x40000000 levels 2"},
    /* no IOMMU page is larger than the pages behind the guest's RAM (MM-11, TCE-81) */
    {16, 24, 40, 0x41211000, 5, "page_shift 16 window_size 0x10000000000 levels 2"},
    {12, 16, 30, 0x41211000, 5, "page_shift 12 window_size 0x40000000 levels 2"},
    /* nor larger than the guest's, nor one that the host does not have */
    {16, 16, 30, 0x01001000, 5, "page_shift 12 window_size 0x40000000 levels 1"},
    /* Q19: never more levels than the host says */
    {16, 16, 40, 0x41211000, 1, "page_shift 16 window_size 0x10000000000 levels 1"},
};

static void test_geometry(void **state) {
  for (guint i = 0; i < G_N_ELEMENTS(geometries); i++) {
    const Geometry *geometry = &geometries[i];
    g_autoptr(Fake) fake = fake_new();
    FakeHost *host = fake_host(fake);
    host->page_size = (gsize)1 << geometry->host_page_shift;
    host->pgsizes = geometry->pgsizes;
    host->max_levels = geometry->max_levels;
    g_autoptr(VfioAddressSpace) memory = vfio_address_space_new("memory");
    g_autoptr(VfioAddressSpace) dma = vfio_address_space_new("phb 0");
    g_autoptr(GuestTable) table = guest_table_new(-1, geometry->guest_page_shift);
    g_autoptr(VfioContext) context = vfio_context_new(fake_sys(fake), memory, NULL, NULL);
    VfioPciDevice *device = vfio_pci_device_open(context, DEVICE, dma, NULL);
    assert_non_null(device);
    g_free(fake_take_log(fake));
    assert_true(vfio_address_space_add_iommu(dma, 0, 1ull << geometry->window_shift, table->region, NULL));
    g_autofree char *log = fake_take_log(fake);
    g_autofree char *expected = g_strdup_printf("container1 TCE_CREATE %s\n", geometry->create);
    assert_string_equal(log, expected);
    vfio_pci_device_close(device);
    vfio_address_space_remove(dma, 0);
  }
}

/* Q18; PNV-7: with too few levels the host has no memory for a level's table */
static void test_more_levels_are_tried(void **state) {
  g_autoptr(Rig) rig = rig_new(FALSE, NULL);

  fake_host(rig->fake)->min_levels = 3;
  VfioPciDevice *device = rig_open(rig, DEVICE);
  g_free(fake_take_log(rig->fake));
  rig_add_window(rig);
  rig_assert_calls(rig, "container1 TCE_CREATE page_shift 12 window_size 0x40000000 levels 1\n"
                        "container1 TCE_CREATE page_shift 12 window_size 0x40000000 levels 2\n"
                        "container1 TCE_CREATE page_shift 12 window_size 0x40000000 levels 3\n");
  vfio_pci_device_close(device);
  rig_remove_window(rig);
}

/* (64 - 12) / 16 = 3 levels are all that a 64K host can take (PNV-6), though it says 5 */
static void test_levels_end(void **state) {
  g_autoptr(Rig) rig = rig_new(FALSE, NULL);
  g_autoptr(GError) error = NULL;

  fake_host(rig->fake)->min_levels = 9;
  VfioPciDevice *device = rig_open(rig, DEVICE);
  g_free(fake_take_log(rig->fake));
  assert_false(vfio_address_space_add_iommu(rig->dma, 0, 1 << 30, rig->table->region, &error));
  assert_true(g_error_matches(error, VFIO_ERROR, VFIO_ERROR_WINDOW));
  assert_int_equal(vfio_error_errno(error), ENOMEM);
  rig_assert_calls(rig, "container1 TCE_CREATE page_shift 12 window_size 0x40000000 levels 1\n"
                        "container1 TCE_CREATE page_shift 12 window_size 0x40000000 levels 2\n"
                        "container1 TCE_CREATE page_shift 12 window_size 0x40000000 levels 3\n");
  vfio_pci_device_close(device);
}

/* PNV-3: the start goes by the slot */
static void test_window_elsewhere_is_removed(void **state) {
  g_autoptr(Rig) rig = rig_new(FALSE, NULL);
  g_autoptr(GError) error = NULL;

  VfioPciDevice *device = rig_open(rig, DEVICE);
  g_free(fake_take_log(rig->fake));
  assert_false(vfio_address_space_add_iommu(rig->dma, 1ull << 59, 1 << 30, rig->table->region, &error));
  assert_true(g_error_matches(error, VFIO_ERROR, VFIO_ERROR_WINDOW));
  rig_assert_calls(rig, "container1 TCE_CREATE page_shift 12 window_size 0x40000000 levels 1\n"
                        "container1 TCE_REMOVE 0x0\n");
  vfio_pci_device_close(device);
}

static void test_no_page_size_fits(void **state) {
  g_autoptr(Rig) rig = rig_new(FALSE, NULL);
  g_autoptr(GError) error = NULL;

  fake_host(rig->fake)->pgsizes = 1 << 16;
  VfioPciDevice *device = rig_open(rig, DEVICE);
  assert_false(vfio_address_space_add_iommu(rig->dma, 0, 1 << 30, rig->table->region, &error));
  assert_true(g_error_matches(error, VFIO_ERROR, VFIO_ERROR_WINDOW));
  vfio_pci_device_close(device);
}

static void test_memory_hotplug(void **state) {
  g_autoptr(Rig) rig = rig_new(FALSE, NULL);
  g_autoptr(GError) error = NULL;
  static char _Alignas(65536) more[1 << 17];

  VfioPciDevice *device = rig_open(rig, DEVICE);
  g_free(fake_take_log(rig->fake));
  assert_true(vfio_address_space_add_ram(rig->memory, 1ull << 30, sizeof more, more, NULL));
  vfio_address_space_remove(rig->memory, 1ull << 30);
  rig_assert_calls(rig, "container1 REGISTER_MEMORY size 0x20000\n"
                        "container1 UNREGISTER_MEMORY size 0x20000\n");

  /* a part of a page is registered whole */
  assert_true(vfio_address_space_add_ram(rig->memory, 1ull << 30, 0x1000, more + 0xf800, NULL));
  vfio_address_space_remove(rig->memory, 1ull << 30);
  rig_assert_calls(rig, "container1 REGISTER_MEMORY size 0x20000\n"
                        "container1 UNREGISTER_MEMORY size 0x20000\n");

  fake_fail(rig->fake, "container1 REGISTER_MEMORY", 1, -ENOMEM);
  assert_false(vfio_address_space_add_ram(rig->memory, 1ull << 30, sizeof more, more, &error));
  assert_int_equal(vfio_error_errno(error), ENOMEM);
  assert_null(vfio_address_space_translate(rig->memory, 1ull << 30, 1));
  vfio_pci_device_close(device);
}

/* ---- address spaces ---- */

typedef struct {
  VfioMemoryListener listener;
  GString *log;
  char name;
  guint64 refuse; /* a section that starts there */
} Witness;

static gboolean witness_add(VfioMemoryListener *listener, const VfioMemorySection *section, GError **error) {
  Witness *witness = (Witness *)listener;
  g_string_append_printf(witness->log, "%c+%" G_GINT64_MODIFIER "x ", witness->name, section->start);
  if (section->start != witness->refuse)
    return TRUE;
  g_set_error_literal(error, VFIO_ERROR, VFIO_ERROR_WINDOW, "refused");
  return FALSE;
}

static void witness_del(VfioMemoryListener *listener, const VfioMemorySection *section) {
  Witness *witness = (Witness *)listener;
  g_string_append_printf(witness->log, "%c-%" G_GINT64_MODIFIER "x ", witness->name, section->start);
}

/* vfio/address-space.h's promises */
static void test_listeners(void **state) {
  g_autoptr(VfioAddressSpace) space = vfio_address_space_new("s");
  g_autoptr(GString) log = g_string_new(NULL);
  g_autoptr(GError) error = NULL;
  Witness a = {{witness_add, witness_del}, log, 'a', G_MAXUINT64}, b = {{witness_add, witness_del}, log, 'b', 0x30};
  char memory[0x40];

  assert_true(vfio_address_space_add_ram(space, 0x20, 0x10, memory + 0x20, NULL));
  assert_true(vfio_address_space_add_ram(space, 0x0, 0x10, memory, NULL));
  assert_true(vfio_address_space_register(space, &a.listener, NULL));
  assert_true(vfio_address_space_register(space, &b.listener, NULL));
  assert_string_equal(log->str, "a+0 a+20 b+0 b+20 ");
  g_string_truncate(log, 0);
  assert_false(vfio_address_space_add_ram(space, 0x30, 0x10, memory, &error));
  assert_string_equal(log->str, "a+30 b+30 a-30 ");
  g_clear_error(&error);
  g_string_truncate(log, 0);
  vfio_address_space_unregister(space, &b.listener);
  assert_string_equal(log->str, "b-20 b-0 ");
  g_string_truncate(log, 0);
  b.refuse = 0x20;
  assert_false(vfio_address_space_register(space, &b.listener, &error));
  assert_string_equal(log->str, "b+0 b+20 b-0 ");
  vfio_address_space_unregister(space, &a.listener);
}

static void test_overlap(void **state) {
  g_autoptr(VfioAddressSpace) space = vfio_address_space_new("s");
  char memory[1];
  static const struct {
    guint64 start, size;
    gboolean fits;
  } tries[] = {{0x0f, 1, TRUE},  {0x20, 1, TRUE},     {0x1f, 1, FALSE},       {0x10, 0x10, FALSE}, {0x08, 9, FALSE},
               {0x18, 2, FALSE}, {0x0, 0x100, FALSE}, {G_MAXUINT64, 1, TRUE}, {0x21, -0x22, TRUE}};

  assert_true(vfio_address_space_add_ram(space, 0x10, 0x10, memory, NULL));
  for (guint i = 0; i < G_N_ELEMENTS(tries); i++) {
    g_autoptr(GError) error = NULL;
    gboolean fits = vfio_address_space_add_ram(space, tries[i].start, tries[i].size, memory, &error);
    assert_int_equal(fits, tries[i].fits);
    if (!fits)
      assert_true(g_error_matches(error, VFIO_ERROR, VFIO_ERROR_OVERLAP));
  }
}

static void test_translate(void **state) {
  g_autoptr(VfioAddressSpace) space = vfio_address_space_new("s");
  char memory[0x20];

  assert_true(vfio_address_space_add_ram(space, 0x10, 0x10, memory, NULL));
  assert_true(vfio_address_space_add_ram(space, 0x20, 0x10, memory + 0x10, NULL));
  assert_ptr_equal(vfio_address_space_translate(space, 0x10, 0x10), memory);
  assert_ptr_equal(vfio_address_space_translate(space, 0x2f, 1), memory + 0x1f);
  assert_null(vfio_address_space_translate(space, 0x0f, 1));
  assert_null(vfio_address_space_translate(space, 0x30, 1));
  assert_null(vfio_address_space_translate(space, 0x1f, 2)); /* not in one section: not in one region (TCE-80) */
  assert_null(vfio_address_space_translate(space, 0x2f, 2));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_geometry),          cmocka_unit_test(test_more_levels_are_tried),
      cmocka_unit_test(test_levels_end),        cmocka_unit_test(test_window_elsewhere_is_removed),
      cmocka_unit_test(test_no_page_size_fits), cmocka_unit_test(test_memory_hotplug),
      cmocka_unit_test(test_listeners),         cmocka_unit_test(test_overlap),
      cmocka_unit_test(test_translate),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
