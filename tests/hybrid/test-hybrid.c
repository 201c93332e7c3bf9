/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An unmodified QEMU on this machine's own KVM (host key kvm=real) with simulated devices: the type1 path, DMA into the
 * guest's RAM, MSIs by KVM_IRQFD into the guest's vCPU. The guest is guest.S, whose console says what it met.
 *
 * Orders of calls are QEMU 7.2's: hw/vfio/common.c, vfio_get_group(), vfio_connect_container(), vfio_put_group();
 * hw/vfio/pci.c, vfio_realize().
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "harness/qemu/qmp.h"
#include "tests/fuse/rig.h"

enum {
  LIMIT_MS = 20000,
  RAM_MB = 16,
  MSI_INDEX = 1,
  DMA_BYTE = 0x8000, /* where the guest's interrupt handler looks; I/O addresses are guest physical ones */
};

static char **words; /* that start QEMU, less its options */
static const char *firmware;

typedef struct {
  World *world;
  int console, log; /* memfds */
  Qmp *qmp;
  pid_t pid;
} Qemu;

/* ---- the program ---- */

static int memfd(const char *name) {
  int fd = memfd_create(name, MFD_CLOEXEC);
  CHECK(fd >= 0);
  return fd;
}

typedef struct {
  GPtrArray *argv;
  char log[64];
} Start;

static int run_qemu(gpointer data, int keep_fd) {
  const Start *start = data;
  int log = open(start->log, O_WRONLY | O_APPEND);
  CHECK(log >= 0 && dup2(log, STDOUT_FILENO) >= 0 && dup2(log, STDERR_FILENO) >= 0);
  CHECK(fcntl(keep_fd, F_SETFD, 0) == 0);
  execv(start->argv->pdata[0], (char **)start->argv->pdata);
  return 127;
}

static void add(GPtrArray *argv, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void add(GPtrArray *argv, const char *format, ...) {
  va_list args;
  va_start(args, format);
  g_ptr_array_add(argv, g_strdup_vprintf(format, args));
  va_end(args);
}

/* cold: an option of its own, or NULL. */
static Qemu start(World *world, const char *cold) {
  Qemu qemu = {world, memfd("console"), memfd("log"), NULL, 0};
  g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GError) error = NULL;
  Start how = {.argv = argv};
  int ends[2];

  CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  for (char **word = words; *word; word++)
    add(argv, "%s", *word);
  static const char *const options[] = {
      "-machine", "pc,accel=kvm", "-nodefaults",        "-no-user-config", "-display",
      "none",     "-trace",       "vfio_msi_interrupt", "-trace",          "kvm_irqchip_add_msi_route"};
  for (guint i = 0; i < G_N_ELEMENTS(options); i++)
    add(argv, "%s", options[i]);
  add(argv, "-m");
  add(argv, "%d", RAM_MB);
  add(argv, "-bios");
  add(argv, "%s", firmware);
  add(argv, "-chardev");
  add(argv, "file,id=console,path=/proc/%d/fd/%d", getpid(), qemu.console);
  add(argv, "-device");
  add(argv, "isa-debugcon,chardev=console,iobase=0xe9");
  add(argv, "-chardev");
  add(argv, "socket,id=monitor,fd=%d", ends[1]);
  add(argv, "-mon");
  add(argv, "chardev=monitor,mode=control");
  if (cold) {
    add(argv, "-device");
    add(argv, "%s", cold);
  }
  g_ptr_array_add(argv, NULL);
  g_snprintf(how.log, sizeof how.log, "/proc/%d/fd/%d", getpid(), qemu.log);
  qemu.pid = sim_fuse_fork_client(world->fuse, run_qemu, &how, ends[1], &error);
  CHECK(qemu.pid > 0);
  close(ends[1]);
  qemu.qmp = qmp_new(ends[0], LIMIT_MS, &error);
  if (!qemu.qmp) {
    char text[4096] = "";
    (void)!pread(qemu.log, text, sizeof text - 1, 0);
    fprintf(stderr, "%s\n%s\n", error->message, text);
  }
  CHECK(qemu.qmp);
  return qemu;
}

