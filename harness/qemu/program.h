/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which QEMU is meant, and what it takes to start it: the machine that its ELF header names, the loader and the
 * libraries beside it if it lies in an unpacked root of its own.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct QemuProgram QemuProgram;

/* path NULL: qemu-system-ppc64 of $PATH, else the one that `scripts/fetch client-qemu-ppc` has unpacked below
 * $VFIOSIM_CACHE (~/.cache/vfiosim); for a guest with KVM, on a machine that is no POWER one, the one for ppc64le that
 * `scripts/fetch qemu-ppc64el` has unpacked. Errors: KERNEL_ERROR_UNAVAILABLE with the remedy if there is none or none
 * that runs here, KERNEL_ERROR_FAILED if `path` is no program. */
QemuProgram *qemu_program_find(const char *path, gboolean kvm, GError **error);
void qemu_program_free(QemuProgram *program);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QemuProgram, qemu_program_free)

const char *qemu_program_path(const QemuProgram *program);
/* Whether it was built for POWER, where it has KVM for pseries guests. */
gboolean qemu_program_is_power(const QemuProgram *program);
/* Whether it was, and this machine is another: harness/foreign.h starts it. */
gboolean qemu_program_is_foreign(const QemuProgram *program);

/* Appends the words that start it (of char*, freed by the array): its path, or its loader with it behind, and the
 * options by which it finds its firmware. */
void qemu_program_append_start(const QemuProgram *program, GPtrArray *argv);

G_END_DECLS
