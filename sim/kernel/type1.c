/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/kernel/type1.h"

/* Extension numbers of include/uapi/linux/vfio.h. */
enum { TYPE1 = 1, TYPE1V2 = 3, DMA_CC = 4, NESTING = 6, UNMAP_ALL = 9, UPDATE_VADDR = 10 };

static const guint64 interrupts_start = 0xfee00000, interrupts_end = 0xfef00000;

/* The last address that the group's IOMMU translates. */
static guint64 last_of(const SimGroup *group) {
  return G_MAXUINT64 >> (64 - group->host->iova_bits);
}

guint64 sim_type1_page_sizes(const SimKernel *kernel) {
  guint64 page = G_GUINT64_CONSTANT(1) << sim_page_shift(kernel), sizes = sim_host_of(kernel)->tce_page_sizes;

  return sizes & (page - 1) ? (sizes & ~(page - 1)) | page : sizes;
}

guint64 sim_type1_page(const SimKernel *kernel) {
  guint64 sizes = sim_type1_page_sizes(kernel);

  return sizes & ~(sizes - 1);
}

/* What all groups reach, without the range where writes are interrupts (T1-13). */
guint sim_type1_ranges(const SimType1 *type1, SimIovaRange ranges[SIM_IOVA_RANGES]) {
  guint64 last = G_MAXUINT64;

  for (guint i = 0; i < type1->groups->len; i++) {
    const SimGroup *group = g_ptr_array_index(type1->groups, i);

    last = MIN(last, last_of(group));
  }
  ranges[0] = (SimIovaRange){0, interrupts_start - 1};
  ranges[1] = (SimIovaRange){interrupts_end, last};
  return SIM_IOVA_RANGES;
}

gboolean sim_type1_in_range(const SimType1 *type1, guint64 iova, guint64 size) {
  SimIovaRange ranges[SIM_IOVA_RANGES];
  guint n = sim_type1_ranges(type1, ranges);

  for (guint i = 0; i < n; i++)
    if (iova >= ranges[i].start && iova + (size - 1) <= ranges[i].end)
      return TRUE;
  return FALSE;
}

/* ---- mappings ---- */

guint sim_type1_first(const SimType1 *type1, guint64 iova) {
  guint low = 0, high = type1->mappings->len;

  while (low < high) {
    guint mid = low + (high - low) / 2;
    const SimDmaMapping *mapping = g_ptr_array_index(type1->mappings, mid);

    if (mapping->iova + (mapping->size - 1) < iova)
      low = mid + 1;
    else
      high = mid;
  }
  return low;
}

SimDmaMapping *sim_type1_find(const SimType1 *type1, guint64 iova, guint64 size) {
  guint index = sim_type1_first(type1, iova);
  SimDmaMapping *mapping = index < type1->mappings->len ? g_ptr_array_index(type1->mappings, index) : NULL;

  return mapping && mapping->iova <= iova + (size - 1) ? mapping : NULL;
}

gboolean sim_type1_cuts(const SimType1 *type1, guint64 iova, guint64 size) {
  const SimDmaMapping *first = sim_type1_find(type1, iova, 1), *last = sim_type1_find(type1, iova + (size - 1), 1);

  return (first && first->iova != iova) || (last && last->iova + last->size != iova + size);
}

void sim_type1_remove(SimType1 *type1, guint index) {
  SimDmaMapping *mapping = g_ptr_array_index(type1->mappings, index);

  sim_mm_unaccount(mapping->mm, mapping->size >> sim_page_shift(type1->kernel));
  sim_mm_unref(mapping->mm);
  type1->invalid -= mapping->vaddr_invalid ? 1 : 0;
  g_ptr_array_remove_index(type1->mappings, index);
  g_free(mapping);
}

/* ---- the driver ---- */

static long check_update_vaddr(SimCall *call, const SimType1 *type1) {
  if (sim_since(call->kernel, 6, 1)) {
    sim_met(call, RULE_T1_3);
    return type1 != NULL;
  }
  if (sim_since(call->kernel, 5, 15)) {
    sim_met(call, RULE_T1_4);
    return 1;
  }
  sim_met(call, RULE_T1_5);
  return 0;
}

