/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* DMA windows: the default one, TCE_CREATE, TCE_REMOVE. */
#include "sim/kernel/powernv.h"
#include "sim/kernel/pseries.h"
#include "sim/kernel/spapr.h"

struct tce_create {
  guint32 argsz, flags, page_shift, reserved1;
  guint64 window_size;
  guint32 levels, reserved2;
  guint64 start_addr;
};

struct tce_remove {
  guint32 argsz, flags;
  guint64 start_addr;
};

enum { DEFAULT_PAGE_SHIFT = 12, DEFAULT_LEVELS = 1 };

int sim_spapr_find_table(const SimSpapr *spapr, guint64 ioba) {
  for (int slot = 0; slot < SIM_TABLES; slot++) {
    const SimTceTable *table = spapr->tables[slot];
    guint64 entry;

    if (!table)
      continue;
    entry = ioba >> sim_tce_table_page_shift(table);
    if (entry >= sim_tce_table_offset(table) && entry - sim_tce_table_offset(table) < sim_tce_table_entries(table))
      return slot;
  }
  return -1;
}

typedef struct {
  guint page_shift;
  guint64 size;
  guint levels;
} Shape;

static void install_table(SimCall *call, SimSpapr *spapr, guint slot, guint page_shift, guint64 start, guint64 entries,
                          guint64 pages) {
  spapr->tables[slot] = sim_tce_table_new(call->kernel, page_shift, start >> page_shift, entries);
  spapr->table_pages[slot] = pages;
  sim_tce_table_set_mm(spapr->tables[slot], spapr->mm);
  call->kernel->census.windows++;
}

/* Makes the hardware table: the platform's half, after the accounting. What it refuses has been accounted and is not
 * given back (TCE-112). */
static long create_table_powernv(SimCall *call, SimSpapr *spapr, guint slot, const Shape *shape) {
  guint host_shift = sim_page_shift(call->kernel), page_shift = shape->page_shift, levels = shape->levels;
  guint64 size = shape->size, bytes = powernv_table_size(host_shift, page_shift, size, levels), entries;
  int result;

  if (!bytes)
    return sim_refuse(call, EINVAL, RULE_TCE_110);
  if (sim_mm_account(call, spapr->mm, bytes >> host_shift))
    return sim_refuse(call, ENOMEM, RULE_TCE_111);
  sim_met(call, RULE_PNV_4);
  result = powernv_table_layout(host_shift, page_shift, size, levels, &entries);
  if (result) {
    sim_met(call, RULE_TCE_112);
    return sim_refuse(call, -result, result == -ENOMEM ? RULE_PNV_7 : RULE_PNV_6);
  }
  if (entries > size >> page_shift)
    sim_met(call, size >> page_shift ? RULE_PNV_8 : RULE_PNV_5);
  if (levels > 1)
    sim_met(call, RULE_PNV_9);
  install_table(call, spapr, slot, page_shift, powernv_window_start(slot), entries, bytes >> host_shift);
  sim_met(call, RULE_PNV_3);
  return 0;
}

static gboolean has_64bit_window(const SimSpapr *spapr) {
  for (guint slot = 0; slot < SIM_TABLES; slot++)
    if (spapr->tables[slot] && sim_tce_table_offset(spapr->tables[slot]))
      return TRUE;
  return FALSE;
}

/* The firmware's half on a hypervisor: after the accounting, too. */
static long check_pseries(SimCall *call, SimSpapr *spapr, guint slot, const Shape *shape, guint64 start) {
  SimGroup *first = g_ptr_array_index(spapr->groups, 0);

  if (pseries_window_check(shape->size, shape->levels))
    return sim_refuse(call, EINVAL, RULE_PSR_2);
  if (first->ddw_failed)
    return sim_refuse(call, ENODEV, RULE_PSR_2);
  if (slot == 0 && has_64bit_window(spapr))
    return sim_refuse(call, EPERM, RULE_PSR_2);
  if (start && (has_64bit_window(spapr) || first->host->iommu == SIM_IOMMU_REFUSES_WINDOWS)) {
    first->ddw_failed = TRUE;
    return sim_refuse(call, ENODEV, RULE_PSR_2);
  }
  return 0;
}

