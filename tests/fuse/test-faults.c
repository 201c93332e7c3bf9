/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Clients that misbehave, or behave oddly: they get what the kernel would answer, and the others do not notice. */
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/openat2.h>
#include <linux/vfio.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "tests/fuse/rig.h"

enum { PAGE = 4096, CONTAINERS = 1000, THREADS = 64, CALLS = 200 };

static int get_status(int group, void *status) {
  return ioctl(group, VFIO_GROUP_GET_STATUS, status);
}

static int version(int container) {
  return ioctl(container, VFIO_GET_API_VERSION);
}

/* ---- pointers ---- */

/* CG-31: the struct cannot be read; nor can its answer be written. */
static int wild_pointers(gpointer data, int keep_fd) {
  struct vfio_group_status status = {.argsz = sizeof status};
  int group = open_group(7);
  guint8 *pages = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(pages != MAP_FAILED);
  for (guint i = 0; i < 4; i++)
    memcpy(pages + i * PAGE, &status, sizeof status);
  memcpy(pages + PAGE - 4, &status, sizeof status);
  CHECK(mprotect(pages + PAGE, PAGE, PROT_NONE) == 0 && mprotect(pages + 2 * PAGE, PAGE, PROT_READ) == 0);
  CHECK(munmap(pages + 3 * PAGE, PAGE) == 0);

  void *const wild[] = {
      NULL,
      (void *)0x10,
      pages + PAGE,               /* PROT_NONE */
      pages + 2 * PAGE,           /* read-only: argsz is read, flags cannot be written */
      pages + 3 * PAGE,           /* unmapped */
      pages + PAGE - 4,           /* into the next mapping, which cannot be used */
      (void *)0x00007ffffffff000, /* the last page of user space */
      (void *)0x0000800000000000, /* no address at all */
      (void *)0xffff800000000000, /* the kernel's */
      (void *)0xffffffff81000000, /* its text */
      (void *)(G_MAXSIZE - 4),
  };
  for (guint i = 0; i < G_N_ELEMENTS(wild); i++)
    CHECK(get_status(group, wild[i]) == -1 && errno == EFAULT);
  /* What is at the very end of a mapping is enough. */
  memcpy(pages + PAGE - sizeof status, &status, sizeof status);
  CHECK(get_status(group, pages + PAGE - sizeof status) == 0);
  return 0;
}

/* CG-32: only too small an argsz is refused; no more is written than the struct. */
static int huge_argsz(gpointer data, int keep_fd) {
  struct {
    struct vfio_group_status status;
    guint32 beyond[64];
  } args = {.status.argsz = G_MAXUINT32};
  memset(args.beyond, 0x5a, sizeof args.beyond);
  CHECK(get_status(open_group(7), &args) == 0 && args.status.flags == VFIO_GROUP_FLAGS_VIABLE);
  for (guint i = 0; i < G_N_ELEMENTS(args.beyond); i++)
    CHECK(args.beyond[i] == 0x5a5a5a5a);
  return 0;
}

/* The same address in two processes is not the same memory: each gets its own answer. */
static int own_memory(gpointer data, int keep_fd) {
  static struct vfio_group_status status;
  int group = open_group(7), wstatus;
  status = (struct vfio_group_status){.argsz = 4, .flags = 0xabcd};
  pid_t pid = fork();
  if (pid == 0) {
    status.argsz = sizeof status;
    CHECK(get_status(group, &status) == 0 && status.flags == VFIO_GROUP_FLAGS_VIABLE);
    _exit(0);
  }
  CHECK(waitpid(pid, &wstatus, 0) == pid && wstatus == 0);
  CHECK(status.argsz == 4 && status.flags == 0xabcd);
  CHECK(get_status(group, &status) == -1 && errno == EINVAL);
  return 0;
}

/* ---- fds ---- */

static int closed_twice(gpointer data, int keep_fd) {
  int container = open_container(), copy = dup(container);
  CHECK(close(container) == 0 && close(container) == -1 && errno == EBADF);
  CHECK(version(container) == -1 && errno == EBADF);
  CHECK(version(copy) == VFIO_API_VERSION);
  /* The number is somebody else's now. */
  CHECK(open("/dev/zero", O_RDWR) == container);
  CHECK(version(container) == -1 && errno == ENOTTY);
  CHECK(ioctl(container, VFIO_GROUP_GET_DEVICE_FD, "0000:01:00.0") == -1 && errno == ENOTTY);
  return 0;
}

static int many_containers(gpointer data, int keep_fd) {
  const struct rlimit files = {CONTAINERS + 100, CONTAINERS + 100};
  CHECK(setrlimit(RLIMIT_NOFILE, &files) == 0);
  for (guint i = 0; i < CONTAINERS; i++)
    CHECK(version(open_container()) == VFIO_API_VERSION);
  return 0;
}

