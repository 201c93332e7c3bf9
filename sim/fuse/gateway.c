/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <linux/kvm.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sim/fuse/internal.h"
#include "sim/gate/carried.h"
#include "sim/gate/fdinfo.h"
#include "sim/gate/memory.h"

/* A call that is held. */
typedef struct {
  SimFuse *fuse;
  GateCall *held;
  pid_t tid;
  int fd;
  guint64 ino; /* of the open file */
} Request;

/* The row of the call if it is one that returns an fd. */
static const AbiCall *wanted(const Request *request, guint32 number) {
  SimFuse *fuse = request->fuse;
  const AbiCall *call = NULL;
  g_mutex_lock(&fuse->lock);
  SimNode *node = sim_nodes_find(fuse->nodes, request->ino);
  if (node && node->file)
    call = abi_find(sim_file_object(node->file).kind, ABI_DRIVER_ANY, number);
  g_mutex_unlock(&fuse->lock);
  return call && call->returns != ABI_NONE ? call : NULL;
}

/* Whether it is KVM_CREATE_DEVICE of a kvm-vfio device on a VM of the machine's own KVM, which has all other calls. */
static gboolean asks_real_vm(const Request *request, guint32 number, guint64 arg) {
  guint32 type;
  return request->fuse->host->kvm == SIM_KVM_REAL && number == KVM_CREATE_DEVICE &&
         gate_is_vm(request->tid, request->fd) && gate_memory_read(request->tid, arg, &type, sizeof type) == 0 &&
         type == KVM_DEV_TYPE_VFIO;
}

/* The model's file, with the task that makes the call; or -errno. NULL: it is the machine's. Under the lock. */
static int enter(const Request *request, SimTask *task, SimFile **file) {
  SimNodes *nodes = request->fuse->nodes;
  SimNode *node = sim_nodes_find(nodes, request->ino);
  *file = node ? node->file : NULL;
  if (!*file && sim_nodes_owns(nodes, request->ino))
    return -EBADF;
  return sim_task_enter(request->fuse, task, request->tid) ? 0 : -ESRCH;
}

/* A file must be open before the lock is taken: opening it needs the server, which needs the lock. */
static gboolean spare_fill(SimFuse *fuse, SimSpare *spare, const char *name) {
  if (spare->fd < 0)
    spare->fd = sim_helper_open(fuse->helper, name, &spare->ino);
  return spare->fd >= 0;
}

static long answer_ioctl(const Request *request, const AbiCall *call, guint32 number, guint64 arg) {
  SimFuse *fuse = request->fuse;
  gboolean is_table = call->returns == ABI_TABLE;
  SimSpare *spare = is_table ? &fuse->spare_table : &fuse->spare;
  if (!spare_fill(fuse, spare, is_table ? "table" : "anonymous"))
    return -ENFILE;
  sim_server_barrier(fuse);

  SimTask task = {.call = request->held, .spare = spare};
  SimFile *file;
  g_mutex_lock(&fuse->lock);
  long result = enter(request, &task, &file);
  if (!result)
    result =
        file ? sim_ioctl(file, &task, number, arg) : sim_real_vm_create_device(fuse->kernel, &task, request->fd, arg);
  g_mutex_unlock(&fuse->lock);

  if (task.spare_used) {
    /* The size of a table is known only now; a mapping needs the client's kernel to know it. */
    if (is_table)
      sim_helper_refresh(fuse->helper, spare->fd);
    close(spare->fd);
    spare->fd = -1;
  }
  return result;
}

/* The client maps the memory itself: no mmap() of its own on the node would show the model's memory at once. */
static long answer_mmap(const Request *request, const CarriedMessage *carried) {
  SimFuse *fuse = request->fuse;
  SimTask task = {0};
  SimFile *file;
  void *memory;
  sim_server_barrier(fuse);
  g_mutex_lock(&fuse->lock);
  long result = enter(request, &task, &file);
  if (!result)
    result = sim_mmap(file, &task, carried->length, (int)carried->prot, carried->flags & MAP_SHARED, carried->offset,
                      &memory);
  if (!result)
    result = gate_call_add_fd(request->held, sim_shared_fd(fuse->shared, (char *)memory - carried->offset));
  g_mutex_unlock(&fuse->lock);
  return result;
}

static gboolean answer(const Request *request, guint32 number, guint64 arg, long *result) {
  gboolean own = sim_nodes_owns(request->fuse->nodes, request->ino);
  CarriedMessage carried = {.op = CARRIED_IOCTL, .number = number, .arg = arg};
  if (own)
    gate_carried_read(request->tid, number, arg, &carried);
  if (own && carried.op == CARRIED_MMAP && gate_call_valid(request->held)) {
    *result = answer_mmap(request, &carried);
    return TRUE;
  }
  /* The kernel lets the call continue to the node, which answers what does not return an fd. */
  const AbiCall *call = own                                  ? wanted(request, carried.number)
                        : asks_real_vm(request, number, arg) ? abi_call(ABI_CREATE_DEVICE)
                                                             : NULL;
  if (!call || !gate_call_valid(request->held))
    return FALSE;
  *result = answer_ioctl(request, call, carried.number, carried.arg);
  return TRUE;
}

static gboolean gateway_answer(gpointer data, GateCall *held, pid_t tid, int fd, guint32 number, guint64 arg,
                               long *result) {
  SimFuse *fuse = data;
  GateFdInfo info;
  g_mutex_lock(&fuse->answering);
  gboolean answered = gate_fdinfo(tid, fd, &info) == 0;
  if (answered) {
    Request request = {fuse, held, tid, fd, info.ino};
    answered = answer(&request, number, arg, result);
  }
  g_mutex_unlock(&fuse->answering);
  return answered;
}

/* The closes that the process has made are in the model before those that its end makes. */
static void gateway_exiting(gpointer data, pid_t tid) {
  SimFuse *fuse = data;
  g_mutex_lock(&fuse->lock);
  GateProcess *process = gate_processes_known(fuse->processes, tid);
  g_mutex_unlock(&fuse->lock);
  if (!process)
    return;
  sim_server_barrier(fuse);
  g_mutex_lock(&fuse->lock);
  /* Only this thread forgets the dead. */
  gate_process_exit(process);
  g_mutex_unlock(&fuse->lock);
}

static void gateway_wakened(gpointer data) {
  sim_fuse_settle(data);
}

const GateSupervisorOps sim_gateway_ops = {gateway_answer, gateway_exiting, gateway_wakened};

void sim_gateway_clear(SimFuse *fuse) {
  for (SimSpare *spare = &fuse->spare;; spare = &fuse->spare_table) {
    if (spare->fd >= 0)
      close(spare->fd);
    spare->fd = -1;
    if (spare == &fuse->spare_table)
      return;
  }
}
