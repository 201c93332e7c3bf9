/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A client for ppc64le, under the emulator, is answered as the same client built for this machine is. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "harness/foreign.h"
#include "harness/kernel.h"
#include "tests/fuse/rig.h"

enum { SKIP = 77 };

static int exec_client(gpointer data, int keep_fd) {
  char **words = data;
  if (keep_fd >= 0)
    dup2(keep_fd, STDOUT_FILENO);
  execv(words[0], words);
  return 1;
}

static char **native_words(const char *kind) {
  const char *const words[] = {CLIENT_NATIVE, kind, NULL};
  return g_strdupv((char **)words);
}

/* Skips where this machine cannot. */
static char **foreign_words(World *world, const char *kind) {
  g_autoptr(GError) error = NULL;
  const char *const argv[] = {CLIENT_FOREIGN, kind, NULL};
  if (access(CLIENT_FOREIGN, X_OK) < 0) {
    fprintf(stderr, "skipped: no compiler for ppc64le when this was configured: run scripts/fetch toolchain sysroot "
                    "qemu-user qemu-ppc64el, then meson setup --reconfigure\n");
    _exit(SKIP);
  }
  CHECK(foreign_program(CLIENT_FOREIGN) && !foreign_program(CLIENT_NATIVE));
  char **words = foreign_command(world->host, argv, &error);
  if (!words) {
    gboolean skip = g_error_matches(error, KERNEL_ERROR, KERNEL_ERROR_UNAVAILABLE);
    fprintf(stderr, "%s%s\n", skip ? "skipped: " : "", error->message);
    _exit(skip ? SKIP : 1);
  }
  return words;
}

static pid_t start(World *world, char **words, int out) {
  g_autoptr(GError) error = NULL;
  pid_t pid = sim_fuse_fork_client(world->fuse, exec_client, words, out, &error);
  CHECK(pid > 0);
  return pid;
}

/* What the client prints. It must end well. */
static char *run(World *world, char **words) {
  GString *text = g_string_new(NULL);
  char buf[4096];
  int out[2];
  ssize_t n;
  CHECK(pipe2(out, O_CLOEXEC) == 0);
  pid_t pid = start(world, words, out[1]);
  close(out[1]);
  while ((n = read(out[0], buf, sizeof buf)) > 0)
    g_string_append_len(text, buf, n);
  close(out[0]);
  CHECK(client_wait(pid) == 0);
  SimCensus census = world_census(world);
  CHECK(census.containers == 0 && census.groups_open == 0 && census.devices_open == 0 && census.vms == 0);
  CHECK(census.locked_pages == 0 && census.tables == 0 && census.regions == 0);
  return g_string_free(text, FALSE);
}

/* Calls and answers, but for what threads make in any order. */
static void check_events(const Trace *trace, guint half) {
  CHECK(trace_len(trace) == 2 * half);
  for (guint i = 0; i < half; i++) {
    const TraceEvent *native = trace_get(trace, i), *foreign = trace_get(trace, half + i);
    CHECK(native->call == foreign->call && native->rule == foreign->rule);
    CHECK((native->result < 0 ? native->result : 0) == (foreign->result < 0 ? foreign->result : 0));
    CHECK(native->object.kind == foreign->object.kind && native->made.kind == foreign->made.kind);
  }
}

static const char *now;
static gboolean in_order;

static void compare(World *world) {
  g_auto(GStrv) foreign_argv = foreign_words(world, now), native_argv = native_words(now);
  g_autofree char *native = run(world, native_argv);
  guint half = trace_len(world->trace);
  g_autofree char *foreign = run(world, foreign_argv);
  if (!g_str_equal(native, foreign))
    fprintf(stderr, "this machine's client:\n%s\nthe one for ppc64le:\n%s\n", native, foreign);
  CHECK(g_str_equal(native, foreign) && *native);
  if (in_order)
    check_events(world->trace, half);
}

static void alike(uid_t uid, const char *kind, gboolean ordered) {
  now = kind;
  in_order = ordered;
  in_world(uid, compare);
}

enum { NOBODY = 65534 };

