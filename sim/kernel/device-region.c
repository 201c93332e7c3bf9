/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A device's regions as its file shows them. drivers/vfio/pci/vfio_pci_core.c: vfio_pci_rw(), vfio_pci_core_mmap() */
#include <string.h>

#include "sim/kernel/device-ioctl.h"
#include "sim/kernel/group.h"

enum { ENGINE_BAR = 0 }; /* where an engine has its registers */

/* The region of a transfer, or -errno; *offset becomes the one within it. */
static ssize_t region_of(SimCall *call, guint64 *offset) {
  guint64 index = *offset >> SIM_REGION_SHIFT;

  if (index >= VFIO_PCI_NUM_REGIONS)
    return sim_refuse(call, EINVAL, RULE_PD_114);
  *offset &= (G_GUINT64_CONSTANT(1) << SIM_REGION_SHIFT) - 1;
  return index == VFIO_PCI_VGA_REGION_INDEX ? sim_refuse(call, EINVAL, RULE_PD_127) : (ssize_t)index;
}

static gboolean has_registers(const SimDevice *device, guint index) {
  return device->host->engine && index == ENGINE_BAR;
}

static ssize_t read_bar(SimCall *call, SimDevice *device, guint index, void *buf, gsize len, guint64 offset) {
  ssize_t n = sim_bar_check(call, &device->bars, index, len, offset);

  if (n <= 0)
    return n;
  if (device->group->pe.io_stopped)
    memset(buf, 0xff, (gsize)n);
  else if (has_registers(device, index))
    sim_engine_read(&device->engine, buf, (gsize)n, offset);
  else
    sim_bar_read(call, &device->bars, index, buf, (gsize)n, offset);
  return n;
}

static ssize_t write_bar(SimCall *call, SimDevice *device, guint index, const void *buf, gsize len, guint64 offset) {
  ssize_t n;

  if (index == SIM_ROM)
    return sim_refuse(call, EINVAL, RULE_PD_118);
  n = sim_bar_check(call, &device->bars, index, len, offset);
  if (n <= 0 || device->group->pe.io_stopped)
    return n;
  if (has_registers(device, index))
    sim_engine_write(&device->engine, buf, (gsize)n, offset);
  else
    sim_bar_write(call, &device->bars, index, buf, (gsize)n, offset);
  return n;
}

static ssize_t write_config(SimCall *call, SimDevice *device, const void *buf, gsize len, guint64 offset) {
  guint asks;
  ssize_t r = sim_config_write(call, &device->config, buf, len, offset, &asks);

  if (r < 0)
    return r;
  if (asks & SIM_CONFIG_COMMAND)
    sim_irqs_config_changed(&device->irqs);
  if (asks & SIM_CONFIG_RESET)
    sim_device_reset_function(device);
  return r;
}

ssize_t sim_device_pread(SimCall *call, gpointer object, void *buf, gsize len, guint64 offset) {
  SimDevice *device = object;
  ssize_t index;

  if (!len) {
    sim_met(call, RULE_PD_113);
    return 0;
  }
  index = region_of(call, &offset);
  if (index < 0)
    return index;
  if (index == VFIO_PCI_CONFIG_REGION_INDEX)
    return sim_config_read(call, &device->config, buf, len, offset);
  return read_bar(call, device, (guint)index, buf, len, offset);
}

ssize_t sim_device_pwrite(SimCall *call, gpointer object, const void *buf, gsize len, guint64 offset) {
  SimDevice *device = object;
  ssize_t index;

  if (!len) {
    sim_met(call, RULE_PD_113);
    return 0;
  }
  index = region_of(call, &offset);
  if (index < 0)
    return index;
  if (index == VFIO_PCI_CONFIG_REGION_INDEX)
    return write_config(call, device, buf, len, offset);
  return write_bar(call, device, (guint)index, buf, len, offset);
}

/* No region says MMAP, so the last refusal is always PD-131's. */
int sim_device_mmap(SimCall *call, gpointer object, gsize len, int prot, gboolean shared, guint64 offset,
                    void **memory) {
  guint64 index = offset >> SIM_REGION_SHIFT;

  if (index >= VFIO_PCI_NUM_REGIONS)
    return (int)sim_refuse(call, EINVAL, RULE_PD_128);
  if (!shared)
    return (int)sim_refuse(call, EINVAL, RULE_PD_129);
  if (index >= VFIO_PCI_ROM_REGION_INDEX)
    return (int)sim_refuse(call, EINVAL, RULE_PD_130);
  return (int)sim_refuse(call, EINVAL, RULE_PD_131);
}
