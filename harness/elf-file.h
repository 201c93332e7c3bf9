/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the header of a program says: who can run it. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Reads an ELF file of 64 bits, little-endian: what is at home on this machine, or can be run by an emulator here.
 * *machine is its EM_*; *loader the interpreter that it asks for, free with g_free(), NULL: it is static. FALSE with
 * KERNEL_ERROR_FAILED: it is another file, or cannot be read. */
gboolean elf_read(const char *path, guint *machine, char **loader, GError **error);

/* Its EM_*; EM_NONE (0) for another file. */
guint elf_machine(const char *path);

G_END_DECLS
