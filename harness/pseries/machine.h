/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A pseries machine without a processor: RAM, PCI host bridges with their DMA windows, passed-through devices, and KVM
 * if it is to use it. What a guest would do is done by calls. Its ioctls come in QEMU 7.2's order.
 */
#pragma once

#include "harness/pseries/phb.h"
#include "harness/pseries/ram.h"

G_BEGIN_DECLS

typedef struct {
  const VfioSys *sys;
  VfioAttachOrder order;
  gboolean kvm;
  guint64 ram;             /* at 0, bytes */
  PseriesRamMapped mapped; /* may be NULL */
  gpointer mapped_data;
} PseriesConfig;

typedef struct PseriesMachine PseriesMachine;

/* The machine as it is before its first reset: bridges and cold devices are added, then pseries_machine_reset() is the
 * boot. sys must outlive it. */
PseriesMachine *pseries_machine_new(const PseriesConfig *config, GError **error);
/* Takes it down: bridges from the highest index, RAM, KVM. */
void pseries_machine_free(PseriesMachine *machine);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PseriesMachine, pseries_machine_free)

/* Every bridge, from the highest index. What fails is passed over, and the first error is returned. */
gboolean pseries_machine_reset(PseriesMachine *machine, GError **error);

/* Bridges of a running machine are reset when they come. A bridge with devices cannot go. */
gboolean pseries_machine_add_phb(PseriesMachine *machine, const PseriesPhbConfig *config, gboolean running,
                                 GError **error);
gboolean pseries_machine_remove_phb(PseriesMachine *machine, guint index, GError **error);
PseriesPhb *pseries_machine_phb(PseriesMachine *machine, guint index, GError **error); /* borrowed */

/* The bridge that has a device, NULL with error. */
PseriesPhb *pseries_machine_device_phb(PseriesMachine *machine, const char *name, GError **error);

gboolean pseries_machine_add_ram(PseriesMachine *machine, const char *name, guint64 start, guint64 size,
                                 GError **error);
gboolean pseries_machine_remove_ram(PseriesMachine *machine, const char *name, GError **error);
void *pseries_machine_ram(PseriesMachine *machine, guint64 gpa, gsize len); /* NULL: not RAM, or not all of it */

/* NULL if no window has that LIOBN. */
TceTable *pseries_machine_find_table(PseriesMachine *machine, guint64 liobn);
/* The bridge that has it, NULL with error. */
PseriesPhb *pseries_machine_liobn_phb(PseriesMachine *machine, guint64 liobn, GError **error);

G_END_DECLS