static gboolean log_has(const Qemu *qemu, const char *part) {
  char text[16384] = "";
  (void)!pread(qemu->log, text, sizeof text - 1, 0);
  return strstr(text, part) != NULL;
}

/* Waits until the guest has said so much and no more. */
static void await_console(const Qemu *qemu, const char *wanted) {
  char text[64];
  for (guint waited = 0; waited < LIMIT_MS; waited += 10) {
    ssize_t n = pread(qemu->console, text, sizeof text - 1, 0);
    text[MAX(n, 0)] = 0;
    if (strcmp(text, wanted) == 0)
      return;
    usleep(10000);
  }
  fprintf(stderr, "the guest said \"%s\", not \"%s\"\n", text, wanted);
  CHECK(FALSE);
}

static void quit(Qemu *qemu) {
  CHECK(qmp_command(qemu->qmp, "quit", NULL, NULL));
  CHECK(client_wait(qemu->pid) == 0);
  qmp_free(qemu->qmp);
}

/* ---- what the model saw ---- */

typedef struct {
  AbiKind kind;
  AbiCallId call;
} Step;

static const Step attach_steps[] = {
    {ABI_GROUP, ABI_OPEN},
    {ABI_GROUP, ABI_GROUP_GET_STATUS},
    {ABI_CONTAINER, ABI_OPEN},
    {ABI_CONTAINER, ABI_GET_API_VERSION},
    {ABI_CONTAINER, ABI_CHECK_EXTENSION},
    {ABI_GROUP, ABI_SET_CONTAINER},
    {ABI_CONTAINER, ABI_SET_IOMMU},
    {ABI_CONTAINER, ABI_TYPE1_GET_INFO}, /* how long it is */
    {ABI_CONTAINER, ABI_TYPE1_GET_INFO},
    {ABI_VM, ABI_CREATE_DEVICE}, /* of the first group alone: QEMU keeps the device */
    {ABI_KVM_VFIO, ABI_GROUP_ADD},
    {ABI_CONTAINER, ABI_TYPE1_MAP_DMA}, /* one for each block of memory */
    {ABI_GROUP, ABI_GET_DEVICE_FD},
};

static const Step detach_steps[] = {
    {ABI_KVM_VFIO, ABI_GROUP_DEL},    {ABI_CONTAINER, ABI_TYPE1_UNMAP_DMA},
    {ABI_GROUP, ABI_UNSET_CONTAINER}, {ABI_CONTAINER, ABI_CLOSE},
    {ABI_GROUP, ABI_CLOSE},
};

static gboolean is_step(const TraceEvent *event, const Step *step) {
  return event->call == step->call && event->object.kind == step->kind;
}

/* The calls from *at on, those on devices apart, are the steps and no others; each succeeds. A MAP or UNMAP step is one
 * or more. Their number. */
static guint check_steps(const Trace *trace, guint *at, const Step *steps, gsize n, gboolean first) {
  guint blocks = 0, step = 0;

  for (; *at < trace_len(trace); (*at)++) {
    const TraceEvent *event = trace_get(trace, *at);
    gboolean block = event->call == ABI_TYPE1_MAP_DMA || event->call == ABI_TYPE1_UNMAP_DMA;

    if (event->object.kind == ABI_DEVICE)
      continue;
    if (step < n && steps[step].call == ABI_CREATE_DEVICE && !first)
      step++;
    if (block && step > 0 && is_step(event, &steps[step - 1])) {
      blocks++;
      continue;
    }
    if (step == n)
      break;
    if (!is_step(event, &steps[step]) || event->result < 0) {
      g_autoptr(GString) line = g_string_new(NULL);
      trace_event_print(line, event);
      fprintf(stderr, "call %u is no step %u: %s\n", event->seq, step, line->str);
      CHECK(FALSE);
    }
    blocks += block;
    step++;
  }
  CHECK(step == n);
  return blocks;
}

