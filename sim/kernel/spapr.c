/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/kernel/spapr.h"

#include "sim/kernel/powernv.h"

/* Extension numbers of include/uapi/linux/vfio.h. */
enum { SPAPR_TCE = 2, EEH = 5, SPAPR_TCE_V2 = 7 };

static long spapr_check(SimCall *call, gpointer instance, guint64 extension) {
  const SimHost *host = call->kernel->host;

  switch (extension) {
  case SPAPR_TCE:
    sim_met(call, RULE_CG_19);
    return 1;
  case SPAPR_TCE_V2:
    sim_met(call, RULE_CG_19);
    return host->spapr_v2;
  case EEH:
    sim_met(call, RULE_CG_20);
    return host->eeh;
  default:
    sim_met(call, RULE_CG_21);
    return 0;
  }
}

static long spapr_open(SimCall *call, guint64 type, gpointer *instance) {
  SimSpapr *spapr;

  if (type != SPAPR_TCE && type != SPAPR_TCE_V2)
    return sim_refuse(call, EINVAL, RULE_CG_27);
  spapr = g_new0(SimSpapr, 1);
  spapr->kernel = call->kernel;
  spapr->v2 = type == SPAPR_TCE_V2;
  spapr->groups = g_ptr_array_new();
  spapr->prereg = g_hash_table_new(NULL, NULL);
  *instance = spapr;
  return 0;
}

static void spapr_release(gpointer instance) {
  SimSpapr *spapr = instance;
  GHashTableIter iter;
  gpointer region;

  sim_kernel_met(spapr->kernel, spapr->adopted ? RULE_TCE_21 : RULE_TCE_23);
  for (guint slot = 0; slot < SIM_TABLES; slot++) {
    if (!spapr->tables[slot])
      continue;
    sim_spapr_clear(spapr, spapr->tables[slot], 0, sim_tce_table_entries(spapr->tables[slot]));
    sim_spapr_free_table(spapr, slot);
  }
  g_hash_table_iter_init(&iter, spapr->prereg);
  while (g_hash_table_iter_next(&iter, &region, NULL))
    (void)sim_region_put(region); /* still mapped, as by KVM through an orphan table: it stays in the address space */
  if (spapr->enabled && spapr->locked_pages)
    sim_spapr_unaccount(spapr, spapr->locked_pages);
  if (spapr->mm)
    sim_mm_unref(spapr->mm);
  g_hash_table_unref(spapr->prereg);
  g_ptr_array_unref(spapr->groups);
  g_free(spapr);
}

guint sim_spapr_max_windows(const SimKernel *kernel) {
  if (kernel->host->platform == SIM_PSERIES && !sim_since(kernel, 6, 11))
    return 0;
  return kernel->host->max_windows;
}

guint64 sim_spapr_page_sizes(const SimKernel *kernel) {
  return kernel->host->platform == SIM_PSERIES && !sim_since(kernel, 6, 4) ? 0 : kernel->host->tce_page_sizes;
}

/* Whether the group's windows are made by other functions than those of the groups that are in. */
static gboolean is_foreign(const SimSpapr *spapr, const SimGroup *group) {
  const SimGroup *other = spapr->groups->len ? g_ptr_array_index(spapr->groups, 0) : group;

  return (other->host->iommu == SIM_IOMMU_NPU) != (group->host->iommu == SIM_IOMMU_NPU);
}

static long may_attach(SimCall *call, const SimSpapr *spapr, const SimGroup *group) {
  if (spapr->v2 && !sim_spapr_max_windows(call->kernel))
    return sim_refuse(call, EINVAL, RULE_TCE_3);
  if (!spapr->v2 && spapr->groups->len)
    return sim_refuse(call, EBUSY, RULE_TCE_4);
  if (is_foreign(spapr, group))
    return sim_refuse(call, EPERM, RULE_TCE_7);
  if (call->kernel->host->platform == SIM_PSERIES && (spapr->tables[0] || spapr->tables[1]))
    return sim_refuse(call, EPERM, RULE_PSR_7);
  return 0;
}

/* Only bare metal's table groups had functions to take ownership and to give it back. */
static gboolean is_owned(const SimKernel *kernel) {
  return kernel->host->platform == SIM_POWERNV;
}

static long fits_platform(SimCall *call, const SimSpapr *spapr, gboolean owned) {
  if (!sim_since(call->kernel, 4, 12)) {
    sim_met(call, RULE_TCE_10);
    return 0;
  }
  if (owned && !spapr->v2)
    return sim_refuse(call, EPERM, RULE_TCE_8);
  return !owned && spapr->v2 ? sim_refuse(call, EPERM, RULE_TCE_9) : 0;
}

