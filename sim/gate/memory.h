/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The memory of a client process, by process_vm_readv(2) and /proc. Works on threads, and across the user and pid
 * namespaces that a client makes below.
 */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* 0, or -EFAULT: not mapped, not permitted, or the process is gone. Part of it may have been copied. */
int gate_memory_read(pid_t tid, guint64 addr, void *buf, gsize len);
int gate_memory_write(pid_t tid, guint64 addr, const void *buf, gsize len);

/* As SimPort.pin: bytes from addr, at most len, that are mapped readable (writable) without a gap. */
guint64 gate_memory_pin(pid_t tid, guint64 addr, guint64 len, gboolean write, guint host_page_shift, guint *page_shift);

G_END_DECLS
