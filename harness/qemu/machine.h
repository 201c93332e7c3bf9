/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A scenario's machine in QEMU's words: which of its statements this QEMU can carry, its command line, the names that
 * the machine's parts have in it.
 */
#pragma once

#include "harness/kernel.h"
#include "harness/qemu/program.h"
#include "harness/scenario/scenario.h"

G_BEGIN_DECLS

/* Bytes of memory that come and go at once. QEMU: include/hw/ppc/spapr.h, SPAPR_MEMORY_BLOCK_SIZE. */
#define QEMU_MEMORY_BLOCK ((guint64)256 << 20)

/* FALSE with KERNEL_ERROR_UNAVAILABLE, the place and the reason: the scenario is not one for this QEMU. */
gboolean qemu_machine_carries(const Scenario *scenario, const QemuProgram *program, GError **error);

/* The options that make QEMU the scenario's machine, stopped before its first instruction; NULL-terminated. cold: of
 * const ScenarioStmt*, the devices that are there, whose addresses the kernel tells. ram_path: what is mapped as its
 * RAM. monitor: fd of the QMP socket. */
char **qemu_machine_options(const Scenario *scenario, Kernel *kernel, const GPtrArray *cold, const char *ram_path,
                            int monitor);

/* "pci.0", "phb1.0": the root bus of a PHB. */
char *qemu_machine_bus(guint phb);
/* The LIOBN of window n of a PHB. QEMU: include/hw/pci-host/spapr.h, SPAPR_PCI_LIOBN. */
guint64 qemu_machine_liobn(guint phb, guint window);
/* The unit id by which firmware calls name a PHB. SPAPR_PCI_BASE_BUID. */
guint64 qemu_machine_buid(guint phb);

G_END_DECLS
