/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/qemu/connector.h"

enum { TYPE_PHB = 2, TYPE_PCI = 4, TYPE_MEMORY = 8, TYPE_SHIFT = 28, MEMORY_SHIFT = 28 };

guint32 connector_of_device(guint phb, guint devfn) {
  return (guint32)TYPE_PCI << TYPE_SHIFT | phb << 16 | devfn;
}

guint32 connector_of_phb(guint phb) {
  return (guint32)TYPE_PHB << TYPE_SHIFT | phb;
}

guint32 connector_of_memory(guint64 address) {
  return (guint32)TYPE_MEMORY << TYPE_SHIFT | (guint32)(address >> MEMORY_SHIFT);
}

/* LoPAPR 7.3.5.4, set-indicator. */
enum { ISOLATION_STATE = 9001, ALLOCATION_STATE = 9003, ISOLATE = 0, UNUSABLE = 0 };

static gboolean set_indicator(QemuGuest *guest, guint32 indicator, guint32 connector, guint32 state, GError **error) {
  const guint32 args[] = {indicator, connector, state};
  guint32 status;

  return qemu_guest_rtas(guest, "set-indicator", args, G_N_ELEMENTS(args), &status, 1, error);
}

gboolean connector_release(QemuGuest *guest, guint32 first, guint n, GError **error) {
  gboolean logical = first >> TYPE_SHIFT != TYPE_PCI;

  for (guint i = 0; i < n; i++)
    if (!set_indicator(guest, ISOLATION_STATE, first + i, ISOLATE, error) ||
        (logical && !set_indicator(guest, ALLOCATION_STATE, first + i, UNUSABLE, error)))
      return FALSE;
  return TRUE;
}
