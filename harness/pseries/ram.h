/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guest RAM: named blocks, each a memory slot of KVM and a section of the guest's memory. */
#pragma once

#include "harness/pseries/vm.h"
#include "vfio/address-space.h"

G_BEGIN_DECLS

typedef struct PseriesRam PseriesRam;

/* Told when a block has been mapped and before it is unmapped; may be NULL. */
typedef void (*PseriesRamMapped)(gpointer data, void *memory, gsize size, gboolean mapped);

/* vm: NULL without KVM. Blocks are aligned to pages of page_size. All must outlive it. */
PseriesRam *pseries_ram_new(VfioAddressSpace *memory, PseriesVm *vm, gsize page_size, PseriesRamMapped mapped,
                            gpointer data);
void pseries_ram_free(PseriesRam *ram); /* blocks that are left go */

gboolean pseries_ram_add(PseriesRam *ram, const char *name, guint64 start, guint64 size, GError **error);
gboolean pseries_ram_remove(PseriesRam *ram, const char *name, GError **error);

/* Host address of [gpa, gpa + len), NULL if one block does not hold all of it. */
void *pseries_ram_at(PseriesRam *ram, guint64 gpa, gsize len);

G_END_DECLS
