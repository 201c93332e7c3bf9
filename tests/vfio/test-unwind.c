/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every call of an attach fails in its turn, and what was taken is given back in reverse (Q07, Q28, Q30, Q31, Q40; the
 * fail-nth sweep of Linux's iommufd selftests).
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/vfio/rig.h"

typedef struct {
  gboolean kvm, v2, second; /* second: a group is attached already */
  long result;
} Case;

static const Case cases[] = {
    {.kvm = TRUE, .v2 = TRUE, .result = -EIO},  {.kvm = TRUE, .v2 = TRUE, .second = TRUE, .result = -EIO},
    {.kvm = FALSE, .v2 = TRUE, .result = -EIO}, {.kvm = FALSE, .v2 = FALSE, .result = -EIO},
    {.kvm = TRUE, .v2 = FALSE, .result = -EIO}, {.kvm = TRUE, .v2 = FALSE, .second = TRUE, .result = -EIO},
};

/* The n-th call of an attach fails. FALSE: the attach has fewer calls. */
static gboolean attach_with_fault(const Case *c, guint n) {
  g_autoptr(Rig) rig = rig_new(c->kvm, NULL);
  const VfioSys *sys = fake_sys(rig->fake);
  g_autoptr(GuestTable) big = guest_table_new(-1, 16);
  g_autoptr(GError) error = NULL;
  VfioPciDevice *first = NULL;

  fake_host(rig->fake)->v2 = c->v2;
  guest_table_put(rig->table, 0x1000, 0x200000, 3);
  guest_table_put(rig->table, 0x2000, 0x201000, 3);
  if (c->kvm) {
    guint64 create[4] = {0x80000000, 12, 0, 0x40000};
    rig->table->fd = (int)sys->ioctl(sys->data, fake_vm(rig->fake), 0x4020aea8, (guintptr)create);
  }
  rig_add_window(rig);
  if (c->v2)
    assert_true(vfio_address_space_add_iommu(rig->dma, 1ull << 59, 1 << 30, big->region, NULL));
  if (c->second)
    first = rig_open(rig, "0000:01:00.0");
  g_autofree char *before = fake_held(rig->fake);
  g_autofree char *mapped_before = fake_mappings(rig->fake, 1);

  fake_fail(rig->fake, "", n, c->result);
  VfioPciDevice *device = vfio_pci_device_open(rig->context, "0000:02:00.0", rig->dma, &error);
  gboolean met = fake_failed(rig->fake);
  if (device) {
    vfio_pci_device_close(device);
  } else {
    assert_true(met);
    assert_non_null(error);
    assert_true(fake_closed_in_reverse(rig->fake));
    g_autofree char *held = fake_held(rig->fake);
    g_autofree char *mapped = fake_mappings(rig->fake, 1);
    /* the VM keeps its kvm-vfio device */
    char *kvm_vfio = c->second ? NULL : strstr(held, "open kvm-vfio\n");
    if (kvm_vfio)
      memmove(kvm_vfio, kvm_vfio + 14, strlen(kvm_vfio + 14) + 1);
    if (strcmp(held, before) != 0)
      fail_msg("call %u (%s): held after the failure:\n%sbefore:\n%s", n, error->message, held, before);
    assert_string_equal(mapped, mapped_before);
    assert_int_equal(vfio_context_n_groups(rig->context), c->second ? 1 : 0);
  }
  if (first)
    vfio_pci_device_close(first);
  if (c->v2)
    vfio_address_space_remove(rig->dma, 1ull << 59);
  rig_remove_window(rig);
  if (rig->table->fd >= 0)
    sys->close(sys->data, rig->table->fd);
  return met;
}

static void test_every_call_fails(void **state) {
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    guint n = 1;
    while (attach_with_fault(&cases[i], n))
      n++;
    assert_in_range(n, 25, 200);
  }
}

/* A group whose windows were linked in part only: KVM counts the links of a table, and GROUP_DEL takes one off each
 * (KV-53), so the group that stays is linked anew. */