/* Of the guest's RAM all is mapped for reading and writing, at its own addresses; more than it, as ROM is, may be. */
static void check_maps(const Trace *trace) {
  guint64 writable = 0;

  for (guint i = 0; i < trace_len(trace); i++) {
    const TraceEvent *event = trace_get(trace, i);
    guint64 flags = 0, size = 0;

    if (event->call != ABI_TYPE1_MAP_DMA || !trace_event_field(event, "flags", &flags) || flags != 3)
      continue;
    CHECK(trace_event_field(event, "size", &size));
    writable += size;
  }
  /* 0xa0000..0xfffff is of ROMs and of a display that is not there. */
  CHECK(writable >= ((guint64)RAM_MB << 20) - 0x60000 && writable <= (guint64)RAM_MB << 20);
}

static void raise_msi(SimKernel *kernel, gpointer data) {
  guint64 nic;
  CHECK(abi_bdf_parse("0000:01:00.0", &nic));
  CHECK(sim_dma(kernel, nic, DMA_BYTE, data, 1, TRUE) == 0);
  CHECK(sim_interrupt(kernel, nic, MSI_INDEX, 0) == 0);
}

static void interrupt(const Qemu *qemu, char byte, const char *console) {
  sim_fuse_with_model(qemu->world->fuse, raise_msi, &byte);
  await_console(qemu, console);
}

static void check_irqfd(const Qemu *qemu) {
  CHECK(log_has(qemu, "kvm_irqchip_add_msi_route dev vfio-pci vector 0"));
  CHECK(!log_has(qemu, "vfio_msi_interrupt")); /* how QEMU itself would pass one on */
}

static void check_nothing_attached(World *world, guint kvm_vfio) {
  SimCensus census = world_census(world);
  CHECK(census.containers == 0 && census.groups_open == 0 && census.devices_open == 0 && census.locked_pages == 0);
  CHECK(census.kvm_vfio == kvm_vfio && census.vms == kvm_vfio);
}

/* ---- the tests ---- */

static void plug(const Qemu *qemu) {
  static const char *const options[][2] = {
      {"driver", "vfio-pci"}, {"id", "nic0"}, {"host", "0000:01:00.0"}, {"bus", "pci.0"}, {"addr", "4"}};
  JsonObject *arguments = json_object_new();
  g_autoptr(GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS(options); i++)
    json_object_set_string_member(arguments, options[i][0], options[i][1]);
  if (!qmp_command(qemu->qmp, "device_add", arguments, &error))
    fprintf(stderr, "%s\n", error->message);
  CHECK(!error);
}

static void unplug(const Qemu *qemu) {
  JsonObject *arguments = json_object_new();

  json_object_set_string_member(arguments, "id", "nic0");
  CHECK(qmp_command(qemu->qmp, "device_del", arguments, NULL));
  CHECK(qmp_await_event(qemu->qmp, "DEVICE_DELETED", "device", "nic0", NULL));
  /* The file goes when QEMU's grace period has ended. */
  for (guint waited = 0; world_census(qemu->world).groups_open && waited < LIMIT_MS; waited += 10)
    usleep(10000);
}

