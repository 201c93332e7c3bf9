/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a device says of itself: GET_INFO, GET_REGION_INFO, GET_IRQ_INFO. drivers/vfio/pci/vfio_pci_core.c:
 * vfio_pci_ioctl_get_info(), vfio_pci_ioctl_get_region_info(), vfio_pci_ioctl_get_irq_info(); vfio_pci_igd.c.
 */
#include <string.h>

#include "sim/kernel/device-ioctl.h"

enum {
  INFO_SIZE = 24, /* struct vfio_device_info with its padding, from 6.6 */
  INFO_SIZE_OLD = 20,
};

/* Capabilities as they follow a struct; each of these is the only one of its chain. */
typedef struct {
  struct vfio_info_cap_header header;
  guint32 flags, reserved;
} AtomicCap; /* struct vfio_device_info_cap_pci_atomic_comp */

enum { ATOMIC_CAP = 5, MSIX_MAPPABLE_CAP = 3, TYPE_CAP = 2 };

/* VFIO_REGION_TYPE_PCI_VENDOR_TYPE with the vendor; the header's own shifts into the sign. */
#define INTEL_TYPE (1u << 31 | 0x8086u)

guint sim_device_regions(const SimDevice *device) {
  return VFIO_PCI_NUM_REGIONS + (device->host->opregion && sim_host_of(device->kernel)->platform == SIM_X86);
}

gboolean sim_device_has_vga(const SimDevice *device) {
  return sim_host_of(device->kernel)->platform == SIM_X86 && device->host->class_code >> 8 == 0x0300;
}

/* A capability behind the struct at call->arg, if the caller's argsz has room for it; else says how much is needed.
 * 0 or -EFAULT. PD-13, PD-25, PD-26 */
static long add_capability(SimCall *call, gsize size, const void *cap, gsize cap_size, guint32 *argsz,
                           guint32 *offset) {
  if (*argsz < size + cap_size) {
    *argsz = (guint32)(size + cap_size);
    *offset = 0;
    return 0;
  }
  if (sim_write(call, call->arg + size, cap, cap_size))
    return sim_refuse(call, EFAULT, RULE_NONE);
  *offset = (guint32)size;
  return 0;
}

/* Sizes of atomic operations that the root port completes; a virtual function's are its physical one's affair. */
static long describe_atomics(SimCall *call, const SimDevice *device, struct vfio_device_info *info, guint32 *offset) {
  const AtomicCap cap = {.header = {.id = ATOMIC_CAP, .version = 1}, .flags = device->host->atomics};

  if (!device->host->atomics || device->host->virtual || !sim_since(call->kernel, 6, 6))
    return 0;
  info->flags |= VFIO_DEVICE_FLAGS_CAPS;
  sim_met(call, RULE_PD_13);
  return add_capability(call, INFO_SIZE, &cap, sizeof cap, &info->argsz, offset);
}

long sim_device_get_info(SimCall *call, SimDevice *device) {
  const gsize minsz = offsetof(struct vfio_device_info, num_irqs) + sizeof(guint32);
  struct vfio_device_info info = {0};
  guint8 out[INFO_SIZE] = {0};
  guint32 cap_offset = 0;
  gsize size = sim_since(call->kernel, 6, 6) ? INFO_SIZE : INFO_SIZE_OLD;

  if (sim_read(call, call->arg, &info, minsz))
    return sim_refuse(call, EFAULT, RULE_PD_10);
  if (info.argsz < minsz)
    return sim_refuse(call, EINVAL, RULE_PD_11);
  size = MIN(info.argsz, size);
  info.flags = VFIO_DEVICE_FLAGS_PCI | (device->host->reset ? VFIO_DEVICE_FLAGS_RESET : 0);
  info.num_regions = sim_device_regions(device);
  info.num_irqs = VFIO_PCI_NUM_IRQS;
  if (describe_atomics(call, device, &info, &cap_offset))
    return -EFAULT;
  memcpy(out, &info, minsz);
  memcpy(out + minsz, &cap_offset, sizeof cap_offset);
  if (sim_write(call, call->arg, out, size))
    return sim_refuse(call, EFAULT, RULE_NONE);
  sim_met(call, RULE_PD_12);
  return 0;
}

