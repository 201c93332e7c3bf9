/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Address spaces and their locked memory: mm/util.c, account_locked_vm(). */
#include "sim/kernel/mm.h"

static SimMm *mm_new(SimKernel *kernel, gpointer handle) {
  SimMm *mm = g_new0(SimMm, 1);

  mm->refs = 1;
  mm->kernel = kernel;
  mm->handle = handle;
  mm->regions = g_ptr_array_new();
  return mm;
}

SimMm *sim_call_mm(SimCall *call) {
  SimKernel *kernel = call->kernel;
  gpointer handle = kernel->port->mm(kernel->port_data, call->task);
  SimMm *mm = g_hash_table_lookup(kernel->mms, handle);

  if (!mm) {
    mm = mm_new(kernel, handle);
    g_hash_table_insert(kernel->mms, handle, mm);
  }
  return mm;
}

SimMm *sim_mm_ref(SimMm *mm) {
  mm->refs++;
  return mm;
}

void sim_mm_unref(SimMm *mm) {
  if (--mm->refs)
    return;
  /* The kernel warns of regions that are left here and frees them with the address space (TCE-63). */
  sim_mm_drop_regions(mm);
  g_ptr_array_unref(mm->regions);
  mm->kernel->census.locked_pages -= mm->locked;
  g_free(mm);
}

gpointer sim_mm_handle(const SimMm *mm) {
  return mm->handle;
}

void sim_kernel_mm_exit(SimKernel *kernel, gpointer handle) {
  SimMm *mm = g_hash_table_lookup(kernel->mms, handle);

  if (!mm)
    return;
  g_hash_table_remove(kernel->mms, handle);
  mm->handle = NULL;
  sim_mm_unref(mm);
}

guint64 sim_mm_room(SimCall *call, const SimMm *mm) {
  SimKernel *kernel = call->kernel;
  guint64 limit = kernel->port->memlock(kernel->port_data, call->task);

  if (limit == G_MAXUINT64 || sim_call_capable(call, SIM_CAP_IPC_LOCK))
    return G_MAXUINT64;
  limit >>= sim_page_shift(kernel);
  return limit > mm->locked ? limit - mm->locked : 0;
}

long sim_mm_account(SimCall *call, SimMm *mm, guint64 pages) {
  if (pages && pages > sim_mm_room(call, mm))
    return sim_refuse(call, ENOMEM, RULE_MM_1);
  sim_met(call, RULE_MM_2);
  mm->locked += pages;
  call->kernel->census.locked_pages += pages;
  return 0;
}

void sim_mm_unaccount(SimMm *mm, guint64 pages) {
  g_return_if_fail(pages <= mm->locked);
  mm->kernel->met[RULE_MM_3]++;
  mm->locked -= pages;
  mm->kernel->census.locked_pages -= pages;
}

guint64 sim_mm_locked(const SimMm *mm) {
  return mm->locked;
}

guint64 sim_locked_pages(SimKernel *kernel, gpointer handle) {
  const SimMm *mm = g_hash_table_lookup(kernel->mms, handle);

  return mm ? mm->locked : 0;
}
