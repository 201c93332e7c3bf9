/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The seams between the parts of the nodes' server. Private to sim/fuse.
 */
#pragma once

#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>

#include "sim/fuse/fuse.h"
#include "sim/fuse/helper.h"
#include "sim/fuse/node.h"
#include "sim/fuse/parked.h"
#include "sim/fuse/shared.h"
#include "sim/gate/process.h"
#include "sim/gate/supervisor.h"
#include "sim/gate/vm.h"

G_BEGIN_DECLS

/* An anonymous file of the mount, opened for the next client that is to be given an fd. */
typedef struct {
  int fd; /* -1: none */
  guint64 ino;
} SimSpare;

struct SimFuse {
  GMutex lock; /* of the model, and of everything here but the spares */
  SimKernel *kernel;
  const SimHost *host;
  SimTree *tree;
  SimNodes *nodes;
  SimShared *shared;
  GateProcesses *processes;
  GateVms *vms;
  GateFilter *filter;
  gboolean watches_exits;
  GateSupervisor *supervisor;
  struct fuse_session *session;
  GThread *thread;     /* runs the session */
  int fd;              /* the session's /dev/fuse, non-blocking */
  int stop;            /* eventfd: ends the thread */
  int work;            /* eventfd: parked calls may go on */
  GMutex answering;    /* held by the supervisor's thread while it answers a call; taken before the others */
  GMutex serving;      /* held from taking a request to having answered it; taken before `lock` */
  struct fuse_buf buf; /* under `serving` */
  GPtrArray *parked;   /* parked.c's; under `serving` */
  gboolean parked_due; /* some may go on */
  SimHelper *helper;   /* the supervisor's thread only, once it runs */
  void *table;         /* memory that the call under way has made for a TCE table, until install() */
  gsize table_size;
  SimSpare spare, spare_table; /* the supervisor's thread only */
};

/* What SimPort calls a task: on the stack of whoever answers a call. */
typedef struct {
  pid_t tid;            /* 0: nobody is calling (a close) */
  guint serial;         /* of the process */
  GateProcess *process; /* NULL if tid is 0 */
  GateCall *call;       /* where an fd can be handed out; NULL: it cannot */
  SimSpare *spare;      /* with call: the file to hand out, whose fd is used once */
  gboolean spare_used;
} SimTask;

/* Fills the task with the calling thread. FALSE: it is gone. Under the lock. */
gboolean sim_task_enter(SimFuse *fuse, SimTask *task, pid_t tid);

const SimPort *sim_fuse_port(void); /* port_data: the SimFuse */

/* Makes the session of fuse->fd, which it takes over, and the thread that serves it. */
gboolean sim_server_start(SimFuse *fuse, GError **error);
/* Ends both: calls under way fail with ECONNABORTED. */
void sim_server_stop(SimFuse *fuse);

/* Makes an ioctl() of a thread on the node and answers the request. Not under the lock. */
void sim_server_answer(SimFuse *fuse, fuse_req_t req, SimNode *node, pid_t tid, guint32 number, guint64 arg);

/* What clients have asked and closed before has been answered when it returns: closes are queued by the time close()
 * returns, but nobody waits for them. Not under the lock, not from the server's thread. */
void sim_server_barrier(SimFuse *fuse);

extern const GateSupervisorOps sim_gateway_ops; /* data: the SimFuse */
void sim_gateway_clear(SimFuse *fuse);          /* closes the spares; the supervisor is gone */

G_END_DECLS
