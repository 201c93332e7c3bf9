/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Guest TCE tables in the kernel and the hardware tables that they feed. arch/powerpc/kvm/book3s_64_vio.c:
 * kvm_vm_ioctl_create_spapr_tce(), kvm_spapr_tce_release(), kvm_spapr_tce_attach_iommu_group(),
 * kvm_spapr_tce_release_iommu_group().
 */
#include "sim/kernel/vm.h"

enum {
  TABLE_HEADER = 120,            /* sizeof(struct kvmppc_spapr_tce_table), before its page pointers */
  HEADER_MAX = 16 * 1024 * 1024, /* the largest allocation of the kernel's allocator (KT-9) */
  PAGE_SHIFT_MIN = 12,
  PAGE_SHIFT_MAX = 34,
};

/* ---- hardware tables ---- */

static SimAttachment *attachment_of(const SimGuestTable *table, const SimTceTable *hw) {
  for (guint i = 0; i < table->attached->len; i++) {
    SimAttachment *attachment = &g_array_index(table->attached, SimAttachment, i);

    if (attachment->hw == hw)
      return attachment;
  }
  return NULL;
}

static void drop_attachment(gpointer data) {
  SimAttachment *attachment = data;

  sim_tce_table_unref(attachment->hw);
}

static gboolean matches(SimKernel *kernel, const SimTceTable *hw, const SimGuestTable *table) {
  guint shift = sim_tce_table_page_shift(hw);
  guint64 offset = sim_tce_table_offset(hw), entries = sim_tce_table_entries(hw);

  if (!sim_since(kernel, 4, 19))
    return shift == table->page_shift && offset == table->offset && entries == table->size;
  return shift <= table->page_shift && offset << shift == table->offset << table->page_shift &&
         entries << shift >= table->size << table->page_shift;
}

long sim_vm_attach_group(SimCall *call, SimVm *vm, const SimFile *table_file, SimGroup *group) {
  SimGuestTable *table = table_file ? sim_file_get(table_file, ABI_TABLE) : NULL;
  SimTceTable *hw = NULL;
  SimAttachment *attachment, new = {.count = 1, .group = group};

  if (!table || table->vm != vm)
    return sim_refuse(call, EINVAL, RULE_KV_46);
  if (!sim_group_has_tables(group))
    return sim_refuse(call, EFAULT, RULE_KV_47);
  for (guint slot = 0; slot < 2 && !hw; slot++) {
    SimTceTable *candidate = sim_group_table(group, slot);

    if (candidate && matches(call->kernel, candidate, table))
      hw = candidate;
  }
  if (!hw)
    return sim_refuse(call, EINVAL, RULE_KV_48);
  if (!sim_tce_table_userspace(hw))
    sim_met(call, RULE_KV_61);
  attachment = attachment_of(table, hw);
  if (attachment) {
    attachment->count++;
    sim_met(call, RULE_KV_49);
    return 0;
  }
  new.hw = sim_tce_table_ref(hw);
  g_array_append_val(table->attached, new);
  sim_met(call, RULE_KV_52);
  return 0;
}

static gboolean is_programmed(const SimGroup *group, const SimTceTable *hw) {
  return hw == sim_group_table(group, 0) || hw == sim_group_table(group, 1);
}

/* One count of every attachment to one of the group's current tables; of the first only, unless `all`. TRUE: something
 * was let go of. *left: what it leaves behind. */
static gboolean release_group(SimGuestTable *table, const SimGroup *group, gboolean all, RuleId *left) {
  gboolean found = FALSE;

  for (guint i = table->attached->len; i-- > 0 && (all || !found);) {
    SimAttachment *attachment = &g_array_index(table->attached, SimAttachment, i);

    if (!is_programmed(group, attachment->hw)) {
      if (attachment->group == group)
        *left = RULE_KV_56;
      continue;
    }
    found = TRUE;
    if (--attachment->count == 0)
      g_array_remove_index(table->attached, i);
    else
      *left = RULE_KV_55;
  }
  return found;
}