static long create_table_pseries(SimCall *call, SimSpapr *spapr, guint slot, const Shape *shape) {
  guint host_shift = sim_page_shift(call->kernel), page_shift = shape->page_shift;
  guint64 bytes = pseries_table_size(page_shift, shape->size, shape->levels), pages = bytes >> host_shift;
  guint64 start = pseries_window_start(slot, page_shift, shape->size, call->kernel->host->dma32_size);
  long result;

  if (!bytes)
    return sim_refuse(call, EINVAL, RULE_TCE_110);
  if (sim_mm_account(call, spapr->mm, pages))
    return sim_refuse(call, ENOMEM, RULE_TCE_111);
  sim_met(call, RULE_PSR_5);
  result = check_pseries(call, spapr, slot, shape, start);
  if (result) {
    sim_met(call, RULE_TCE_112);
    return result;
  }
  install_table(call, spapr, slot, page_shift, start, shape->size >> page_shift, pages);
  sim_met(call, RULE_PSR_6);
  return 0;
}

/* From 6.4 until 6.10 the window is the table that the hypervisor gave the host, or none. */
static long borrow_table(SimCall *call, SimSpapr *spapr, guint slot, const Shape *shape) {
  const SimGroup *first = g_ptr_array_index(spapr->groups, 0);
  guint host_shift = sim_page_shift(call->kernel);
  guint64 pages = pseries_table_size(shape->page_shift, shape->size, shape->levels) >> host_shift;
  SimTceTable *table = sim_group_table(first, 0);

  if (sim_mm_account(call, spapr->mm, pages))
    return sim_refuse(call, ENOMEM, RULE_TCE_111);
  if (slot || !table || sim_tce_table_page_shift(table) != shape->page_shift ||
      sim_tce_table_entries(table) != shape->size >> shape->page_shift || shape->levels != 1) {
    sim_met(call, RULE_TCE_112);
    return sim_refuse(call, slot ? EPERM : EINVAL, RULE_PSR_3);
  }
  spapr->tables[0] = sim_tce_table_ref(table);
  spapr->table_pages[0] = pages;
  sim_tce_table_set_mm(table, spapr->mm);
  call->kernel->census.windows++;
  sim_met(call, RULE_PSR_3);
  return 0;
}

static long create_table(SimCall *call, SimSpapr *spapr, guint slot, const Shape *shape) {
  if (call->kernel->host->platform == SIM_POWERNV)
    return create_table_powernv(call, spapr, slot, shape);
  return sim_since(call->kernel, 6, 11) ? create_table_pseries(call, spapr, slot, shape)
                                        : borrow_table(call, spapr, slot, shape);
}

/* Whether some group's firmware makes no windows: then none of the groups has this one. */
static gboolean is_refused(const SimSpapr *spapr) {
  for (guint i = 0; i < spapr->groups->len; i++)
    if (((const SimGroup *)g_ptr_array_index(spapr->groups, i))->host->iommu == SIM_IOMMU_REFUSES_WINDOWS)
      return TRUE;
  return FALSE;
}

/* Programs the table into every group. A hypervisor's window is of one group: the second cannot have it. */
static long program(SimCall *call, SimSpapr *spapr, guint slot) {
  if (call->kernel->host->platform == SIM_PSERIES && spapr->groups->len > 1) {
    sim_spapr_free_table(spapr, slot);
    sim_met(call, RULE_TCE_113);
    return sim_refuse(call, EPERM, RULE_PSR_7);
  }
  if (call->kernel->host->platform == SIM_POWERNV && is_refused(spapr)) {
    sim_spapr_free_table(spapr, slot);
    sim_met(call, RULE_TCE_113);
    return sim_refuse(call, EPERM, RULE_PNV_10);
  }
  for (guint i = 0; i < spapr->groups->len; i++)
    sim_group_set_table(g_ptr_array_index(spapr->groups, i), slot, spapr->tables[slot]);
  return 0;
}

static long create_window(SimCall *call, SimSpapr *spapr, const Shape *shape, guint64 *start) {
  guint slot = 0;
  long result;

  while (slot < SIM_TABLES && spapr->tables[slot])
    slot++;
  if (slot == SIM_TABLES)
    return sim_refuse(call, ENOSPC, RULE_TCE_107);
  if (shape->page_shift >= 64 || !(sim_spapr_page_sizes(call->kernel) >> shape->page_shift & 1))
    return sim_refuse(call, EINVAL, RULE_TCE_108);
  result = create_table(call, spapr, slot, shape);
  if (!result)
    result = program(call, spapr, slot);
  if (result)
    return result;
  *start = sim_tce_table_offset(spapr->tables[slot]) << shape->page_shift;
  return 0;
}