/* O_PATH gives no file to call; nodes cannot be mapped (PD-131 and others: no region has the MMAP flag). */
static int odd_opens(gpointer data, int keep_fd) {
  int path = open("/dev/vfio/vfio", O_PATH | O_CLOEXEC);
  CHECK(path >= 0 && version(path) == -1 && errno == EBADF);
  struct open_how how = {.flags = O_RDWR | O_CLOEXEC, .resolve = RESOLVE_NO_MAGICLINKS};
  int container = (int)syscall(SYS_openat2, AT_FDCWD, "/dev/vfio/vfio", &how, sizeof how);
  CHECK(version(container) == VFIO_API_VERSION);
  int directory = open("/dev/vfio", O_RDONLY | O_DIRECTORY | O_CLOEXEC), group = openat(directory, "7", O_RDWR);
  CHECK(group >= 0);
  int mapped[] = {container, group};
  for (guint i = 0; i < G_N_ELEMENTS(mapped); i++)
    CHECK(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, mapped[i], 0) == MAP_FAILED && errno == ENODEV);
  return 0;
}

/* ---- io_uring ---- */

typedef struct {
  int fd;
  struct io_uring_params params;
  guint8 *submissions, *completions;
  struct io_uring_sqe *entries;
} Ring;

static gboolean ring_new(Ring *ring) {
  memset(ring, 0, sizeof *ring);
  ring->fd = (int)syscall(SYS_io_uring_setup, 4, &ring->params);
  if (ring->fd < 0)
    return FALSE; /* this machine does not let it be used */
  const struct io_uring_params *p = &ring->params;
  const int prot = PROT_READ | PROT_WRITE;
  ring->submissions =
      mmap(NULL, p->sq_off.array + p->sq_entries * sizeof(guint32), prot, MAP_SHARED, ring->fd, IORING_OFF_SQ_RING);
  ring->completions = mmap(NULL, p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe), prot, MAP_SHARED,
                           ring->fd, IORING_OFF_CQ_RING);
  ring->entries = mmap(NULL, p->sq_entries * sizeof *ring->entries, prot, MAP_SHARED, ring->fd, IORING_OFF_SQES);
  CHECK(ring->submissions != MAP_FAILED && ring->completions != MAP_FAILED && ring->entries != MAP_FAILED);
  return TRUE;
}

static guint32 *ring_word(guint8 *base, guint32 offset) {
  return (guint32 *)(gpointer)(base + offset);
}

/* Carries one request out and gives its result. */
static int ring_do(Ring *ring, const struct io_uring_sqe *entry) {
  const struct io_uring_params *p = &ring->params;
  guint32 *tail = ring_word(ring->submissions, p->sq_off.tail), *head = ring_word(ring->completions, p->cq_off.head);
  guint32 index = *tail & (p->sq_entries - 1);
  ring->entries[index] = *entry;
  ring_word(ring->submissions, p->sq_off.array)[index] = index;
  __atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
  CHECK(syscall(SYS_io_uring_enter, ring->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) == 1);
  const struct io_uring_cqe *done = (gpointer)(ring->completions + p->cq_off.cqes);
  int result = done[*head & (p->cq_entries - 1)].res;
  __atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
  return result;
}

/* The kernel's threads that work for a process are of that process. */
static int by_io_uring(gpointer data, int keep_fd) {
  Ring ring;
  if (!ring_new(&ring))
    return 0;
  for (guint i = 0; i < 2; i++) {
    const guint8 flags = i ? IOSQE_ASYNC : 0; /* in a thread of the kernel's, to be sure */
    const struct io_uring_sqe opening = {.opcode = IORING_OP_OPENAT,
                                         .flags = flags,
                                         .fd = AT_FDCWD,
                                         .addr = (guintptr) "/dev/vfio/vfio",
                                         .open_flags = O_RDWR | O_CLOEXEC};
    int other = ring_do(&ring, &opening);
    CHECK(other >= 0 && version(other) == VFIO_API_VERSION);
    const struct io_uring_sqe closing = {.opcode = IORING_OP_CLOSE, .flags = flags, .fd = other};
    CHECK(ring_do(&ring, &closing) == 0);
  }
  return 0;
}

/* ---- threads and processes ---- */

static atomic_int shared_fd;
static atomic_bool stop;

static gpointer call_on_shared(gpointer unused) {
  while (!stop) {
    int result = version(shared_fd);
    CHECK(result == VFIO_API_VERSION || (result == -1 && errno == EBADF));
  }
  return NULL;
}

/* An fd is closed while calls on it are under way, and its number is given to the next file. */
static int closed_during_calls(gpointer data, int keep_fd) {
  pthread_t threads[4];
  shared_fd = open_container();
  for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
    CHECK(pthread_create(&threads[i], NULL, call_on_shared, NULL) == 0);
  for (guint i = 0; i < CALLS; i++) {
    CHECK(close(shared_fd) == 0);
    usleep(50);
    int fd = open_container();
    CHECK(fd == shared_fd);
  }
  stop = TRUE;
  for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
    CHECK(pthread_join(threads[i], NULL) == 0);
  return 0;
}

