/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * KVM_RUN calls whose guest has nothing to do: they wait, others are served meanwhile. One goes on when its guest has
 * got work, or when a signal has come for its thread, which makes it EINTR.
 *
 * Under `serving`, but for what says otherwise.
 */
#pragma once

#include "sim/fuse/node.h"

typedef struct fuse_req *fuse_req_t;

G_BEGIN_DECLS

typedef struct SimFuse SimFuse;

/* Keeps a call on the node, by a thread, with its argument, unless it can be made at once: FALSE. */
gboolean sim_parked_keep(SimFuse *fuse, fuse_req_t req, SimNode *node, pid_t tid, guint32 number, guint64 arg);

/* Makes those that can go on, if any may. */
void sim_parked_go_on(SimFuse *fuse);

/* A guest has got work: the server's thread will look. Under the model's lock. */
void sim_parked_wake(SimFuse *fuse);

/* All of them fail with ECONNABORTED: the server ends. */
void sim_parked_abort(SimFuse *fuse);

G_END_DECLS
