/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <unistd.h>

#include "sim/fuse/internal.h"
#include "sim/gate/fdinfo.h"
#include "sim/gate/memory.h"

gboolean sim_task_enter(SimFuse *fuse, SimTask *task, pid_t tid) {
  task->process = gate_processes_enter(fuse->processes, tid);
  if (!task->process)
    return FALSE;
  task->tid = tid;
  task->serial = gate_process_serial(task->process);
  return TRUE;
}

static int port_read(gpointer port, gpointer task, guint64 addr, void *buf, gsize len) {
  return gate_memory_read(((SimTask *)task)->tid, addr, buf, len);
}

static int port_write(gpointer port, gpointer task, guint64 addr, const void *buf, gsize len) {
  return gate_memory_write(((SimTask *)task)->tid, addr, buf, len);
}

static gpointer port_mm(gpointer port, gpointer data) {
  SimTask *task = data;
  return task->process ? gate_process_mm(task->process) : NULL;
}

static guint port_process(gpointer port, gpointer task) {
  return ((SimTask *)task)->serial;
}

static gboolean port_exiting(gpointer port, gpointer task) {
  SimFuse *fuse = port;
  return fuse->watches_exits && gate_processes_exiting(fuse->processes, ((SimTask *)task)->serial);
}

static int port_mm_read(gpointer port, gpointer mm, guint64 addr, void *buf, gsize len) {
  return gate_mm_read(mm, addr, buf, len);
}

static int port_mm_write(gpointer port, gpointer mm, guint64 addr, const void *buf, gsize len) {
  return gate_mm_write(mm, addr, buf, len);
}

static guint64 port_pin(gpointer port, gpointer task, guint64 addr, guint64 len, gboolean write, guint host_page_shift,
                        guint *page_shift) {
  return gate_memory_pin(((SimTask *)task)->tid, addr, len, write, host_page_shift, page_shift);
}

static guint64 port_memlock(gpointer port, gpointer task) {
  return ((SimFuse *)port)->host->memlock;
}

static gboolean port_capable(gpointer port, gpointer task, int cap) {
  return sim_host_capable(((SimFuse *)port)->host, cap);
}

static int port_file(gpointer port, gpointer data, int fd, SimFile **file) {
  SimFuse *fuse = port;
  SimTask *task = data;
  GateFdInfo info;
  *file = NULL;
  if (gate_fdinfo(task->tid, fd, &info) < 0)
    return -EBADF;
  SimNode *node = sim_nodes_owns(fuse->nodes, info.ino) ? sim_nodes_find(fuse->nodes, info.ino) : NULL;
  if (node)
    *file = node->file;
  return 0;
}

static gboolean port_has_free_fd(gpointer port, gpointer task) {
  return gate_has_free_fd(((SimTask *)task)->tid);
}

static int port_install(gpointer port, gpointer data, SimFile *file) {
  SimFuse *fuse = port;
  SimTask *task = data;
  AbiKind kind = sim_file_object(file).kind;
  SimNode *node = task->call && !task->spare_used ? sim_nodes_find(fuse->nodes, task->spare->ino) : NULL;
  if (!node || (kind == ABI_TABLE) != (node->entry->kind == ABI_TABLE))
    return -EMFILE;
  /* The client may use the fd before the next line is reached. */
  node->file = file;
  node->serial = task->serial;
  if (kind == ABI_TABLE) {
    node->memory = g_steal_pointer(&fuse->table);
    node->size = fuse->table_size;
  }
  int fd = gate_call_add_fd(task->call, task->spare->fd);
  if (fd < 0) {
    node->file = NULL;
    node->memory = NULL;
    node->size = 0;
    return -EMFILE;
  }
  task->spare_used = TRUE;
  return fd;
}

/* An eventfd is kept as its number + 1, so that NULL is none. */
static int port_event_get(gpointer port, gpointer data, int fd, gpointer *event) {
  SimTask *task = data;
  GateFdInfo info;
  if (gate_fdinfo(task->tid, fd, &info) < 0)
    return -EBADF;
  if (!info.eventfd)
    return -EINVAL;
  int got = gate_process_get_fd(task->process, fd);
  if (got < 0)
    return -EBADF;
  *event = GINT_TO_POINTER(got + 1);
  return 0;
}

static void port_event_signal(gpointer port, gpointer event) {
  guint64 one = 1;
  /* A full counter (EAGAIN) is signalled as it is. */
  if (write(GPOINTER_TO_INT(event) - 1, &one, sizeof one) < 0)
    return;
}

static void port_event_put(gpointer port, gpointer event) {
  close(GPOINTER_TO_INT(event) - 1);
}

static int port_vm_get(gpointer port, gpointer data, int fd, gpointer *vm) {
  *vm = gate_vms_get(((SimFuse *)port)->vms, ((SimTask *)data)->process, fd);
  return *vm ? 0 : -EBADF;
}

static void port_vm_put(gpointer port, gpointer vm) {
  gate_vms_put(((SimFuse *)port)->vms, vm);
}

static void *port_shared_new(gpointer port, gsize size) {
  SimFuse *fuse = port;
  void *memory = sim_shared_add(fuse->shared, size);
  fuse->table = memory;
  fuse->table_size = size;
  return memory;
}

static void port_shared_free(gpointer port, void *memory, gsize size) {
  SimFuse *fuse = port;
  if (fuse->table == memory)
    fuse->table = NULL;
  sim_shared_remove(fuse->shared, memory);
}

static void port_vcpu_work(gpointer port, guint vm, guint vcpu) {
  sim_parked_wake(port);
}

const SimPort *sim_fuse_port(void) {
  static const SimPort port = {
      .read = port_read,
      .write = port_write,
      .mm = port_mm,
      .process = port_process,
      .exiting = port_exiting,
      .mm_read = port_mm_read,
      .mm_write = port_mm_write,
      .pin = port_pin,
      .memlock = port_memlock,
      .capable = port_capable,
      .file = port_file,
      .has_free_fd = port_has_free_fd,
      .install = port_install,
      .event_get = port_event_get,
      .event_signal = port_event_signal,
      .event_put = port_event_put,
      .vm_get = port_vm_get,
      .vm_put = port_vm_put,
      .shared_new = port_shared_new,
      .shared_free = port_shared_free,
      .vcpu_work = port_vcpu_work,
  };
  return &port;
}