static void calls_on_containers_and_devices(void **state) {
  alike(0, "vfio", TRUE);
}

static void calls_of_an_ordinary_user(void **state) {
  alike(NOBODY, "vfio", TRUE);
}

static void calls_on_kvm(void **state) {
  alike(0, "kvm", TRUE);
}

static void wild_pointers(void **state) {
  alike(0, "wild", TRUE);
}

static void files_of_others_and_a_full_table(void **state) {
  alike(0, "others", TRUE);
}

static void carriers_by_hand(void **state) {
  alike(0, "carriers", TRUE);
}

static void interrupts(void **state) {
  alike(0, "interrupts", TRUE);
}

static void forked_children(void **state) {
  alike(0, "fork", TRUE);
}

static void threads(void **state) {
  alike(0, "threads", FALSE);
}

static void a_signal_ends_a_run(void **state) {
  alike(0, "interrupted", FALSE);
}

static void a_signal_ends_a_run_that_would_be_restarted(void **state) {
  alike(0, "interrupted-restart", FALSE);
}

/* ---- what the machine's own programs do not have ---- */

static void check_pages(World *world) {
  g_auto(GStrv) words = foreign_words(world, "pages");
  g_autofree char *text = run(world, words);
  const char *const expected[] = {
      "sysconf: 65536\n",
      "getpagesize: 65536\n",
      "aligned of 8: 8\n",
      "mmap of nothing: errno 22\n",
      "mmap at a part of a page: errno 22\n",
      "mmap of a table: 0\n",
      "entry 0x1003\n", /* KT-15 */
      "mmap of a vcpu: 0\n",
      "mmap of a VM: errno 19\n",
      "mmap of a table's end: 0\n" /* KT-13 */,
      "mmap of all memory: errno 12\n",
      "mmap of a file: 0\n",
      "mmap of no file: errno 9\n",
  };
  for (guint i = 0; i < G_N_ELEMENTS(expected); i++) {
    if (!strstr(text, expected[i]))
      fprintf(stderr, "%snot there: %s", text, expected[i]);
    CHECK(strstr(text, expected[i]));
  }
}

static void pages_are_the_hosts_and_memory_is_shared(void **state) {
  in_world(0, check_pages);
}

static void check_proc(World *world) {
  g_auto(GStrv) words = foreign_words(world, "vfio");
  const char *root = words[2];
  static const guint8 frequency[] = {0x1e, 0x84, 0x80, 0x00}; /* 512 MHz, big-endian */
  g_autofree char *cpu = g_build_filename(root, "proc/device-tree/cpus/PowerPC,POWER9@20/timebase-frequency", NULL);
  g_autofree char *info = g_build_filename(root, "proc/cpuinfo", NULL);
  g_autofree char *text = NULL;
  gsize len;
  CHECK(g_str_equal(words[1], "-L"));
  CHECK(access("/proc/device-tree", F_OK) < 0);
  /* The server's process makes no call on its own mount. */
  pid_t pid = fork();
  if (pid == 0) {
    CHECK(g_file_get_contents(cpu, &text, &len, NULL) && len == sizeof frequency);
    CHECK(memcmp(text, frequency, len) == 0);
    g_clear_pointer(&text, g_free);
    CHECK(g_file_get_contents(info, &text, NULL, NULL));
    CHECK(strstr(text, "\ntimebase\t: 512000000\nplatform\t: PowerNV\n") && strstr(text, "(pvr 004e 1200)"));
    _exit(0);
  }
  CHECK(client_wait(pid) == 0);
}

static void the_hosts_processor_is_in_proc(void **state) {
  in_world(0, check_proc);
}

typedef struct {
  SimGuestWork work;
  gboolean ok;
} Script;

static void give(SimKernel *kernel, gpointer data) {
  Script *script = data;
  script->ok = sim_vcpu_give(kernel, 1, 0, &script->work);
}

static void take(SimKernel *kernel, gpointer data) {
  Script *script = data;
  script->ok = sim_vcpu_take(kernel, 1, 0, &script->work) == SIM_WORK_DONE;
}

