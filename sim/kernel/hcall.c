/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The guest's TCE hypercalls as the kernel takes them, without its VMM. arch/powerpc/kvm/book3s_64_vio.c:
 * kvmppc_h_put_tce(), kvmppc_h_put_tce_indirect(), kvmppc_h_stuff_tce(), kvmppc_h_get_tce(); book3s_hv.c:
 * kvmppc_pseries_do_hcall().
 */
#include <string.h>

#include "sim/kernel/vm.h"

enum {
  H_SUCCESS = 0,
  H_HARDWARE = -1,
  H_PARAMETER = -4,
  LIST_MAX = 512, /* TCEs of one H_PUT_TCE_INDIRECT: a page of 4 KiB */
};

guint sim_hcall_bit(guint64 hcall) {
  switch (hcall) {
  case SIM_H_GET_TCE:
    return 1 << 0;
  case SIM_H_PUT_TCE:
    return 1 << 1;
  case SIM_H_STUFF_TCE:
    return 1 << 2;
  case SIM_H_PUT_TCE_INDIRECT:
    return 1 << 3;
  default:
    return 0;
  }
}

/* kvmppc_hcall_impl_hv() and the real-mode table: memory management, VPAs, interrupts, modes, TCEs. */
gboolean sim_hcall_implemented(guint64 hcall) {
  static const guint16 handled[] = {0x04, 0x08, 0x0c,  0x10,  0x14,  0x18,  0x1c,  0x20,  0x24, 0x28,
                                    0x2c, 0x3c, 0x40,  0x64,  0x68,  0x6c,  0x70,  0x74,  0xdc, 0xe0,
                                    0xe4, 0xe8, 0x134, 0x138, 0x13c, 0x2fc, 0x300, 0x31c, 0x448};

  for (gsize i = 0; i < G_N_ELEMENTS(handled); i++)
    if (handled[i] == hcall)
      return TRUE;
  return FALSE;
}

static long answer(SimCall *call, long result, RuleId rule) {
  if (result == H_SUCCESS)
    sim_met(call, rule);
  else
    sim_refuse(call, (int)-result, rule);
  return result;
}

/* ---- guest table entries ---- */

/* iommu_tce_check_ioba(): whatever the count, only the first page is looked at (HC-12, HC-18). */
static gboolean ioba_valid(const SimGuestTable *table, guint64 ioba) {
  guint64 page = ioba >> table->page_shift;

  return page << table->page_shift == ioba && page >= table->offset && page + 1 <= table->offset + table->size;
}

/* What lies beyond the table is undefined there and nothing here. */
static void put_entry(SimGuestTable *table, guint64 index, guint64 tce) {
  if (index < table->size && index < table->allocated)
    table->tces[index] = tce;
}

static void put_entries(SimGuestTable *table, guint64 index, guint64 count, guint64 tce) {
  guint64 end = MIN(table->size, table->allocated);

  if (index >= end)
    return;
  count = MIN(count, end - index);
  for (guint64 i = index; i < index + count; i++)
    table->tces[i] = tce;
}

/* ---- hardware entries ---- */

static guint64 subpages(const SimGuestTable *table, const SimTceTable *hw) {
  return G_GUINT64_CONSTANT(1) << (table->page_shift - sim_tce_table_page_shift(hw));
}

/* The first hardware entry of the guest's entry `index`. Both tables begin at the same I/O address (KV-48). */
static guint64 hw_index(const SimGuestTable *table, const SimTceTable *hw, guint64 index) {
  return index * subpages(table, hw);
}

/* The region that holds a hardware page and lets it be mapped with pages of that size, or NULL. mm_iommu_lookup(),
 * mm_iommu_ua_to_hpa() */
static SimRegion *region_for(SimVm *vm, const SimTceTable *hw, guint64 ua) {
  guint shift = sim_tce_table_page_shift(hw);
  SimRegion *region = sim_region_covering(sim_vm_mm(vm), ua, G_GUINT64_CONSTANT(1) << shift);

  return region && shift <= sim_region_page_shift(region) ? region : NULL;
}

