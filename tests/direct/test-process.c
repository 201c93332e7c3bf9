/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "sim/direct/guard.h"
#include "sim/direct/memory.h"
#include "sim/direct/process.h"

typedef struct {
  SimHost *host;
  Trace *trace;
  SimKernel *kernel;
  SimProcess *process;
} World;

static int set_up(void **state) {
  World *world = g_new0(World, 1);

  world->host = sim_host_new();
  world->trace = trace_new();
  sim_host_add_device(world->host, 7, "0000:01:00.0", NULL);
  world->kernel = sim_kernel_new(world->host, sim_direct_port(), NULL, world->trace);
  world->process = sim_process_new(world->kernel, world->host, 1);
  *state = world;
  return 0;
}

static int tear_down(void **state) {
  World *world = *state;

  sim_process_free(world->process);
  sim_kernel_free(world->kernel);
  trace_free(world->trace);
  sim_host_free(world->host);
  g_free(world);
  return 0;
}

static void a_bad_pointer_is_efault(void **state) {
  guint8 *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  guint8 out[32] = {0};

  guard_install();
  munmap(page + 4096, 4096);
  memset(page, 7, 4096);
  for (gsize len = 0; len <= sizeof out; len++)
    assert_int_equal(guard_read((guintptr)page + 4096 - len, out, len), 0);
  assert_int_equal(out[31], 7);
  assert_int_equal(guard_read((guintptr)page + 4090, out, 8), -EFAULT);
  assert_int_equal(guard_write((guintptr)page + 4090, out, 8), -EFAULT);
  assert_int_equal(guard_read(0, out, 1), -EFAULT);
  assert_int_equal(guard_read(G_MAXUINT64, out, 1), -EFAULT);
  assert_int_equal(guard_read(0xc000000000000000, out, 8), -EFAULT);
  mprotect(page, 4096, PROT_READ);
  assert_int_equal(guard_write((guintptr)page, out, 4), -EFAULT);
  assert_int_equal(guard_read((guintptr)page, out, 4), 0);
  munmap(page, 4096);
}

/* A fault that is not of a guarded copy ends the process as if nobody had looked. */
static void other_faults_are_passed_on(void **state) {
  void *volatile nowhere = (void *)8;
  pid_t pid = fork();
  int status;

  if (!pid) {
    struct rlimit none = {0, 0};

    setrlimit(RLIMIT_CORE, &none);
    signal(SIGSEGV, SIG_DFL);
    guard_install();
    memset(nowhere, 1, 8);
    _exit(0);
  }
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_true((WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV) || (WIFEXITED(status) && WEXITSTATUS(status)));
}

static void fds_begin_high_and_are_reused_lowest_first(void **state) {
  World *world = *state;
  int first = sim_process_open(world->process, "/dev/vfio/vfio", O_RDWR);
  int second = sim_process_open(world->process, "/dev/vfio/7", O_RDWR);

  assert_int_equal(first, SIM_FD_BASE);
  assert_int_equal(second, SIM_FD_BASE + 1);
  assert_int_equal(sim_process_close(world->process, first), 0);
  assert_int_equal(sim_process_close(world->process, first), -EBADF);
  assert_int_equal(sim_process_dup(world->process, second), first);
  assert_int_equal(sim_process_open_fds(world->process), 2);
  assert_int_equal(sim_process_dup(world->process, 3), -EBADF);
  assert_int_equal(sim_process_open(world->process, "/dev/vfio/8", O_RDWR), -ENOENT);
  assert_int_equal(sim_process_open(world->process, "/dev/null", O_RDWR), -ENOENT);
  for (guint i = 2; i < SIM_FD_MAX; i++)
    assert_true(sim_process_open(world->process, "/dev/vfio/vfio", O_RDWR) >= 0);
  assert_int_equal(sim_process_open(world->process, "/dev/vfio/vfio", O_RDWR), -EMFILE);
  assert_int_equal(sim_process_dup(world->process, first), -EMFILE);
}

