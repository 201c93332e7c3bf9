/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * VFIO_DEVICE_IOEVENTFD: eventfds that write a register when they are signalled. Registered by the kernel's rules; the
 * model has no loop that waits for the signal. drivers/vfio/pci/vfio_pci_rdwr.c: vfio_pci_ioeventfd().
 */
#include "sim/kernel/ioeventfd.h"

#include "sim/kernel/bar.h"
#include "sim/kernel/eventfd.h"

enum { IOEVENTFDS = 1000 }; /* VFIO_PCI_IOEVENTFD_MAX */

static void remove_at(SimIoEventFds *fds, guint index) {
  sim_event_put(fds->kernel, &g_array_index(fds->events, SimIoEventFd, index).event);
  g_array_remove_index(fds->events, index);
}

void sim_ioeventfds_teardown(SimIoEventFds *fds) {
  while (fds->events && fds->events->len)
    remove_at(fds, fds->events->len - 1);
  g_clear_pointer(&fds->events, g_array_unref);
}

/* Its index, or -1. */
static int find(const SimIoEventFds *fds, const SimIoEventFd *wanted) {
  for (guint i = 0; i < fds->events->len; i++) {
    const SimIoEventFd *each = &g_array_index(fds->events, SimIoEventFd, i);

    if (each->bar == wanted->bar && each->position == wanted->position && each->data == wanted->data &&
        each->size == wanted->size)
      return (int)i;
  }
  return -1;
}

static long add(SimCall *call, SimIoEventFds *fds, SimIoEventFd *new, gint32 fd) {
  int r;

  if (fds->events->len >= IOEVENTFDS)
    return sim_refuse(call, ENOSPC, RULE_PD_102);
  r = sim_event_get(call, fd, &new->event);
  if (r)
    return sim_refuse(call, -r, RULE_PD_103);
  g_array_append_vals(fds->events, new, 1);
  sim_met(call, RULE_PD_104);
  return 0;
}

long sim_ioeventfd(SimCall *call, SimIoEventFds *fds) {
  const gsize minsz = offsetof(struct vfio_device_ioeventfd, fd) + sizeof(gint32);
  struct vfio_device_ioeventfd args;
  SimIoEventFd wanted;
  guint64 index;
  int at;

  if (sim_read(call, call->arg, &args, minsz))
    return sim_refuse(call, EFAULT, RULE_PD_97);
  wanted = (SimIoEventFd){.position = args.offset & ((G_GUINT64_CONSTANT(1) << SIM_REGION_SHIFT) - 1),
                          .data = args.data,
                          .size = args.flags & VFIO_DEVICE_IOEVENTFD_SIZE_MASK};
  /* the size is the flag itself, so only one of them may be set */
  if (args.argsz < minsz || args.flags & ~(guint32)VFIO_DEVICE_IOEVENTFD_SIZE_MASK || !wanted.size ||
      wanted.size & (wanted.size - 1) || args.fd < -1)
    return sim_refuse(call, EINVAL, RULE_PD_98);
  index = args.offset >> SIM_REGION_SHIFT;
  wanted.bar = (guint)index;
  if (index > VFIO_PCI_BAR5_REGION_INDEX || wanted.position + wanted.size > sim_bar_size(fds->host, wanted.bar) ||
      sim_bar_touches_msix(fds->host, wanted.bar, wanted.position, wanted.size))
    return sim_refuse(call, EINVAL, RULE_PD_99);
  if (!fds->events)
    fds->events = g_array_new(FALSE, FALSE, sizeof(SimIoEventFd));
  at = find(fds, &wanted);
  if (at >= 0 && args.fd != -1)
    return sim_refuse(call, EEXIST, RULE_PD_100);
  if (at >= 0) {
    remove_at(fds, (guint)at);
    sim_met(call, RULE_PD_100);
    return 0;
  }
  if (args.fd < 0)
    return sim_refuse(call, ENODEV, RULE_PD_101);
  return add(call, fds, &wanted, args.fd);
}