static void expect_line(FILE *out, const char *expected) {
  char line[256];
  do
    CHECK(fgets(line, sizeof line, out));
  while (!g_str_has_prefix(line, expected));
}

/* The guest of a vCPU that waits gets work: its hypercall reaches the program, and the program's answer the guest. */
static void script_a_guest(World *world) {
  g_auto(GStrv) words = foreign_words(world, "guest");
  Script script = {.work = {SIM_WORK_HCALL, .nr = 0xf000, .args = {0x1234}}}; /* KVMPPC_H_RTAS */
  int out[2];
  CHECK(pipe2(out, O_CLOEXEC) == 0);
  pid_t pid = start(world, words, out[1]);
  close(out[1]);
  FILE *lines = fdopen(out[0], "r");
  expect_line(lines, "KVM_RUN with immediate_exit: errno 4\n");
  expect_line(lines, "running\n");
  usleep(50000);
  sim_fuse_with_model(world->fuse, give, &script);
  CHECK(script.ok);
  expect_line(lines, "KVM_RUN: 0\n");
  expect_line(lines, "exit 19, hypercall 0xf000 of 0x1234\n"); /* KVM_EXIT_PAPR_HCALL */
  expect_line(lines, "running\n");
  script.ok = FALSE;
  for (guint i = 0; i < 500 && !script.ok; i++) {
    usleep(10000);
    sim_fuse_with_model(world->fuse, take, &script);
  }
  CHECK(script.ok && script.work.result == 5);
  kill(pid, SIGKILL);
  CHECK(WIFSIGNALED(client_wait(pid)));
  fclose(lines);
  CHECK(world_census(world).vms == 0);
}

static void a_scripted_guest_runs(void **state) {
  in_world(0, script_a_guest);
}

/* ---- bad ends ---- */

/* A loaded machine takes its time to start qemu-user: the first of the client's calls is waited for. */
static void await_calls(World *world, guint before) {
  for (guint i = 0; i < 1000 && world_calls(world) == before; i++)
    usleep(5000);
  CHECK(world_calls(world) > before);
}

static void kill_at_any_time(World *world) {
  g_auto(GStrv) words = foreign_words(world, "for-ever");
  for (guint i = 0; i < 8; i++) {
    guint before = world_calls(world);
    pid_t pid = start(world, words, -1);
    await_calls(world, before);
    usleep(i * 1919);
    kill(pid, SIGKILL);
    CHECK(WIFSIGNALED(client_wait(pid)));
    SimCensus census = world_census(world);
    CHECK(census.containers == 0 && census.groups_open == 0 && census.vms == 0 && census.locked_pages == 0);
  }
}

static void a_client_may_die_at_any_time(void **state) {
  in_world(0, kill_at_any_time);
}

static void run_for_ever(World *world) {
  g_auto(GStrv) words = foreign_words(world, "for-ever");
  client_wait(start(world, words, -1));
}

static void the_simulator_may_die_at_any_time(void **state) {
  if (access(CLIENT_FOREIGN, X_OK) < 0)
    skip();
  in_killed_world(250000, run_for_ever);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(calls_on_containers_and_devices),
      cmocka_unit_test(calls_of_an_ordinary_user),
      cmocka_unit_test(calls_on_kvm),
      cmocka_unit_test(wild_pointers),
      cmocka_unit_test(files_of_others_and_a_full_table),
      cmocka_unit_test(carriers_by_hand),
      cmocka_unit_test(interrupts),
      cmocka_unit_test(forked_children),
      cmocka_unit_test(threads),
      cmocka_unit_test(a_signal_ends_a_run),
      cmocka_unit_test(a_signal_ends_a_run_that_would_be_restarted),
      cmocka_unit_test(a_scripted_guest_runs),
      cmocka_unit_test(pages_are_the_hosts_and_memory_is_shared),
      cmocka_unit_test(the_hosts_processor_is_in_proc),
      cmocka_unit_test(a_client_may_die_at_any_time),
      cmocka_unit_test(the_simulator_may_die_at_any_time),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
