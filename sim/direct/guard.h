/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Copies to and from memory that may not be there, as copy_from_user() does: no system call, a bad address is -EFAULT.
 * The handlers for SIGSEGV and SIGBUS are process-wide; they act on faults of these copies only and pass all others on
 * to the handlers that were there before.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Puts the handlers in place if they are not: before the first copy, and again where others (a test framework) may have
 * put theirs since. */
void guard_install(void);

/* 0 or -EFAULT; part of the bytes may have been copied then. */
int guard_read(guint64 from, void *to, gsize len);
int guard_write(guint64 to, const void *from, gsize len);

G_END_DECLS
