/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The client processes that have called, as the model needs them: who a thread id belongs to, which address space it
 * has, and when that is gone. Threads share an address space, so do vfork() and clone(CLONE_VM); exec() gives a new
 * one.
 *
 * Not thread-safe: its caller holds the model's lock.
 */
#pragma once

#include <sys/types.h>

#include "sim/gate/error.h"

G_BEGIN_DECLS

typedef struct GateProcesses GateProcesses;
typedef struct GateProcess GateProcess;
typedef struct GateMm GateMm; /* what SimPort calls mm */

/* Called when an address space has no process left, before its handle is freed. */
typedef void (*GateMmExitFunc)(GateMm *mm, gpointer data);

GateProcesses *gate_processes_new(GateMmExitFunc mm_exit, gpointer data, GError **error);
void gate_processes_free(GateProcesses *processes); /* without calling mm_exit */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GateProcesses, gate_processes_free)

/* The process of a calling thread, made known if it calls for the first time. An exec() since its last call ends the
 * old address space here. NULL: there is no such thread any more, or it may not be looked at. */
GateProcess *gate_processes_enter(GateProcesses *processes, pid_t tid);

/* Forgets the processes that are dead. The caller has seen to it that the closes they made have been answered. */
void gate_processes_reap(GateProcesses *processes);
/* Readable (poll) when there is a dead one. Stays the registry's. */
int gate_processes_fd(const GateProcesses *processes);

/* As gate_processes_enter(), but nothing is made known. */
GateProcess *gate_processes_known(GateProcesses *processes, pid_t tid);
/* The process is about to end by itself. */
void gate_process_exit(GateProcess *process);
/* Whether the process of that serial is about to end by itself, or has been killed. */
gboolean gate_processes_exiting(const GateProcesses *processes, guint serial);

guint gate_process_serial(const GateProcess *process); /* from 1, in the order of first calls */
GateMm *gate_process_mm(const GateProcess *process);

/* The caller's fd, taken into this process, close-on-exec; or -errno. */
int gate_process_get_fd(const GateProcess *process, int fd);

/* Copies to or from an address space whose owner is not calling. 0 or -EFAULT (also: it is gone). */
int gate_mm_read(GateMm *mm, guint64 addr, void *buf, gsize len);
int gate_mm_write(GateMm *mm, guint64 addr, const void *buf, gsize len);

G_END_DECLS