RuleId sim_vm_release_group(SimVm *vm, SimGroup *group) {
  SimKernel *kernel = sim_vm_kernel(vm);
  const GPtrArray *tables = sim_vm_tables(vm);
  gboolean all = sim_since(kernel, 5, 4);
  RuleId left = RULE_NONE;

  sim_kernel_met(kernel, all ? RULE_KV_53 : RULE_KV_54);
  for (guint i = tables->len; i-- > 0;)
    if (release_group(g_ptr_array_index(tables, i), group, all, &left) && !all)
      break;
  return left;
}

static gboolean feeds(const SimGuestTable *table, const SimGroup *group) {
  for (guint i = 0; i < table->attached->len; i++)
    if (is_programmed(group, g_array_index(table->attached, SimAttachment, i).hw))
      return TRUE;
  return FALSE;
}

gboolean sim_vm_feeds_group(SimVm *vm, const SimGroup *group) {
  const GPtrArray *tables = sim_vm_tables(vm);

  for (guint i = 0; i < tables->len; i++)
    if (feeds(g_ptr_array_index(tables, i), group))
      return TRUE;
  return FALSE;
}

gboolean sim_liobn_feeds_group(SimKernel *kernel, guint64 liobn, guint number) {
  const SimGroup *group = sim_kernel_group(kernel, number);

  for (guint i = 0; group && i < kernel->vms->len; i++) {
    const SimGuestTable *table = sim_vm_table(g_ptr_array_index(kernel->vms, i), liobn);

    if (table && feeds(table, group))
      return TRUE;
  }
  return FALSE;
}

/* ---- the table's file ---- */

static long table_ioctl(SimCall *call, gpointer object) {
  long r = sim_call_is(call, sim_call_find(call, ABI_TABLE));

  return r ? r : sim_refuse(call, ENOTTY, RULE_KT_16);
}

static ssize_t table_pread(SimCall *call, gpointer object, void *buf, gsize len, guint64 offset) {
  return sim_refuse(call, EINVAL, RULE_KT_17);
}

static ssize_t table_pwrite(SimCall *call, gpointer object, const void *buf, gsize len, guint64 offset) {
  return sim_refuse(call, EINVAL, RULE_KT_17);
}

static int table_mmap(SimCall *call, gpointer object, gsize len, int prot, gboolean shared, guint64 offset,
                      void **memory) {
  SimGuestTable *table = object;

  sim_met(call, RULE_KT_13);
  sim_met(call, RULE_KT_15);
  if (offset + len > table->allocated * sizeof(guint64))
    sim_notable(call, 0, RULE_KT_14);
  *memory = (void *)((guintptr)table->tces + (guintptr)offset);
  return 0;
}

static void table_release(SimFile *file, gpointer object) {
  SimGuestTable *table = object;
  SimVm *vm = table->vm;
  SimKernel *kernel = sim_vm_kernel(vm);

  sim_kernel_met(kernel, RULE_KT_18);
  if (g_ptr_array_remove(sim_vm_tables(vm), table))
    kernel->census.tables--;
  g_array_unref(table->attached);
  if (table->allocated)
    kernel->port->shared_free(kernel->port_data, table->tces, table->allocated * sizeof(guint64));
  sim_mm_unaccount(sim_vm_mm(vm), table->accounted);
  g_free(table);
  sim_vm_unref(vm);
}

static const SimFileOps table_ops = {
    .kind = ABI_TABLE,
    .ioctl = table_ioctl,
    .pread = table_pread,
    .pwrite = table_pwrite,
    .mmap = table_mmap,
    .release = table_release,
};

SimGuestTable *sim_vm_table(SimVm *vm, guint64 liobn) {
  const GPtrArray *tables = sim_vm_tables(vm);

  for (guint i = 0; i < tables->len; i++) {
    SimGuestTable *table = g_ptr_array_index(tables, i);

    if (table->liobn == liobn)
      return table;
  }
  return NULL;
}