static void test_partial_link(void **state) {
  g_autoptr(Rig) rig = rig_new(TRUE, NULL);
  const VfioSys *sys = fake_sys(rig->fake);
  g_autoptr(GuestTable) big = guest_table_new(-1, 16);
  g_autoptr(GError) error = NULL;
  guint64 create[4] = {0x80000000, 12, 0, 0x40000}, create_big[4] = {0x80000001, 16, 0x80000000000, 0x4000};

  rig->table->fd = (int)sys->ioctl(sys->data, fake_vm(rig->fake), 0x4020aea8, (guintptr)create);
  big->fd = (int)sys->ioctl(sys->data, fake_vm(rig->fake), 0x4020aea8, (guintptr)create_big);
  rig_add_window(rig);
  assert_true(vfio_address_space_add_iommu(rig->dma, 1ull << 59, 1 << 30, big->region, NULL));
  VfioPciDevice *first = rig_open(rig, "0000:01:00.0");
  g_free(fake_take_log(rig->fake));
  fake_fail(rig->fake, "kvm-vfio SET_SPAPR_TCE group8", 2, -EINVAL);
  assert_null(vfio_pci_device_open(rig->context, "0000:02:00.0", rig->dma, &error));
  rig_assert_calls(rig, "open /dev/vfio/8\n"
                        "group8 GROUP_GET_STATUS\n"
                        "group8 SET_CONTAINER container1\n"
                        "kvm-vfio GROUP_ADD group8\n"
                        "kvm-vfio SET_SPAPR_TCE group8 table 0x80000000\n"
                        "kvm-vfio SET_SPAPR_TCE group8 table 0x80000001 = -22\n"
                        "kvm-vfio GROUP_DEL group8\n"
                        "kvm-vfio GROUP_DEL group7\n"
                        "kvm-vfio GROUP_ADD group7\n"
                        "kvm-vfio SET_SPAPR_TCE group7 table 0x80000000\n"
                        "kvm-vfio SET_SPAPR_TCE group7 table 0x80000001\n"
                        "group8 UNSET_CONTAINER\n"
                        "close group8\n");
  vfio_pci_device_close(first);
  vfio_address_space_remove(rig->dma, 1ull << 59);
  rig_remove_window(rig);
  sys->close(sys->data, big->fd);
  sys->close(sys->data, rig->table->fd);
}

/* KV-56: KVM's hold on a window ends by GROUP_DEL, so that comes before TCE_REMOVE when the guest's table stays. */
static void test_group_leaves_kvm_before_its_windows_go(void **state) {
  g_autoptr(Rig) rig = rig_new(TRUE, NULL);
  const VfioSys *sys = fake_sys(rig->fake);
  g_autoptr(GuestTable) big = guest_table_new(-1, 16);
  g_autoptr(GError) error = NULL;
  guint64 create[4] = {0x80000000, 12, 0, 0x40000};

  rig->table->fd = (int)sys->ioctl(sys->data, fake_vm(rig->fake), 0x4020aea8, (guintptr)create);
  rig_add_window(rig);
  assert_true(vfio_address_space_add_iommu(rig->dma, 1ull << 59, 1 << 30, big->region, NULL));
  fake_fail(rig->fake, "container1 TCE_CREATE page_shift 16", 1, -EPERM);
  g_free(fake_take_log(rig->fake));
  fake_host(rig->fake)->max_levels = 1;
  assert_null(vfio_pci_device_open(rig->context, "0000:01:00.0", rig->dma, &error));
  g_autofree char *log = fake_take_log(rig->fake);
  assert_non_null(strstr(log, "kvm-vfio SET_SPAPR_TCE group7 table 0x80000000\n"
                              "container1 TCE_CREATE page_shift 16 window_size 0x40000000 levels 1 = -1\n"
                              "kvm-vfio GROUP_DEL group7\n"
                              "container1 UNMAP_DMA iova 0x0 size 0x40000000\n"
                              "container1 TCE_REMOVE 0x0\n"
                              "container1 UNREGISTER_MEMORY size 0x20000000\n"));
  vfio_address_space_remove(rig->dma, 1ull << 59);
  rig_remove_window(rig);
  sys->close(sys->data, rig->table->fd);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_call_fails),
      cmocka_unit_test(test_partial_link),
      cmocka_unit_test(test_group_leaves_kvm_before_its_windows_go),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
