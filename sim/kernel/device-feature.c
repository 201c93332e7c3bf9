/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * VFIO_DEVICE_FEATURE: of all features a plain vfio-pci device has the three of low power, and a physical function the
 * token of its virtual ones. drivers/vfio/vfio_main.c:
 * vfio_ioctl_device_feature(); drivers/vfio/pci/vfio_pci_core.c: vfio_pci_core_ioctl_feature().
 */
#include <string.h>

#include "sim/kernel/device-ioctl.h"
#include "sim/kernel/eventfd.h"

enum { WAKEUP_SIZE = 8 }; /* struct vfio_device_low_power_entry_with_wakeup: s32 eventfd, u32 reserved */

/* The rule by which the feature is unknown here, or RULE_NONE if it is known. */
static RuleId unknown(const SimCall *call, const SimDevice *device, guint feature) {
  guint users;

  switch (feature) {
  case VFIO_DEVICE_FEATURE_PCI_VF_TOKEN:
    return sim_device_is_physical(device, &users) ? RULE_NONE : RULE_PD_108;
  case VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY:
  case VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP:
  case VFIO_DEVICE_FEATURE_LOW_POWER_EXIT:
    return sim_since(call->kernel, 6, 1) ? RULE_NONE : RULE_PD_109;
  case 1: /* MIGRATION, MIG_DEVICE_STATE, MIG_DATA_SIZE, DMA_LOGGING_* */
  case 2:
  case 6 ... 9:
    return RULE_PD_107;
  default:
    return RULE_PD_109;
  }
}

/* The eventfd would be signalled when the device wakes up, which this one never does by itself. */
static long check_wakeup(SimCall *call) {
  gpointer event;
  gint32 fd;
  int r;

  if (sim_read(call, call->arg + sizeof(struct vfio_device_feature), &fd, sizeof fd))
    return sim_refuse(call, EFAULT, RULE_NONE);
  if (fd < 0)
    return sim_refuse(call, EINVAL, RULE_NONE);
  r = sim_event_get(call, fd, &event);
  if (r)
    return sim_refuse(call, -r, RULE_NONE);
  sim_event_put(call->kernel, &event);
  return 0;
}

static long low_power(SimCall *call, SimDevice *device, guint feature) {
  long r = 0;

  if (feature == VFIO_DEVICE_FEATURE_LOW_POWER_EXIT) {
    device->low_power = FALSE;
    return 0;
  }
  if (feature == VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP)
    r = check_wakeup(call);
  if (!r && device->low_power)
    return sim_refuse(call, EINVAL, RULE_NONE);
  if (!r)
    device->low_power = TRUE;
  return r;
}

static long set_token(SimCall *call, SimDevice *device) {
  guint8 token[sizeof device->token];

  if (sim_read(call, call->arg + sizeof(struct vfio_device_feature), token, sizeof token))
    return sim_refuse(call, EFAULT, RULE_NONE);
  memcpy(device->token, token, sizeof token);
  device->has_token = TRUE;
  return 0;
}

static gsize data_size(guint feature) {
  switch (feature) {
  case VFIO_DEVICE_FEATURE_PCI_VF_TOKEN:
    return sizeof((SimDevice *)NULL)->token;
  case VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP:
    return WAKEUP_SIZE;
  default:
    return 0;
  }
}

long sim_device_feature(SimCall *call, SimDevice *device) {
  const guint32 operations = VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_SET;
  struct vfio_device_feature args;
  guint feature;
  RuleId rule;

  if (sim_read(call, call->arg, &args, sizeof args))
    return sim_refuse(call, EFAULT, RULE_PD_105);
  if (args.argsz < sizeof args || args.flags & ~(VFIO_DEVICE_FEATURE_MASK | operations | VFIO_DEVICE_FEATURE_PROBE) ||
      (!(args.flags & VFIO_DEVICE_FEATURE_PROBE) && (args.flags & operations) == operations))
    return sim_refuse(call, EINVAL, RULE_PD_106);
  feature = args.flags & VFIO_DEVICE_FEATURE_MASK;
  rule = unknown(call, device, feature);
  if (rule != RULE_NONE)
    return sim_refuse(call, ENOTTY, rule);
  if (args.flags & VFIO_DEVICE_FEATURE_GET)
    return sim_refuse(call, EINVAL, RULE_PD_110);
  if (args.flags & VFIO_DEVICE_FEATURE_PROBE) {
    sim_met(call, RULE_PD_111);
    return 0;
  }
  if (!(args.flags & VFIO_DEVICE_FEATURE_SET) || args.argsz - sizeof args < data_size(feature))
    return sim_refuse(call, EINVAL, RULE_PD_112);
  return feature == VFIO_DEVICE_FEATURE_PCI_VF_TOKEN ? set_token(call, device) : low_power(call, device, feature);
}
