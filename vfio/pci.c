/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <linux/vfio.h>
#include <string.h>

#include "vfio/internal.h"

enum { CONFIG_SIZE = 256, CONFIG_INTERRUPT_PIN = 0x3d };

static gboolean find_group(const VfioSys *sys, const char *address, guint *number, GError **error) {
  g_autofree char *path = g_strdup_printf("/sys/bus/pci/devices/%s/iommu_group", address);
  char target[256];
  guint64 value = 0;

  ssize_t len = sys->readlink(sys->data, path, target, sizeof target - 1);
  if (len < 0) {
    vfio_error_set(error, VFIO_ERROR_NOT_FOUND, (int)-len, "no such device, or it is in no IOMMU group: readlink %s",
                   path);
    return FALSE;
  }
  target[len] = '\0';
  const char *slash = strrchr(target, '/');
  if (g_ascii_string_to_unsigned(slash ? slash + 1 : target, 10, 0, G_MAXINT, &value, NULL)) {
    *number = (guint)value;
    return TRUE;
  }
  vfio_error_set(error, VFIO_ERROR_NOT_FOUND, 0, "%s leads to %s, which is no IOMMU group", path, target);
  return FALSE;
}

static gboolean get_regions(VfioPciDevice *device, GError **error) {
  for (guint i = 0; i <= VFIO_PCI_CONFIG_REGION_INDEX; i++) {
    struct vfio_region_info info = {.argsz = sizeof info, .index = i};
    if (i == VFIO_PCI_ROM_REGION_INDEX)
      continue;
    if (!vfio_sys_call(device->context->sys, device->fd, VFIO_DEVICE_GET_REGION_INFO, &info, "GET_REGION_INFO",
                       error)) {
      g_prefix_error(error, "region %u: ", i);
      return FALSE;
    }
    device->regions[i].offset = info.offset;
    device->regions[i].size = info.size;
  }
  return TRUE;
}

static gboolean get_err(VfioPciDevice *device, GError **error) {
  struct vfio_irq_info info = {.argsz = sizeof info, .index = VFIO_PCI_ERR_IRQ_INDEX};
  g_autoptr(GError) failure = NULL;

  if (vfio_sys_call(device->context->sys, device->fd, VFIO_DEVICE_GET_IRQ_INFO, &info, "GET_IRQ_INFO(ERR)", &failure)) {
    device->has_err = info.count > 0;
    return TRUE;
  }
  if (vfio_error_errno(failure) == EINVAL) /* the device is not PCI Express (PD-29) */
    return TRUE;
  g_propagate_error(error, g_steal_pointer(&failure));
  return FALSE;
}

static gboolean set_up(VfioPciDevice *device, GError **error) {
  struct vfio_device_info info = {.argsz = sizeof info};
  guint8 config[CONFIG_SIZE];

  if (!vfio_sys_call(device->context->sys, device->fd, VFIO_DEVICE_GET_INFO, &info, "DEVICE_GET_INFO", error))
    return FALSE;
  if (!(info.flags & VFIO_DEVICE_FLAGS_PCI) || info.num_regions <= VFIO_PCI_CONFIG_REGION_INDEX) {
    vfio_error_set(error, VFIO_ERROR_NOT_FOUND, 0, "it is no PCI device to VFIO");
    return FALSE;
  }
  device->flags = info.flags;
  if (!get_regions(device, error) || !get_err(device, error) ||
      !vfio_pci_device_config_read(device, 0, config, sizeof config, error))
    return FALSE;
  device->intx_pin = config[CONFIG_INTERRUPT_PIN];
  return vfio_pci_irqs_enable(device, error);
}

static gboolean is_open(const VfioContext *context, const char *address) {
  for (guint i = 0; i < context->devices->len; i++)
    if (g_str_equal(((const VfioPciDevice *)context->devices->pdata[i])->address, address))
      return TRUE;
  return FALSE;
}

