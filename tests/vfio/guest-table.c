/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/vfio/guest-table.h"

static int kvm_table_fd(gpointer data) {
  GuestTable *table = data;
  return table->in_user ? -1 : table->fd;
}

static gboolean set_need_vfio(gpointer data, gboolean need, gboolean kvm_can_feed, GError **error) {
  GuestTable *table = data;
  table->in_user = need && !kvm_can_feed;
  table->n_need++;
  return TRUE;
}

static gboolean replay(gpointer data, VfioIommuNotifier *notifier, GError **error) {
  GuestTable *table = data;

  for (guint i = 0; i < table->entries->len; i++)
    if (!notifier->notify(notifier, &g_array_index(table->entries, VfioIommuTlb, i), error))
      return FALSE;
  return TRUE;
}

static const VfioIommuRegionOps ops = {kvm_table_fd, set_need_vfio, replay};

GuestTable *guest_table_new(int fd, guint page_shift) {
  GuestTable *table = g_new0(GuestTable, 1);

  table->fd = fd;
  table->entries = g_array_new(FALSE, TRUE, sizeof(VfioIommuTlb));
  table->region = vfio_iommu_region_new(&ops, table, page_shift);
  return table;
}

void guest_table_free(GuestTable *table) {
  vfio_iommu_region_free(table->region);
  g_array_unref(table->entries);
  g_free(table);
}

void guest_table_put(GuestTable *table, guint64 iova, guint64 gpa, guint perm) {
  guint64 size = 1ull << vfio_iommu_region_page_shift(table->region);
  VfioIommuTlb tlb = {.iova = iova, .gpa = gpa, .size = size, .perm = perm};

  g_array_append_val(table->entries, tlb);
}