static long may_attach_before_6_4(SimCall *call, const SimSpapr *spapr, const SimGroup *group) {
  gboolean owned = is_owned(call->kernel);
  long result;

  if (spapr->groups->len && !owned)
    return sim_refuse(call, EBUSY, RULE_TCE_5);
  if (is_foreign(spapr, group))
    return sim_refuse(call, EPERM, RULE_TCE_7);
  result = fits_platform(call, spapr, owned);
  if (!result && !owned && group->host->iommu == SIM_IOMMU_BUSY)
    result = sim_refuse(call, EBUSY, RULE_TCE_11);
  return result;
}

static void adopt_tables(SimSpapr *spapr, const SimGroup *group) {
  for (guint slot = 0; slot < SIM_TABLES; slot++) {
    if (!group->tables[slot])
      continue;
    spapr->tables[slot] = sim_tce_table_ref(group->tables[slot]);
    spapr->kernel->census.windows++;
  }
  spapr->adopted = TRUE;
  sim_kernel_met(spapr->kernel, RULE_TCE_15);
  sim_kernel_met(spapr->kernel, RULE_PSR_4);
}

/* Up to 6.3 the driver took the group's windows over by itself. */
static void take_over_before_6_4(SimSpapr *spapr, SimGroup *group) {
  if (!is_owned(spapr->kernel))
    adopt_tables(spapr, group);
  sim_group_claim(group);
}

static gboolean has_windows(const SimSpapr *spapr) {
  return spapr->tables[0] || spapr->tables[1];
}

static long spapr_attach(SimCall *call, gpointer instance, SimGroup *group) {
  SimSpapr *spapr = instance;
  gboolean old = !sim_since(call->kernel, 6, 4);
  long result;

  if (group->host->iommu == SIM_IOMMU_EMULATED && sim_since(call->kernel, 5, 19))
    return sim_refuse(call, EINVAL, RULE_TCE_1);
  if (!sim_group_has_tables(group))
    return sim_refuse(call, ENODEV, RULE_TCE_2);
  result = old ? may_attach_before_6_4(call, spapr, group) : may_attach(call, spapr, group);
  if (result)
    return result;
  if (has_windows(spapr) && group->host->iommu == SIM_IOMMU_REFUSES_WINDOWS)
    return sim_refuse(call, EPERM, RULE_TCE_12);
  if (old)
    take_over_before_6_4(spapr, group);
  for (guint slot = 0; slot < SIM_TABLES; slot++)
    if (spapr->tables[slot])
      sim_group_set_table(group, slot, spapr->tables[slot]);
  if (!spapr->groups->len && !spapr->tables[0]) {
    spapr->default_pending = TRUE;
    sim_met(call, RULE_TCE_14);
  }
  g_ptr_array_insert(spapr->groups, 0, group);
  sim_met(call, RULE_TCE_18);
  sim_met(call, RULE_TCE_13);
  return 0;
}

static void spapr_detach(SimCall *call, gpointer instance, SimGroup *group) {
  SimSpapr *spapr = instance;
  guint64 mapped = 0;
  gboolean clears = sim_since(spapr->kernel, 6, 11);

  g_ptr_array_remove(spapr->groups, group);
  for (guint slot = 0; slot < SIM_TABLES; slot++) {
    if (!spapr->tables[slot])
      continue;
    mapped += sim_tce_in_use(spapr->tables[slot]);
    if (clears)
      sim_spapr_clear(spapr, spapr->tables[slot], 0, sim_tce_table_entries(spapr->tables[slot]));
    if (!sim_group_lends_table(group))
      sim_group_set_table(group, slot, NULL);
  }
  if (!sim_since(spapr->kernel, 6, 4))
    sim_group_release(group);
  if (!spapr->groups->len)
    sim_kernel_met(spapr->kernel, RULE_TCE_22);
  else if (clears && mapped && call)
    (void)sim_notable(call, 0, RULE_TCE_19);
  else
    sim_kernel_met(spapr->kernel, clears ? RULE_TCE_19 : RULE_TCE_20);
}

static void set_owner(SimSpapr *spapr, SimMm *mm) {
  sim_mm_ref(mm);
  if (spapr->mm)
    sim_mm_unref(spapr->mm);
  spapr->mm = mm;
  for (guint slot = 0; slot < SIM_TABLES; slot++)
    if (spapr->tables[slot])
      sim_tce_table_set_mm(spapr->tables[slot], mm);
}

void sim_spapr_own(SimCall *call, SimSpapr *spapr) {
  if (!spapr->mm) {
    set_owner(spapr, sim_call_mm(call));
    sim_met(call, RULE_TCE_25);
  }
}

