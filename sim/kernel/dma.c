/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A device's DMA as the host bridge lets it through: the tables programmed for its group now, page by page, with the
 * permission of each entry.
 */
#include "sim/kernel/internal.h"

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
static gboolean permits(SimKernel *kernel, guint64 entry, gboolean write) {
  guint64 readers = SIM_TCE_READ | (sim_host_of(kernel)->platform == SIM_POWERNV ? SIM_TCE_WRITE : 0);

  return (entry & (write ? SIM_TCE_WRITE : readers)) != 0;
}

static int transfer(SimKernel *kernel, const SimMm *mm, guint64 ua, void *buf, gsize len, gboolean write) {
  gpointer handle = mm ? sim_mm_handle(mm) : NULL;

  if (!handle)
    return -EFAULT;
  return write ? kernel->port->mm_write(kernel->port_data, handle, ua, buf, len)
               : kernel->port->mm_read(kernel->port_data, handle, ua, buf, len);
}

int sim_dma(SimKernel *kernel, guint64 id, guint64 ioba, void *buf, gsize len, gboolean write) {
  const SimDevice *device = sim_kernel_device(kernel, id);
  guint8 *at = buf;

  if (!device)
    return -ENODEV;
  while (len) {
    guint64 index, entry, page, in_page, part;
    SimTceTable *table = table_at(sim_device_group(device), ioba, &index);
    int r;

    entry = table ? sim_tce_get(table, index) : 0;
    if (!entry)
      return -ENXIO;
    if (!permits(kernel, entry, write))
      return -EPERM;
    page = G_GUINT64_CONSTANT(1) << sim_tce_table_page_shift(table);
    in_page = ioba & (page - 1);
    part = MIN(len, page - in_page);
    r = transfer(kernel, sim_tce_table_mm(table), (entry & ~(guint64)SIM_TCE_PERM) + in_page, at, part, write);
    if (r)
      return r;
    at += part;
    ioba += part;
    len -= part;
  }
  return 0;
}
