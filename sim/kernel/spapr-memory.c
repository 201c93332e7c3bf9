/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ENABLE and DISABLE of v1, and REGISTER_MEMORY and UNREGISTER_MEMORY of v2. */
#include "sim/kernel/spapr.h"

struct register_memory {
  guint32 argsz, flags;
  guint64 vaddr, size;
};

long sim_spapr_enable(SimCall *call, SimSpapr *spapr) {
  guint64 size = call->kernel->host->dma32_size, pages = size >> sim_page_shift(call->kernel);

  if (spapr->enabled)
    return sim_refuse(call, EBUSY, RULE_TCE_35);
  if (!size)
    return sim_refuse(call, EPERM, RULE_TCE_37);
  sim_spapr_own(call, spapr);
  if (sim_mm_account(call, spapr->mm, pages))
    return sim_refuse(call, ENOMEM, RULE_TCE_39);
  spapr->locked_pages = pages;
  spapr->enabled = TRUE;
  sim_met(call, RULE_TCE_40);
  return 0;
}

long sim_spapr_disable(SimCall *call, SimSpapr *spapr) {
  if (!spapr->enabled) {
    sim_met(call, RULE_TCE_42);
    return 0;
  }
  spapr->enabled = FALSE;
  sim_spapr_unaccount(spapr, spapr->locked_pages);
  sim_met(call, RULE_TCE_43);
  return 0;
}

static gboolean aligned(SimCall *call, const struct register_memory *memory) {
  guint64 mask = (G_GUINT64_CONSTANT(1) << sim_page_shift(call->kernel)) - 1;

  return !((memory->vaddr | memory->size) & mask);
}

long sim_spapr_register(SimCall *call, SimSpapr *spapr) {
  struct register_memory memory;
  SimRegion *region;

  sim_spapr_own(call, spapr);
  sim_met(call, RULE_TCE_45);
  if (sim_read(call, call->arg, &memory, sizeof memory))
    return sim_refuse(call, EFAULT, RULE_TCE_46);
  if (memory.argsz < sizeof memory)
    return sim_refuse(call, EINVAL, RULE_TCE_47);
  if (memory.flags)
    return sim_refuse(call, EINVAL, RULE_TCE_48);
  if (!aligned(call, &memory) || memory.vaddr + memory.size < memory.vaddr)
    return sim_refuse(call, EINVAL, RULE_TCE_49);
  region = sim_region_find(spapr->mm, memory.vaddr, memory.size);
  if (region && g_hash_table_contains(spapr->prereg, region))
    return sim_refuse(call, EBUSY, RULE_TCE_50);
  if (region) {
    sim_region_share(region);
    sim_met(call, RULE_TCE_51);
  } else {
    long result = sim_region_new(call, spapr->mm, memory.vaddr, memory.size, &region);

    if (result)
      return result;
    sim_met(call, RULE_TCE_52);
  }
  g_hash_table_add(spapr->prereg, region);
  spapr->enabled = TRUE;
  return 0;
}

/* Lets go of a region as the kernel does: the ioctl's own look-up holds it while the container's hold is dropped, so
 * "still mapped" is found by nobody who would tell (TCE-63). */
static long let_go(SimCall *call, SimSpapr *spapr, SimRegion *region) {
  guint64 mapped;

  if (!sim_since(call->kernel, 5, 4) && !sim_region_shared(region) && sim_region_mapped(region))
    return sim_refuse(call, EBUSY, RULE_TCE_64);
  g_hash_table_remove(spapr->prereg, region);
  if (sim_region_shared(region)) {
    sim_met(call, RULE_TCE_61);
    return sim_region_put(region);
  }
  mapped = sim_region_mapped(region);
  (void)sim_region_put(region);
  if (mapped)
    return sim_notable(call, 0, RULE_TCE_63);
  sim_met(call, RULE_TCE_62);
  return 0;
}

long sim_spapr_unregister(SimCall *call, SimSpapr *spapr) {
  struct register_memory memory;
  SimRegion *region;

  if (!spapr->mm)
    return sim_refuse(call, EPERM, RULE_TCE_54);
  if (sim_read(call, call->arg, &memory, sizeof memory))
    return sim_refuse(call, EFAULT, RULE_TCE_55);
  if (memory.argsz < sizeof memory)
    return sim_refuse(call, EINVAL, RULE_TCE_56);
  if (memory.flags)
    return sim_refuse(call, EINVAL, RULE_TCE_57);
  if (!aligned(call, &memory))
    return sim_refuse(call, EINVAL, RULE_TCE_58);
  region = sim_region_find(spapr->mm, memory.vaddr, memory.size);
  if (!region)
    return sim_refuse(call, ENOENT, RULE_TCE_59);
  if (!g_hash_table_contains(spapr->prereg, region))
    return sim_refuse(call, ENOENT, RULE_TCE_60);
  return let_go(call, spapr, region);
}
