/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices of hosts: the built-in shapes, and what no key of theirs can see alone. */
#include <string.h>

#include "sim/host/host-internal.h"

enum {
  ENGINE_REGISTERS = 64, /* bytes, docs/engine.md */
  MMAP_MOST = 256 << 20, /* bytes of a BAR that can be mapped: a reset clears them */
  CLASS_VGA = 0x0300,
};

static const struct {
  const char *name;
  SimHostDevice device;
} models[] = {
    {"dumb",
     {.vendor = 0x1af4,
      .device = 0x1110,
      .subsystem_vendor = 0x1af4,
      .subsystem_device = 0x1100,
      .class_code = 0x050000,
      .intx_pin = 1,
      .msi = 1,
      .msix = 4,
      .msix_bar = 0,
      .msix_offset = 0x8000,
      .reset = TRUE,
      .bars = {{.size = 0x10000}}}},
    {"e1000e",
     {.vendor = 0x8086,
      .device = 0x10d3,
      .subsystem_vendor = 0x8086,
      .class_code = 0x020000,
      .intx_pin = 1,
      .msi = 1,
      .msix = 5,
      .msix_bar = 3,
      .express = TRUE,
      .reset = TRUE,
      .rom_size = 0x40000,
      .bars = {{.size = 0x20000}, {.size = 0x20000}, {.size = 32, .io = TRUE}, {.size = 0x4000}}}},
    /* one of the ids that Red Hat leaves to experiments */
    {"engine",
     {.vendor = 0x1af4,
      .device = 0x10f0,
      .subsystem_vendor = 0x1af4,
      .subsystem_device = 0x1100,
      .class_code = 0x088000,
      .intx_pin = 1,
      .msi = 8,
      .msix = 8,
      .msix_bar = 1,
      .express = TRUE,
      .reset = TRUE,
      .engine = TRUE,
      .bars = {{.size = 0x1000}, {.size = 0x1000}}}},
};

gboolean sim_host_device_model(SimHostDevice *device, const char *model) {
  for (gsize i = 0; i < G_N_ELEMENTS(models); i++) {
    if (strcmp(models[i].name, model) == 0) {
      guint64 id = device->id;
      guint group = device->group;

      *device = models[i].device;
      device->id = id;
      device->group = group;
      return TRUE;
    }
  }
  return FALSE;
}

static gboolean power_of_two(guint64 value) {
  return value && !(value & (value - 1));
}

gboolean sim_host_device_check(const SimHostDevice *device, GError **error) {
  for (guint i = 0; i < G_N_ELEMENTS(device->bars); i++) {
    if (!device->bars[i].is64)
      continue;
    if (i == 5 || device->bars[i + 1].size) {
      g_set_error(error, SIM_HOST_ERROR, SIM_HOST_ERROR_CONFLICT,
                  "key 'bar%u': a mem64 BAR takes the next BAR's slot as its upper half, so bar%u must be absent", i,
                  i + 1);
      return FALSE;
    }
  }
  for (guint i = 0; device->mmap && i < G_N_ELEMENTS(device->bars); i++) {
    if (!device->bars[i].io && device->bars[i].size > MMAP_MOST) {
      g_set_error(error, SIM_HOST_ERROR, SIM_HOST_ERROR_CONFLICT, "key 'mmap': bar%u is larger than %dM", i,
                  MMAP_MOST >> 20);
      return FALSE;
    }
  }
  if (device->mmap && device->engine) {
    g_set_error(error, SIM_HOST_ERROR, SIM_HOST_ERROR_CONFLICT,
                "key 'mmap': an engine acts when its registers are written; in mapped ones nobody sees that");
    return FALSE;
  }
  if (device->virtual && (device->intx_pin || device->rom_size)) {
    g_set_error(error, SIM_HOST_ERROR, SIM_HOST_ERROR_CONFLICT, "key '%s': a virtual function (physfn) has none",
                device->intx_pin ? "intx" : "rom");
    return FALSE;
  }
  if (device->opregion && (device->vendor != 0x8086 || device->class_code >> 8 != CLASS_VGA)) {
    g_set_error(error, SIM_HOST_ERROR, SIM_HOST_ERROR_CONFLICT,
                "key 'opregion': only Intel graphics have one: vendor=0x8086, class=0x030000");
    return FALSE;
  }
  if (device->engine && (device->bars[0].io || device->bars[0].size < ENGINE_REGISTERS)) {
    g_set_error(error, SIM_HOST_ERROR, SIM_HOST_ERROR_CONFLICT,
                "key 'bar0': an engine has its registers there: it is memory of at least %d bytes", ENGINE_REGISTERS);
    return FALSE;
  }
  if (device->engine && device->msix && device->msix_bar == 0 && device->msix_offset < ENGINE_REGISTERS) {
    g_set_error(error, SIM_HOST_ERROR, SIM_HOST_ERROR_CONFLICT,
                "key 'msix': an engine has its registers in the first %d bytes of bar0", ENGINE_REGISTERS);
    return FALSE;
  }
  if (device->msi && (!power_of_two(device->msi) || device->msi > 32)) {
    g_set_error(error, SIM_HOST_ERROR, SIM_HOST_ERROR_VALUE,
                "key 'msi': %u is no number of MSI vectors: 1, 2, 4, 8, 16 or 32", device->msi);
    return FALSE;
  }
  if (device->msix) {
    const SimBar *bar = &device->bars[device->msix_bar];

    if (bar->io || bar->size < device->msix_offset + 16ull * device->msix) {
      g_set_error(error, SIM_HOST_ERROR, SIM_HOST_ERROR_CONFLICT,
                  "key 'msix': a table of %u vectors at offset 0x%x does not fit into bar%u", device->msix,
                  device->msix_offset, device->msix_bar);
      return FALSE;
    }
  }
  return TRUE;
}
