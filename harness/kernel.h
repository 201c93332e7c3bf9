/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who answers the subject's calls: the simulator in process (direct), the simulator behind FUSE nodes (fuse), or the
 * machine's own kernel (host). One per scenario run.
 */
#pragma once

#include <sys/types.h>

#include "harness/subject.h"
#include "sim/kernel/kernel.h"
#include "vfio/attach.h"

G_BEGIN_DECLS

#define KERNEL_ERROR (kernel_error_quark())
GQuark kernel_error_quark(void);
typedef enum {
  KERNEL_ERROR_UNAVAILABLE /* cannot be had on this machine: skip, with the remedy */,
  KERNEL_ERROR_FAILED
} KernelError;

typedef struct Kernel Kernel;

/* The scenario's host and trace must outlive it. */
Kernel *kernel_direct_new(const Scenario *scenario, Trace *trace, GError **error);
Kernel *kernel_fuse_new(const Scenario *scenario, Trace *trace, GError **error);
/* bindings: NULL-terminated "ROLE=ADDRESS": the device that the scenario calls ROLE (a name it defines, or an address
 * it uses) is ADDRESS on this machine; NULL: addresses are this machine's. Events bear the scenario's addresses and
 * groups. */
Kernel *kernel_host_new(const Scenario *scenario, Trace *trace, const char *const *bindings, GError **error);
void kernel_free(Kernel *kernel);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Kernel, kernel_free)

/* Starts the builtin subject against it: in process, or as a child inside the nodes' namespace. */
Subject *kernel_start_builtin(Kernel *kernel, const Scenario *scenario, VfioAttachOrder order, GError **error);

/* A process of the kernel's own, which runs func; it dies with this one. Of this process's fds it keeps 0, 1, 2 and
 * keep_fd (-1: none). Its pid, or -1: KERNEL_ERROR_UNAVAILABLE with a kernel that serves this process alone (direct).
 * The machine's own kernel (host) sees the calls of one such process, which must not be static. */
typedef int (*KernelClientFunc)(gpointer data, int keep_fd);
pid_t kernel_fork_client(Kernel *kernel, KernelClientFunc func, gpointer data, int keep_fd, GError **error);

/* The address by which such a process knows the scenario's device; free with g_free(). */
char *kernel_device_address(Kernel *kernel, guint64 device);

/* Arms the faults: every call is offered before it is answered. */
void kernel_set_fault(Kernel *kernel, SimFaultFunc fault, gpointer data);

/* Runs func with the model, serialised against calls. FALSE: the kernel is not a model (host), func was not called. */
typedef void (*KernelModelFunc)(SimKernel *model, gpointer data);
gboolean kernel_with_model(Kernel *kernel, KernelModelFunc func, gpointer data);

gboolean kernel_is_model(const Kernel *kernel);

/* A hypercall of the guest of a VM, by its serial: as sim_hypercall() has it. FALSE with error set: this kernel has no
 * guest that makes it (host, on another machine than a POWER one). */
gboolean kernel_hypercall(Kernel *kernel, guint vm, guint64 nr, const guint64 args[4], guint64 *value, long *result,
                          GError **error);

/* The locked memory, in bytes, that this machine's kernel has accounted to the subject. FALSE: the kernel is a model,
 * whose census tells it. */
gboolean kernel_locked(Kernel *kernel, guint64 *bytes);

/* Waits until every call and every close the subject has made is in the trace (FUSE releases are asynchronous). */
void kernel_settle(Kernel *kernel);

G_END_DECLS
