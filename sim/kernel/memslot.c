/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The memory slots of a VM. virt/kvm/kvm_main.c: __kvm_set_memory_region(). */
#include <linux/kvm.h>

#include "sim/kernel/vm.h"

enum { SLOTS = 32767 }; /* KVM_MEM_SLOTS_NUM of powerpc; one address space */

#define SLOT_PAGES_MAX ((G_GUINT64_CONSTANT(1) << 31) - 1) /* KVM_MEM_MAX_NR_PAGES */

static SimMemslot *find_slot(GArray *slots, guint32 number, guint *index) {
  for (*index = 0; *index < slots->len; ++*index) {
    SimMemslot *slot = &g_array_index(slots, SimMemslot, *index);

    if (slot->slot == number)
      return slot;
  }
  return NULL;
}

static gboolean overlaps(GArray *slots, const SimMemslot *new) {
  for (guint i = 0; i < slots->len; i++) {
    const SimMemslot *slot = &g_array_index(slots, SimMemslot, i);

    if (slot->slot != new->slot && slot->start < new->start + new->size &&new->start < slot->start + slot->size)
      return TRUE;
  }
  return FALSE;
}

static void insert_slot(GArray *slots, const SimMemslot *new) {
  guint at = 0;

  while (at < slots->len && g_array_index(slots, SimMemslot, at).start < new->start)
    at++;
  g_array_insert_val(slots, at, *new);
}

static gboolean is_sane(SimCall *call, const struct kvm_userspace_memory_region *region) {
  guint shift = sim_page_shift(call->kernel);
  guint64 in_page = (G_GUINT64_CONSTANT(1) << shift) - 1;
  guint32 flags = KVM_MEM_LOG_DIRTY_PAGES | KVM_MEM_READONLY;

  return !(region->flags & ~flags) && !(region->memory_size & in_page) && !(region->guest_phys_addr & in_page) &&
         !(region->userspace_addr & in_page) &&
         region->userspace_addr + region->memory_size >= region->userspace_addr && region->slot < SLOTS &&
         region->guest_phys_addr + region->memory_size >= region->guest_phys_addr &&
         region->memory_size >> shift <= SLOT_PAGES_MAX;
}

long sim_memslots_set(SimCall *call, GArray *slots) {
  struct kvm_userspace_memory_region region;
  SimMemslot *old, new;
  guint at;

  if (sim_read(call, call->arg, &region, sizeof region))
    return sim_refuse(call, EFAULT, RULE_VC_1);
  if (!is_sane(call, &region))
    return sim_refuse(call, EINVAL, RULE_VC_5);
  old = find_slot(slots, region.slot, &at);
  if (region.memory_size == 0) {
    if (!old)
      return sim_refuse(call, EINVAL, RULE_VC_6);
    g_array_remove_index(slots, at);
    return 0;
  }
  new = (SimMemslot){.slot = region.slot,
                     .flags = region.flags,
                     .start = region.guest_phys_addr,
                     .size = region.memory_size,
                     .ua = region.userspace_addr};
  /* only the guest address and the flags of a slot can change, and not whether it is read-only */
  if (old && (old->ua != new.ua || old->size != new.size || (old->flags ^ new.flags) & KVM_MEM_READONLY))
    return sim_refuse(call, EINVAL, RULE_VC_7);
  if (overlaps(slots, &new))
    return sim_refuse(call, EEXIST, RULE_VC_8);
  if (old)
    g_array_remove_index(slots, at);
  insert_slot(slots, &new);
  return 0;
}

/* kvm_vm_ioctl_get_dirty_log_hv() */
long sim_memslots_dirty_log(SimCall *call, const GArray *slots) {
  static const guint8 clean[4096];
  struct kvm_dirty_log args;
  const SimMemslot *slot;
  guint64 bytes;
  guint at;

  if (sim_read(call, call->arg, &args, sizeof args))
    return sim_refuse(call, EFAULT, RULE_VC_1);
  if (args.slot >= SLOTS)
    return sim_refuse(call, EINVAL, RULE_VC_9);
  slot = find_slot((GArray *)slots, args.slot, &at);
  if (!slot || !(slot->flags & KVM_MEM_LOG_DIRTY_PAGES))
    return sim_refuse(call, ENOENT, RULE_VC_10);
  /* one bit a page, in whole words of 64 */
  bytes = ((slot->size >> sim_page_shift(call->kernel)) + 63) / 64 * sizeof(guint64);
  for (guint64 done = 0; done < bytes; done += sizeof clean)
    if (sim_write(call, (guintptr)args.dirty_bitmap + done, clean, MIN(sizeof clean, bytes - done)))
      return sim_refuse(call, EFAULT, RULE_VC_1);
  return 0;
}

gboolean sim_memslots_ua(const GArray *slots, guint64 gpa, guint64 *ua) {
  guint low = 0, high = slots->len;

  while (low < high) {
    guint middle = low + (high - low) / 2;
    const SimMemslot *slot = &g_array_index(slots, SimMemslot, middle);

    if (gpa < slot->start) {
      high = middle;
    } else if (gpa - slot->start >= slot->size) {
      low = middle + 1;
    } else {
      *ua = slot->ua + (gpa - slot->start);
      return TRUE;
    }
  }
  return FALSE;
}
