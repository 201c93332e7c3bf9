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

/* By EEH_ERR_FUNC_*. There is no I/O space behind these host bridges. */
static const SimPeAccess struck[] = {
    SIM_PE_LOAD,         SIM_PE_LOAD,         SIM_PE_NOTHING,   SIM_PE_NOTHING,   SIM_PE_CONFIG_READ,
    SIM_PE_CONFIG_READ,  SIM_PE_STORE,        SIM_PE_STORE,     SIM_PE_NOTHING,   SIM_PE_NOTHING,
    SIM_PE_CONFIG_WRITE, SIM_PE_CONFIG_WRITE, SIM_PE_NOTHING,   SIM_PE_NOTHING,   SIM_PE_DMA_READ,
    SIM_PE_DMA_READ,     SIM_PE_DMA_WRITE,    SIM_PE_DMA_WRITE, SIM_PE_DMA_WRITE, SIM_PE_DMA_WRITE,
};

/* Whether a bus address lies in memory of one of the group's devices. */
static gboolean is_memory(const SimGroup *group, guint64 addr) {
  const GPtrArray *devices = group->kernel->devices;

  for (guint i = 0; i < devices->len; i++) {
    const SimDevice *device = g_ptr_array_index(devices, i);

    if (device->group == group && device->opens && sim_config_holds(&device->config, device->host, addr))
      return TRUE;
  }
  return FALSE;
}

/* What the firmware of a POWER9 takes: errors of loads and stores for an address of the device's, and nothing for I/O
 * space; errors of DMA reads by their address or data not at all. Asked of Linux 6.12 on an emulated POWER9, for
 * address 0. */
static long check_firmware(SimCall *call, const SimGroup *group, const struct eeh_pe_op *op) {
  SimPeAccess access = struck[op->err_func];

  if (access == SIM_PE_NOTHING ||
      ((access == SIM_PE_LOAD || access == SIM_PE_STORE) && !is_memory(group, op->err_addr)))
    return sim_refuse(call, EIO, RULE_EEH_17);
  return 0;
}

/* The error waits for the access that it is an error of. LPARs learned to inject them in 6.12. */
static long inject(SimCall *call, SimGroup *group) {
  struct eeh_pe_op op;
  long r;

  memcpy(&op, call->event->in, WITHOUT_ERR);
  if (op.argsz < sizeof op)
    return sim_refuse(call, EINVAL, RULE_EEH_12);
  if (sim_read(call, call->arg, &op, sizeof op))
    return sim_refuse(call, EFAULT, RULE_EEH_13);
  if (op.err_func > MAX_FUNC)
    return sim_refuse(call, EINVAL, RULE_EEH_14);
  if (call->kernel->host->platform == SIM_PSERIES && !sim_since(call->kernel, 6, 12))
    return sim_refuse(call, ENOENT, RULE_EEH_15);
  if (op.err_type > MAX_TYPE)
    return sim_refuse(call, ERANGE, RULE_EEH_16);
  r = check_firmware(call, group, &op);
  if (!r)
    group->pe.armed = struck[op.err_func];
  return r;
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
