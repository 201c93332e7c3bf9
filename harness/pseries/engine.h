/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guest's driver of the DMA engine: docs/engine.md. */
#pragma once

#include "harness/pseries/phb.h"

G_BEGIN_DECLS

typedef struct {
  guint command;               /* 1 copy, 2 fill, 3 crc */
  guint64 source, destination; /* I/O addresses */
  guint32 length, pattern;
} EngineJob;

typedef struct {
  guint error;   /* the engine's, or ENGINE_FROZEN */
  guint64 fault; /* I/O address at which it stopped */
  guint32 crc;
} EngineEnd;

/* Has the engine do it, and waits for its interrupt: MSI-X if the device has it, else MSI, else INTx. FALSE: its
 * registers cannot be used, or the interrupt does not come. */
gboolean pseries_engine_run(PseriesPhb *phb, const char *name, const EngineJob *job, EngineEnd *end, GError **error);

G_END_DECLS
