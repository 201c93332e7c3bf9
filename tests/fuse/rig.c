/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "tests/fuse/rig.h"

enum { SKIP = 77, LIMIT_SECONDS = 60, FUSE_MAJOR = 10, FUSE_MINOR = 229 };

/* Who is an ordinary user already stays who they are. /dev/fuse may be root's alone: root's world gets one that anybody
 * may open, seen by nobody else. Exits to skip if it cannot. */
static void become(uid_t uid) {
  if (geteuid() != 0)
    return;
  if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
      mount("test", "/mnt", "tmpfs", 0, "mode=0755") < 0 ||
      mknod("/mnt/fuse", S_IFCHR | 0666, makedev(FUSE_MAJOR, FUSE_MINOR)) < 0 || chmod("/mnt/fuse", 0666) < 0 ||
      mount("/mnt/fuse", "/dev/fuse", NULL, MS_BIND, NULL) < 0 || setgid(uid) < 0 || setuid(uid) < 0) {
    fprintf(stderr, "skipped: an ordinary user's world needs root to be set up (%s)\n", strerror(errno));
    _exit(SKIP);
  }
  /* What changed its uid may not write its own uid_map until it is dumpable again. */
  prctl(PR_SET_DUMPABLE, 1);
}

typedef struct {
  uid_t uid;
  const char *key, *value; /* NULL: the host as it is */
  void (*describe)(SimHost *host);
  WorldFunc func;
} Plan;

static void world_main(const Plan *plan) {
  g_autoptr(GError) error = NULL;
  World world = {sim_host_new(), trace_new(), NULL};

  prctl(PR_SET_PDEATHSIG, SIGKILL);
  /* cmocka's handlers take the faults of tests, not of these processes. */
  signal(SIGBUS, SIG_DFL);
  signal(SIGSEGV, SIG_DFL);
  alarm(LIMIT_SECONDS);
  if (plan->uid)
    become(plan->uid);
  CHECK(sim_host_add_device(world.host, 7, "0000:01:00.0", NULL));
  CHECK(sim_host_add_device(world.host, 8, "0000:02:00.0", NULL));
  CHECK(!plan->key || sim_host_set(world.host, plan->key, plan->value, NULL));
  sim_fuse_stay_on_one_processor();
  if (plan->describe)
    plan->describe(world.host);
  world.fuse = sim_fuse_new(world.host, world.trace, &error);
  if (!world.fuse) {
    gboolean skip = g_error_matches(error, GATE_ERROR, GATE_ERROR_UNAVAILABLE);
    fprintf(stderr, "%s%s\n", skip ? "skipped: " : "", error->message);
    _exit(skip ? SKIP : 1);
  }
  plan->func(&world);
  sim_fuse_free(world.fuse);
  trace_free(world.trace);
  sim_host_free(world.host);
  exit(0);
}

static guint count_files(const char *path) {
  GDir *dir = g_dir_open(path, 0, NULL);
  guint n = 0;
  while (dir && g_dir_read_name(dir))
    n++;
  g_clear_pointer(&dir, g_dir_close);
  return n;
}

static void assert_nothing_left(guint files) {
  g_autofree char *mounts = NULL;
  /* Orphans of the world come to this process. They have been killed; they are given the time to die. */
  for (guint i = 0; i < 1000 && waitpid(-1, NULL, WNOHANG) >= 0; i++)
    usleep(10000);
  assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
  assert_true(g_file_get_contents("/proc/self/mounts", &mounts, NULL, NULL));
  assert_null(strstr(mounts, "vfiosim"));
  assert_int_equal(count_files("/dev/vfio"), files);
}

static void run_world(const Plan *plan, guint kill_after_us) {
  guint files = count_files("/dev/vfio");
  int status;
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  fflush(NULL);
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0)
    world_main(plan);
  if (kill_after_us) {
    usleep(kill_after_us);
    kill(pid, SIGKILL);
  }
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_nothing_left(files);
  if (WIFEXITED(status) && WEXITSTATUS(status) == SKIP)
    skip();
  if (kill_after_us)
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  else
    assert_int_equal(status, 0);
}

void in_world(uid_t uid, WorldFunc func) {
  Plan plan = {.uid = uid, .func = func};
  run_world(&plan, 0);
}

void in_world_with(const char *key, const char *value, WorldFunc func) {
  Plan plan = {.key = key, .value = value, .func = func};
  run_world(&plan, 0);
}

void in_world_of(void (*describe)(SimHost *host), WorldFunc func) {
  Plan plan = {.describe = describe, .func = func};
  run_world(&plan, 0);
}

void in_killed_world(guint after_us, WorldFunc func) {
  Plan plan = {.func = func};
  run_world(&plan, after_us);
}

pid_t client_start(World *world, GateClientFunc func, gpointer data) {
  g_autoptr(GError) error = NULL;
  pid_t pid = sim_fuse_fork_client(world->fuse, func, data, -1, &error);
  if (pid < 0)
    fprintf(stderr, "%s\n", error->message);
  CHECK(pid > 0);
  return pid;
}

int client_wait(pid_t pid) {
  int status = -1;
  CHECK(waitpid(pid, &status, 0) == pid);
  return status;
}

void client_run(World *world, GateClientFunc func, gpointer data) {
  int status = client_wait(client_start(world, func, data));
  if (WIFEXITED(status) && WEXITSTATUS(status) == SKIP)
    _exit(SKIP);
  CHECK(status == 0);
}

static void take_census(SimKernel *kernel, gpointer census) {
  sim_census(kernel, census);
}

SimCensus world_census(World *world) {
  SimCensus census;
  sim_fuse_settle(world->fuse);
  sim_fuse_with_model(world->fuse, take_census, &census);
  return census;
}

typedef struct {
  const Trace *trace;
  guint n;
} Calls;

static void count_calls(SimKernel *kernel, gpointer data) {
  Calls *calls = data;
  calls->n = trace_len(calls->trace);
}

guint world_calls(World *world) {
  Calls calls = {.trace = world->trace};
  sim_fuse_with_model(world->fuse, count_calls, &calls);
  return calls.n;
}

int open_group(guint number) {
  g_autofree char *path = g_strdup_printf("/dev/vfio/%u", number);
  int fd = open(path, O_RDWR | O_CLOEXEC);
  CHECK(fd >= 0);
  return fd;
}

int open_container(void) {
  int fd = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
  CHECK(fd >= 0);
  return fd;
}

int open_attached(int *group) {
  int container = open_container();
  *group = open_group(7);
  CHECK(ioctl(*group, VFIO_GROUP_SET_CONTAINER, &container) == 0);
  CHECK(ioctl(container, VFIO_SET_IOMMU, VFIO_SPAPR_TCE_v2_IOMMU) == 0);
  return container;
}

int create_vm(void) {
  int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
  CHECK(kvm >= 0);
  int vm = ioctl(kvm, abi_call(ABI_CREATE_VM)->nr_x86, 0);
  CHECK(vm >= 0);
  close(kvm);
  return vm;
}

int create_table(int vm, guint64 liobn, guint64 pages) {
  struct {
    guint64 liobn;
    guint32 page_shift, flags;
    guint64 offset, size;
  } args = {liobn, 12, 0, 0, pages};
  int table = ioctl(vm, abi_call(ABI_CREATE_SPAPR_TCE_64)->nr_x86, &args);
  CHECK(table >= 0);
  return table;
}
