/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The simulated kernel behind real nodes: /dev/vfio/N, /dev/vfio/vfio, /dev/kvm and what of /sys belongs to them, seen
 * by this process and the clients it forks, by nobody else.
 *
 * One thread serves the nodes, one supervises the clients' calls that return an fd; one lock serialises them and the
 * owner on the model. Whoever holds it makes no call on the nodes.
 */
#pragma once

#include "sim/gate/client.h"
#include "sim/kernel/kernel.h"

G_BEGIN_DECLS

typedef struct SimFuse SimFuse;

/* Keeps the process, and the clients that it forks, on one processor, since a wake-up across processors costs more than
 * the call. Before sim_fuse_new(), where clients have no other work to do and do not choose their processor. */
void sim_fuse_stay_on_one_processor(void);

/* Moves the process, which must be single-threaded, into a namespace of its own, and serves the host there. There can
 * be one in the life of a process. host and trace (NULL: none) must outlive it. Errors: gate/error.h. */
SimFuse *sim_fuse_new(const SimHost *host, Trace *trace, GError **error);
/* Every client should be dead: calls still under way fail with ECONNABORTED. */
void sim_fuse_free(SimFuse *fuse);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SimFuse, sim_fuse_free)

/* Has clients that are forked from now on say that they end, before their fds are closed for them: such closes are
 * marked in the trace (TRACE_AT_EXIT). Costs every process of theirs one more held call. */
gboolean sim_fuse_watch_exits(SimFuse *fuse, GError **error);

/* As gate_client_fork(). */
pid_t sim_fuse_fork_client(SimFuse *fuse, GateClientFunc func, gpointer data, int keep_fd, GError **error);

/* Makes, in the namespace, a folder with the entries of `root`, a file system of programs of another architecture, in
 * which /proc is the simulated host's; an emulator that takes it for its root finds the host's /dev and /sys where they
 * are. Its path, free with g_free(). It goes with the namespace. */
char *sim_fuse_root(const char *root, GError **error);

/* Runs func with the model; what it changes in TCE tables shows in clients' mappings afterwards, and what they have
 * stored there shows to func. */
typedef void (*SimFuseModelFunc)(SimKernel *kernel, gpointer data);
void sim_fuse_with_model(SimFuse *fuse, SimFuseModelFunc func, gpointer data);

/* Waits until every close and every exit that clients have made is in the model. */
void sim_fuse_settle(SimFuse *fuse);

G_END_DECLS
