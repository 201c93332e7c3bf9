/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A device's regions as its file shows them. drivers/vfio/pci/vfio_pci_core.c: vfio_pci_rw(), vfio_pci_core_mmap() */
#include <string.h>

#include "sim/kernel/device-ioctl.h"
#include "sim/kernel/group.h"

enum { ENGINE_BAR = 0 }; /* where an engine has its registers */

/* The region of a transfer, or -errno; *offset becomes the one within it. */
static ssize_t region_of(SimCall *call, const SimDevice *device, guint64 *offset) {
  guint64 index = *offset >> SIM_REGION_SHIFT;

  if (index >= sim_device_regions(device))
    return sim_refuse(call, EINVAL, RULE_PD_114);
  /* what it sleeps through is not even looked at */
  if (!sim_device_wakes(device))
    return sim_refuse(call, EIO, RULE_NONE);
  *offset &= (G_GUINT64_CONSTANT(1) << SIM_REGION_SHIFT) - 1;
  return (ssize_t)index;
}

/* ---- BARs and ROM ---- */

static gboolean has_registers(const SimDevice *device, guint index) {
  return device->host->engine && index == ENGINE_BAR;
}

static ssize_t read_bar(SimCall *call, SimDevice *device, guint index, void *buf, gsize len, guint64 offset) {
  ssize_t n = sim_bar_check(call, &device->bars, index, len, offset);

  if (n <= 0)
    return n;
  sim_pe_access(&device->group->pe, SIM_PE_LOAD);
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
  if (n <= 0)
    return n;
  sim_pe_access(&device->group->pe, SIM_PE_STORE);
  if (device->group->pe.io_stopped)
    return n;
  if (has_registers(device, index))
    sim_engine_write(&device->engine, buf, (gsize)n, offset);
  else
    sim_bar_write(call, &device->bars, index, buf, (gsize)n, offset);
  return n;
}

/* ---- the legacy ranges of graphics, the OpRegion of Intel's ---- */

/* How many bytes from offset lie in the range that it lies in, or -errno. */
static ssize_t check_vga(SimCall *call, const SimDevice *device, gsize len, guint64 offset) {
  static const struct { guint64 start, end; } ranges[] = {{0xa0000, 0xc0000}, {0x3b0, 0x3bc}, {0x3c0, 0x3e0}};

  for (guint i = 0; sim_device_has_vga(device) && i < G_N_ELEMENTS(ranges); i++)
    if (offset >= ranges[i].start && offset < ranges[i].end)
      return (ssize_t)MIN(len, ranges[i].end - offset);
  return sim_refuse(call, EINVAL, RULE_PD_127);
}

static ssize_t read_vga(SimCall *call, SimDevice *device, void *buf, gsize len, guint64 offset) {
  ssize_t n = check_vga(call, device, len, offset);

  if (n > 0)
    sim_bar_read(call, &device->bars, SIM_VGA, buf, (gsize)n, offset);
  return n;
}

static ssize_t write_vga(SimCall *call, SimDevice *device, const void *buf, gsize len, guint64 offset) {
  ssize_t n = check_vga(call, device, len, offset);

  if (n > 0)
    sim_bar_write(call, &device->bars, SIM_VGA, buf, (gsize)n, offset);
  return n;
}

/* vfio_pci_igd_rw(). It begins with its signature and its size in KiB; the rest is zero. */
static ssize_t read_opregion(SimCall *call, void *buf, gsize len, guint64 offset) {
  static const guint8 head[20] = "IntelGraphicsMem\x08";
  gsize n;

  if (offset >= SIM_OPREGION_SIZE)
    return sim_refuse(call, EINVAL, RULE_NONE);
  n = MIN(len, SIM_OPREGION_SIZE - offset);
  memset(buf, 0, n);
  if (offset < sizeof head)
    memcpy(buf, head + offset, MIN(n, sizeof head - offset));
  return (ssize_t)n;
}

/* ---- the file ---- */

static ssize_t write_config(SimCall *call, SimDevice *device, const void *buf, gsize len, guint64 offset) {
  guint asks;
  ssize_t r = sim_config_write(call, &device->config, buf, len, offset, &asks);

  if (r < 0)
    return r;
  sim_pe_access(&device->group->pe, SIM_PE_CONFIG_WRITE);
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
  index = region_of(call, device, &offset);
  switch (index) {
  case VFIO_PCI_CONFIG_REGION_INDEX:
    sim_pe_access(&device->group->pe, SIM_PE_CONFIG_READ);
    return sim_config_read(call, &device->config, buf, len, offset);
  case VFIO_PCI_VGA_REGION_INDEX:
    return read_vga(call, device, buf, len, offset);
  case SIM_OPREGION:
    return read_opregion(call, buf, len, offset);
  default:
    return index < 0 ? index : read_bar(call, device, (guint)index, buf, len, offset);
  }
}

ssize_t sim_device_pwrite(SimCall *call, gpointer object, const void *buf, gsize len, guint64 offset) {
  SimDevice *device = object;
  ssize_t index;

  if (!len) {
    sim_met(call, RULE_PD_113);
    return 0;
  }
  index = region_of(call, device, &offset);
  switch (index) {
  case VFIO_PCI_CONFIG_REGION_INDEX:
    return write_config(call, device, buf, len, offset);
  case VFIO_PCI_VGA_REGION_INDEX:
    return write_vga(call, device, buf, len, offset);
  case SIM_OPREGION:
    return sim_refuse(call, EINVAL, RULE_NONE); /* it is the firmware's */
  default:
    return index < 0 ? index : write_bar(call, device, (guint)index, buf, len, offset);
  }
}

/* Memory that the gate maps into its client: what is stored there, nothing notices. */
int sim_device_mmap(SimCall *call, gpointer object, gsize len, int prot, gboolean shared, guint64 offset,
                    void **memory) {
  SimDevice *device = object;
  guint64 index = offset >> SIM_REGION_SHIFT, start = offset & ((G_GUINT64_CONSTANT(1) << SIM_REGION_SHIFT) - 1), size;
  guint8 *bar;

  if (index >= sim_device_regions(device))
    return (int)sim_refuse(call, EINVAL, RULE_PD_128);
  if (!shared)
    return (int)sim_refuse(call, EINVAL, RULE_PD_129);
  if (index >= VFIO_PCI_ROM_REGION_INDEX)
    return (int)sim_refuse(call, EINVAL, RULE_PD_130);
  if (!sim_bar_maps(device->kernel, device->host, (guint)index))
    return (int)sim_refuse(call, EINVAL, RULE_PD_131);
  size = sim_bar_map_size(device->kernel, device->host, (guint)index);
  if (start > size || len > size - start)
    return (int)sim_refuse(call, EINVAL, RULE_PD_132);
  if (device->host->claimed[index])
    return (int)sim_refuse(call, EBUSY, RULE_PD_133);
  bar = sim_bar_map(&device->bars, (guint)index);
  if (!bar)
    return (int)sim_refuse(call, ENOMEM, RULE_NONE);
  sim_met(call, RULE_PD_134);
  *memory = bar + start;
  return 0;
}
