/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/fuse/parked.h"

#include <errno.h>
#include <unistd.h>

#include "sim/fuse/internal.h"

typedef struct {
  SimFuse *fuse;
  fuse_req_t req;
  SimNode *node; /* its file cannot be closed while a call on it waits */
  pid_t tid;
  guint32 number;
  gboolean interrupted;
} Parked;

static gboolean waits(SimFuse *fuse, SimNode *node, pid_t tid) {
  SimTask task = {0};
  g_mutex_lock(&fuse->lock);
  gboolean wait = node->file && sim_task_enter(fuse, &task, tid) && sim_vcpu_waits(node->file, &task);
  g_mutex_unlock(&fuse->lock);
  return wait;
}

/* Called by libfuse, which does not want the answer from here. */
static void interrupted(fuse_req_t req, void *data) {
  Parked *parked = data;
  parked->interrupted = parked->fuse->parked_due = TRUE;
}

gboolean sim_parked_keep(SimFuse *fuse, fuse_req_t req, SimNode *node, pid_t tid, guint32 number, guint64 arg) {
  const AbiCall *call = abi_find(ABI_VCPU, ABI_DRIVER_ANY, number);
  if (!call || call->id != ABI_RUN || arg || !waits(fuse, node, tid))
    return FALSE;
  Parked *parked = g_new(Parked, 1);
  *parked = (Parked){fuse, req, node, tid, number, FALSE};
  g_ptr_array_add(fuse->parked, parked);
  fuse_req_interrupt_func(req, interrupted, parked);
  return TRUE;
}

void sim_parked_go_on(SimFuse *fuse) {
  if (!fuse->parked_due)
    return;
  fuse->parked_due = FALSE;
  for (guint i = 0; i < fuse->parked->len;) {
    Parked *parked = fuse->parked->pdata[i];
    if (!parked->interrupted && waits(fuse, parked->node, parked->tid)) {
      i++;
      continue;
    }
    fuse_req_interrupt_func(parked->req, NULL, NULL);
    sim_server_answer(fuse, parked->req, parked->node, parked->tid, parked->number, 0);
    g_ptr_array_remove_index(fuse->parked, i);
  }
}

void sim_parked_wake(SimFuse *fuse) {
  guint64 one = 1;
  if (write(fuse->work, &one, sizeof one) < 0)
    g_assert_not_reached(); /* an eventfd blocks only at 2^64 - 2 */
}

void sim_parked_abort(SimFuse *fuse) {
  for (guint i = 0; i < fuse->parked->len; i++)
    fuse_reply_err(((Parked *)fuse->parked->pdata[i])->req, ECONNABORTED);
  g_ptr_array_set_size(fuse->parked, 0);
}
