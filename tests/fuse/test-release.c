/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Closing, dying, and what is left afterwards. Releases are asynchronous behind FUSE; here they must not look so. */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <linux/vfio.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "tests/fuse/rig.h"

enum { PAGE = 65536, ROUNDS = 1000 };

static int try_group(void) {
  return open("/dev/vfio/7", O_RDWR | O_CLOEXEC);
}

/* CG-6: a group is opened once; CG-82: and again when its file is gone, which a dup() keeps. */
static int busy(gpointer data, int keep_fd) {
  int group = open_group(7);
  CHECK(try_group() == -1 && errno == EBUSY);
  int copy = dup(group);
  close(group);
  CHECK(try_group() == -1 && errno == EBUSY);
  pid_t pid = fork();
  if (pid == 0) {
    pause();
    _exit(0);
  }
  close(copy);
  CHECK(try_group() == -1 && errno == EBUSY);
  kill(pid, SIGKILL);
  CHECK(waitpid(pid, NULL, 0) == pid);
  CHECK(try_group() >= 0);
  return 0;
}

/* CG-83: an open device keeps the group's file. */
static int busy_by_device(gpointer data, int keep_fd) {
  int group, container = open_attached(&group);
  int device = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, "0000:01:00.0");
  CHECK(container >= 0 && device >= 0);
  close(group);
  CHECK(try_group() == -1 && errno == EBUSY);
  close(device);
  CHECK(try_group() >= 0);
  return 0;
}

static int close_and_open(gpointer data, int keep_fd) {
  int group = open_group(7);
  for (guint i = 0; i < ROUNDS; i++) {
    close(group);
    group = try_group();
    CHECK(group >= 0);
  }
  return 0;
}

/* The calls that a supervisor answers do not queue behind the closes by themselves: KT-10, a LIOBN is in use until its
 * table is closed; KV-8, there is one kvm-vfio device. */
static int close_and_create(gpointer data, int keep_fd) {
  int vm = create_vm();
  struct kvm_create_device create = {.type = KVM_DEV_TYPE_VFIO};
  for (guint i = 0; i < ROUNDS / 5; i++) {
    close(create_table(vm, 0x80000000, 16));
    CHECK(ioctl(vm, KVM_CREATE_DEVICE, &create) == 0);
    close(create.fd);
  }
  return 0;
}

/* More closes at once than a FUSE connection keeps on its way by default. */
static int many_files(gpointer data, int keep_fd) {
  int vm = create_vm(), fds[200];
  for (guint i = 0; i < G_N_ELEMENTS(fds); i++)
    fds[i] = create_table(vm, i, 16);
  pid_t pid = fork();
  if (pid == 0)
    _exit(0);
  for (guint i = 0; i < G_N_ELEMENTS(fds); i++)
    close(fds[i]);
  CHECK(waitpid(pid, NULL, 0) == pid);
  for (guint i = 0; i < G_N_ELEMENTS(fds); i++)
    create_table(vm, i, 16);
  return 0;
}

/* Everything that a client can hold, over and over, without an end. */
static int hold_and_call(gpointer data, int keep_fd) {
  for (;;) {
    int group, container = open_attached(&group), vm = create_vm();
    int device = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, "0000:01:00.0");
    int table = create_table(vm, 0x80000000, 16);
    struct vfio_iommu_spapr_register_memory memory = {
        .argsz = sizeof memory, .vaddr = (guintptr)aligned_alloc(PAGE, PAGE), .size = PAGE};
    CHECK(ioctl(container, VFIO_IOMMU_SPAPR_REGISTER_MEMORY, &memory) == 0);
    close(device);
    close(table);
    close(vm);
    close(group);
    close(container);
    free((void *)(guintptr)memory.vaddr);
  }
}

static void is_empty(World *world) {
  SimCensus census = world_census(world);
  CHECK(census.containers == 0 && census.groups_open == 0 && census.devices_open == 0 && census.vms == 0);
  CHECK(census.kvm_vfio == 0 && census.tables == 0 && census.regions == 0 && census.locked_pages == 0);
}

static void kill_clients(World *world) {
  for (guint i = 0; i < 40; i++) {
    pid_t pid = client_start(world, hold_and_call, NULL);
    usleep(1 + i * 337);
    kill(pid, SIGKILL);
    int status = client_wait(pid);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    is_empty(world);
  }
  client_run(world, close_and_open, NULL);
}

static int leave_container_open(gpointer data, int keep_fd) {
  CHECK(open_container() >= 0);
  close(open_group(7));
  /* Its own closes are not those of the one that has died before. */
  pid_t pid = fork();
  if (pid == 0) {
    CHECK(open_container() >= 0);
    _exit(0);
  }
  CHECK(waitpid(pid, NULL, 0) == pid);
  close(open_group(8));
  return 0;
}

static void look_who_closes(World *world) {
  guint closes = 0;
  CHECK(sim_fuse_watch_exits(world->fuse, NULL));
  client_run(world, leave_container_open, NULL);
  is_empty(world);
  for (guint i = 0; i < trace_len(world->trace); i++) {
    const TraceEvent *event = trace_get(world->trace, i);
    if (event->call != ABI_CLOSE)
      continue;
    closes++;
    CHECK(!(event->flags & TRACE_AT_EXIT) == (event->object.kind == ABI_GROUP));
  }
  CHECK(closes == 4);
}

static void close_queues(World *world) {
  client_run(world, busy, NULL);
  client_run(world, busy_by_device, NULL);
  client_run(world, close_and_open, NULL);
  client_run(world, close_and_create, NULL);
  client_run(world, many_files, NULL);
  is_empty(world);
}

static void CG_6_CG_82_CG_83_a_close_has_happened_when_it_returns(void **state) {
  in_world(0, close_queues);
}

static void what_is_closed_for_a_process_is_marked(void **state) {
  in_world(0, look_who_closes);
}

static void a_killed_client_leaves_nothing_in_the_model(void **state) {
  in_world(0, kill_clients);
}

static void call_for_ever(World *world) {
  client_wait(client_start(world, hold_and_call, NULL));
}

/* From before the namespace is there to the middle of the calls. */
static void a_killed_world_leaves_nothing_on_the_machine(void **state) {
  for (guint i = 0; i < 25; i++)
    in_killed_world(500 + i * 997, call_for_ever);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(CG_6_CG_82_CG_83_a_close_has_happened_when_it_returns),
      cmocka_unit_test(what_is_closed_for_a_process_is_marked),
      cmocka_unit_test(a_killed_client_leaves_nothing_in_the_model),
      cmocka_unit_test(a_killed_world_leaves_nothing_on_the_machine),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