static gpointer call_a_lot(gpointer unused) {
  for (guint i = 0; i < CALLS / 10; i++) {
    int container = open_container();
    CHECK(version(container) == VFIO_API_VERSION && ioctl(container, VFIO_CHECK_EXTENSION, 7) == 1);
    close(container);
    close(create_vm()); /* a held call */
  }
  return NULL;
}

static int many_threads(gpointer data, int keep_fd) {
  pthread_t threads[THREADS];
  for (guint i = 0; i < THREADS; i++)
    CHECK(pthread_create(&threads[i], NULL, call_a_lot, NULL) == 0);
  for (guint i = 0; i < THREADS; i++)
    CHECK(pthread_join(threads[i], NULL) == 0);
  return 0;
}

static int tell_container(gpointer container) {
  struct vfio_iommu_spapr_tce_info info = {.argsz = sizeof info};
  return ioctl(GPOINTER_TO_INT(container), VFIO_IOMMU_SPAPR_TCE_GET_INFO, &info) == 0 ? 0 : 1;
}

/* TCE-24: a process that shares the address space may use the container; one in namespaces of its own that does not,
 * may not. */
static int clones(gpointer data, int keep_fd) {
  static guint8 stack[65536];
  int group, container = open_attached(&group), status;
  struct vfio_iommu_spapr_register_memory memory = {
      .argsz = sizeof memory, .vaddr = (guintptr)aligned_alloc(65536, 65536), .size = 65536};
  CHECK(ioctl(container, VFIO_IOMMU_SPAPR_REGISTER_MEMORY, &memory) == 0);
  pid_t pid = clone(tell_container, stack + sizeof stack, CLONE_VM | SIGCHLD, GINT_TO_POINTER(container));
  CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
  pid = clone(tell_container, stack + sizeof stack, CLONE_NEWUSER | CLONE_NEWPID | SIGCHLD, GINT_TO_POINTER(container));
  if (pid < 0)
    return 0; /* this machine allows no more namespaces */
  CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 1);
  return 0;
}

/* ---- tests ---- */

static GateClientFunc now;

static void is_empty(World *world) {
  SimCensus census = world_census(world);
  CHECK(census.containers == 0 && census.groups_open == 0 && census.devices_open == 0 && census.vms == 0);
  CHECK(census.locked_pages == 0 && census.tables == 0 && census.regions == 0);
}

static void run_now(World *world) {
  client_run(world, now, NULL);
  is_empty(world);
}

static void run(GateClientFunc func) {
  now = func;
  in_world(0, run_now);
}

static void wild_pointers_are_efault(void **state) {
  run(wild_pointers);
}

static void CG_32_a_huge_argsz_is_no_more_than_the_struct(void **state) {
  run(huge_argsz);
}

static void a_process_reaches_its_own_memory_only(void **state) {
  run(own_memory);
}

static void a_closed_fd_is_nobodys(void **state) {
  run(closed_twice);
}

static void there_can_be_a_thousand_containers(void **state) {
  run(many_containers);
}

static void nodes_are_opened_by_other_ways_and_not_mapped(void **state) {
  run(odd_opens);
}

static void io_uring_opens_and_closes(void **state) {
  run(by_io_uring);
}

static void an_fd_may_be_closed_during_calls(void **state) {
  run(closed_during_calls);
}

static void threads_call_at_once(void **state) {
  run(many_threads);
}

static void TCE_24_a_clone_is_judged_by_its_address_space(void **state) {
  run(clones);
}

static int call_for_ever(gpointer data, int keep_fd) {
  while (!call_a_lot(NULL))
    ;
  return 0;
}

static int call_some(gpointer data, int keep_fd) {
  call_a_lot(NULL);
  return 0;
}

/* Wherever in a call it is stopped: waiting for the server, or held by the supervisor. */
static void stop_and_go_on(World *world) {
  pid_t pid = client_start(world, call_for_ever, NULL);
  int status;
  for (guint i = 0; i < 10; i++) {
    usleep(500 + i * 271);
    CHECK(kill(pid, SIGSTOP) == 0 && waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
    client_run(world, call_some, NULL);
    CHECK(kill(pid, SIGCONT) == 0);
  }
  kill(pid, SIGSTOP);
  kill(pid, SIGKILL);
  client_wait(pid);
  is_empty(world);
}

static void others_go_on_while_one_is_stopped(void **state) {
  in_world(0, stop_and_go_on);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(wild_pointers_are_efault),
      cmocka_unit_test(CG_32_a_huge_argsz_is_no_more_than_the_struct),
      cmocka_unit_test(a_process_reaches_its_own_memory_only),
      cmocka_unit_test(a_closed_fd_is_nobodys),
      cmocka_unit_test(there_can_be_a_thousand_containers),
      cmocka_unit_test(nodes_are_opened_by_other_ways_and_not_mapped),
      cmocka_unit_test(io_uring_opens_and_closes),
      cmocka_unit_test(an_fd_may_be_closed_during_calls),
      cmocka_unit_test(threads_call_at_once),
      cmocka_unit_test(TCE_24_a_clone_is_judged_by_its_address_space),
      cmocka_unit_test(others_go_on_while_one_is_stopped),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
