/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a POWER host says of its processors in /proc: cpuinfo, and the device tree that its firmware left.
 */
#pragma once

#include "sim/fuse/tree.h"
#include "sim/host/host.h"

G_BEGIN_DECLS

/* Makes "proc" in parent; it is empty for an x86 host. */
void sim_procfs_fill(SimTree *tree, SimEntry *parent, const SimHost *host);

G_END_DECLS
