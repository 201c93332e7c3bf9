/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What most tests of the attach code start from: a scripted host, 512 MiB of RAM, one bridge's DMA address space. */
#pragma once

#include "tests/vfio/fake-sys.h"
#include "tests/vfio/guest-table.h"

G_BEGIN_DECLS

enum { RAM_SIZE = 512 << 20 };

typedef struct {
  Fake *fake;
  VfioAddressSpace *memory, *dma;
  void *ram;
  VfioKvm *kvm; /* NULL: TCG */
  VfioContext *context;
  GuestTable *table;
} Rig;

Rig *rig_new(gboolean kvm, VfioAttachOrder order);
void rig_free(Rig *rig); /* nothing may be attached any more, nothing held */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Rig, rig_free)

/* The guest's default window: 1 GiB at 0, 4K pages, as in the recorded runs. */
void rig_add_window(Rig *rig);
void rig_remove_window(Rig *rig);
VfioPciDevice *rig_open(Rig *rig, const char *address); /* must succeed */

/* Asserts that the calls since the last one were these, a line each; forgets them. */
#define rig_assert_calls(rig, expected) rig_assert_calls_at(rig, expected, __FILE__, __LINE__)
void rig_assert_calls_at(Rig *rig, const char *expected, const char *file, int line);

G_END_DECLS