static long type1_check(SimCall *call, gpointer instance, guint64 extension) {
  sim_met(call, RULE_CG_22);
  switch (extension) {
  case TYPE1:
  case TYPE1V2:
  case UNMAP_ALL:
    sim_met(call, RULE_T1_1);
    return 1;
  case NESTING:
    sim_met(call, RULE_T1_1);
    return !sim_since(call->kernel, 7, 0);
  case DMA_CC:
    sim_met(call, RULE_T1_2);
    return instance != NULL;
  case UPDATE_VADDR:
    return check_update_vaddr(call, instance);
  default:
    sim_met(call, RULE_T1_5);
    return 0;
  }
}

static long type1_open(SimCall *call, guint64 type, gpointer *instance) {
  SimType1 *type1;

  if (type != TYPE1 && type != TYPE1V2 && type != NESTING)
    return sim_refuse(call, EINVAL, RULE_T1_6);
  type1 = g_new0(SimType1, 1);
  type1->kernel = call->kernel;
  type1->v2 = type != TYPE1;
  type1->nesting = type == NESTING;
  type1->groups = g_ptr_array_new();
  type1->mappings = g_ptr_array_new();
  *instance = type1;
  return 0;
}

static void type1_release(gpointer instance) {
  SimType1 *type1 = instance;

  while (type1->mappings->len)
    sim_type1_remove(type1, type1->mappings->len - 1);
  g_ptr_array_unref(type1->mappings);
  g_ptr_array_unref(type1->groups);
  g_free(type1);
}

static long type1_attach(SimCall *call, gpointer instance, SimGroup *group) {
  SimType1 *type1 = instance;
  const SimDmaMapping *last =
      type1->mappings->len ? g_ptr_array_index(type1->mappings, type1->mappings->len - 1) : NULL;

  if (type1->invalid)
    return sim_refuse(call, EBUSY, RULE_T1_7);
  /* the IOMMUs of x86 have no enable_nesting */
  if (type1->nesting)
    return sim_refuse(call, EINVAL, RULE_T1_10);
  if (group->host->iommu == SIM_IOMMU_RMRR)
    return sim_refuse(call, EPERM, RULE_T1_10);
  if (last && last->iova + (last->size - 1) > last_of(group))
    return sim_refuse(call, EINVAL, RULE_T1_11);
  if (!sim_host_of(call->kernel)->interrupt_remapping)
    return sim_refuse(call, EPERM, RULE_T1_12);
  g_ptr_array_add(type1->groups, group);
  sim_met(call, RULE_T1_13);
  return 0;
}

static void type1_detach(SimCall *call, gpointer instance, SimGroup *group) {
  SimType1 *type1 = instance;

  g_ptr_array_remove(type1->groups, group);
  if (type1->groups->len) {
    sim_kernel_met(type1->kernel, RULE_T1_15);
    return;
  }
  while (type1->mappings->len)
    sim_type1_remove(type1, type1->mappings->len - 1);
  sim_kernel_met(type1->kernel, RULE_T1_14);
}

static long type1_ioctl(SimCall *call, gpointer instance, AbiCallId id) {
  switch (id) {
  case ABI_TYPE1_GET_INFO:
    return sim_type1_get_info(call, instance);
  case ABI_TYPE1_MAP_DMA:
    return sim_type1_map(call, instance);
  case ABI_TYPE1_UNMAP_DMA:
    return sim_type1_unmap(call, instance);
  case ABI_DIRTY_PAGES:
    return sim_type1_dirty_pages(call, instance);
  default:
    return sim_refuse(call, ENOTTY, RULE_T1_16);
  }
}

static gboolean type1_translate(gpointer instance, guint64 iova, SimDmaTarget *target) {
  const SimDmaMapping *mapping = sim_type1_find(instance, iova, 1);

  if (!mapping)
    return FALSE;
  target->mm = mapping->mm;
  target->ua = mapping->ua + (iova - mapping->iova);
  target->len = mapping->size - (iova - mapping->iova);
  target->perm = mapping->perm;
  return TRUE;
}

const SimIommuOps sim_type1_ops = {
    .driver = ABI_DRIVER_TYPE1,
    .check = type1_check,
    .open = type1_open,
    .release = type1_release,
    .attach = type1_attach,
    .detach = type1_detach,
    .ioctl = type1_ioctl,
    .translate = type1_translate,
};
