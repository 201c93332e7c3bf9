/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/pseries/tce-table.h"

#include <errno.h>
#include <sys/mman.h>

#include "harness/pseries/error.h"

struct TceTable {
  PseriesVm *vm;
  guint64 liobn, start, n;
  guint page_shift;
  int fd; /* of the table in the kernel, -1: in this process */
  guint64 *entries;
  gboolean transient;
  VfioIommuRegion *region;
};

/* Most tables are big and nearly empty: untouched pages cost nothing. */
static guint64 *user_entries(const TceTable *table, GError **error) {
  void *memory = mmap(NULL, table->n * sizeof(guint64), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

  if (memory != MAP_FAILED)
    return memory;
  g_set_error(error, PSERIES_ERROR, ENOMEM,
              "LIOBN 0x%" G_GINT64_MODIFIER "x: no memory for a TCE table of %" G_GUINT64_FORMAT " entries",
              table->liobn, table->n);
  return NULL;
}

static void copy_entries(const TceTable *table, guint64 *to) {
  for (guint64 i = 0; i < table->n; i++)
    if (table->entries[i])
      to[i] = table->entries[i];
}

static void drop_entries(TceTable *table) {
  if (table->fd >= 0)
    pseries_vm_close_table(table->vm, table->fd, table->entries, table->n);
  else if (table->entries)
    munmap(table->entries, table->n * sizeof *table->entries);
  table->fd = -1;
  table->entries = NULL;
}

static gboolean move_to_user(TceTable *table, GError **error) {
  guint64 *entries;

  if (table->fd < 0)
    return TRUE;
  entries = user_entries(table, error);
  if (!entries)
    return FALSE;
  if (!table->transient)
    copy_entries(table, entries);
  drop_entries(table);
  table->entries = entries;
  return TRUE;
}

/* Without success the table stays here, which is slower and right. */
static void move_to_kernel(TceTable *table) {
  guint64 *entries;

  if (table->fd >= 0 || !table->vm)
    return;
  int fd = pseries_vm_create_table(table->vm, table->liobn, table->page_shift, table->start, table->n, &entries);
  if (fd < 0)
    return;
  copy_entries(table, entries);
  drop_entries(table);
  table->fd = fd;
  table->entries = entries;
}

static int kvm_table_fd(gpointer data) {
  return ((TceTable *)data)->fd;
}

static gboolean set_need_vfio(gpointer data, gboolean need, gboolean kvm_can_feed, GError **error) {
  TceTable *table = data;

  if (need && !kvm_can_feed)
    return move_to_user(table, error);
  if (!need && !table->transient)
    move_to_kernel(table);
  return TRUE;
}

static VfioIommuTlb translation(const TceTable *table, guint64 index, guint64 tce) {
  guint64 page = G_GUINT64_CONSTANT(1) << table->page_shift;

  return (VfioIommuTlb){.iova = table->start + (index << table->page_shift),
                        .gpa = tce & ~(page - 1),
                        .size = page,
                        .perm = tce & TCE_PERM};
}

static gboolean replay(gpointer data, VfioIommuNotifier *notifier, GError **error) {
  TceTable *table = data;

  for (guint64 i = 0; !table->transient && i < table->n; i++)
    if (table->entries[i] & TCE_PERM) {
      VfioIommuTlb tlb = translation(table, i, table->entries[i]);
      if (!notifier->notify(notifier, &tlb, error))
        return FALSE;
    }
  return TRUE;
}

static const VfioIommuRegionOps region_ops = {
    .kvm_table_fd = kvm_table_fd, .set_need_vfio = set_need_vfio, .replay = replay};

TceTable *tce_table_new(PseriesVm *vm, guint64 liobn, guint page_shift, guint64 start, guint64 n, GError **error) {
  TceTable *table = g_new0(TceTable, 1);

  table->vm = vm;
  table->liobn = liobn;
  table->page_shift = page_shift;
  table->start = start;
  table->n = n;
  table->fd = vm ? pseries_vm_create_table(vm, liobn, page_shift, start, n, &table->entries) : -1;
  if (table->fd < 0)
    table->entries = user_entries(table, error);
  if (!table->entries) {
    g_free(table);
    return NULL;
  }
  table->region = vfio_iommu_region_new(&region_ops, table, page_shift);
  return table;
}

void tce_table_free(TceTable *table) {
  if (!table)
    return;
  vfio_iommu_region_free(table->region);
  drop_entries(table);
  g_free(table);
}

guint64 tce_table_liobn(const TceTable *table) {
  return table->liobn;
}

guint tce_table_page_shift(const TceTable *table) {
  return table->page_shift;
}

guint64 tce_table_start(const TceTable *table) {
  return table->start;
}

guint64 tce_table_size(const TceTable *table) {
  return table->n << table->page_shift;
}

VfioIommuRegion *tce_table_region(TceTable *table) {
  return table->region;
}

void tce_table_set_transient(TceTable *table, gboolean transient) {
  table->transient = transient;
}

gboolean tce_table_index(const TceTable *table, guint64 ioba, guint64 *index) {
  guint64 offset = ioba - table->start;

  *index = offset >> table->page_shift;
  return ioba >= table->start && *index < table->n && *index << table->page_shift == offset;
}

guint64 tce_table_get(const TceTable *table, guint64 index) {
  return table->entries[index];
}

gboolean tce_table_put(TceTable *table, guint64 index, guint64 tce, GError **error) {
  VfioIommuTlb tlb = translation(table, index, tce);

  if (vfio_iommu_region_notify(table->region, &tlb, error)) {
    table->entries[index] = tce;
    return TRUE;
  }
  tlb.perm = 0;
  vfio_iommu_region_notify(table->region, &tlb, NULL);
  table->entries[index] = 0;
  return FALSE;
}