/* The region of a replaced entry loses a count; its memory may have been unregistered since (TCE-63). */
static gboolean mapped_dec(SimVm *vm, const SimTceTable *hw, guint64 entry) {
  guint64 page = G_GUINT64_CONSTANT(1) << sim_tce_table_page_shift(hw);
  SimRegion *region = sim_region_covering(sim_vm_mm(vm), entry & ~(guint64)SIM_TCE_PERM, page);

  if (region)
    sim_region_mapped_dec(region);
  return region != NULL;
}

static gboolean map_page(SimVm *vm, SimTceTable *hw, guint64 index, guint64 ua, guint64 perm) {
  SimRegion *region = sim_tce_table_userspace(hw) ? region_for(vm, hw, ua) : NULL;
  guint64 old;

  if (!region)
    return FALSE;
  if (index >= sim_tce_table_entries(hw))
    return TRUE;
  sim_region_mapped_inc(region);
  sim_tce_set(hw, index, perm ? ua | perm : 0, &old);
  if (old)
    (void)mapped_dec(vm, hw, old);
  return TRUE;
}

/* Maps one guest page, in each hardware table in turn. A page that fails leaves its table's entry clear, but not the
 * counts of the pages before it: kvmppc_clear_tce() does not take them back. */
static gboolean map_entry(SimVm *vm, SimGuestTable *table, guint64 index, guint64 ua, guint64 perm) {
  for (guint i = table->attached->len; i-- > 0;) {
    SimTceTable *hw = g_array_index(table->attached, SimAttachment, i).hw;
    guint64 first = hw_index(table, hw, index), count = subpages(table, hw), page, old;
    guint shift = sim_tce_table_page_shift(hw);

    for (page = 0; page < count && map_page(vm, hw, first + page, ua + (page << shift), perm); page++)
      ;
    if (page == count)
      continue;
    for (page = 0; page < count && first + page < sim_tce_table_entries(hw); page++)
      sim_tce_set(hw, first + page, 0, &old);
    return FALSE;
  }
  return TRUE;
}

typedef struct {
  SimVm *vm;
  gboolean failed;
} Unmap;

static void unmap_page(SimTceTable *hw, guint64 index, guint64 entry, gpointer data) {
  Unmap *unmap = data;
  guint64 old;

  if (unmap->failed)
    return;
  unmap->failed = !mapped_dec(unmap->vm, hw, entry);
  if (!unmap->failed)
    sim_tce_set(hw, index, 0, &old);
}

/* Clears guest pages [index, index + count) in each hardware table. FALSE: an entry's memory is not registered any
 * more; what came before it stays cleared. */
static gboolean unmap_entries(SimVm *vm, SimGuestTable *table, guint64 index, guint64 count) {
  Unmap unmap = {.vm = vm};

  for (guint i = table->attached->len; i-- > 0 && !unmap.failed;) {
    SimTceTable *hw = g_array_index(table->attached, SimAttachment, i).hw;
    guint64 end = sim_tce_table_entries(hw), first = hw_index(table, hw, index), pages = end;

    if (first >= end)
      continue;
    if (count <= end / subpages(table, hw))
      pages = count * subpages(table, hw);
    sim_tce_foreach(hw, first, MIN(pages, end - first), unmap_page, &unmap);
  }
  return !unmap.failed;
}

/* kvmppc_tce_validate(): RULE_NONE, or the rule that it breaks. *ua: the page's, if it is to be mapped. */
static RuleId validate(SimVm *vm, const SimGuestTable *table, guint64 tce, guint64 *ua) {
  guint64 page = G_GUINT64_CONSTANT(1) << table->page_shift, gpa = tce & ~(guint64)SIM_TCE_PERM;

  if (!(tce & SIM_TCE_PERM)) /* a value to poison the table with: anything goes */
    return RULE_NONE;
  if (gpa & (page - 1))
    return RULE_HC_3;
  if (!sim_memslots_ua(sim_vm_memslots(vm), gpa, ua))
    return RULE_HC_4;
  /* up to 4.19 it is found out while mapping */
  for (guint i = 0; i < table->attached->len && sim_since(sim_vm_kernel(vm), 5, 4); i++)
    if (!region_for(vm, g_array_index(table->attached, SimAttachment, i).hw, *ua))
      return RULE_HC_5;
  return RULE_NONE;
}

