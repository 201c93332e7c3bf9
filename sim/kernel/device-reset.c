/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Resets: of the function, and of everything on its bus. drivers/vfio/pci/vfio_pci_core.c: vfio_pci_ioctl_reset(),
 * vfio_pci_ioctl_get_pci_hot_reset_info(), vfio_pci_ioctl_pci_hot_reset().
 *
 * A hot reset covers the functions of one slot: each simulated slot has a bridge of its own above it, but for bus 0,
 * the root bus, which nothing can reset.
 */
#include "sim/kernel/device-ioctl.h"

long sim_device_reset(SimCall *call, SimDevice *device) {
  if (!device->host->reset)
    return sim_refuse(call, EINVAL, RULE_PD_75);
  sim_device_reset_function(device);
  sim_met(call, RULE_PD_77);
  return 0;
}

static gboolean can_hot_reset(const SimHostDevice *host) {
  return (host->id >> 8 & 0xff) != 0;
}

/* The i-th function that a hot reset of `device` touches, bound to whatever driver; NULL: there are no more. */
static const SimHostDevice *affected(const SimDevice *device, guint i) {
  const GPtrArray *groups = sim_host_of(device->kernel)->groups;

  for (guint g = 0; g < groups->len; g++) {
    const SimHostGroup *group = g_ptr_array_index(groups, g);

    for (guint d = 0; d < group->devices->len; d++) {
      const SimHostDevice *each = &g_array_index(group->devices, SimHostDevice, d);

      if (each->id >> 3 == device->host->id >> 3 && i-- == 0)
        return each;
    }
  }
  return NULL;
}

static struct vfio_pci_dependent_device dependent(const SimHostDevice *host) {
  return (struct vfio_pci_dependent_device){.group_id = host->group,
                                            .segment = (guint16)(host->id >> 16),
                                            .bus = (guint8)(host->id >> 8),
                                            .devfn = (guint8)host->id};
}

long sim_device_hot_reset_info(SimCall *call, SimDevice *device) {
  const gsize head = offsetof(struct vfio_pci_hot_reset_info, devices);
  struct vfio_pci_hot_reset_info info;
  const SimHostDevice *host;
  guint room;

  if (sim_read(call, call->arg, &info, head))
    return sim_refuse(call, EFAULT, RULE_PD_78);
  if (info.argsz < head)
    return sim_refuse(call, EINVAL, RULE_PD_79);
  if (!can_hot_reset(device->host))
    return sim_refuse(call, ENODEV, RULE_PD_80);
  room = (guint)((info.argsz - head) / sizeof info.devices[0]);
  info.flags = 0;
  for (info.count = 0; (host = affected(device, info.count)); info.count++) {
    struct vfio_pci_dependent_device each = dependent(host);

    if (info.count < room && sim_write(call, call->arg + head + info.count * sizeof each, &each, sizeof each))
      return sim_refuse(call, EFAULT, RULE_NONE);
  }
  if (sim_write(call, call->arg, &info, head))
    return sim_refuse(call, EFAULT, RULE_NONE);
  if (room < info.count)
    return sim_refuse(call, ENOSPC, RULE_PD_81);
  sim_met(call, RULE_PD_84);
  return 0;
}

/* The groups named by the caller's fds, in *groups; 0 or -errno. */
static long read_groups(SimCall *call, guint count, GPtrArray *groups) {
  const gsize head = offsetof(struct vfio_pci_hot_reset, group_fds);
  g_autofree gint32 *fds = g_new(gint32, count);

  if (sim_read(call, call->arg + head, fds, count * sizeof *fds))
    return sim_refuse(call, EFAULT, RULE_PD_90);
  for (guint i = 0; i < count; i++) {
    SimFile *file;
    SimGroup *group;

    if (call->kernel->port->file(call->kernel->port_data, call->task, fds[i], &file))
      return sim_refuse(call, EBADF, RULE_PD_91);
    group = file ? sim_file_group(file) : NULL;
    if (!group)
      return sim_refuse(call, EINVAL, RULE_PD_92);
    if (sim_file_group_alive(file))
      g_ptr_array_add(groups, group);
  }
  return 0;
}

static gboolean holds(const GPtrArray *groups, guint number) {
  for (guint i = 0; i < groups->len; i++)
    if (sim_group_number(g_ptr_array_index(groups, i)) == number)
      return TRUE;
  return FALSE;
}

static long reset_all(SimCall *call, SimDevice *device, const GPtrArray *groups) {
  const SimHostDevice *host;

  for (guint i = 0; (host = affected(device, i)); i++)
    if (sim_driver_of(call->kernel, host->id) != SIM_DRIVER_VFIO)
      return sim_refuse(call, EINVAL, RULE_PD_93);
  for (guint i = 0; (host = affected(device, i)); i++)
    if (!holds(groups, host->group))
      return sim_refuse(call, EINVAL, RULE_PD_94);
  for (guint i = 0; (host = affected(device, i)); i++)
    sim_device_reset_function(sim_kernel_device(call->kernel, host->id));
  sim_met(call, RULE_PD_96);
  return 0;
}

long sim_device_hot_reset(SimCall *call, SimDevice *device) {
  const gsize head = offsetof(struct vfio_pci_hot_reset, group_fds);
  g_autoptr(GPtrArray) groups = NULL;
  struct vfio_pci_hot_reset args;
  guint most = 0;
  long r;

  if (sim_read(call, call->arg, &args, head))
    return sim_refuse(call, EFAULT, RULE_PD_85);
  if (args.argsz < head || args.flags)
    return sim_refuse(call, EINVAL, RULE_PD_86);
  if (!args.count)
    return sim_refuse(call, EINVAL, RULE_PD_87);
  if (!can_hot_reset(device->host))
    return sim_refuse(call, ENODEV, RULE_PD_88);
  while (affected(device, most))
    most++;
  if (args.count > most)
    return sim_refuse(call, EINVAL, RULE_PD_89);
  groups = g_ptr_array_new();
  r = read_groups(call, args.count, groups);
  return r ? r : reset_all(call, device, groups);
}