static void the_iommu_group_of_a_device_is_read_from_sysfs(void **state) {
  World *world = *state;
  char target[64] = "";
  ssize_t len =
      sim_process_readlink(world->process, "/sys/bus/pci/devices/0000:01:00.0/iommu_group", target, sizeof target - 1);

  assert_true(len > 0);
  assert_string_equal(strrchr(target, '/') + 1, "7");
  assert_int_equal(sim_process_readlink(world->process, "/sys/bus/pci/devices/0000:02:00.0/iommu_group", target, 64),
                   -ENOENT);
  assert_int_equal(sim_process_readlink(world->process, "/sys/bus/pci/devices//iommu_group", target, 64), -ENOENT);
  assert_int_equal(sim_process_readlink(world->process, "/etc/passwd", target, 64), -ENOENT);
}

static void pinning_sees_gaps_protection_and_files_that_end(void **state) {
  const gsize page = 4096;
  int fd = memfd_create("short", MFD_CLOEXEC);
  guint8 *area = mmap(NULL, 8 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *file;
  guint shift = 20;

  guard_install();
  assert_int_equal(memory_pin(NULL, (guintptr)area, 8 * page, TRUE, 12, &shift), 8 * page);
  assert_int_equal(shift, 12);
  mprotect(area + 5 * page, page, PROT_READ);
  assert_int_equal(memory_pin(NULL, (guintptr)area, 8 * page, TRUE, 12, &shift), 5 * page);
  assert_int_equal(memory_pin(NULL, (guintptr)area + 5 * page, page, TRUE, 12, &shift), 0);
  munmap(area + 2 * page, page);
  assert_int_equal(memory_pin(NULL, (guintptr)area, 8 * page, TRUE, 12, &shift), 2 * page);
  assert_int_equal(memory_pin(NULL, 0, page, TRUE, 12, &shift), 0);
  assert_int_equal(memory_pin(NULL, 0xc000000000000000, page, TRUE, 12, &shift), 0);
  assert_int_equal(ftruncate(fd, 3 * (off_t)page), 0);
  file = mmap(NULL, 8 * page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  assert_int_equal(memory_pin(NULL, (guintptr)file, 8 * page, TRUE, 12, &shift), 3 * page);
  munmap(file, 8 * page);
  munmap(area, 8 * page);
  close(fd);
}

static void declared_memory_replaces_what_it_overlaps(void **state) {
  g_autoptr(GArray) ranges = memory_new();
  MemoryRange whole = {0x1000000, 0x100000, TRUE, 0}, middle = {0x1040000, 0x10000, FALSE, 0},
              huge = {0x1000000, 0x40000, TRUE, 16};
  guint shift = 30;

  memory_declare(ranges, &whole);
  memory_declare(ranges, &middle);
  assert_int_equal(ranges->len, 3);
  assert_int_equal(memory_pin(ranges, 0x1000000, 0x100000, TRUE, 12, &shift), 0x40000);
  memory_declare(ranges, &huge);
  shift = 30;
  assert_int_equal(memory_pin(ranges, 0x1000000, 0x20000, TRUE, 12, &shift), 0x20000);
  assert_int_equal(shift, 16);
  memory_forget(ranges, 0x1040000, 0x1000);
  assert_int_equal(memory_pin(ranges, 0x1050000, 0xb0000, TRUE, 12, &shift), 0xb0000);
  assert_int_equal(shift, 12);
  memory_forget(ranges, 0, G_MAXUINT64);
  assert_int_equal(ranges->len, 0);
}

static void eventfds_are_real_ones(void **state) {
  World *world = *state;
  const SimPort *port = sim_direct_port();
  gpointer event;
  int fd = eventfd(0, EFD_NONBLOCK), group = sim_process_open(world->process, "/dev/vfio/7", O_RDWR), pipes[2];
  eventfd_t count;

  assert_int_equal(pipe(pipes), 0);
  assert_int_equal(port->event_get(NULL, world->process, fd, &event), 0);
  port->event_signal(NULL, event);
  port->event_signal(NULL, event);
  assert_int_equal(eventfd_read(fd, &count), 0);
  assert_int_equal(count, 2);
  port->event_put(NULL, event);
  assert_int_equal(port->event_get(NULL, world->process, pipes[0], &event), -EINVAL);
  assert_int_equal(port->event_get(NULL, world->process, group, &event), -EINVAL);
  close(fd);
  assert_int_equal(port->event_get(NULL, world->process, fd, &event), -EBADF);
  assert_int_equal(port->event_get(NULL, world->process, -1, &event), -EBADF);
  close(pipes[0]);
  close(pipes[1]);
}

static void a_mapping_keeps_the_file_open(void **state) {
  World *world = *state;
  struct {
    guint64 liobn;
    guint32 page_shift, flags;
    guint64 offset, size;
  } args = {0x80000000, 12, 0, 0, 0x1000};
  int kvm = sim_process_open(world->process, "/dev/kvm", O_RDWR);
  int vm = (int)sim_process_ioctl(world->process, kvm, abi_call(ABI_CREATE_VM)->nr_x86, 0);
  int table = (int)sim_process_ioctl(world->process, vm, abi_call(ABI_CREATE_SPAPR_TCE_64)->nr_x86, (guintptr)&args);
  SimCensus census;
  void *memory;

  assert_true(table >= 0);
  assert_int_equal(sim_process_mmap(world->process, table, 0x10000, PROT_READ | PROT_WRITE, TRUE, 0, &memory), 0);
  ((guint64 *)memory)[0xfff] = 3;
  assert_int_equal(sim_process_close(world->process, table), 0);
  sim_census(world->kernel, &census);
  assert_int_equal(census.tables, 1);
  assert_int_equal(sim_process_munmap(world->process, memory, 0x1000), -EINVAL);
  assert_int_equal(sim_process_munmap(world->process, memory, 0x10000), 0);
  sim_census(world->kernel, &census);
  assert_int_equal(census.tables, 0);
}

static void exit_closes_everything(void **state) {
  World *world = *state;
  SimProcess *child;
  SimCensus census;
  int group = sim_process_open(world->process, "/dev/vfio/7", O_RDWR);

  assert_true(sim_process_open(world->process, "/dev/vfio/vfio", O_RDWR) >= 0);
  child = sim_process_fork(world->process, 2);
  sim_process_free(world->process);
  sim_census(world->kernel, &census);
  assert_int_equal(census.groups_open, 1);
  assert_non_null(sim_process_file(child, group));
  assert_ptr_not_equal(sim_process_mm(child), NULL);
  world->process = child;
  assert_int_equal(sim_process_close(child, group), 0);
  sim_census(world->kernel, &census);
  assert_int_equal(census.groups_open, 0);
}

static void a_bad_buffer_of_read_and_write_is_efault(void **state) {
  World *world = *state;
  int container = sim_process_open(world->process, "/dev/vfio/vfio", O_RDWR);

  guard_install(); /* cmocka has put its own handlers over it since the set-up */
  assert_int_equal(sim_process_pwrite(world->process, container, (void *)8, 8, 0), -EFAULT);
  assert_int_equal(sim_process_pread(world->process, container, (void *)8, 8, 0), -EINVAL); /* CG-14 comes first */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_bad_pointer_is_efault),
      cmocka_unit_test(other_faults_are_passed_on),
      cmocka_unit_test_setup_teardown(fds_begin_high_and_are_reused_lowest_first, set_up, tear_down),
      cmocka_unit_test_setup_teardown(the_iommu_group_of_a_device_is_read_from_sysfs, set_up, tear_down),
      cmocka_unit_test(pinning_sees_gaps_protection_and_files_that_end),
      cmocka_unit_test(declared_memory_replaces_what_it_overlaps),
      cmocka_unit_test_setup_teardown(eventfds_are_real_ones, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_mapping_keeps_the_file_open, set_up, tear_down),
      cmocka_unit_test_setup_teardown(exit_closes_everything, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_bad_buffer_of_read_and_write_is_efault, set_up, tear_down),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
