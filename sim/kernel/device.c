/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/kernel/device.h"

#include "sim/kernel/dma.h"
#include "sim/kernel/group.h"

SimDevice *sim_device_new(SimKernel *kernel, SimGroup *group, const SimHostDevice *host) {
  SimDevice *device = g_new0(SimDevice, 1);

  device->kernel = kernel;
  device->group = group;
  device->host = host;
  device->bars = (SimBars){.kernel = kernel, .host = host, .config = &device->config};
  device->irqs = (SimIrqs){.kernel = kernel, .host = host, .config = &device->config, .type = SIM_IRQ_NONE};
  device->engine = (SimEngine){.group = group, .config = &device->config, .irqs = &device->irqs};
  device->ioeventfds = (SimIoEventFds){.kernel = kernel, .host = host};
  return device;
}

void sim_device_free(SimDevice *device) {
  g_free(device);
}

guint64 sim_device_id(const SimDevice *device) {
  return device->host->id;
}

SimGroup *sim_device_group(const SimDevice *device) {
  return device->group;
}

gboolean sim_device_is_open(const SimDevice *device) {
  return device->opens > 0;
}

/* Whether another function shares the slot: the header says so. */
static gboolean is_multifunction(const SimDevice *device) {
  const GPtrArray *devices = device->kernel->devices;

  for (guint i = 0; i < devices->len; i++) {
    const SimDevice *other = g_ptr_array_index(devices, i);

    if (other != device && other->host->id >> 3 == device->host->id >> 3)
      return TRUE;
  }
  return FALSE;
}

SimDevice *sim_device_physical(const SimDevice *device) {
  SimDevice *physical = sim_kernel_device(device->kernel, device->host->physfn);

  return physical && physical->driver == SIM_DRIVER_VFIO ? physical : NULL;
}

gboolean sim_device_is_physical(const SimDevice *device, guint *users) {
  const GPtrArray *devices = device->kernel->devices;
  gboolean found = FALSE;

  *users = 0;
  for (guint i = 0; i < devices->len; i++) {
    const SimDevice *other = g_ptr_array_index(devices, i);

    if (!other->host->virtual || other->host->physfn != device->host->id)
      continue;
    found = TRUE;
    *users += other->opens > 0;
  }
  return found;
}

gboolean sim_device_wakes(const SimDevice *device) {
  return !device->low_power || device->host->wake == SIM_WAKES;
}

/* Opening, as closing, gives the endpoint a new owner, who finds it running: eeh_pe_change_owner(). */
void sim_device_enable(SimDevice *device) {
  sim_pe_thaw(&device->group->pe);
  sim_device_reset_function(device);
  sim_config_build(&device->config, device->host, is_multifunction(device), sim_since(device->kernel, 6, 4));
}

void sim_device_disable(SimDevice *device) {
  sim_irqs_teardown(&device->irqs);
  sim_ioeventfds_teardown(&device->ioeventfds);
  sim_bars_clear(&device->bars);
  sim_engine_reset(&device->engine);
  sim_config_clear(&device->config);
  device->low_power = FALSE;
  sim_pe_thaw(&device->group->pe);
}

void sim_device_reset_function(SimDevice *device) {
  sim_bars_reset(&device->bars);
  sim_engine_reset(&device->engine);
}

/* ---- what the device does, asked from outside ---- */

int sim_dma(SimKernel *kernel, guint64 id, guint64 ioba, void *buf, gsize len, gboolean write) {
  const SimDevice *device = sim_kernel_device(kernel, id);

  return device ? sim_group_dma(device->group, ioba, buf, len, write, NULL) : -ENODEV;
}

int sim_interrupt(SimKernel *kernel, guint64 id, guint index, guint vector) {
  SimDevice *device = sim_kernel_device(kernel, id);

  if (!device)
    return -ENODEV;
  return sim_irqs_raise(&device->irqs, index, vector) ? 0 : -EINVAL;
}