static void hotplug(World *world) {
  Qemu qemu = start(world, NULL);
  guint at = 0;

  await_console(&qemu, "BG");
  CHECK(trace_len(world->trace) == 0); /* KVM is not the model's */
  plug(&qemu);
  await_console(&qemu, "BGM");
  interrupt(&qemu, 'x', "BGMIx");
  interrupt(&qemu, 'y', "BGMIxIy");
  check_irqfd(&qemu);
  guint maps = check_steps(world->trace, &at, attach_steps, G_N_ELEMENTS(attach_steps), TRUE);
  check_maps(world->trace);
  unplug(&qemu);
  await_console(&qemu, "BGMIxIyEG");
  check_nothing_attached(world, 1);
  CHECK(check_steps(world->trace, &at, detach_steps, G_N_ELEMENTS(detach_steps), FALSE) == maps);
  plug(&qemu);
  await_console(&qemu, "BGMIxIyEGM");
  interrupt(&qemu, 'z', "BGMIxIyEGMIz");
  CHECK(check_steps(world->trace, &at, attach_steps, G_N_ELEMENTS(attach_steps), FALSE) == maps);
  quit(&qemu);
  check_nothing_attached(world, 0);
}

static void cold_boot(World *world) {
  Qemu qemu = start(world, "vfio-pci,host=0000:01:00.0,bus=pci.0,addr=4,id=nic0");
  guint at = 0;

  await_console(&qemu, "BM");
  interrupt(&qemu, 'c', "BMIc");
  check_irqfd(&qemu);
  check_steps(world->trace, &at, attach_steps, G_N_ELEMENTS(attach_steps), TRUE);
  check_maps(world->trace);
  quit(&qemu);
  check_nothing_attached(world, 0);
}

/* Whether this process has an fd of a VM. */
static gboolean holds_vm(void) {
  GDir *dir = g_dir_open("/proc/self/fd", 0, NULL);
  gboolean found = FALSE;
  const char *name;

  while ((name = g_dir_read_name(dir))) {
    g_autofree char *path = g_build_filename("/proc/self/fd", name, NULL);
    g_autofree char *target = g_file_read_link(path, NULL);
    found = found || g_strcmp0(target, "anon_inode:kvm-vm") == 0;
  }
  g_dir_close(dir);
  return found;
}

/* The copy of the VM's fd, by which it is known again, goes with it. */
static void killed(World *world) {
  Qemu qemu = start(world, "vfio-pci,host=0000:01:00.0,bus=pci.0,addr=4,id=nic0");

  await_console(&qemu, "BM");
  CHECK(holds_vm());
  kill(qemu.pid, SIGKILL);
  CHECK(WIFSIGNALED(client_wait(qemu.pid)));
  qmp_free(qemu.qmp);
  check_nothing_attached(world, 0);
  CHECK(!holds_vm());
}

static void describe(SimHost *host) {
  CHECK(sim_host_set(host, "profile", "linux-6.12-x86", NULL));
  CHECK(sim_host_set(host, "kvm", "real", NULL));
}

static void test_hotplug(void **state) {
  in_world_of(describe, hotplug);
}

static void test_cold_boot(void **state) {
  in_world_of(describe, cold_boot);
}

static void test_killed(void **state) {
  in_world_of(describe, killed);
}

/* The words that `scripts/unpacked --print` says, or NULL: the set is not there, and the script has said so. */
static char **find_qemu(char *unpacked) {
  char print[] = "--print", set[] = "client-qemu-x86", program[] = "usr/bin/qemu-system-x86_64";
  char *argv[] = {unpacked, print, set, program, NULL};
  g_autofree char *out = NULL;
  int status = -1;

  if (!g_spawn_sync(NULL, argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &out, NULL, &status, NULL) || status != 0)
    return NULL;
  return g_strsplit(g_strchomp(out), "\n", -1);
}

/* usage: test-hybrid FIRMWARE scripts/unpacked */
int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_hotplug),
      cmocka_unit_test(test_cold_boot),
      cmocka_unit_test(test_killed),
  };

  firmware = argv[1];
  words = find_qemu(argv[2]);
  if (!words) {
    puts("1..0 # SKIP there is no QEMU for x86: run scripts/fetch client-qemu-x86, which installs nothing");
    return 0;
  }
  return cmocka_run_group_tests(tests, NULL, NULL);
}
