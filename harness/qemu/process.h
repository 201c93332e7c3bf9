/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The process of an unmodified program: what it writes is kept, its end can be waited for. It dies with this process.
 */
#pragma once

#include "harness/kernel.h"

G_BEGIN_DECLS

typedef struct QemuProcess QemuProcess;

/* Runs argv (NULL-terminated), as a client of the kernel. Its standard input is empty; of other fds it has keep_fd,
 * under the same number. Errors: harness/kernel.h. */
QemuProcess *qemu_process_new(Kernel *kernel, char *const *argv, int keep_fd, GError **error);
/* Kills it if it lives. */
void qemu_process_free(QemuProcess *process);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QemuProcess, qemu_process_free)

/* Waits for its end. FALSE: it lives on. */
gboolean qemu_process_wait(QemuProcess *process, guint timeout_ms);
void qemu_process_kill(QemuProcess *process); /* by SIGKILL; waits */

/* Of one that has ended: whether it did so by exit(), and with which status. */
gboolean qemu_process_exited(const QemuProcess *process, int *status);
/* "exited with status 1", "was killed by signal 11 (Segmentation fault)". */
char *qemu_process_end(const QemuProcess *process);

/* What it has written to standard output and standard error so far, the last 4096 bytes of it, as valid UTF-8 without
 * empty lines at its ends. */
char *qemu_process_output(const QemuProcess *process);

G_END_DECLS