/* ---- regions ---- */

static long add_region_capability(SimCall *call, struct vfio_region_info *info, const void *cap, gsize size) {
  info->flags |= VFIO_REGION_INFO_FLAG_CAPS;
  sim_met(call, info->argsz < sizeof *info + size ? RULE_PD_25 : RULE_PD_26);
  return add_capability(call, sizeof *info, cap, size, &info->argsz, &info->cap_offset);
}

static long describe_bar(SimCall *call, const SimDevice *device, struct vfio_region_info *info) {
  const struct vfio_info_cap_header mappable = {.id = MSIX_MAPPABLE_CAP, .version = 1};

  info->size = sim_bar_size(device->host, info->index);
  info->flags = info->size ? VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE : 0;
  sim_met(call, info->size ? RULE_PD_18 : RULE_PD_17);
  if (!sim_bar_maps(device->kernel, device->host, info->index))
    return 0;
  info->flags |= VFIO_REGION_INFO_FLAG_MMAP;
  if (!device->host->msix || device->host->msix_bar != info->index)
    return 0;
  sim_met(call, RULE_PD_19);
  return add_region_capability(call, info, &mappable, sizeof mappable);
}

static long describe_rom(SimCall *call, const SimDevice *device, struct vfio_region_info *info) {
  info->size = device->host->rom_size;
  info->flags = info->size ? VFIO_REGION_INFO_FLAG_READ : 0;
  sim_met(call, RULE_PD_20);
  return 0;
}

/* Handed out by x86 kernels alone. */
static long describe_vga(SimCall *call, const SimDevice *device, struct vfio_region_info *info) {
  if (!sim_device_has_vga(device))
    return sim_refuse(call, EINVAL, RULE_PD_21);
  info->size = SIM_VGA_SIZE;
  info->flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
  sim_met(call, RULE_PD_22);
  return 0;
}

static long describe_own(SimCall *call, const SimDevice *device, struct vfio_region_info *info) {
  const struct vfio_region_info_cap_type type = {
      .header = {.id = TYPE_CAP, .version = 1},
      .type = INTEL_TYPE,
      .subtype = VFIO_REGION_SUBTYPE_INTEL_IGD_OPREGION,
  };

  if (info->index >= sim_device_regions(device))
    return sim_refuse(call, EINVAL, RULE_PD_23);
  info->size = SIM_OPREGION_SIZE;
  info->flags = VFIO_REGION_INFO_FLAG_READ;
  sim_met(call, RULE_PD_24);
  return add_region_capability(call, info, &type, sizeof type);
}

static long describe_region(SimCall *call, const SimDevice *device, struct vfio_region_info *info) {
  switch (info->index) {
  case VFIO_PCI_CONFIG_REGION_INDEX:
    info->size = sim_config_size(device->host);
    info->flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
    sim_met(call, RULE_PD_16);
    return 0;
  case VFIO_PCI_BAR0_REGION_INDEX ... VFIO_PCI_BAR5_REGION_INDEX:
    return describe_bar(call, device, info);
  case VFIO_PCI_ROM_REGION_INDEX:
    return describe_rom(call, device, info);
  case VFIO_PCI_VGA_REGION_INDEX:
    return describe_vga(call, device, info);
  default:
    return describe_own(call, device, info);
  }
}

long sim_device_get_region_info(SimCall *call, SimDevice *device) {
  struct vfio_region_info info;
  long r;

  if (sim_read(call, call->arg, &info, sizeof info))
    return sim_refuse(call, EFAULT, RULE_PD_14);
  if (info.argsz < sizeof info)
    return sim_refuse(call, EINVAL, RULE_PD_15);
  r = describe_region(call, device, &info);
  if (r)
    return r;
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
