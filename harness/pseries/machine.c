/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/pseries/machine.h"

#include <errno.h>

#include "harness/pseries/error.h"

struct PseriesMachine {
  PseriesVm *vm; /* NULL: no KVM */
  VfioAddressSpace *memory;
  PseriesRam *ram;
  VfioContext *context;
  GPtrArray *phbs; /* of PseriesPhb*, by index */
};

static PseriesPhb *phb_at(const PseriesMachine *machine, guint i) {
  return machine->phbs->pdata[i];
}

static gboolean set_up(PseriesMachine *machine, const PseriesConfig *config, GError **error) {
  const VfioSys *sys = config->sys;

  if (config->kvm) {
    machine->vm = pseries_vm_new(sys, error);
    if (!machine->vm)
      return FALSE;
  }
  machine->ram =
      pseries_ram_new(machine->memory, machine->vm, sys->page_size(sys->data), config->mapped, config->mapped_data);
  if (!pseries_ram_add(machine->ram, "", 0, config->ram, error))
    return FALSE;
  if (machine->vm && !pseries_vm_enable_multitce(machine->vm, error))
    return FALSE;
  machine->context =
      vfio_context_new(sys, machine->memory, machine->vm ? pseries_vm_kvm(machine->vm) : NULL, config->order);
  return TRUE;
}

PseriesMachine *pseries_machine_new(const PseriesConfig *config, GError **error) {
  PseriesMachine *machine = g_new0(PseriesMachine, 1);

  machine->phbs = g_ptr_array_new();
  machine->memory = vfio_address_space_new("memory");
  if (set_up(machine, config, error))
    return machine;
  pseries_machine_free(machine);
  return NULL;
}

void pseries_machine_free(PseriesMachine *machine) {
  if (!machine)
    return;
  while (machine->phbs->len > 0)
    pseries_phb_free(g_ptr_array_remove_index(machine->phbs, machine->phbs->len - 1));
  vfio_context_free(machine->context);
  pseries_ram_free(machine->ram);
  pseries_vm_free(machine->vm);
  vfio_address_space_unref(machine->memory);
  g_ptr_array_unref(machine->phbs);
  g_free(machine);
}

gboolean pseries_machine_reset(PseriesMachine *machine, GError **error) {
  gboolean ok = TRUE;

  for (guint i = machine->phbs->len; i-- > 0;)
    ok &= pseries_phb_reset(phb_at(machine, i), ok ? error : NULL);
  return ok;
}

gboolean pseries_machine_add_phb(PseriesMachine *machine, const PseriesPhbConfig *config, gboolean running,
                                 GError **error) {
  guint at = 0;

  while (at < machine->phbs->len && pseries_phb_index(phb_at(machine, at)) < config->index)
    at++;
  if (at < machine->phbs->len && pseries_phb_index(phb_at(machine, at)) == config->index) {
    g_set_error(error, PSERIES_ERROR, EEXIST, "there is a phb %u", config->index);
    return FALSE;
  }
  PseriesPhb *phb = pseries_phb_new(machine->context, machine->vm, config);
  if (running && !pseries_phb_reset(phb, error)) {
    pseries_phb_free(phb);
    return FALSE;
  }
  g_ptr_array_insert(machine->phbs, (int)at, phb);
  return TRUE;
}

PseriesPhb *pseries_machine_phb(PseriesMachine *machine, guint index, GError **error) {
  for (guint i = 0; i < machine->phbs->len; i++)
    if (pseries_phb_index(phb_at(machine, i)) == index)
      return phb_at(machine, i);
  g_set_error(error, PSERIES_ERROR, ENODEV, "there is no phb %u", index);
  return NULL;
}

gboolean pseries_machine_remove_phb(PseriesMachine *machine, guint index, GError **error) {
  PseriesPhb *phb = pseries_machine_phb(machine, index, error);

  if (!phb)
    return FALSE;
  if (pseries_phb_n_devices(phb) > 0) {
    g_set_error(error, PSERIES_ERROR, EBUSY, "phb %u has %u devices: unplug them first", index,
                pseries_phb_n_devices(phb));
    return FALSE;
  }
  g_ptr_array_remove(machine->phbs, phb);
  pseries_phb_free(phb);
  return TRUE;
}

PseriesPhb *pseries_machine_device_phb(PseriesMachine *machine, const char *name, GError **error) {
  for (guint i = 0; i < machine->phbs->len; i++)
    if (pseries_phb_has(phb_at(machine, i), name))
      return phb_at(machine, i);
  g_set_error(error, PSERIES_ERROR, ENODEV, "there is no device %s", name);
  return NULL;
}

gboolean pseries_machine_add_ram(PseriesMachine *machine, const char *name, guint64 start, guint64 size,
                                 GError **error) {
  return pseries_ram_add(machine->ram, name, start, size, error);
}

gboolean pseries_machine_remove_ram(PseriesMachine *machine, const char *name, GError **error) {
  return pseries_ram_remove(machine->ram, name, error);
}

void *pseries_machine_ram(PseriesMachine *machine, guint64 gpa, gsize len) {
  return pseries_ram_at(machine->ram, gpa, len);
}

PseriesPhb *pseries_machine_liobn_phb(PseriesMachine *machine, guint64 liobn, GError **error) {
  for (guint i = 0; i < machine->phbs->len; i++)
    if (phb_windows_find(pseries_phb_windows(phb_at(machine, i)), liobn))
      return phb_at(machine, i);
  g_set_error(error, PSERIES_ERROR, EINVAL, "no DMA window has LIOBN 0x%" G_GINT64_MODIFIER "x", liobn);
  return NULL;
}

TceTable *pseries_machine_find_table(PseriesMachine *machine, guint64 liobn) {
  PseriesPhb *phb = pseries_machine_liobn_phb(machine, liobn, NULL);

  return phb ? phb_windows_find(pseries_phb_windows(phb), liobn) : NULL;
}