/* Up to 4.19 a bad TCE was the guest's fault. */
static long invalid(SimCall *call, RuleId rule) {
  return answer(call, sim_since(call->kernel, 5, 4) ? SIM_H_TOO_HARD : H_PARAMETER, rule);
}

/* ---- the hypercalls ---- */

static long put_tce(SimCall *call, SimVm *vm, const guint64 args[4]) {
  SimGuestTable *table = sim_vm_table(vm, args[0]);
  guint64 tce = args[2], ua = 0, index;
  RuleId broken;

  if (!table)
    return answer(call, SIM_H_TOO_HARD, RULE_HC_1);
  if (!ioba_valid(table, args[1]))
    return answer(call, H_PARAMETER, RULE_HC_2);
  broken = validate(vm, table, tce, &ua);
  if (broken != RULE_NONE)
    return invalid(call, broken);
  index = (args[1] >> table->page_shift) - table->offset;
  if (tce & SIM_TCE_PERM) {
    if (!map_entry(vm, table, index, ua, tce & SIM_TCE_PERM))
      return answer(call, SIM_H_TOO_HARD, RULE_HC_6);
    sim_met(call, RULE_HC_6);
  } else {
    if (!unmap_entries(vm, table, index, 1))
      return answer(call, SIM_H_TOO_HARD, RULE_HC_7);
    sim_met(call, RULE_HC_7);
  }
  put_entry(table, index, tce);
  return answer(call, H_SUCCESS, RULE_HC_8);
}

static gboolean past_end(SimCall *call, const SimGuestTable *table, guint64 ioba, guint64 count) {
  guint64 index = (ioba >> table->page_shift) - table->offset;

  return (sim_since(call->kernel, 7, 2) || !sim_since(call->kernel, 4, 12)) && count > table->size - index;
}

/* By which rule: before 4.12 the last entry was looked at as the first was. */
static RuleId past_end_rule(SimCall *call, RuleId before) {
  return sim_since(call->kernel, 7, 2) ? RULE_HC_26 : before;
}

static gboolean read_list(SimCall *call, SimVm *vm, guint64 list, guint64 count, guint64 tces[LIST_MAX]) {
  const SimPort *port = call->kernel->port;
  gpointer mm = sim_mm_handle(sim_vm_mm(vm));
  guint64 ua;

  if (!sim_memslots_ua(sim_vm_memslots(vm), list, &ua) || !mm)
    return FALSE;
  if (count && port->mm_read(call->kernel->port_data, mm, ua, tces, count * sizeof tces[0]))
    return FALSE;
  for (guint64 i = 0; i < count; i++)
    tces[i] = GUINT64_FROM_BE(tces[i]);
  return TRUE;
}

static long put_tce_indirect(SimCall *call, SimVm *vm, const guint64 args[4]) {
  SimGuestTable *table = sim_vm_table(vm, args[0]);
  guint64 tces[LIST_MAX], count = args[3], ua = 0, index;

  if (!table)
    return answer(call, SIM_H_TOO_HARD, RULE_HC_9);
  if (count > LIST_MAX)
    return answer(call, H_PARAMETER, RULE_HC_10);
  if (args[2] & 4095)
    return answer(call, H_PARAMETER, RULE_HC_11);
  if (!ioba_valid(table, args[1]))
    return answer(call, H_PARAMETER, RULE_HC_12);
  if (past_end(call, table, args[1], count))
    return answer(call, H_PARAMETER, past_end_rule(call, RULE_HC_12));
  if (!read_list(call, vm, args[2], count, tces))
    return answer(call, SIM_H_TOO_HARD, RULE_HC_13);
  for (guint64 i = 0; i < count; i++)
    if (validate(vm, table, tces[i], &ua) != RULE_NONE)
      return invalid(call, RULE_HC_14);
  index = (args[1] >> table->page_shift) - table->offset;
  for (guint64 i = 0; i < count; i++) {
    /* also for an entry that grants nothing: it is mapped like any other (HC-15) */
    if (!sim_memslots_ua(sim_vm_memslots(vm), tces[i] & ~(guint64)SIM_TCE_PERM, &ua))
      return answer(call, H_PARAMETER, RULE_HC_15);
    if (!map_entry(vm, table, index + i, ua, tces[i] & SIM_TCE_PERM))
      return answer(call, SIM_H_TOO_HARD, RULE_HC_6);
    put_entry(table, index + i, tces[i]);
  }
  return answer(call, H_SUCCESS, count ? RULE_HC_16 : RULE_HC_27);
}

