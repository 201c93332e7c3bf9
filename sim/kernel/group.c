/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/kernel/group.h"

#include <string.h>

enum { STATUS_VIABLE = 1, STATUS_CONTAINER_SET = 2 };

/* NULL: a host without TCE tables. A hypervisor gives windows of 4K pages. */
static SimTceTable *host_table(SimKernel *kernel) {
  guint shift = kernel->host->platform == SIM_PSERIES ? 12 : sim_page_shift(kernel);
  SimTceTable *table;

  if (kernel->host->platform == SIM_X86)
    return NULL;
  table = sim_tce_table_new(kernel, shift, 0, kernel->host->dma32_size >> shift);

  sim_tce_table_set_userspace(table, FALSE);
  return table;
}

SimGroup *sim_group_new(SimKernel *kernel, const SimHostGroup *host) {
  SimGroup *group = g_new0(SimGroup, 1);

  group->kernel = kernel;
  group->host = host;
  group->tables[0] = host_table(kernel);
  return group;
}

void sim_group_free(SimGroup *group) {
  for (guint slot = 0; slot < SIM_TABLES; slot++)
    sim_tce_table_unref(group->tables[slot]);
  g_free(group);
}

guint sim_group_number(const SimGroup *group) {
  return group->host->number;
}

SimTceTable *sim_group_table(const SimGroup *group, guint slot) {
  return group->tables[slot];
}

void sim_group_set_table(SimGroup *group, guint slot, SimTceTable *table) {
  if (table)
    sim_tce_table_ref(table);
  sim_tce_table_unref(group->tables[slot]);
  group->tables[slot] = table;
}

/* Devices that are bound to VFIO: with none there is no group node. */
gboolean sim_group_has_devices(const SimGroup *group) {
  for (guint i = 0; i < group->host->devices->len; i++)
    if (!g_array_index(group->host->devices, SimHostDevice, i).host_driver)
      return TRUE;
  return FALSE;
}

gboolean sim_group_viable(const SimGroup *group) {
  for (guint i = 0; i < group->host->devices->len; i++)
    if (g_array_index(group->host->devices, SimHostDevice, i).host_driver)
      return FALSE;
  return TRUE;
}

void sim_group_set_vm(SimGroup *group, SimVm *vm) {
  group->vm = vm;
}

void sim_group_claim(SimGroup *group) {
  group->claimed = TRUE;
  for (guint slot = 0; slot < SIM_TABLES; slot++)
    sim_group_set_table(group, slot, NULL);
  sim_kernel_met(group->kernel, RULE_TCE_16);
}

void sim_group_release(SimGroup *group) {
  if (!group->claimed)
    return;
  group->claimed = FALSE;
  for (guint slot = 0; slot < SIM_TABLES; slot++)
    sim_group_set_table(group, slot, NULL);
  group->tables[0] = host_table(group->kernel);
  sim_kernel_met(group->kernel, RULE_TCE_17);
}

void sim_group_device_opened(SimGroup *group) {
  group->container_users++;
  sim_file_ref(group->opened_file);
}

void sim_group_device_closed(SimGroup *group) {
  group->container_users--;
  sim_file_unref(group->opened_file);
}

/* ---- the group's file -------------------------------------------------------------------------------------------- */

static long get_status(SimCall *call, SimGroup *group) {
  struct {
    guint32 argsz, flags;
  } status;

  if (sim_read(call, call->arg, &status, sizeof status))
    return sim_refuse(call, EFAULT, RULE_CG_31);
  if (status.argsz < sizeof status)
    return sim_refuse(call, EINVAL, RULE_CG_32);
  status.flags = 0;
  if (!sim_since(call->kernel, 5, 19)) {
    status.flags = (sim_group_viable(group) ? STATUS_VIABLE : 0) | (group->container ? STATUS_CONTAINER_SET : 0);
    sim_met(call, RULE_CG_37);
  } else if (group->container) {
    status.flags = STATUS_CONTAINER_SET | STATUS_VIABLE;
    sim_met(call, RULE_CG_34);
  } else if (sim_group_viable(group)) {
    status.flags = STATUS_VIABLE;
    sim_met(call, RULE_CG_35);
  } else {
    sim_met(call, RULE_CG_36);
  }
  if (sim_write(call, call->arg, &status, sizeof status))
    return sim_refuse(call, EFAULT, RULE_CG_38);
  return 0;
}

/* Up to 6.0 the group was looked at before the fd. */
static long find_file_before_6_1(SimCall *call, const SimGroup *group, gint32 fd, SimFile **file) {
  if (fd < 0)
    return sim_refuse(call, EINVAL, RULE_CG_40);
  if (group->container)
    return sim_refuse(call, EINVAL, RULE_CG_41);
  return sim_call_file(call, fd, 0, file) ? sim_refuse(call, EBADF, RULE_CG_43) : 0;
}

static long find_file(SimCall *call, const SimGroup *group, gint32 fd, SimFile **file) {
  if (sim_call_file(call, fd, 0, file))
    return sim_refuse(call, EBADF, RULE_CG_43);
  return group->container ? sim_refuse(call, EINVAL, RULE_CG_44) : 0;
}

static long set_container(SimCall *call, SimGroup *group) {
  SimContainer *container;
  SimFile *file = NULL;
  gint32 fd;
  long result;

  if (sim_read(call, call->arg, &fd, sizeof fd))
    return sim_refuse(call, EFAULT, RULE_CG_39);
  result =
      sim_since(call->kernel, 6, 1) ? find_file(call, group, fd, &file) : find_file_before_6_1(call, group, fd, &file);
  if (result)
    return result;
  container = file ? sim_file_get(file, ABI_CONTAINER) : NULL;
  if (!container && !sim_since(call->kernel, 6, 2))
    return sim_refuse(call, EINVAL, RULE_CG_46);
  if (!container)
    return sim_refuse(call, EBADFD, RULE_CG_47);
  return sim_container_attach(call, container, group);
}

