/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The thread that receives what clients' filters send: it lets calls on foreign fds continue, has the others answered,
 * and puts new fds into the clients.
 */
#pragma once

#include "sim/gate/error.h"
#include "sim/gate/filter.h"

G_BEGIN_DECLS

typedef struct GateSupervisor GateSupervisor;

/* One call that is held: its caller waits. Valid while GateSupervisorOps.answer runs. */
typedef struct GateCall GateCall;

typedef struct {
  /* Answers an ioctl: TRUE with its result (>= 0 or -errno) in *result, or FALSE: let the kernel do it. Runs in the
   * supervisor's thread, as all of these. */
  gboolean (*answer)(gpointer data, GateCall *call, pid_t tid, int fd, guint32 number, guint64 arg, long *result);
  /* A process is about to end; it does when this returns. */
  void (*exiting)(gpointer data, pid_t tid);
  /* The polled fd has become readable. */
  void (*wakened)(gpointer data);
} GateSupervisorOps;

/* poll_fd: another fd to watch; it stays the caller's. */
GateSupervisor *gate_supervisor_new(const GateSupervisorOps *ops, gpointer data, int poll_fd, GError **error);
void gate_supervisor_free(GateSupervisor *supervisor); /* joins the thread; held calls fail with ENOSYS */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GateSupervisor, gate_supervisor_free)

/* Takes a listener over, to serve it until its last client is gone. */
void gate_supervisor_add(GateSupervisor *supervisor, int listener);

/* Whether the caller still waits for the answer: what was learned of it by its tid belongs to it. */
gboolean gate_call_valid(const GateCall *call);
/* Gives the caller a copy of fd, close-on-exec. Its fd number there, or -errno (-EMFILE; -ENOENT: it has gone). */
int gate_call_add_fd(GateCall *call, int fd);

G_END_DECLS
