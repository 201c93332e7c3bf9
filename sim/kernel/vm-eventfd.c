/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/kernel/vm-eventfd.h"

#include <linux/kvm.h>

#include "sim/kernel/eventfd.h"

typedef struct {
  guint32 bus;  /* KVM_IOEVENTFD_FLAG_PIO, _VIRTIO_CCW, or 0: memory-mapped */
  guint64 addr; /* guest physical */
  guint32 len;  /* 0: whatever the store's length */
  gboolean any; /* whatever its data */
  guint64 data;
  gpointer event;
} Io;

static void clear_io(gpointer data) {
  Io *io = data;

  g_assert(io->event == NULL); /* let go by whoever knows the kernel */
}

void sim_vm_events_init(SimVmEvents *events, SimKernel *kernel) {
  events->kernel = kernel;
  events->io = g_array_new(FALSE, FALSE, sizeof(Io));
  g_array_set_clear_func(events->io, clear_io);
}

static void remove_at(SimVmEvents *events, guint index) {
  sim_event_put(events->kernel, &g_array_index(events->io, Io, index).event);
  g_array_remove_index(events->io, index);
}

void sim_vm_events_clear(SimVmEvents *events) {
  while (events->io->len)
    remove_at(events, events->io->len - 1);
  g_array_unref(events->io);
}

/* ioeventfd_check_collision() */
static gboolean collides(const Io *a, const Io *b) {
  return a->bus == b->bus && a->addr == b->addr &&
         (!a->len || !b->len || (a->len == b->len && (a->any || b->any || a->data == b->data)));
}

static long assign(SimCall *call, SimVmEvents *events, Io *new, int fd) {
  int r = sim_event_get(call, fd, &new->event);

  if (r)
    return sim_refuse(call, -r, RULE_VC_16);
  for (guint i = 0; i < events->io->len; i++) {
    const Io *io = &g_array_index(events->io, Io, i);

    if (collides(io, new)) {
      sim_event_put(events->kernel, &new->event);
      return sim_refuse(call, EEXIST, RULE_VC_17);
    }
  }
  g_array_append_vals(events->io, new, 1);
  return 0;
}

/* Whether the eventfd is the one that was assigned is not asked: of those with one address, length and data there is
 * one. */
static long deassign(SimCall *call, SimVmEvents *events, const Io *wanted, int fd) {
  gpointer event;
  int r = sim_event_get(call, fd, &event);

  if (r)
    return sim_refuse(call, -r, RULE_VC_16);
  sim_event_put(events->kernel, &event);
  for (guint i = 0; i < events->io->len; i++) {
    const Io *io = &g_array_index(events->io, Io, i);

    if (io->bus != wanted->bus || io->addr != wanted->addr || io->len != wanted->len || io->any != wanted->any ||
        (!io->any && io->data != wanted->data))
      continue;
    remove_at(events, i);
    return 0;
  }
  return sim_refuse(call, ENOENT, RULE_VC_18);
}

long sim_vm_ioeventfd(SimCall *call, SimVmEvents *events) {
  const guint32 buses = KVM_IOEVENTFD_FLAG_PIO | KVM_IOEVENTFD_FLAG_VIRTIO_CCW_NOTIFY;
  struct kvm_ioeventfd args;
  Io io;

  if (sim_read(call, call->arg, &args, sizeof args))
    return sim_refuse(call, EFAULT, RULE_VC_1);
  io = (Io){.bus = args.flags & buses,
            .addr = args.addr,
            .len = args.len,
            .any = !(args.flags & KVM_IOEVENTFD_FLAG_DATAMATCH),
            .data = args.datamatch};
  if (args.flags & KVM_IOEVENTFD_FLAG_DEASSIGN)
    return deassign(call, events, &io, args.fd);
  if ((args.len != 0 && args.len != 1 && args.len != 2 && args.len != 4 && args.len != 8) ||
      args.addr + args.len < args.addr || args.flags & ~(guint32)KVM_IOEVENTFD_VALID_FLAG_MASK ||
      (!args.len && !io.any))
    return sim_refuse(call, EINVAL, RULE_VC_15);
  return assign(call, events, &io, args.fd);
}

gboolean sim_vm_events_store(SimVmEvents *events, guint64 addr, guint len, guint64 data) {
  const Io store = {.addr = addr, .len = len, .data = data};

  for (guint i = 0; i < events->io->len; i++) {
    const Io *io = &g_array_index(events->io, Io, i);

    if (!collides(io, &store))
      continue;
    sim_event_signal(events->kernel, io->event);
    return TRUE;
  }
  return FALSE;
}

/* kvm_arch_intc_initialized(): no VM of the model has an interrupt controller, so no irqfd can be made. */
long sim_vm_irqfd(SimCall *call) {
  const guint32 known = KVM_IRQFD_FLAG_DEASSIGN | KVM_IRQFD_FLAG_RESAMPLE;
  struct kvm_irqfd args;
  gpointer event;
  int r;

  if (sim_read(call, call->arg, &args, sizeof args))
    return sim_refuse(call, EFAULT, RULE_VC_1);
  if (args.flags & ~known)
    return sim_refuse(call, EINVAL, RULE_VC_19);
  if (!(args.flags & KVM_IRQFD_FLAG_DEASSIGN))
    return sim_refuse(call, EAGAIN, RULE_VC_20);
  r = sim_event_get(call, (int)args.fd, &event);
  if (r)
    return sim_refuse(call, -r, RULE_VC_16);
  sim_event_put(call->kernel, &event);
  return 0;
}
