/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* VFIO_EEH_PE_OP on one group. arch/powerpc/kernel/eeh.c, arch/powerpc/platforms/powernv/eeh-powernv.c */
#include <string.h>

#include "sim/kernel/device.h"
#include "sim/kernel/group.h"

struct eeh_pe_op {
  guint32 argsz, flags, op, padding;
  guint32 err_type, err_func;
  guint64 err_addr, err_mask;
};

enum { WITHOUT_ERR = 12, MAX_FUNC = 19, MAX_TYPE = 1 };

enum {
  OP_DISABLE = 0,
  OP_ENABLE = 1,
  OP_UNFREEZE_IO = 2,
  OP_UNFREEZE_DMA = 3,
  OP_GET_STATE = 4,
  OP_RESET_DEACTIVATE = 5,
  OP_RESET_HOT = 6,
  OP_RESET_FUNDAMENTAL = 7,
  OP_CONFIGURE = 8,
  OP_INJECT_ERR = 9,
};

/* The error strikes at once: nothing here waits for the device's next access. */
static long inject(SimCall *call, SimGroup *group) {
  struct eeh_pe_op op;

  memcpy(&op, call->event->in, WITHOUT_ERR);
  if (op.argsz < sizeof op)
    return sim_refuse(call, EINVAL, RULE_EEH_12);
  if (sim_read(call, call->arg, &op, sizeof op))
    return sim_refuse(call, EFAULT, RULE_EEH_13);
  if (op.err_func > MAX_FUNC)
    return sim_refuse(call, EINVAL, RULE_EEH_14);
  if (op.err_type > MAX_TYPE)
    return sim_refuse(call, ERANGE, RULE_EEH_16);
  sim_pe_freeze(&group->pe);
  return 0;
}

static void reset_devices(SimGroup *group) {
  const GPtrArray *devices = group->kernel->devices;

  for (guint i = 0; i < devices->len; i++) {
    SimDevice *device = g_ptr_array_index(devices, i);

    if (device->group == group)
      sim_device_reset_function(device);
  }
}

long sim_group_eeh_op(SimCall *call, SimGroup *group) {
  struct eeh_pe_op op;
  long state;

  if (!call->kernel->host->eeh || !sim_group_has_devices(group))
    return sim_refuse(call, ENODEV, RULE_EEH_2);
  if (sim_read(call, call->arg, &op, WITHOUT_ERR))
    return sim_refuse(call, EFAULT, RULE_EEH_3);
  if (op.argsz < WITHOUT_ERR || op.flags)
    return sim_refuse(call, EINVAL, RULE_EEH_4);
  switch (op.op) {
  case OP_DISABLE:
    sim_met(call, RULE_EEH_5);
    return 0;
  case OP_ENABLE:
    sim_pe_thaw(&group->pe);
    sim_met(call, RULE_EEH_6);
    return 0;
  case OP_UNFREEZE_IO:
    group->pe.io_stopped = FALSE;
    sim_met(call, RULE_EEH_7);
    return 0;
  case OP_UNFREEZE_DMA:
    group->pe.dma_stopped = FALSE;
    sim_met(call, RULE_EEH_7);
    return 0;
  case OP_GET_STATE:
    state = sim_pe_state(&group->pe);
    if (state)
      return sim_notable(call, state, RULE_EEH_8);
    sim_met(call, RULE_EEH_8);
    return 0;
  case OP_RESET_DEACTIVATE:
    sim_pe_thaw(&group->pe);
    sim_met(call, RULE_EEH_9);
    return 0;
  case OP_RESET_HOT:
  case OP_RESET_FUNDAMENTAL:
    sim_pe_freeze(&group->pe);
    group->pe.held_in_reset = TRUE;
    reset_devices(group);
    sim_met(call, RULE_EEH_10);
    return 0;
  case OP_CONFIGURE:
    sim_met(call, RULE_EEH_11);
    return 0;
  case OP_INJECT_ERR:
    return inject(call, group);
  default:
    return sim_refuse(call, EINVAL, RULE_EEH_18);
  }
}
