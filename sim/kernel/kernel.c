/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/kernel/group.h"

static gint by_id(gconstpointer a, gconstpointer b) {
  const SimDevice *left = *(SimDevice *const *)a, *right = *(SimDevice *const *)b;
  guint64 x = sim_device_id(left), y = sim_device_id(right);

  return x < y ? -1 : x > y;
}

SimKernel *sim_kernel_new(const SimHost *host, const SimPort *port, gpointer port_data, Trace *trace) {
  SimKernel *kernel = g_new0(SimKernel, 1);

  kernel->host = host;
  kernel->port = port;
  kernel->port_data = port_data;
  kernel->trace = trace;
  kernel->groups = g_ptr_array_new_with_free_func((GDestroyNotify)sim_group_free);
  kernel->devices = g_ptr_array_new_with_free_func((GDestroyNotify)sim_device_free);
  kernel->vms = g_ptr_array_new();
  kernel->mms = g_hash_table_new_full(NULL, NULL, NULL, NULL);
  for (guint i = 0; i < host->groups->len; i++) {
    const SimHostGroup *described = g_ptr_array_index(host->groups, i);
    SimGroup *group = sim_group_new(kernel, described);

    g_ptr_array_add(kernel->groups, group);
    for (guint j = 0; j < described->devices->len; j++) {
      SimDevice *device = sim_device_new(kernel, group, &g_array_index(described->devices, SimHostDevice, j));

      sim_device_probe(device);
      g_ptr_array_add(kernel->devices, device);
    }
  }
  g_ptr_array_sort(kernel->devices, by_id);
  return kernel;
}

void sim_kernel_free(SimKernel *kernel) {
  GHashTableIter iter;
  gpointer mm;

  if (!kernel)
    return;
  g_ptr_array_unref(kernel->devices);
  g_ptr_array_unref(kernel->groups);
  g_ptr_array_unref(kernel->vms);
  g_hash_table_iter_init(&iter, kernel->mms);
  while (g_hash_table_iter_next(&iter, NULL, &mm))
    sim_mm_unref(mm);
  g_hash_table_unref(kernel->mms);
  g_free(kernel);
}

void sim_kernel_set_fault(SimKernel *kernel, SimFaultFunc fault, gpointer data) {
  kernel->fault = fault;
  kernel->fault_data = data;
}

SimGroup *sim_kernel_group(SimKernel *kernel, guint number) {
  for (guint i = 0; i < kernel->groups->len; i++) {
    SimGroup *group = g_ptr_array_index(kernel->groups, i);

    if (sim_group_number(group) == number)
      return group;
  }
  return NULL;
}

SimDevice *sim_kernel_device(SimKernel *kernel, guint64 id) {
  for (guint i = 0; i < kernel->devices->len; i++) {
    SimDevice *device = g_ptr_array_index(kernel->devices, i);

    if (sim_device_id(device) == id)
      return device;
  }
  return NULL;
}

void sim_census(SimKernel *kernel, SimCensus *census) {
  *census = kernel->census;
}

gsize sim_table_bytes(SimKernel *kernel) {
  return kernel->table_bytes;
}

const guint32 *sim_rules_met(SimKernel *kernel) {
  return kernel->met;
}
