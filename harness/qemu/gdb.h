/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A client of QEMU's gdbstub: registers, memory and single steps of the first vCPU. GDB's manual, "Remote Protocol".
 */
#pragma once

#include "harness/qemu/error.h"

G_BEGIN_DECLS

typedef struct Gdb Gdb;

/* fd: consumed, also on failure. timeout_ms: the limit of every request. Errors: error.h. */
Gdb *gdb_new(int fd, guint timeout_ms, GError **error);
void gdb_free(Gdb *gdb);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Gdb, gdb_free)

/* Registers of 64 bits, big-endian, by their numbers in the target's description (power64-core.xml). */
gboolean gdb_get_register(Gdb *gdb, guint number, guint64 *value, GError **error);
gboolean gdb_set_register(Gdb *gdb, guint number, guint64 value, GError **error);

/* len bytes, at most 16; translated code that held them is thrown away. */
gboolean gdb_read(Gdb *gdb, guint64 address, guint8 *bytes, gsize len, GError **error);
gboolean gdb_write(Gdb *gdb, guint64 address, const guint8 *bytes, gsize len, GError **error);

/* Lets the vCPU carry out one instruction. */
gboolean gdb_step(Gdb *gdb, GError **error);

G_END_DECLS
