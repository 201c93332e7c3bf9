/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include "sim/fuse/internal.h"
#include "sim/fuse/sysfs.h"
#include "sim/gate/mounts.h"
#include "sim/gate/namespace.h"

static void mm_exit(GateMm *mm, gpointer data) {
  sim_kernel_mm_exit(((SimFuse *)data)->kernel, mm);
}

static void stay_on_one_processor(void) {
  cpu_set_t set;
  int cpu = sched_getcpu();
  if (cpu < 0)
    return;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  sched_setaffinity(0, sizeof set, &set);
}

static int open_dev_fuse(GError **error) {
  int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
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

static gboolean mount_session(SimFuse *fuse, const char *path, GError **error) {
  int fd = open_dev_fuse(error);
  if (fd < 0)
    return FALSE;
  g_autofree char *options =
      g_strdup_printf("fd=%d,rootmode=40000,user_id=%u,group_id=%u,allow_other", fd, geteuid(), getegid());
  if (mount("vfiosim", path, "fuse", MS_NOSUID | MS_NODEV, options) < 0) {
    int err = errno;
    close(fd);
    return gate_error_set(error, err, "cannot mount the nodes");
  }
  return sim_server_start(fuse, fd, error);
}

static gboolean open_inner(SimFuse *fuse, const char *path, GError **error) {
  fuse->root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  fuse->barrier = fuse->root < 0 ? -1 : openat(fuse->root, "barrier", O_PATH | O_CLOEXEC);
  if (fuse->barrier < 0)
    return gate_error_set(error, errno, "cannot open the nodes' root");
  /* The first close of a file asks the server whether it wants to hear of flushes; later ones need no answer, which
   * lets them be made anywhere. */
  int fd = openat(fuse->root, "proc-pci-devices", O_RDONLY | O_CLOEXEC);
  if (fd >= 0)
    close(fd);
  return TRUE;
}

static gboolean place_nodes(SimFuse *fuse, GateMounts *mounts, const char *path, GError **error) {
  /* The machine's own /dev/kvm must not answer in a simulated host's place. */
  if (!gate_mounts_mirror(mounts, "/dev", error) || !gate_mounts_hide(mounts, "/dev/kvm", error))
    return FALSE;
  for (const SimSysfsPlace *place = sim_sysfs_places(); place->name; place++) {
    g_autofree char *source = g_build_filename(path, place->name, NULL);
    if (!gate_mounts_bind(mounts, source, place->target, error))
      return FALSE;
  }
  /* /dev/kvm itself cannot be a bound file: nobody would look it up by name, and so two opens of it would be one inode.
   */
  if (fuse->host->kvm && symlink(".vfiosim/kvm", "/dev/kvm") < 0)
    return gate_error_set(error, errno, "cannot make /dev/kvm");
  for (const char *const *module = sim_sysfs_modules(); *module; module++) {
    g_autofree char *target = g_build_filename("/sys/module", *module, NULL);
    if (!gate_mounts_directory_at(mounts, target, error))
      return FALSE;
  }
  if (access("/proc/bus/pci/devices", F_OK) == 0) {
    g_autofree char *source = g_build_filename(path, "proc-pci-devices", NULL);
    if (!gate_mounts_bind(mounts, source, "/proc/bus/pci/devices", error))
      return FALSE;
  }
  return TRUE;
}

static gboolean build(SimFuse *fuse, GError **error) {
  sim_sysfs_fill(fuse->tree, fuse->host);
  sim_tree_barrier(fuse->tree, NULL, "barrier");
  sim_tree_node(fuse->tree, NULL, "anonymous", ABI_NONE, 0);
  sim_tree_node(fuse->tree, NULL, "table", ABI_TABLE, 0);

  if (!gate_namespace_enter(error))
    return FALSE;
  g_autoptr(GateMounts) mounts = gate_mounts_new(error);
  g_autofree char *path = mounts ? gate_mounts_directory(mounts, "nodes", error) : NULL;
  if (!path)
    return FALSE;
  fuse->processes = gate_processes_new(mm_exit, fuse, error);
  fuse->filter = gate_filter_new(error);
  if (!fuse->processes || !fuse->filter || !mount_session(fuse, path, error) || !open_inner(fuse, path, error) ||
      !place_nodes(fuse, mounts, path, error) || !gate_mounts_finish(mounts, error))
    return FALSE;
  fuse->supervisor = gate_supervisor_new(&sim_gateway_ops, fuse, gate_processes_fd(fuse->processes), error);
  return fuse->supervisor != NULL;
}

SimFuse *sim_fuse_new(const SimHost *host, Trace *trace, GError **error) {
  SimFuse *fuse = g_new0(SimFuse, 1);
  g_mutex_init(&fuse->lock);
  fuse->host = host;
  fuse->root = fuse->barrier = fuse->spare.fd = fuse->spare_table.fd = -1;
  fuse->tree = sim_tree_new();
  fuse->nodes = sim_nodes_new();
  fuse->kernel = sim_kernel_new(host, sim_fuse_port(), fuse, trace);
  stay_on_one_processor();
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
  if (fuse->barrier >= 0)
    close(fuse->barrier);
  if (fuse->root >= 0)
    close(fuse->root);
  if (fuse->session)
    fuse_session_destroy(fuse->session); /* closes /dev/fuse */
  sim_nodes_free(fuse->nodes);
  g_clear_pointer(&fuse->processes, gate_processes_free);
  sim_kernel_free(fuse->kernel);
  g_clear_pointer(&fuse->filter, gate_filter_free);
  sim_tree_free(fuse->tree);
  g_mutex_clear(&fuse->lock);
  g_free(fuse);
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
  sim_server_barrier(fuse);
  g_mutex_lock(&fuse->lock);
  gate_processes_reap(fuse->processes);
  g_mutex_unlock(&fuse->lock);
}
