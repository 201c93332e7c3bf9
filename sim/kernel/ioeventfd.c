/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * VFIO_DEVICE_IOEVENTFD: eventfds that write a register when they are signalled. Registered by the kernel's rules; the
 * model has no loop that waits for the signal. drivers/vfio/pci/vfio_pci_rdwr.c: vfio_pci_ioeventfd().
 */
#include "sim/kernel/device.h"

enum { IOEVENTFDS = 1000 }; /* VFIO_PCI_IOEVENTFD_MAX */

static void remove_at(SimDevice *device, guint index) {
  sim_device_event_put(device->kernel, &g_array_index(device->ioeventfds, SimIoEventFd, index).event);
  g_array_remove_index(device->ioeventfds, index);
}

void sim_ioeventfd_teardown(SimDevice *device) {
  while (device->ioeventfds->len)
    remove_at(device, device->ioeventfds->len - 1);
}

/* Its index, or -1. */
static int find(const SimDevice *device, const SimIoEventFd *wanted) {
  for (guint i = 0; i < device->ioeventfds->len; i++) {
    const SimIoEventFd *each = &g_array_index(device->ioeventfds, SimIoEventFd, i);

    if (each->bar == wanted->bar && each->position == wanted->position && each->data == wanted->data &&
        each->size == wanted->size)
      return (int)i;
  }
  return -1;
}

static long add(SimCall *call, SimDevice *device, SimIoEventFd *new, gint32 fd) {
  int r;

  if (device->ioeventfds->len >= IOEVENTFDS)
    return sim_refuse(call, ENOSPC, RULE_PD_102);
  r = sim_device_event(call, fd, &new->event);
  if (r)
    return sim_refuse(call, -r, RULE_PD_103);
  g_array_append_vals(device->ioeventfds, new, 1);
  sim_met(call, RULE_PD_104);
  return 0;
}

long sim_ioeventfd(SimCall *call, SimDevice *device) {
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
  if (index > VFIO_PCI_BAR5_REGION_INDEX || wanted.position + wanted.size > sim_bar_size(device->host, wanted.bar) ||
      sim_bar_touches_msix(device->host, wanted.bar, wanted.position, wanted.size))
    return sim_refuse(call, EINVAL, RULE_PD_99);
  at = find(device, &wanted);
  if (at >= 0 && args.fd != -1)
    return sim_refuse(call, EEXIST, RULE_PD_100);
  if (at >= 0) {
    remove_at(device, (guint)at);
    sim_met(call, RULE_PD_100);
    return 0;
  }
  if (args.fd < 0)
    return sim_refuse(call, ENODEV, RULE_PD_101);
  return add(call, device, &wanted, args.fd);
}
