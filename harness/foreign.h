/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Programs of another architecture on the simulated nodes: ppc64le ones, under qemu-user, with a library preloaded that
 * carries the calls which the emulator cannot translate (docs/foreign.md).
 */
#pragma once

#include "sim/host/host.h"

G_BEGIN_DECLS

/* Whether a program, by its path or by its name in PATH, is for ppc64le and not for this machine. */
gboolean foreign_program(const char *program);

/* The words that start argv, whose first is such a program, as a client of the simulated host; free with g_strfreev().
 * The environment is handed on. To be called in the nodes' namespace, before the client is forked: sim_fuse_new().
 * KERNEL_ERROR_UNAVAILABLE: the emulator, the library or the program's own libraries are not there, with what to fetch;
 * KERNEL_ERROR_FAILED: the program is statically linked, so that nothing can be preloaded. */
char **foreign_command(const SimHost *host, const char *const *argv, GError **error);

G_END_DECLS
