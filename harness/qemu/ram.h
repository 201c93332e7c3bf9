/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A QEMU's guest memory, which both sides have mapped: QEMU by the path of a memfd of this process, which it is given
 * as a memory-backend-file with share=on.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct QemuRam QemuRam;

QemuRam *qemu_ram_new(void);
void qemu_ram_free(QemuRam *ram);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QemuRam, qemu_ram_free)

/* A block that the guest sees at gpa. Its path, valid as long as it is there; NULL with an error of G_FILE_ERROR. */
const char *qemu_ram_add(QemuRam *ram, const char *name, guint64 gpa, guint64 size, GError **error);
void qemu_ram_remove(QemuRam *ram, const char *name);
/* Where it is and how large. FALSE: there is none of that name. */
gboolean qemu_ram_find(const QemuRam *ram, const char *name, guint64 *gpa, guint64 *size);

/* [gpa, gpa + len) in this process; NULL if not all of it lies in one block. */
void *qemu_ram_at(const QemuRam *ram, guint64 gpa, gsize len);

G_END_DECLS
