/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the simulator adds to a call on a FUSE node. Both sides run in this process, in turns, for one client: UNMAP_DMA
 * of an empty window through the simulator, and an ioctl on a node of a bare FUSE session whose handler only reads as
 * many bytes of the caller's memory. Fails if the first takes more than 1.3 times the second.
 */
#define FUSE_USE_VERSION 314
#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/fuse/fuse.h"
#include "sim/gate/memory.h"

enum { ROUNDS = 15, CALLS = 2000, SKIP = 77, BARE_INO = 2 };
static const double limit = 1.3;
static const char bare_directory[] = "/dev/shm";

/* ---- the bare session ---- */

static void bare_stat(fuse_ino_t ino, struct stat *st) {
  *st = (struct stat){.st_ino = ino, .st_mode = ino == BARE_INO ? S_IFREG | 0600 : S_IFDIR | 0755, .st_nlink = 1};
}

static void bare_lookup(fuse_req_t req, fuse_ino_t parent, const char *name) {
  struct fuse_entry_param reply = {.ino = BARE_INO};
  bare_stat(BARE_INO, &reply.attr);
  fuse_reply_entry(req, &reply);
}

static void bare_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi) {
  struct stat st;
  bare_stat(ino, &st);
  fuse_reply_attr(req, &st, 0);
}

static void bare_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi) {
  fi->direct_io = 1;
  fuse_reply_open(req, fi);
}

static void bare_ioctl(fuse_req_t req, fuse_ino_t ino, unsigned int number, void *arg, struct fuse_file_info *fi,
                       unsigned flags, const void *in, size_t in_size, size_t out_size) {
  struct vfio_iommu_type1_dma_unmap payload;
  int err = gate_memory_read(fuse_req_ctx(req)->pid, (guintptr)arg, &payload, sizeof payload);
  fuse_reply_ioctl(req, err, NULL, 0);
}

static gpointer bare_run(gpointer session) {
  fuse_session_loop(session);
  return NULL;
}

static struct fuse_session *bare_start(void) {
  static const struct fuse_lowlevel_ops ops = {
      .lookup = bare_lookup, .getattr = bare_getattr, .open = bare_open, .ioctl = bare_ioctl};
  char name[] = "bare", *argv[] = {name, NULL};
  struct fuse_args args = FUSE_ARGS_INIT(1, argv);
  int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
  g_autofree char *options = g_strdup_printf("fd=%d,rootmode=40000,user_id=%u,group_id=%u", fd, getuid(), getgid());
  g_autofree char *path = g_strdup_printf("/dev/fd/%d", fd);
  if (fd < 0 || mount("bare", bare_directory, "fuse", MS_NOSUID | MS_NODEV, options) < 0)
    return NULL;
  struct fuse_session *session = fuse_session_new(&args, &ops, sizeof ops, NULL);
  fuse_opt_free_args(&args);
  if (session && fuse_session_mount(session, path) == 0)
    g_thread_unref(g_thread_new("bare", bare_run, session));
  return session;
}

/* ---- the client ---- */

static double per_call(int fd, const void *payload) {
  gint64 start = g_get_monotonic_time();
  for (guint i = 0; i < CALLS; i++)
    if (ioctl(fd, VFIO_IOMMU_UNMAP_DMA, payload) != 0) {
      perror("bench-fuse: UNMAP_DMA");
      return -1;
    }
  return (double)(g_get_monotonic_time() - start) / CALLS;
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static int client(gpointer data, int keep_fd) {
  int container = open("/dev/vfio/vfio", O_RDWR), group = open("/dev/vfio/7", O_RDWR);
  int bare = open("/dev/shm/node", O_RDWR);
  struct vfio_iommu_spapr_tce_create window = {
      .argsz = sizeof window, .page_shift = 16, .window_size = 1 << 30, .levels = 1};
  struct vfio_iommu_spapr_register_memory memory = {
      .argsz = sizeof memory, .vaddr = (guintptr)aligned_alloc(65536, 65536), .size = 65536};
  if (container < 0 || group < 0 || bare < 0 || ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) < 0 ||
      ioctl(container, VFIO_SET_IOMMU, VFIO_SPAPR_TCE_v2_IOMMU) < 0 ||
      ioctl(container, VFIO_IOMMU_SPAPR_REGISTER_MEMORY, &memory) < 0 ||
      ioctl(container, VFIO_IOMMU_SPAPR_TCE_CREATE, &window) < 0) {
    perror("bench-fuse: cannot set the window up");
    return 1;
  }
  struct vfio_iommu_type1_dma_unmap unmap = {.argsz = sizeof unmap, .iova = window.start_addr, .size = 65536};
  double simulated[ROUNDS], empty[ROUNDS], ratio[ROUNDS];
  for (guint i = 0; i < ROUNDS; i++) {
    simulated[i] = per_call(container, &unmap);
    empty[i] = per_call(bare, &unmap);
    ratio[i] = simulated[i] / empty[i];
  }
  qsort(simulated, ROUNDS, sizeof *simulated, compare);
  qsort(empty, ROUNDS, sizeof *empty, compare);
  /* Of neighbours in time, so that other programs' load weighs on both sides alike. */
  qsort(ratio, ROUNDS, sizeof *ratio, compare);

  gint64 start = g_get_monotonic_time();
  for (guint i = 0; i < CALLS; i++)
    close(ioctl(group, VFIO_GROUP_GET_DEVICE_FD, "0000:01:00.0"));
  double device = (double)(g_get_monotonic_time() - start) / CALLS;

  printf("UNMAP_DMA through the simulator %.2f us, bare handler %.2f us, ratio %.2f (limit %.1f)\n",
         simulated[ROUNDS / 2], empty[ROUNDS / 2], ratio[ROUNDS / 2], limit);
  printf("GET_DEVICE_FD and close %.1f us\n", device);
  return empty[0] < 0 || simulated[0] < 0 || ratio[ROUNDS / 2] > limit;
}

int main(void) {
  g_autoptr(SimHost) host = sim_host_new();
  g_autoptr(Trace) trace = trace_new();
  g_autoptr(GError) error = NULL;
  int status;

  if (!sim_host_add_device(host, 7, "0000:01:00.0", &error)) {
    fprintf(stderr, "bench-fuse: %s\n", error->message);
    return 1;
  }
  sim_fuse_stay_on_one_processor();
  gint64 start = g_get_monotonic_time();
  SimFuse *fuse = sim_fuse_new(host, trace, &error);
  if (!fuse) {
    fprintf(stderr, "bench-fuse: skipped: %s\n", error->message);
    return SKIP;
  }
  printf("nodes mounted in %.1f ms\n", (double)(g_get_monotonic_time() - start) / 1000);
  struct fuse_session *bare = bare_start();
  if (!bare) {
    fprintf(stderr, "bench-fuse: cannot mount the bare session on %s: %s\n", bare_directory, g_strerror(errno));
    return 1;
  }
  pid_t pid = sim_fuse_fork_client(fuse, client, NULL, -1, &error);
  if (pid < 0) {
    fprintf(stderr, "bench-fuse: %s\n", error->message);
    return 1;
  }
  waitpid(pid, &status, 0);
  sim_fuse_free(fuse);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
