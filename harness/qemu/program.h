/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which QEMU is meant, and what it takes to start it: the machine that its ELF header names, the loader and the
 * libraries beside it if it lies in an unpacked root of its own.
 */
#pragma once

#include "sim/host/host.h"

G_BEGIN_DECLS

typedef struct QemuProgram QemuProgram;

/* path NULL: qemu-system-ppc64 of $PATH, else the one that scripts/fetch has unpacked below $VFIOSIM_CACHE
 * (~/.cache/vfiosim): with kvm, that it has KVM for pseries guests, the set qemu-ppc64el, else client-qemu-ppc. Errors:
 * KERNEL_ERROR_UNAVAILABLE with the remedy if there is none or none that runs here, KERNEL_ERROR_FAILED if `path` is no
 * program. */
QemuProgram *qemu_program_find(const char *path, gboolean kvm, GError **error);
void qemu_program_free(QemuProgram *program);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QemuProgram, qemu_program_free)

const char *qemu_program_path(const QemuProgram *program);
/* Whether it was built for POWER, where it has KVM for pseries guests. */
gboolean qemu_program_is_power(const QemuProgram *program);

/* The words that start it with these options (NULL-terminated), as a client of the host: by its loader if it lies in a
 * root of its own, by an emulator if it is for POWER and this machine is not. To be called in the nodes' namespace.
 * Free with g_strfreev(); errors as foreign_command(). */
char **qemu_program_command(const QemuProgram *program, const SimHost *host, const char *const *options,
                            GError **error);

G_END_DECLS
