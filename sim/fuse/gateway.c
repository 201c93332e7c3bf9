/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <linux/kvm.h>
#include <unistd.h>

#include "sim/fuse/internal.h"
#include "sim/gate/fdinfo.h"
#include "sim/gate/memory.h"

/* The row of the call if it is one that returns an fd. */
static const AbiCall *wanted(SimFuse *fuse, guint64 ino, guint32 number) {
  const AbiCall *call = NULL;
  g_mutex_lock(&fuse->lock);
  SimNode *node = sim_nodes_find(fuse->nodes, ino);
  if (node && node->file)
    call = abi_find(sim_file_object(node->file).kind, ABI_DRIVER_ANY, number);
  g_mutex_unlock(&fuse->lock);
  return call && call->returns != ABI_NONE ? call : NULL;
}

/* A file must be open before the lock is taken: opening it needs the server, which needs the lock. */
static gboolean spare_fill(SimFuse *fuse, SimSpare *spare, const char *name) {
  if (spare->fd < 0)
    spare->fd = sim_helper_open(fuse->helper, name, &spare->ino);
  return spare->fd >= 0;
}

/* Whether it is KVM_CREATE_DEVICE of a kvm-vfio device on a VM of the machine's own KVM, which has all other calls. */
static gboolean asks_real_vm(const SimFuse *fuse, pid_t tid, int fd, guint32 number, guint64 arg) {
  guint32 type;
  return fuse->host->kvm == SIM_KVM_REAL && number == KVM_CREATE_DEVICE && gate_is_vm(tid, fd) &&
         gate_memory_read(tid, arg, &type, sizeof type) == 0 && type == KVM_DEV_TYPE_VFIO;
}

static long ioctl_node(SimFuse *fuse, SimTask *task, guint64 ino, guint32 number, guint64 arg) {
  SimNode *node = sim_nodes_find(fuse->nodes, ino);
  return node && node->file ? sim_ioctl(node->file, task, number, arg) : -EBADF;
}

static gboolean answer(SimFuse *fuse, GateCall *held, pid_t tid, int fd, guint32 number, guint64 arg, long *result) {
  GateFdInfo info;
  if (gate_fdinfo(tid, fd, &info) < 0)
    return FALSE;
  /* The kernel lets the call continue to the node, which answers what does not return an fd. */
  gboolean own = sim_nodes_owns(fuse->nodes, info.ino);
  const AbiCall *call = own                                        ? wanted(fuse, info.ino, number)
                        : asks_real_vm(fuse, tid, fd, number, arg) ? abi_call(ABI_CREATE_DEVICE)
                                                                   : NULL;
  if (!call || !gate_call_valid(held))
    return FALSE;
  gboolean is_table = call->returns == ABI_TABLE;
  SimSpare *spare = is_table ? &fuse->spare_table : &fuse->spare;
  if (!spare_fill(fuse, spare, is_table ? "table" : "anonymous")) {
    *result = -ENFILE;
    return TRUE;
  }
  sim_server_barrier(fuse);

  g_mutex_lock(&fuse->lock);
  SimTask task = {.call = held, .spare = spare};
  if (!sim_task_enter(fuse, &task, tid))
    *result = -ESRCH;
  else if (own)
    *result = ioctl_node(fuse, &task, info.ino, number, arg);
  else
    *result = sim_real_vm_create_device(fuse->kernel, &task, fd, arg);
  g_mutex_unlock(&fuse->lock);

  if (task.spare_used) {
    /* The size of a table is known only now; a mapping needs the client's kernel to know it. */
    if (is_table)
      sim_helper_refresh(fuse->helper, spare->fd);
    close(spare->fd);
    spare->fd = -1;
  }
  return TRUE;
}

static gboolean gateway_answer(gpointer data, GateCall *held, pid_t tid, int fd, guint32 number, guint64 arg,
                               long *result) {
  SimFuse *fuse = data;
  g_mutex_lock(&fuse->answering);
  gboolean answered = answer(fuse, held, tid, fd, number, arg, result);
  g_mutex_unlock(&fuse->answering);
  return answered;
}

static void gateway_wakened(gpointer data) {
  sim_fuse_settle(data);
}

const GateSupervisorOps sim_gateway_ops = {gateway_answer, gateway_wakened};

void sim_gateway_clear(SimFuse *fuse) {
  for (SimSpare *spare = &fuse->spare;; spare = &fuse->spare_table) {
    if (spare->fd >= 0)
      close(spare->fd);
    spare->fd = -1;
    if (spare == &fuse->spare_table)
      return;
  }
}