/* Before 4.11 what one process had been charged could be given back to another, down to nothing. */
void sim_spapr_unaccount(SimSpapr *spapr, guint64 pages) {
  sim_mm_unaccount(spapr->mm, sim_since(spapr->kernel, 4, 11) ? pages : MIN(pages, sim_mm_locked(spapr->mm)));
}

/* TCE-24; before 4.11 everything was done with the memory, and on the account, of whoever called. */
static long check_owner(SimCall *call, SimSpapr *spapr) {
  SimKernel *kernel = call->kernel;

  if (!sim_since(kernel, 4, 11)) {
    set_owner(spapr, sim_call_mm(call));
    return 0;
  }
  if (spapr->mm && sim_mm_handle(spapr->mm) != kernel->port->mm(kernel->port_data, call->task))
    return sim_refuse(call, EPERM, RULE_TCE_24);
  return 0;
}

static long get_info(SimCall *call, SimSpapr *spapr) {
  const SimHost *host = call->kernel->host;
  struct {
    guint32 argsz, flags, dma32_window_start, dma32_window_size;
    guint64 pgsizes;
    guint32 max_dynamic_windows_supported, levels;
  } info = {0};
  enum { WITHOUT_DDW = 16, FLAG_DDW = 1 };
  gsize size;

  if (sim_read(call, call->arg, &info, WITHOUT_DDW))
    return sim_refuse(call, EFAULT, RULE_TCE_28);
  if (info.argsz < WITHOUT_DDW)
    return sim_refuse(call, EINVAL, RULE_TCE_29);
  info.flags = 0;
  info.dma32_window_start = (guint32)powernv_window_start(0);
  info.dma32_window_size = (guint32)host->dma32_size;
  if (spapr->v2 && sim_spapr_max_windows(call->kernel)) {
    info.flags = FLAG_DDW;
    info.pgsizes = sim_spapr_page_sizes(call->kernel);
    info.max_dynamic_windows_supported = host->max_windows;
    info.levels = host->max_levels;
    sim_met(call, host->platform == SIM_PSERIES ? RULE_PSR_1 : RULE_PNV_2);
    sim_met(call, RULE_TCE_31);
  }
  size = info.argsz >= sizeof info ? sizeof info : WITHOUT_DDW;
  sim_met(call, RULE_TCE_32);
  if (sim_write(call, call->arg, &info, size))
    return sim_refuse(call, EFAULT, RULE_TCE_33);
  sim_met(call, RULE_PNV_1);
  sim_met(call, RULE_TCE_30);
  return 0;
}

static long eeh_pe_op(SimCall *call, SimSpapr *spapr) {
  sim_met(call, RULE_EEH_1);
  for (guint i = 0; i < spapr->groups->len; i++) {
    long result = sim_group_eeh_op(call, g_ptr_array_index(spapr->groups, i));

    if (result)
      return result;
  }
  return 0;
}

static long spapr_ioctl(SimCall *call, gpointer instance, AbiCallId id) {
  SimSpapr *spapr = instance;
  long result = check_owner(call, spapr);

  if (result)
    return result;
  switch (id) {
  case ABI_TCE_GET_INFO:
    return get_info(call, spapr);
  case ABI_MAP_DMA:
    return sim_spapr_map(call, spapr);
  case ABI_UNMAP_DMA:
    return sim_spapr_unmap(call, spapr);
  case ABI_ENABLE:
    return spapr->v2 ? sim_refuse(call, ENOTTY, RULE_TCE_34) : sim_spapr_enable(call, spapr);
  case ABI_DISABLE:
    return spapr->v2 ? sim_refuse(call, ENOTTY, RULE_TCE_41) : sim_spapr_disable(call, spapr);
  case ABI_REGISTER_MEMORY:
    return spapr->v2 ? sim_spapr_register(call, spapr) : sim_refuse(call, ENOTTY, RULE_TCE_44);
  case ABI_UNREGISTER_MEMORY:
    return spapr->v2 ? sim_spapr_unregister(call, spapr) : sim_refuse(call, ENOTTY, RULE_TCE_53);
  case ABI_TCE_CREATE:
    return spapr->v2 ? sim_spapr_create(call, spapr) : sim_refuse(call, ENOTTY, RULE_TCE_100);
  case ABI_TCE_REMOVE:
    return spapr->v2 ? sim_spapr_remove(call, spapr) : sim_refuse(call, ENOTTY, RULE_TCE_116);
  case ABI_EEH_PE_OP:
    return eeh_pe_op(call, spapr);
  default:
    return sim_refuse(call, ENOTTY, RULE_TCE_26);
  }
}

const SimIommuOps sim_spapr_ops = {
    .driver = ABI_DRIVER_SPAPR,
    .check = spapr_check,
    .open = spapr_open,
    .release = spapr_release,
    .attach = spapr_attach,
    .detach = spapr_detach,
    .ioctl = spapr_ioctl,
};
