/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/kernel/group.h"

#include <string.h>

enum { STATUS_VIABLE = 1, STATUS_CONTAINER_SET = 2 };

gboolean sim_group_is_real(const SimGroup *group) {
  return group->host->iommu != SIM_IOMMU_NONE && group->host->iommu != SIM_IOMMU_EMULATED;
}

/* Whether the host bridge has TCE tables for the group: a struct iommu_table_group. */
gboolean sim_group_has_tables(const SimGroup *group) {
  return group->kernel->host->platform != SIM_X86 && sim_group_is_real(group) &&
         group->host->iommu != SIM_IOMMU_NO_TABLE;
}

/* NULL: a group without TCE tables. A hypervisor gives windows of 4K pages. */
static SimTceTable *host_table(const SimGroup *group) {
  SimKernel *kernel = group->kernel;
  guint shift = kernel->host->platform == SIM_PSERIES ? 12 : sim_page_shift(kernel);
  SimTceTable *table;

  if (!sim_group_has_tables(group))
    return NULL;
  table = sim_tce_table_new(kernel, shift, 0, kernel->host->dma32_size >> shift);

  sim_tce_table_set_userspace(table, FALSE);
  return table;
}

SimGroup *sim_group_new(SimKernel *kernel, const SimHostGroup *host) {
  SimGroup *group = g_new0(SimGroup, 1);

  group->kernel = kernel;
  group->host = host;
  group->tables[0] = host_table(group);
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

static guint bound_to(const SimGroup *group, SimDriver driver) {
  guint n = 0;

  for (guint i = 0; i < group->host->devices->len; i++)
    n += sim_driver_of(group->kernel, g_array_index(group->host->devices, SimHostDevice, i).id) == driver;
  return n;
}

guint sim_group_vfio_devices(const SimGroup *group) {
  return bound_to(group, SIM_DRIVER_VFIO);
}

gboolean sim_group_has_devices(const SimGroup *group) {
  return sim_group_vfio_devices(group) > 0;
}

gboolean sim_group_viable(const SimGroup *group) {
  return bound_to(group, SIM_DRIVER_HOST) == 0;
}

gboolean sim_group_has_node(SimKernel *kernel, guint number) {
  const SimGroup *group = sim_kernel_group(kernel, number);

  /* up to 6.0 an open file kept the group, and with it the node */
  return group && (sim_group_has_devices(group) || (group->opened_file && !sim_since(kernel, 6, 1)));
}

gboolean sim_group_lends_table(const SimGroup *group) {
  return group->kernel->host->platform == SIM_PSERIES && !sim_since(group->kernel, 6, 11);
}

void sim_group_claim(SimGroup *group) {
  group->claimed = TRUE;
  if (sim_group_lends_table(group))
    return;
  for (guint slot = 0; slot < SIM_TABLES; slot++)
    sim_group_set_table(group, slot, NULL);
  sim_kernel_met(group->kernel, RULE_TCE_16);
}

void sim_group_release(SimGroup *group) {
  if (!group->claimed)
    return;
  group->claimed = FALSE;
  if (sim_group_lends_table(group))
    return;
  sim_kernel_met(group->kernel, RULE_TCE_17);
  for (guint slot = 0; slot < SIM_TABLES; slot++)
    sim_group_set_table(group, slot, NULL);
  group->tables[0] = host_table(group);
}

void sim_group_settle(SimGroup *group) {
  for (guint i = 0; i < group->host->devices->len; i++)
    sim_device_may_leave(sim_kernel_device(group->kernel, g_array_index(group->host->devices, SimHostDevice, i).id));
}

void sim_group_device_opened(SimGroup *group) {
  group->container_users++;
  sim_file_ref(group->opened_file);
}

void sim_group_device_closed(SimGroup *group) {
  group->container_users--;
  sim_file_unref(group->opened_file);
}

/* An open file of a group. */
typedef struct {
  SimGroup *group;
  gboolean gone; /* the group has lost its devices since */
  gboolean kept; /* the user has closed it: a device or KVM holds it */
} GroupFile;

/* Up to 6.0 the open file kept the group, though it had no device. */
void sim_group_gone(SimGroup *group) {
  if (!sim_since(group->kernel, 6, 1))
    return;
  sim_kernel_met(group->kernel, RULE_CG_90);
  if (group->container)
    sim_container_detach(NULL, group);
  if (group->opened_file)
    ((GroupFile *)sim_file_get(group->opened_file, ABI_GROUP))->gone = TRUE;
  group->opened_file = NULL;
}

/* ---- the group's file -------------------------------------------------------------------------------------------- */

static long get_status(SimCall *call, const GroupFile *file) {
  const SimGroup *group = file->group;
  struct {
    guint32 argsz, flags;
  } status;

  if (sim_read(call, call->arg, &status, sizeof status))
    return sim_refuse(call, EFAULT, RULE_CG_31);
  if (status.argsz < sizeof status)
    return sim_refuse(call, EINVAL, RULE_CG_32);
  if (file->gone)
    return sim_refuse(call, ENODEV, RULE_CG_33);
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

static gboolean lacks_rawio(SimCall *call, const SimGroup *group) {
  return group->host->iommu == SIM_IOMMU_NONE && !sim_call_capable(call, SIM_CAP_SYS_RAWIO);
}

/* Up to 6.0 the group was looked at before the fd. */
static long find_file_before_6_1(SimCall *call, const SimGroup *group, gint32 fd, SimFile **file) {
  if (fd < 0)
    return sim_refuse(call, EINVAL, RULE_CG_40);
  if (group->container)
    return sim_refuse(call, EINVAL, RULE_CG_41);
  if (lacks_rawio(call, group))
    return sim_refuse(call, EPERM, RULE_CG_42);
  return sim_call_file(call, fd, 0, file) ? sim_refuse(call, EBADF, RULE_CG_43) : 0;
}

static long find_file(SimCall *call, const GroupFile *own, gint32 fd, SimFile **file) {
  if (sim_call_file(call, fd, 0, file))
    return sim_refuse(call, EBADF, RULE_CG_43);
  if (own->gone)
    return sim_refuse(call, ENODEV, RULE_CG_45);
  return own->group->container ? sim_refuse(call, EINVAL, RULE_CG_44) : 0;
}

static long set_container(SimCall *call, const GroupFile *own) {
  SimGroup *group = own->group;
  SimContainer *container;
  SimFile *file = NULL;
  gint32 fd;
  long result;

  if (sim_read(call, call->arg, &fd, sizeof fd))
    return sim_refuse(call, EFAULT, RULE_CG_39);
  result =
      sim_since(call->kernel, 6, 1) ? find_file(call, own, fd, &file) : find_file_before_6_1(call, group, fd, &file);
  if (result)
    return result;
  container = file ? sim_file_get(file, ABI_CONTAINER) : NULL;
  if (!container && !sim_since(call->kernel, 6, 2))
    return sim_refuse(call, EINVAL, RULE_CG_46);
  if (!container)
    return sim_refuse(call, EBADFD, RULE_CG_47);
  return sim_container_attach(call, container, group);
}

static long unset_container(SimCall *call, const GroupFile *own) {
  SimGroup *group = own->group;

  if (own->gone || !group->container)
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

static long find_device(SimCall *call, const GroupFile *own, const char *name, SimDevice **device) {
  for (guint i = 0; !own->gone && i < call->kernel->devices->len; i++) {
    SimDevice *candidate = g_ptr_array_index(call->kernel->devices, i);
    long match;

    if (sim_device_group(candidate) != own->group)
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

/* The number is taken before the group is looked at, and what only the first open of a device needs comes last. */
static long may_use(SimCall *call, const SimGroup *group, const SimDevice *device) {
  const SimPort *port = call->kernel->port;

  if (!port->has_free_fd(call->kernel->port_data, call->task))
    return sim_refuse(call, EMFILE, RULE_CG_68);
  if (!group->container)
    return sim_refuse(call, EINVAL, RULE_CG_69);
  if (sim_device_is_open(device) && sim_since(call->kernel, 6, 3))
    return 0;
  if (!sim_container_has_driver(group->container))
    return sim_refuse(call, EINVAL, RULE_CG_70);
  return lacks_rawio(call, group) ? sim_refuse(call, EPERM, RULE_CG_71) : 0;
}

static long get_device_fd(SimCall *call, const GroupFile *own) {
  const SimGroup *group = own->group;
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
  if (!sim_since(call->kernel, 5, 19) && lacks_rawio(call, group))
    return sim_refuse(call, EPERM, RULE_CG_65);
  result = find_device(call, own, name->str, &device);
  if (result)
    return result;
  if (sim_since(call->kernel, 5, 19)) {
    result = may_use(call, own->group, device);
    if (result)
      return result;
  }
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
  const GroupFile *own = object;
  AbiCallId id = sim_call_find(call, ABI_GROUP);
  long fault = sim_call_is(call, id);

  if (fault)
    return fault;
  switch (id) {
  case ABI_GROUP_GET_STATUS:
    return get_status(call, own);
  case ABI_SET_CONTAINER:
    return set_container(call, own);
  case ABI_UNSET_CONTAINER:
    return unset_container(call, own);
  case ABI_GET_DEVICE_FD:
    return get_device_fd(call, own);
  default:
    return sim_refuse(call, ENOTTY, RULE_CG_30);
  }
}

static void group_release(SimFile *file, gpointer object) {
  GroupFile *own = object;
  SimGroup *group = own->group;

  group->kernel->census.groups_open--;
  sim_kernel_met(group->kernel, RULE_CG_82);
  if (!own->gone) {
    if (group->container)
      sim_container_detach(NULL, group);
    group->opened_file = NULL;
  }
  g_free(own);
}

static gboolean has_open_device(const SimGroup *group) {
  for (guint i = 0; i < group->host->devices->len; i++) {
    guint64 id = g_array_index(group->host->devices, SimHostDevice, i).id;

    if (sim_device_is_open(sim_kernel_device(group->kernel, id)))
      return TRUE;
  }
  return FALSE;
}

static void group_kept(SimFile *file, gpointer object) {
  GroupFile *own = object;
  const SimGroup *group = own->group;

  own->kept = TRUE;
  if (own->gone)
    return;
  if (has_open_device(group))
    sim_kernel_met(group->kernel, RULE_CG_83);
  else
    sim_kernel_met(group->kernel, sim_since(group->kernel, 5, 19) ? RULE_CG_84 : RULE_CG_85);
}

static const SimFileOps group_ops = {
    .kind = ABI_GROUP, .ioctl = group_ioctl, .kept = group_kept, .release = group_release};

SimGroup *sim_file_group(const SimFile *file) {
  const GroupFile *own = sim_file_get(file, ABI_GROUP);

  return own ? own->group : NULL;
}

gboolean sim_file_group_alive(const SimFile *file) {
  const GroupFile *own = sim_file_get(file, ABI_GROUP);

  return own && !own->gone;
}

/* A device of it is open through its own node. */
static gboolean is_open_by_node(const SimGroup *group) {
  for (guint i = 0; i < group->host->devices->len; i++)
    if (sim_device_node_is_open(group->kernel, g_array_index(group->host->devices, SimHostDevice, i).id))
      return TRUE;
  return FALSE;
}

static long may_open(SimCall *call, const SimGroup *group) {
  const GroupFile *own;

  if (!group)
    return -ENOENT;
  if (!sim_group_has_node(call->kernel, sim_group_number(group)))
    return sim_refuse(call, ENOENT, RULE_CG_3);
  if (lacks_rawio(call, group))
    return sim_refuse(call, EPERM, RULE_CG_4);
  if (is_open_by_node(group))
    return sim_refuse(call, EBUSY, RULE_CG_5);
  if (!group->opened_file)
    return 0;
  own = sim_file_get(group->opened_file, ABI_GROUP);
  return sim_refuse(call, EBUSY, own->kept && !sim_since(call->kernel, 5, 19) ? RULE_CG_7 : RULE_CG_6);
}

int sim_open_group(SimKernel *kernel, gpointer task, guint number, SimFile **file) {
  AbiObject object = {ABI_GROUP, number};
  SimGroup *group = sim_kernel_group(kernel, number);
  GroupFile *own;
  SimCall call;
  long result;

  *file = NULL;
  sim_call_begin(&call, kernel, NULL, task, object);
  result = sim_call_is(&call, ABI_OPEN);
  if (result)
    return (int)sim_call_end(&call, result);
  result = may_open(&call, group);
  if (result)
    return (int)sim_call_end(&call, result);
  own = g_new0(GroupFile, 1);
  own->group = group;
  *file = group->opened_file = sim_file_new(kernel, &group_ops, number, own);
  kernel->census.groups_open++;
  call.event->made = object;
  sim_met(&call, RULE_CG_8);
  return (int)sim_call_end(&call, 0);
}