/* ---- making one ---- */

static guint64 pages_of(guint64 bytes, guint page_shift) {
  guint64 in_page = (G_GUINT64_CONSTANT(1) << page_shift) - 1;

  return (bytes + in_page) >> page_shift;
}

/* Up to 4.12 the table had as many entries as fit into its pages (KT-7). */
static guint64 guest_entries(SimKernel *kernel, const SimGuestTableArgs *args, guint64 pages) {
  return sim_since(kernel, 4, 19) ? args->size : (pages << sim_page_shift(kernel)) / sizeof(guint64);
}

static long install_table(SimCall *call, SimVm *vm, const SimGuestTableArgs *args, guint64 pages, guint64 accounted) {
  SimKernel *kernel = call->kernel;
  gsize bytes = (gsize)pages << sim_page_shift(kernel);
  guint64 *tces = NULL;
  SimGuestTable *table;
  long fd;

  if (bytes) {
    tces = kernel->port->shared_new(kernel->port_data, bytes);
    if (!tces) {
      sim_mm_unaccount(sim_vm_mm(vm), accounted);
      return sim_refuse(call, ENOMEM, RULE_KT_9);
    }
  }
  table = g_new0(SimGuestTable, 1);
  table->vm = sim_vm_ref(vm);
  table->liobn = args->liobn;
  table->page_shift = args->page_shift;
  table->offset = args->offset;
  table->size = guest_entries(kernel, args, pages);
  table->tces = tces;
  table->allocated = bytes / sizeof(guint64);
  table->accounted = accounted;
  table->attached = g_array_new(FALSE, FALSE, sizeof(SimAttachment));
  g_array_set_clear_func(table->attached, drop_attachment);
  g_ptr_array_add(sim_vm_tables(vm), table);
  kernel->census.tables++;
  fd = sim_call_install(call, sim_file_new(kernel, &table_ops, args->liobn, table));
  if (fd < 0)
    return sim_refuse(call, (int)-fd, RULE_KT_11);
  sim_met(call, RULE_KT_19);
  sim_met(call, RULE_KT_12);
  return fd;
}

long sim_guest_table_create(SimCall *call, SimVm *vm, const SimGuestTableArgs *args) {
  guint shift = sim_page_shift(call->kernel);
  gboolean modern = sim_since(call->kernel, 4, 19);
  guint64 pages, header, accounted;

  if (!args->size)
    return sim_refuse(call, EINVAL, RULE_KT_4);
  if (modern && (args->page_shift < PAGE_SHIFT_MIN || args->page_shift > PAGE_SHIFT_MAX))
    return sim_refuse(call, EINVAL, RULE_KT_5);
  if (modern && args->offset + args->size > G_MAXUINT64 >> args->page_shift)
    return sim_refuse(call, EINVAL, RULE_KT_6);
  if (!modern && sim_vm_table(vm, args->liobn))
    return sim_refuse(call, EBUSY, RULE_KT_7);
  /* all of it is arithmetic modulo 2^64, as in the kernel: a size near 2^61 whose sum with the offset wraps gets by */
  pages = pages_of(args->size * sizeof(guint64), shift);
  header = TABLE_HEADER + pages * sizeof(guint64);
  accounted = pages + pages_of(header, shift);
  if (sim_mm_account(call, sim_vm_mm(vm), accounted))
    return sim_refuse(call, ENOMEM, RULE_KT_8);
  sim_met(call, RULE_KT_8);
  if (header > HEADER_MAX || sim_vm_table(vm, args->liobn)) {
    sim_mm_unaccount(sim_vm_mm(vm), accounted);
    return header > HEADER_MAX ? sim_refuse(call, ENOMEM, RULE_KT_9) : sim_refuse(call, EBUSY, RULE_KT_10);
  }
  return install_table(call, vm, args, pages, accounted);
}
