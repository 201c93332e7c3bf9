/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include "sim/fuse/internal.h"
#include "sim/fuse/sysfs.h"
#include "sim/gate/namespace.h"

static void mm_exit(GateMm *mm, gpointer data) {
  sim_kernel_mm_exit(((SimFuse *)data)->kernel, mm);
}

void sim_fuse_stay_on_one_processor(void) {
  cpu_set_t set;
  int cpu = sched_getcpu();
  if (cpu < 0)
    return;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  sched_setaffinity(0, sizeof set, &set);
}

static int open_dev_fuse(GError **error) {
  int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC | O_NONBLOCK);
  if (fd >= 0)
    return fd;
  if (errno == ENOENT || errno == ENODEV)
    g_set_error(error, GATE_ERROR, GATE_ERROR_UNAVAILABLE,
                "there is no /dev/fuse: modprobe fuse, or give the container the device (--device /dev/fuse)");
  else
    g_set_error(error, GATE_ERROR, GATE_ERROR_UNAVAILABLE,
                "/dev/fuse cannot be opened (%s): run as root, or chmod 0666 /dev/fuse", g_strerror(errno));
  return -1;
}

static gboolean build(SimFuse *fuse, GError **error) {
  sim_sysfs_fill(fuse->tree, fuse->host);
  sim_tree_node(fuse->tree, NULL, "anonymous", ABI_NONE, 0);
  sim_tree_node(fuse->tree, NULL, "table", ABI_TABLE, 0);

  if ((fuse->host->kvm == SIM_KVM_REAL && !gate_kvm_usable(error)) || !gate_namespace_enter(error))
    return FALSE;
  fuse->processes = gate_processes_new(mm_exit, fuse, error);
  fuse->filter = gate_filter_new(FALSE, error);
  fuse->fd = fuse->processes && fuse->filter ? open_dev_fuse(error) : -1;
  if (fuse->fd < 0)
    return FALSE;
  fuse->helper = sim_helper_new(fuse->fd, fuse->host->kvm, error);
  if (!fuse->helper) {
    close(fuse->fd);
    return FALSE;
  }
  if (!sim_server_start(fuse, error) || !sim_helper_wait(fuse->helper, error))
    return FALSE;
  fuse->supervisor = gate_supervisor_new(&sim_gateway_ops, fuse, gate_processes_fd(fuse->processes), error);
  return fuse->supervisor != NULL;
}

SimFuse *sim_fuse_new(const SimHost *host, Trace *trace, GError **error) {
  SimFuse *fuse = g_new0(SimFuse, 1);
  g_mutex_init(&fuse->lock);
  g_mutex_init(&fuse->serving);
  g_mutex_init(&fuse->answering);
  fuse->host = host;
  fuse->fd = fuse->stop = fuse->work = fuse->spare.fd = fuse->spare_table.fd = -1;
  fuse->tree = sim_tree_new();
  fuse->nodes = sim_nodes_new();
  fuse->vms = gate_vms_new();
  fuse->shared = sim_shared_new();
  fuse->parked = g_ptr_array_new_with_free_func(g_free);
  fuse->kernel = sim_kernel_new(host, sim_fuse_port(), fuse, trace);
  if (!build(fuse, error))
    g_clear_pointer(&fuse, sim_fuse_free);
  return fuse;
}

void sim_fuse_free(SimFuse *fuse) {
  if (!fuse)
    return;
  g_clear_pointer(&fuse->supervisor, gate_supervisor_free);
  sim_gateway_clear(fuse);
  sim_server_stop(fuse);
  g_ptr_array_unref(fuse->parked);
  g_clear_pointer(&fuse->helper, sim_helper_free);
  sim_nodes_free(fuse->nodes);
  g_clear_pointer(&fuse->processes, gate_processes_free);
  sim_kernel_free(fuse->kernel);
  gate_vms_free(fuse->vms);
  sim_shared_free(fuse->shared);
  g_clear_pointer(&fuse->filter, gate_filter_free);
  sim_tree_free(fuse->tree);
  g_mutex_clear(&fuse->answering);
  g_mutex_clear(&fuse->serving);
  g_mutex_clear(&fuse->lock);
  g_free(fuse);
}

gboolean sim_fuse_watch_exits(SimFuse *fuse, GError **error) {
  GateFilter *filter = gate_filter_new(TRUE, error);
  if (!filter)
    return FALSE;
  gate_filter_free(fuse->filter);
  fuse->filter = filter;
  fuse->watches_exits = TRUE;
  return TRUE;
}

pid_t sim_fuse_fork_client(SimFuse *fuse, GateClientFunc func, gpointer data, int keep_fd, GError **error) {
  int listener;
  pid_t pid = gate_client_fork(fuse->filter, func, data, keep_fd, &listener, error);
  if (pid > 0)
    gate_supervisor_add(fuse->supervisor, listener);
  return pid;
}

/* Dirty pages are written back and all are dropped. Not under the lock: the server's thread takes the writes. */
static void drop_caches(SimFuse *fuse) {
  g_mutex_lock(&fuse->lock);
  g_autoptr(GArray) inos = sim_nodes_take_cached(fuse->nodes);
  g_mutex_unlock(&fuse->lock);
  for (guint i = 0; i < inos->len; i++)
    fuse_lowlevel_notify_inval_inode(fuse->session, g_array_index(inos, guint64, i), 0, 0);
}

void sim_fuse_with_model(SimFuse *fuse, SimFuseModelFunc func, gpointer data) {
  drop_caches(fuse);
  g_mutex_lock(&fuse->lock);
  func(fuse->kernel, data);
  g_mutex_unlock(&fuse->lock);
  drop_caches(fuse);
}

void sim_fuse_settle(SimFuse *fuse) {
  /* A client that died in a held call does not wait for its end, in which the last copy of an fd may be closed. */
  g_mutex_lock(&fuse->answering);
  g_mutex_unlock(&fuse->answering);
  sim_server_barrier(fuse);
  g_mutex_lock(&fuse->lock);
  gate_processes_reap(fuse->processes);
  g_mutex_unlock(&fuse->lock);
}