static long stuff_tce(SimCall *call, SimVm *vm, const guint64 args[4]) {
  SimGuestTable *table = sim_vm_table(vm, args[0]);
  guint64 value = args[2], count = args[3], index;

  if (!table)
    return answer(call, SIM_H_TOO_HARD, RULE_HC_17);
  if (!ioba_valid(table, args[1]))
    return answer(call, H_PARAMETER, RULE_HC_18);
  if (past_end(call, table, args[1], count))
    return answer(call, H_PARAMETER, past_end_rule(call, RULE_HC_18));
  if (value & SIM_TCE_PERM)
    return answer(call, H_PARAMETER, RULE_HC_19);
  index = (args[1] >> table->page_shift) - table->offset;
  if (!unmap_entries(vm, table, index, count))
    return answer(call, SIM_H_TOO_HARD, RULE_HC_20);
  put_entries(table, index, count, value);
  return answer(call, H_SUCCESS, count ? RULE_HC_21 : RULE_HC_27);
}

static long get_tce(SimCall *call, SimVm *vm, const guint64 args[4], guint64 *value) {
  const SimGuestTable *table = sim_vm_table(vm, args[0]);
  guint64 index;

  if (!table)
    return answer(call, SIM_H_TOO_HARD, RULE_HC_22);
  if (!ioba_valid(table, args[1]))
    return answer(call, H_PARAMETER, RULE_HC_23);
  index = (args[1] >> table->page_shift) - table->offset;
  *value = index < table->allocated ? table->tces[index] : 0;
  return answer(call, H_SUCCESS, RULE_HC_24);
}

static long run(SimCall *call, SimVm *vm, AbiCallId id, const guint64 args[4], guint64 *value) {
  switch (id) {
  case ABI_H_GET_TCE:
    return get_tce(call, vm, args, value);
  case ABI_H_PUT_TCE:
    return put_tce(call, vm, args);
  case ABI_H_STUFF_TCE:
    return stuff_tce(call, vm, args);
  default:
    return put_tce_indirect(call, vm, args);
  }
}

long sim_hypercall(SimKernel *kernel, guint serial, guint64 nr, const guint64 args[4], guint64 *value) {
  SimVm *vm = sim_kernel_vm(kernel, serial);
  guint64 got = 0;
  AbiCallId id;
  SimCall call;
  long r;

  if (!vm || !sim_hcall_bit(nr))
    return SIM_H_TOO_HARD;
  id = abi_hcall(nr);
  sim_call_begin(&call, kernel, NULL, NULL, (AbiObject){.kind = ABI_GUEST, .id = serial});
  sim_call_payload(&call, args, 4 * sizeof args[0]);
  if (sim_call_is(&call, id))
    return sim_call_end(&call, H_HARDWARE); /* a fault of a scenario: the guest knows no errno */
  if (!(sim_vm_hcalls(vm) & sim_hcall_bit(nr)))
    r = answer(&call, SIM_H_TOO_HARD, RULE_HC_25);
  else
    r = run(&call, vm, id, args, &got);
  if (id == ABI_H_GET_TCE && r == H_SUCCESS) {
    memcpy(call.event->out, call.event->in, call.event->in_len);
    memcpy(call.event->out + 2 * sizeof got, &got, sizeof got);
    call.event->out_len = call.event->in_len;
  }
  if (value)
    *value = got;
  return sim_call_end(&call, r);
}