static long unset_container(SimCall *call, SimGroup *group) {
  if (!group->container)
    return sim_refuse(call, EINVAL, RULE_CG_58);
  if (group->container_users != 1)
    return sim_refuse(call, EBUSY, RULE_CG_59);
  sim_container_detach(call, group);
  sim_met(call, RULE_CG_60);
  return 0;
}

/* Copies the name, at most a page: strndup_user(). In steps that end at page borders, as it may end just before a hole.
 */
static long read_name(SimCall *call, GString *name) {
  gsize limit = (gsize)1 << sim_page_shift(call->kernel);

  while (name->len < limit) {
    guint64 addr = call->arg + name->len;
    char part[64];
    gsize len = MIN(sizeof part - addr % sizeof part, limit - name->len), text;

    if (call->kernel->port->read(call->kernel->port_data, call->task, addr, part, len))
      return sim_refuse(call, EFAULT, RULE_CG_62);
    text = strnlen(part, len);
    g_string_append_len(name, part, (gssize)text);
    if (text < len)
      return 0;
  }
  return sim_refuse(call, EINVAL, RULE_CG_63);
}

static long find_device(SimCall *call, SimGroup *group, const char *name, SimDevice **device) {
  for (guint i = 0; i < call->kernel->devices->len; i++) {
    SimDevice *candidate = g_ptr_array_index(call->kernel->devices, i);
    long match;

    if (sim_device_group(candidate) != group)
      continue;
    match = sim_device_match(call, candidate, name);
    if (match < 0) {
      sim_met(call, RULE_CG_67);
      return match;
    }
    if (match) {
      *device = candidate;
      return 0;
    }
  }
  return sim_refuse(call, ENODEV, RULE_CG_66);
}

static long get_device_fd(SimCall *call, SimGroup *group) {
  gboolean usable = group->container && sim_container_has_driver(group->container);
  g_autoptr(GString) name = g_string_new(NULL);
  SimDevice *device = NULL;
  SimFile *file;
  long result = read_name(call, name);

  sim_call_payload(call, name->str, name->len + 1);
  if (result)
    return result;
  if (!sim_since(call->kernel, 5, 19) && (!usable || !sim_group_viable(group)))
    return sim_refuse(call, EINVAL, RULE_CG_64);
  result = find_device(call, group, name->str, &device);
  if (result)
    return result;
  if (!group->container)
    return sim_refuse(call, EINVAL, RULE_CG_69);
  if (!usable)
    return sim_refuse(call, EINVAL, RULE_CG_70);
  result = sim_device_open(call, device, &file);
  if (result) {
    sim_met(call, RULE_CG_72);
    return result;
  }
  result = sim_call_install(call, file);
  if (result < 0)
    return sim_refuse(call, EMFILE, RULE_CG_68);
  sim_met(call, RULE_CG_73);
  return result;
}

static long group_ioctl(SimCall *call, gpointer object) {
  SimGroup *group = object;
  AbiCallId id = sim_call_find(call, ABI_GROUP);
  long fault = sim_call_is(call, id);

  if (fault)
    return fault;
  switch (id) {
  case ABI_GROUP_GET_STATUS:
    return get_status(call, group);
  case ABI_SET_CONTAINER:
    return set_container(call, group);
  case ABI_UNSET_CONTAINER:
    return unset_container(call, group);
  case ABI_GET_DEVICE_FD:
    return get_device_fd(call, group);
  default:
    return sim_refuse(call, ENOTTY, RULE_CG_30);
  }
}

static void group_release(SimFile *file, gpointer object) {
  SimGroup *group = object;

  if (group->container)
    sim_container_detach(NULL, group);
  group->opened_file = NULL;
  group->kernel->census.groups_open--;
  sim_kernel_met(group->kernel, RULE_CG_82);
}

static void group_kept(SimFile *file, gpointer object) {
  SimGroup *group = object;

  if (group->container_users > 1)
    sim_kernel_met(group->kernel, RULE_CG_83);
  else
    sim_kernel_met(group->kernel, sim_since(group->kernel, 5, 19) ? RULE_CG_84 : RULE_CG_85);
}

static const SimFileOps group_ops = {
    .kind = ABI_GROUP, .ioctl = group_ioctl, .kept = group_kept, .release = group_release};

SimGroup *sim_file_group(const SimFile *file) {
  return sim_file_get(file, ABI_GROUP);
}

int sim_open_group(SimKernel *kernel, gpointer task, guint number, SimFile **file) {
  AbiObject object = {ABI_GROUP, number};
  SimGroup *group = sim_kernel_group(kernel, number);
  SimCall call;
  long result;

  *file = NULL;
  sim_call_begin(&call, kernel, NULL, task, object);
  result = sim_call_is(&call, ABI_OPEN);
  if (result)
    return (int)sim_call_end(&call, result);
  if (!group || !sim_group_has_devices(group))
    return (int)sim_call_end(&call, -ENOENT);
  if (group->opened_file)
    return (int)sim_call_end(&call, sim_refuse(&call, EBUSY, RULE_CG_6));
  *file = group->opened_file = sim_file_new(kernel, &group_ops, number, group);
  kernel->census.groups_open++;
  call.event->made = object;
  sim_met(&call, RULE_CG_8);
  return (int)sim_call_end(&call, 0);
}
