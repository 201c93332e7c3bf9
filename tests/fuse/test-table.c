/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The mapping of a guest TCE table: KT-13..KT-17. */
#include <errno.h>
#include <linux/kvm.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "tests/fuse/rig.h"

enum { LIOBN = 0x80000000, ENTRIES = 8192, PAGE = 65536, H_PUT_TCE = 0x20, H_GET_TCE = 0x1c };

typedef struct {
  guint64 nr, args[4], value;
  long result;
} Hypercall;

static void make_hypercall(SimKernel *kernel, gpointer data) {
  Hypercall *call = data;
  call->result = sim_hypercall(kernel, 1, call->nr, call->args, &call->value);
}

static guint64 hypercall(World *world, guint64 nr, guint64 ioba, guint64 tce) {
  Hypercall call = {.nr = nr, .args = {LIOBN, ioba, tce}};
  sim_fuse_with_model(world->fuse, make_hypercall, &call);
  CHECK(call.result == 0);
  return call.value;
}

static void step(int socket) {
  char byte = 0;
  CHECK(write(socket, &byte, 1) == 1);
}

static void await(int socket) {
  char byte;
  CHECK(read(socket, &byte, 1) == 1);
}

static int map_table(gpointer data, int socket) {
  int vm = create_vm(), table = create_table(vm, LIOBN, ENTRIES);
  /* H_PUT_TCE takes addresses of guest memory only. */
  struct kvm_userspace_memory_region ram = {.memory_size = PAGE, .userspace_addr = (guintptr)aligned_alloc(PAGE, PAGE)};
  CHECK(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &ram) == 0);
  guint64 *tces = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, table, 0);
  CHECK(tces != MAP_FAILED);
  CHECK(tces[0] == 0 && tces[3] == 0);
  step(socket);
  await(socket);
  CHECK(tces[3] == 0x5003); /* KT-15 */
  tces[4] = 0x7001;
  CHECK(msync(tces, PAGE, MS_SYNC) == 0);
  step(socket);
  await(socket);
  CHECK(tces[4] == 0x7001 && tces[5] == 0x9002 && tces[3] == 0x5003);
  tces[6] = 0xb001;
  CHECK(munmap(tces, PAGE) == 0);
  step(socket);
  await(socket);
  char byte;
  CHECK(read(table, &byte, 1) >= -1);
  CHECK(write(table, &byte, 1) == -1 && errno == EINVAL); /* KT-17 */
  return 0;
}

static int beyond(gpointer data, int keep_fd) {
  int table = create_table(create_vm(), LIOBN, ENTRIES);
  guint64 *tces = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, table, 0);
  CHECK(tces != MAP_FAILED && tces[ENTRIES - 1] == 0);
  return tces[ENTRIES] == 0 ? 1 : 2;
}

static void map_and_call(World *world) {
  g_autoptr(GError) error = NULL;
  int sockets[2], status;
  CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) == 0);
  pid_t pid = sim_fuse_fork_client(world->fuse, map_table, NULL, sockets[1], &error);
  CHECK(pid > 0);
  close(sockets[1]);
  await(sockets[0]);
  hypercall(world, H_PUT_TCE, 3 << 12, 0x5003);
  step(sockets[0]);
  await(sockets[0]);
  CHECK(hypercall(world, H_GET_TCE, 4 << 12, 0) == 0x7001);
  hypercall(world, H_PUT_TCE, 5 << 12, 0x9002);
  step(sockets[0]);
  await(sockets[0]);
  CHECK(hypercall(world, H_GET_TCE, 6 << 12, 0) == 0xb001);
  CHECK(hypercall(world, H_GET_TCE, 5 << 12, 0) == 0x9002);
  step(sockets[0]);
  CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

static void KT_15_hypercalls_and_the_mapping_show_the_same_entries(void **state) {
  in_world(0, map_and_call);
}

static void touch_beyond(World *world) {
  int status = client_wait(client_start(world, beyond, NULL));
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
}

static void KT_14_beyond_the_table_is_sigbus(void **state) {
  in_world(0, touch_beyond);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(KT_15_hypercalls_and_the_mapping_show_the_same_entries),
      cmocka_unit_test(KT_14_beyond_the_table_is_sigbus),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
