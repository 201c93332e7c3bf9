/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a device says of itself: GET_INFO, GET_REGION_INFO, GET_IRQ_INFO. drivers/vfio/pci/vfio_pci_core.c:
 * vfio_pci_ioctl_get_info(), vfio_pci_ioctl_get_region_info(), vfio_pci_ioctl_get_irq_info().
 *
 * No region carries the MMAP flag, so none has the MSIX_MAPPABLE capability either; no device of the model has others.
 */
#include <string.h>

#include "sim/kernel/device-ioctl.h"

enum {
  INFO_SIZE = 24, /* struct vfio_device_info with its padding, from 6.6 */
  INFO_SIZE_OLD = 20,
};

long sim_device_get_info(SimCall *call, SimDevice *device) {
  const gsize minsz = offsetof(struct vfio_device_info, num_irqs) + sizeof(guint32);
  struct vfio_device_info info = {0};
  guint8 out[INFO_SIZE] = {0};
  gsize size = sim_since(call->kernel, 6, 6) ? INFO_SIZE : INFO_SIZE_OLD;

  if (sim_read(call, call->arg, &info, minsz))
    return sim_refuse(call, EFAULT, RULE_PD_10);
  if (info.argsz < minsz)
    return sim_refuse(call, EINVAL, RULE_PD_11);
  info.flags = VFIO_DEVICE_FLAGS_PCI | (device->host->reset ? VFIO_DEVICE_FLAGS_RESET : 0);
  info.num_regions = VFIO_PCI_NUM_REGIONS;
  info.num_irqs = VFIO_PCI_NUM_IRQS;
  memcpy(out, &info, minsz);
  if (sim_write(call, call->arg, out, MIN(info.argsz, size)))
    return sim_refuse(call, EFAULT, RULE_NONE);
  sim_met(call, RULE_PD_12);
  return 0;
}

static void describe_bar(SimCall *call, const SimDevice *device, struct vfio_region_info *info) {
  info->size = sim_bar_size(device->host, info->index);
  info->flags = info->size ? VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE : 0;
  sim_met(call, info->size ? RULE_PD_18 : RULE_PD_17);
}

static void describe_rom(SimCall *call, const SimDevice *device, struct vfio_region_info *info) {
  info->size = device->host->rom_size;
  info->flags = info->size ? VFIO_REGION_INFO_FLAG_READ : 0;
  sim_met(call, RULE_PD_20);
}

long sim_device_get_region_info(SimCall *call, SimDevice *device) {
  struct vfio_region_info info;

  if (sim_read(call, call->arg, &info, sizeof info))
    return sim_refuse(call, EFAULT, RULE_PD_14);
  if (info.argsz < sizeof info)
    return sim_refuse(call, EINVAL, RULE_PD_15);
  switch (info.index) {
  case VFIO_PCI_CONFIG_REGION_INDEX:
    info.size = sim_config_size(device->host);
    info.flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
    sim_met(call, RULE_PD_16);
    break;
  case VFIO_PCI_BAR0_REGION_INDEX ... VFIO_PCI_BAR5_REGION_INDEX:
    describe_bar(call, device, &info);
    break;
  case VFIO_PCI_ROM_REGION_INDEX:
    describe_rom(call, device, &info);
    break;
  case VFIO_PCI_VGA_REGION_INDEX:
    return sim_refuse(call, EINVAL, RULE_PD_21); /* handed out by x86 kernels that are built with VFIO_PCI_VGA only */
  default:
    return sim_refuse(call, EINVAL, RULE_PD_23);
  }
  info.offset = (guint64)info.index << SIM_REGION_SHIFT;
  if (sim_write(call, call->arg, &info, sizeof info))
    return sim_refuse(call, EFAULT, RULE_NONE);
  return 0;
}

long sim_device_get_irq_info(SimCall *call, SimDevice *device) {
  struct vfio_irq_info info;

  if (sim_read(call, call->arg, &info, sizeof info))
    return sim_refuse(call, EFAULT, RULE_PD_27);
  if (info.argsz < sizeof info || info.index >= VFIO_PCI_NUM_IRQS)
    return sim_refuse(call, EINVAL, RULE_PD_28);
  if (info.index == VFIO_PCI_ERR_IRQ_INDEX && !device->host->express)
    return sim_refuse(call, EINVAL, RULE_PD_29);
  info.flags = VFIO_IRQ_INFO_EVENTFD;
  info.count = sim_irq_count(device->host, info.index);
  if (info.index == VFIO_PCI_INTX_IRQ_INDEX)
    info.flags |= VFIO_IRQ_INFO_MASKABLE | VFIO_IRQ_INFO_AUTOMASKED;
  else if (info.index != VFIO_PCI_MSIX_IRQ_INDEX || !sim_irq_dynamic(device->kernel))
    info.flags |= VFIO_IRQ_INFO_NORESIZE;
  if (sim_write(call, call->arg, &info, sizeof info))
    return sim_refuse(call, EFAULT, RULE_NONE);
  sim_met(call, RULE_PD_30);
  return 0;
}
