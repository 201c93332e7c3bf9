/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which driver of the host's a device is bound to, and how the host's administrator changes that while clients run.
 * drivers/base/dd.c; drivers/vfio/vfio_main.c: vfio_register_group_dev(), vfio_unregister_group_dev();
 * drivers/iommu/iommu.c: iommu_device_use_default_domain().
 */
#include <linux/vfio.h>

#include "sim/kernel/device.h"
#include "sim/kernel/group.h"

/* From 5.19 VFIO asked the IOMMU for cache coherency, and until 6.3 no IOMMU of POWER answered (CG-53). */
static gboolean vfio_probes(const SimKernel *kernel) {
  return kernel->host->platform == SIM_X86 || !sim_since(kernel, 5, 19) || sim_since(kernel, 6, 4);
}

void sim_device_probe(SimDevice *device) {
  if (device->host->host_driver) {
    device->driver = SIM_DRIVER_HOST;
  } else if (vfio_probes(device->kernel)) {
    device->driver = SIM_DRIVER_VFIO;
  } else {
    device->driver = SIM_DRIVER_NONE;
    sim_kernel_met(device->kernel, RULE_CG_53);
  }
}

SimDriver sim_driver_of(SimKernel *kernel, guint64 id) {
  const SimDevice *device = sim_kernel_device(kernel, id);

  return device ? device->driver : SIM_DRIVER_NONE;
}

/* Up to 6.0 the last device of a group stayed with vfio-pci until its group was out of the container. */
static gboolean is_held_by_container(const SimDevice *device) {
  return !sim_since(device->kernel, 6, 1) && device->group->container && sim_group_vfio_devices(device->group) == 1;
}

void sim_device_may_leave(SimDevice *device) {
  if (!device->leaving || device->opens || device->node_open || is_held_by_container(device))
    return;
  device->leaving = FALSE;
  device->driver = SIM_DRIVER_NONE;
  if (!sim_group_has_devices(device->group))
    sim_group_gone(device->group);
}

int sim_unbind(SimKernel *kernel, guint64 id) {
  SimDevice *device = sim_kernel_device(kernel, id);

  if (!device || device->driver == SIM_DRIVER_NONE)
    return -ENODEV;
  if (device->leaving)
    return SIM_UNBIND_WAITS;
  if (device->driver == SIM_DRIVER_HOST) {
    device->driver = SIM_DRIVER_NONE;
    return 0;
  }
  device->leaving = TRUE;
  sim_device_may_leave(device);
  if (!device->leaving)
    return 0;
  if (device->opens) {
    sim_kernel_met(kernel, RULE_CG_89);
    (void)sim_irqs_raise(&device->irqs, VFIO_PCI_REQ_IRQ_INDEX, 0);
  }
  return SIM_UNBIND_WAITS;
}

int sim_bind(SimKernel *kernel, guint64 id, SimDriver driver) {
  SimDevice *device = sim_kernel_device(kernel, id);

  if (!device)
    return -ENODEV;
  if (device->driver != SIM_DRIVER_NONE)
    return -EBUSY;
  if (driver == SIM_DRIVER_HOST && device->group->container) {
    sim_kernel_met(kernel, RULE_CG_91);
    return -EBUSY;
  }
  if (driver == SIM_DRIVER_VFIO && !vfio_probes(kernel)) {
    sim_kernel_met(kernel, RULE_CG_53);
    return -EINVAL;
  }
  device->driver = driver;
  return 0;
}

/* vfio_device_block_group(): a device's own node and its group's exclude each other. */
int sim_device_node_open(SimKernel *kernel, guint64 id) {
  SimDevice *device = sim_kernel_device(kernel, id);

  if (!device || device->driver != SIM_DRIVER_VFIO || device->leaving || !sim_since(kernel, 6, 6))
    return -ENOENT;
  if (device->group->opened_file || device->node_open)
    return -EBUSY;
  device->node_open = TRUE;
  return 0;
}

gboolean sim_device_node_is_open(SimKernel *kernel, guint64 id) {
  const SimDevice *device = sim_kernel_device(kernel, id);

  return device && device->node_open;
}

int sim_device_node_close(SimKernel *kernel, guint64 id) {
  SimDevice *device = sim_kernel_device(kernel, id);

  if (!device || !device->node_open)
    return -EBADF;
  device->node_open = FALSE;
  sim_device_may_leave(device);
  return 0;
}