VfioPciDevice *vfio_pci_device_open(VfioContext *context, const char *address, VfioAddressSpace *dma, GError **error) {
  const VfioSys *sys = context->sys;
  VfioGroup *group = NULL;
  guint number;

  if (is_open(context, address)) {
    vfio_error_set(error, VFIO_ERROR_BUSY, 0, "%s: the guest has this device already", address);
    return NULL;
  }
  if (find_group(sys, address, &number, error))
    group = vfio_context_get_group(context, number, dma, error);
  if (!group) {
    g_prefix_error(error, "%s: ", address);
    return NULL;
  }

  group->devices++;
  long fd = sys->ioctl(sys->data, group->fd, VFIO_GROUP_GET_DEVICE_FD, (guintptr)address);
  if (fd < 0) {
    vfio_error_set(error, VFIO_ERROR_SYSTEM, (int)-fd, "%s: group %u: GET_DEVICE_FD", address, number);
    vfio_group_put(group);
    return NULL;
  }
  VfioPciDevice *device = g_new0(VfioPciDevice, 1);
  device->context = context;
  device->group = group;
  device->address = g_strdup(address);
  device->fd = (int)fd;
  vfio_pci_irqs_init(&device->irqs);
  g_ptr_array_add(context->devices, device);
  if (set_up(device, error))
    return device;
  g_prefix_error(error, "%s: ", address);
  vfio_pci_device_close(device);
  return NULL;
}

void vfio_pci_device_close(VfioPciDevice *device) {
  const VfioSys *sys = device->context->sys;

  g_ptr_array_remove(device->context->devices, device);
  vfio_pci_irqs_disable(device);
  sys->close(sys->data, device->fd);
  vfio_group_put(device->group);
  g_free(device->address);
  g_free(device);
}

gboolean vfio_pci_device_reset(VfioPciDevice *device, GError **error) {
  gboolean ok = TRUE;

  vfio_pci_irqs_quiesce(device);
  if (device->flags & VFIO_DEVICE_FLAGS_RESET)
    ok = vfio_sys_call(device->context->sys, device->fd, VFIO_DEVICE_RESET, NULL, "DEVICE_RESET", error);
  ok &= vfio_pci_intx_enable(device, ok ? error : NULL);
  if (!ok)
    g_prefix_error(error, "%s: ", device->address);
  return ok;
}

const char *vfio_pci_device_address(const VfioPciDevice *device) {
  return device->address;
}

guint vfio_pci_device_group(const VfioPciDevice *device) {
  return device->group->number;
}

static gboolean transfer(VfioPciDevice *device, guint region, guint64 offset, void *in, const void *out, gsize len,
                         GError **error) {
  const VfioSys *sys = device->context->sys;
  guint64 at = device->regions[region].offset + offset;
  ssize_t n = in ? sys->pread(sys->data, device->fd, in, len, at) : sys->pwrite(sys->data, device->fd, out, len, at);

  if (n == (ssize_t)len)
    return TRUE;
  vfio_error_set(error, VFIO_ERROR_SYSTEM, n < 0 ? (int)-n : EIO,
                 "%s of %" G_GSIZE_FORMAT " bytes at 0x%" G_GINT64_MODIFIER "x of region %u", in ? "read" : "write",
                 len, offset, region);
  return FALSE;
}

gboolean vfio_pci_device_config_read(VfioPciDevice *device, guint offset, void *buf, gsize len, GError **error) {
  return transfer(device, VFIO_PCI_CONFIG_REGION_INDEX, offset, buf, NULL, len, error);
}

gboolean vfio_pci_device_config_write(VfioPciDevice *device, guint offset, const void *buf, gsize len, GError **error) {
  return transfer(device, VFIO_PCI_CONFIG_REGION_INDEX, offset, NULL, buf, len, error);
}

gboolean vfio_pci_device_bar_read(VfioPciDevice *device, guint bar, guint64 offset, void *buf, gsize len,
                                  GError **error) {
  g_return_val_if_fail(bar <= VFIO_PCI_BAR5_REGION_INDEX, FALSE);
  return transfer(device, bar, offset, buf, NULL, len, error);
}

gboolean vfio_pci_device_bar_write(VfioPciDevice *device, guint bar, guint64 offset, const void *buf, gsize len,
                                   GError **error) {
  g_return_val_if_fail(bar <= VFIO_PCI_BAR5_REGION_INDEX, FALSE);
  return transfer(device, bar, offset, NULL, buf, len, error);
}