long sim_spapr_default_window(SimCall *call, SimSpapr *spapr) {
  Shape shape = {DEFAULT_PAGE_SHIFT, call->kernel->host->dma32_size, DEFAULT_LEVELS};
  guint64 start;
  long result;

  if (!spapr->default_pending) {
    sim_met(call, RULE_TCE_65);
    return 0;
  }
  sim_met(call, RULE_TCE_66);
  result = create_window(call, spapr, &shape, &start);
  if (!result)
    spapr->default_pending = FALSE;
  return result;
}

void sim_spapr_free_table(SimSpapr *spapr, guint slot) {
  if (spapr->table_pages[slot]) /* an adopted table costs nothing, and there may be no owner yet */
    sim_spapr_unaccount(spapr, spapr->table_pages[slot]);
  sim_tce_table_unref(spapr->tables[slot]);
  spapr->tables[slot] = NULL;
  spapr->kernel->census.windows--;
}

long sim_spapr_create(SimCall *call, SimSpapr *spapr) {
  struct tce_create create;
  gboolean pending;
  long result;

  sim_spapr_own(call, spapr);
  sim_met(call, RULE_TCE_101);
  if (sim_read(call, call->arg, &create, sizeof create))
    return sim_refuse(call, EFAULT, RULE_TCE_103);
  if (create.argsz < sizeof create)
    return sim_refuse(call, EINVAL, RULE_TCE_104);
  if (create.flags)
    return sim_refuse(call, EINVAL, RULE_TCE_105);
  pending = spapr->default_pending;
  if (create.argsz > sizeof create || create.reserved1 || create.reserved2)
    sim_met(call, RULE_TCE_128);
  result = sim_spapr_default_window(call, spapr);
  if (!result) {
    Shape shape = {create.page_shift, create.window_size, create.levels};

    result = create_window(call, spapr, &shape, &create.start_addr);
  }
  if (pending)
    sim_met(call, RULE_TCE_106);
  if (result) {
    sim_met(call, RULE_TCE_129);
    return result;
  }
  if (sim_write(call, call->arg, &create, sizeof create))
    return sim_refuse(call, EFAULT, RULE_TCE_115);
  sim_met(call, RULE_TCE_114);
  if (pending) /* not where the caller expects its first window */
    return sim_notable(call, 0, RULE_TCE_106);
  return 0;
}

/* Before 6.11 only bare metal could; an LPAR's v2 container, which needs 4.11 or older, has such a window to ask of. */
static gboolean can_unset_window(const SimKernel *kernel) {
  return kernel->host->platform == SIM_POWERNV || sim_since(kernel, 6, 11);
}

long sim_spapr_remove(SimCall *call, SimSpapr *spapr) {
  struct tce_remove tce_remove;
  SimTceTable *table;
  gboolean inside;
  int slot;

  sim_spapr_own(call, spapr);
  sim_met(call, RULE_TCE_117);
  if (sim_read(call, call->arg, &tce_remove, sizeof tce_remove))
    return sim_refuse(call, EFAULT, RULE_TCE_119);
  if (tce_remove.argsz < sizeof tce_remove)
    return sim_refuse(call, EINVAL, RULE_TCE_120);
  if (tce_remove.flags)
    return sim_refuse(call, EINVAL, RULE_TCE_121);
  if (spapr->default_pending && !tce_remove.start_addr) {
    spapr->default_pending = FALSE;
    sim_met(call, RULE_TCE_122);
    return 0;
  }
  slot = sim_spapr_find_table(spapr, tce_remove.start_addr);
  if (slot < 0)
    return sim_refuse(call, EINVAL, RULE_TCE_123);
  if (!can_unset_window(call->kernel))
    return sim_refuse(call, EPERM, RULE_TCE_125);
  table = spapr->tables[slot];
  inside = tce_remove.start_addr != sim_tce_table_offset(table) << sim_tce_table_page_shift(table);
  sim_spapr_clear(spapr, table, 0, sim_tce_table_entries(table));
  for (guint i = 0; i < spapr->groups->len; i++)
    sim_group_set_table(g_ptr_array_index(spapr->groups, i), (guint)slot, NULL);
  sim_spapr_free_table(spapr, (guint)slot);
  sim_met(call, RULE_TCE_126);
  return inside ? sim_notable(call, 0, RULE_TCE_124) : 0;
}
