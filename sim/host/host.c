/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/host/host-internal.h"

#include <string.h>

enum { IOVA_BITS = 48 }; /* four levels of page tables */

G_DEFINE_QUARK(sim - host - error - quark, sim_host_error)

SimHost *sim_host_new(void) {
  SimHost *host = g_new0(SimHost, 1);

  host->groups = g_ptr_array_new_with_free_func((GDestroyNotify)sim_host_group_free);
  host->name = g_strdup("power9");
  host->description = g_strdup("");
  sim_host_set_profile(host, "linux-6.12-powernv");
  host->kvm = SIM_KVM_MODEL;
  host->memlock = G_MAXUINT64;
  host->interrupt_remapping = TRUE;
  return host;
}

SimHost *sim_host_copy(const SimHost *host) {
  SimHost *copy = g_memdup2(host, sizeof *host);

  copy->name = g_strdup(host->name);
  copy->description = g_strdup(host->description);
  copy->groups = g_ptr_array_new_with_free_func((GDestroyNotify)sim_host_group_free);
  for (guint i = 0; i < host->groups->len; i++) {
    const SimHostGroup *from = g_ptr_array_index(host->groups, i);
    SimHostGroup *to = g_memdup2(from, sizeof *from);

    to->devices = g_array_copy(from->devices);
    for (guint j = 0; j < to->devices->len; j++) {
      SimHostDevice *device = &g_array_index(to->devices, SimHostDevice, j);

      if (device->recorded)
        g_bytes_ref(device->recorded);
    }
    g_ptr_array_add(copy->groups, to);
  }
  return copy;
}

void sim_host_free(SimHost *host) {
  if (!host)
    return;
  g_ptr_array_unref(host->groups);
  g_free(host->description);
  g_free(host->name);
  g_free(host);
}

void sim_host_group_free(SimHostGroup *group) {
  for (guint i = 0; i < group->devices->len; i++)
    g_clear_pointer(&g_array_index(group->devices, SimHostDevice, i).recorded, g_bytes_unref);
  g_array_unref(group->devices);
  g_free(group);
}

char *sim_host_group_node(const SimHostGroup *group) {
  return g_strdup_printf("%s%u", group->iommu == SIM_IOMMU_NONE ? "noiommu-" : "", group->number);
}

const SimHostGroup *sim_host_group(const SimHost *host, guint number) {
  for (guint i = 0; i < host->groups->len; i++) {
    const SimHostGroup *group = g_ptr_array_index(host->groups, i);

    if (group->number == number)
      return group;
  }
  return NULL;
}

SimHostDevice *sim_host_find_device(const SimHost *host, guint64 id) {
  for (guint i = 0; i < host->groups->len; i++) {
    const SimHostGroup *group = g_ptr_array_index(host->groups, i);

    for (guint j = 0; j < group->devices->len; j++) {
      SimHostDevice *device = &g_array_index(group->devices, SimHostDevice, j);

      if (device->id == id)
        return device;
    }
  }
  return NULL;
}

const SimHostDevice *sim_host_device(const SimHost *host, guint64 id) {
  return sim_host_find_device(host, id);
}

SimHostGroup *sim_host_ensure_group(SimHost *host, guint number) {
  SimHostGroup *group;
  guint at;

  for (at = 0; at < host->groups->len; at++) {
    group = g_ptr_array_index(host->groups, at);
    if (group->number == number)
      return group;
    if (group->number > number)
      break;
  }
  group = g_new0(SimHostGroup, 1);
  group->number = number;
  group->iova_bits = IOVA_BITS;
  group->devices = g_array_new(FALSE, TRUE, sizeof(SimHostDevice));
  g_ptr_array_insert(host->groups, (gint)at, group);
  return group;
}

gboolean sim_host_add_device(SimHost *host, guint group, const char *address, GError **error) {
  SimHostDevice device = {.group = group};
  const SimHostDevice *other;

  if (!abi_bdf_parse(address, &device.id)) {
    g_set_error(error, SIM_HOST_ERROR, SIM_HOST_ERROR_VALUE,
                "group %u: '%s' is no PCI address; write it in full, as 0000:01:00.0", group, address);
    return FALSE;
  }
  other = sim_host_device(host, device.id);
  if (other) {
    g_set_error(error, SIM_HOST_ERROR, SIM_HOST_ERROR_CONFLICT,
                "group %u: device %s is in group %u already; a device belongs to one IOMMU group", group, address,
                other->group);
    return FALSE;
  }
  sim_host_device_model(&device, "dumb");
  g_array_append_val(sim_host_ensure_group(host, group)->devices, device);
  return TRUE;
}

gboolean sim_host_capable(const SimHost *host, int capability) {
  switch (capability) {
  case SIM_CAP_IPC_LOCK:
    return host->ipc_lock;
  case SIM_CAP_SYS_RAWIO:
    return host->sys_rawio;
  default:
    return FALSE;
  }
}

gboolean sim_host_set_device(SimHost *host, const char *address, const char *key, const char *value, GError **error) {
  guint64 id;
  SimHostDevice *device = abi_bdf_parse(address, &id) ? sim_host_find_device(host, id) : NULL;

  if (!device) {
    g_set_error(error, SIM_HOST_ERROR, SIM_HOST_ERROR_NOT_FOUND, "the host has no device '%s'", address);
    return FALSE;
  }
  if (!sim_host_device_set(device, key, value, error) || !sim_host_device_check(device, error)) {
    g_prefix_error(error, "device %s: ", address);
    return FALSE;
  }
  return TRUE;
}
