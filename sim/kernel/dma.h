/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* DMA of a group's devices as the host bridge lets it through. */
#pragma once

#include "sim/kernel/internal.h"

G_BEGIN_DECLS

/* As sim_dma(). *done: bytes that were moved before it stopped; may be NULL. */
int sim_group_dma(const SimGroup *group, guint64 ioba, void *buf, gsize len, gboolean write, gsize *done);

G_END_DECLS
