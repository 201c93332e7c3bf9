/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices, bridges and memory that come and go. */
#include "harness/qemu/connector.h"
#include "harness/qemu/internal.h"
#include "harness/qemu/machine.h"
#include "harness/qemu/monitor.h"

/* QEMU has been told to take a part out; where it waits for the guest, that lets go of n connectors from `first` on. */
static gboolean take_out(Qemu *qemu, const char *id, guint32 first, guint n, GError **error) {
  QemuGuest *guest;
  gboolean waits;

  if (!monitor_unplug(qemu->qmp, id, &waits, error))
    return FALSE;
  if (waits && (!(guest = qemu_get_guest(qemu, error)) || !connector_release(guest, first, n, error)))
    return FALSE;
  return monitor_unplugged(qemu->qmp, id, waits, error);
}

void qemu_note_device(Qemu *qemu, const ScenarioStmt *stmt) {
  g_hash_table_insert(qemu->phbs, g_strdup(stmt->name), GUINT_TO_POINTER(stmt->phb.index + 1));
}

gboolean qemu_plug(Qemu *qemu, const ScenarioStmt *stmt, GError **error) {
  JsonObject *options = json_object_new();
  g_autofree char *bus = qemu_machine_bus(stmt->phb.index);
  g_autofree char *address = kernel_device_address(qemu->kernel, stmt->device);

  json_object_set_string_member(options, "driver", "vfio-pci");
  json_object_set_string_member(options, "id", stmt->name);
  json_object_set_string_member(options, "bus", bus);
  json_object_set_string_member(options, "host", address);
  if (!monitor_plug(qemu->qmp, options, error))
    return FALSE;
  qemu_note_device(qemu, stmt);
  return TRUE;
}

guint qemu_device_phb(const Qemu *qemu, const char *name) {
  return GPOINTER_TO_UINT(g_hash_table_lookup(qemu->phbs, name)) - 1;
}

gboolean qemu_unplug(Qemu *qemu, const ScenarioStmt *stmt, GError **error) {
  guint devfn;

  return monitor_devfn(qemu->qmp, stmt->name, &devfn, error) &&
         take_out(qemu, stmt->name, connector_of_device(qemu_device_phb(qemu, stmt->name), devfn), 1, error);
}

gboolean qemu_plug_phb(Qemu *qemu, const ScenarioStmt *stmt, GError **error) {
  JsonObject *options = json_object_new();
  g_autofree char *id = g_strdup_printf("phb%u", stmt->phb.index);

  json_object_set_string_member(options, "driver", "spapr-pci-host-bridge");
  json_object_set_string_member(options, "id", id);
  json_object_set_int_member(options, "index", stmt->phb.index);
  json_object_set_int_member(options, "dma_win_addr", (gint64)stmt->phb.window_start);
  json_object_set_int_member(options, "dma_win_size", (gint64)stmt->phb.window_size);
  return monitor_plug(qemu->qmp, options, error);
}

gboolean qemu_unplug_phb(Qemu *qemu, const ScenarioStmt *stmt, GError **error) {
  g_autofree char *id = g_strdup_printf("phb%u", stmt->phb.index);

  return take_out(qemu, id, connector_of_phb(stmt->phb.index), 1, error);
}

static gboolean delete_memory(Qemu *qemu, const char *id, GError **error) {
  JsonObject *options = json_object_new();

  json_object_set_string_member(options, "id", id);
  return qmp_command(qemu->qmp, "object-del", options, error);
}

gboolean qemu_plug_ram(Qemu *qemu, const ScenarioStmt *stmt, GError **error) {
  const char *path = qemu_ram_add(qemu->ram, stmt->name, stmt->addr, stmt->size, error);
  g_autofree char *backend = g_strdup_printf("%s-memory", stmt->name);
  JsonObject *memory, *dimm;

  if (!path)
    return FALSE;
  memory = json_object_new();
  json_object_set_string_member(memory, "qom-type", "memory-backend-file");
  json_object_set_string_member(memory, "id", backend);
  json_object_set_int_member(memory, "size", (gint64)stmt->size);
  json_object_set_int_member(memory, "align", (gint64)1 << qemu->scenario->host->page_shift);
  json_object_set_boolean_member(memory, "share", TRUE);
  json_object_set_string_member(memory, "mem-path", path);
  dimm = json_object_new();
  json_object_set_string_member(dimm, "driver", "pc-dimm");
  json_object_set_string_member(dimm, "id", stmt->name);
  json_object_set_string_member(dimm, "memdev", backend);
  json_object_set_int_member(dimm, "addr", (gint64)stmt->addr);
  if (!qmp_command(qemu->qmp, "object-add", memory, error)) {
    json_object_unref(dimm);
    qemu_ram_remove(qemu->ram, stmt->name);
    return FALSE;
  }
  if (monitor_plug(qemu->qmp, dimm, error))
    return TRUE;
  delete_memory(qemu, backend, NULL);
  qemu_ram_remove(qemu->ram, stmt->name);
  return FALSE;
}

gboolean qemu_unplug_ram(Qemu *qemu, const ScenarioStmt *stmt, GError **error) {
  g_autofree char *backend = g_strdup_printf("%s-memory", stmt->name);
  guint64 gpa = 0, size = 0;

  if (!qemu_ram_find(qemu->ram, stmt->name, &gpa, &size) ||
      !take_out(qemu, stmt->name, connector_of_memory(gpa), (guint)(size / QEMU_MEMORY_BLOCK), error) ||
      !delete_memory(qemu, backend, error))
    return FALSE;
  qemu_ram_remove(qemu->ram, stmt->name);
  return TRUE;
}
