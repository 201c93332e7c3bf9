/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A device's DMA as the host bridge lets it through: on POWER by the tables programmed for its group now, page by page,
 * with the permission of each entry; on x86 by its container's mappings.
 */
#include "sim/kernel/dma.h"

#include "sim/kernel/group.h"

static SimTceTable *table_at(const SimGroup *group, guint64 ioba, guint64 *index) {
  for (guint slot = 0; slot < 2; slot++) {
    SimTceTable *table = sim_group_table(group, slot);

    if (!table)
      continue;
    *index = (ioba >> sim_tce_table_page_shift(table)) - sim_tce_table_offset(table);
    if (*index < sim_tce_table_entries(table))
      return table;
  }
  return NULL;
}

/* On powernv an entry that may be written may be read, too (TCE-85). */
static gboolean permits(SimKernel *kernel, guint perm, gboolean write) {
  guint readers = SIM_TCE_READ | (sim_host_of(kernel)->platform == SIM_POWERNV ? SIM_TCE_WRITE : 0);

  return (perm & (write ? SIM_TCE_WRITE : readers)) != 0;
}

static gboolean translate_by_tables(const SimGroup *group, guint64 ioba, SimDmaTarget *target) {
  guint64 index, in_page;
  SimTceTable *table = table_at(group, ioba, &index);
  guint64 entry = table ? sim_tce_get(table, index) : 0;

  if (!entry)
    return FALSE;
  in_page = ioba & ((G_GUINT64_CONSTANT(1) << sim_tce_table_page_shift(table)) - 1);
  target->mm = sim_tce_table_mm(table);
  target->ua = (entry & ~(guint64)SIM_TCE_PERM) + in_page;
  target->len = (G_GUINT64_CONSTANT(1) << sim_tce_table_page_shift(table)) - in_page;
  target->perm = entry & SIM_TCE_PERM;
  return TRUE;
}

static gboolean translate(const SimGroup *group, guint64 ioba, SimDmaTarget *target) {
  if (sim_host_of(group->kernel)->platform == SIM_X86)
    return group->container && sim_container_translate(group->container, ioba, target);
  return translate_by_tables(group, ioba, target);
}

static int transfer(SimKernel *kernel, const SimMm *mm, guint64 ua, void *buf, gsize len, gboolean write) {
  gpointer handle = mm ? sim_mm_handle(mm) : NULL;

  if (!handle)
    return -EFAULT;
  return write ? kernel->port->mm_write(kernel->port_data, handle, ua, buf, len)
               : kernel->port->mm_read(kernel->port_data, handle, ua, buf, len);
}

/* As far as one translation goes: *part bytes. */
static int transfer_page(const SimGroup *group, guint64 ioba, void *buf, gsize len, gboolean write, gsize *part) {
  SimDmaTarget target;

  if (!translate(group, ioba, &target))
    return -ENXIO;
  if (!permits(group->kernel, target.perm, write))
    return -EPERM;
  *part = MIN(len, target.len);
  return transfer(group->kernel, target.mm, target.ua, buf, *part, write);
}

int sim_group_dma(const SimGroup *group, guint64 ioba, void *buf, gsize len, gboolean write, gsize *done) {
  gsize at = 0, part;
  int r = 0;

  while (at < len) {
    r = transfer_page(group, ioba + at, (guint8 *)buf + at, len - at, write, &part);
    if (r)
      break;
    at += part;
  }
  if (done)
    *done = at;
  return r;
}
