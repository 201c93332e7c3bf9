/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The files of a device: name, open, close, dispatch. drivers/vfio/vfio_main.c: vfio_df_open(),
 * vfio_device_fops_unl_ioctl(); drivers/vfio/pci/vfio_pci_core.c.
 */
#include <string.h>

#include "sim/kernel/device-ioctl.h"

/* ---- its name ---- */

enum { UUID_TEXT = 36, UUID = 16 };

/* The bytes of a UUID as it is written. */
static gboolean parse_uuid(const char *text, guint8 uuid[UUID]) {
  guint n = 0;

  memset(uuid, 0, UUID);
  for (guint i = 0; i < UUID_TEXT; i++) {
    gboolean dash = i == 8 || i == 13 || i == 18 || i == 23;

    if (dash ? text[i] != '-' : !g_ascii_isxdigit(text[i]))
      return FALSE;
    if (dash)
      continue;
    uuid[n / 2] = (guint8)(uuid[n / 2] << 4 | g_ascii_xdigit_value(text[i]));
    n++;
  }
  return TRUE;
}

static gboolean is_token(const SimDevice *physical, const guint8 *uuid) {
  return uuid && physical->has_token && memcmp(physical->token, uuid, UUID) == 0;
}

/* vfio_pci_validate_vf_token(). uuid: NULL if none was given. */
static long check_token(SimCall *call, SimDevice *device, const guint8 *uuid) {
  const SimDevice *physical;
  guint users;

  if (device->host->virtual) {
    physical = sim_device_physical(device);
    if (!physical)
      return uuid ? sim_refuse(call, EINVAL, RULE_PD_3) : 1;
    return is_token(physical, uuid) ? 1 : sim_refuse(call, EACCES, RULE_PD_4);
  }
  if (!sim_device_is_physical(device, &users))
    return uuid ? sim_refuse(call, EINVAL, RULE_PD_3) : 1;
  if (users && !is_token(device, uuid))
    return sim_refuse(call, EACCES, RULE_PD_4);
  if (!users && uuid) {
    device->has_token = TRUE;
    memcpy(device->token, uuid, UUID);
  }
  return 1;
}

/* What follows the name: blanks and at most one vf_token=UUID. */
static long match_options(SimCall *call, SimDevice *device, const char *options) {
  const gsize token = strlen("vf_token=");
  gboolean has_token = FALSE;
  guint8 uuid[UUID];

  while (*options) {
    if (*options == ' ') {
      options++;
      continue;
    }
    if (has_token || strncmp(options, "vf_token=", token) != 0 || !parse_uuid(options + token, uuid))
      return sim_refuse(call, EINVAL, RULE_PD_2);
    has_token = TRUE;
    options += token + UUID_TEXT;
  }
  return check_token(call, device, has_token ? uuid : NULL);
}

long sim_device_match(SimCall *call, SimDevice *device, const char *name) {
  g_autoptr(GString) own = g_string_new(NULL);

  if (device->driver != SIM_DRIVER_VFIO || device->leaving)
    return 0;
  abi_bdf_print(own, device->host->id);
  sim_met(call, RULE_PD_1);
  if (strncmp(name, own->str, own->len) != 0)
    return 0;
  name += own->len;
  return *name == '\0' || *name == ' ' ? match_options(call, device, name) : 0;
}

/* ---- closing and opening ---- */

static void device_release(SimFile *file, gpointer object) {
  SimDevice *device = object;

  if (--device->opens) {
    sim_kernel_met(device->kernel, RULE_CG_86);
    return;
  }
  sim_kernel_met(device->kernel, RULE_CG_87);
  sim_kernel_met(device->kernel, RULE_PD_9);
  sim_device_disable(device);
  device->kernel->census.devices_open--;
  sim_group_device_closed(device->group);
  sim_device_may_leave(device);
}

/* ---- ioctls ---- */

/* Only for devices opened by their own node, which this one never was. drivers/vfio/Kconfig: VFIO_DEVICE_CDEV is not
 * for kernels with SPAPR_TCE_IOMMU. */
static long bind_iommufd(SimCall *call) {
  guint8 args[16];

  if (!sim_since(call->kernel, 6, 6) || sim_host_of(call->kernel)->platform != SIM_X86)
    return sim_refuse(call, ENOTTY, RULE_CG_78);
  if (sim_read(call, call->arg, args, sizeof args))
    return sim_refuse(call, EFAULT, RULE_CG_74);
  return sim_refuse(call, EINVAL, RULE_CG_75);
}

static long device_ioctl(SimCall *call, gpointer object) {
  SimDevice *device = object;
  AbiCallId id = sim_call_find(call, ABI_DEVICE);
  long r = sim_call_is(call, id);

  if (r)
    return r;
  if (!sim_device_wakes(device))
    return sim_refuse(call, EIO, RULE_CG_76);
  switch (id) {
  case ABI_DEVICE_GET_INFO:
    return sim_device_get_info(call, device);
  case ABI_GET_REGION_INFO:
    return sim_device_get_region_info(call, device);
  case ABI_GET_IRQ_INFO:
    return sim_device_get_irq_info(call, device);
  case ABI_SET_IRQS:
    return sim_irq_set(call, &device->irqs);
  case ABI_DEVICE_RESET:
    return sim_device_reset(call, device);
  case ABI_GET_HOT_RESET_INFO:
    return sim_device_hot_reset_info(call, device);
  case ABI_HOT_RESET:
    return sim_device_hot_reset(call, device);
  case ABI_IOEVENTFD:
    return sim_ioeventfd(call, &device->ioeventfds);
  case ABI_DEVICE_FEATURE:
    if (!sim_since(call->kernel, 5, 15))
      return sim_refuse(call, ENOTTY, RULE_CG_78);
    sim_met(call, RULE_CG_77);
    return sim_device_feature(call, device);
  case ABI_BIND_IOMMUFD:
    return bind_iommufd(call);
  default:
    return sim_refuse(call, ENOTTY, RULE_CG_78);
  }
}

static const SimFileOps device_ops = {
    .kind = ABI_DEVICE,
    .ioctl = device_ioctl,
    .pread = sim_device_pread,
    .pwrite = sim_device_pwrite,
    .mmap = sim_device_mmap,
    .release = device_release,
};

long sim_device_open(SimCall *call, SimDevice *device, SimFile **file) {
  if (!device->opens && device->host->wake == SIM_WAKES_NEVER)
    return sim_refuse(call, EIO, RULE_PD_5);
  if (device->opens++ == 0) {
    sim_device_enable(device);
    sim_met(call, RULE_PD_7);
    sim_met(call, RULE_PD_8);
    device->kernel->census.devices_open++;
    sim_group_device_opened(device->group);
  }
  *file = sim_file_new(device->kernel, &device_ops, device->host->id, device);
  return 0;
}
