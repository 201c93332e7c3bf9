/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The model, by bytes: each input is a stream of calls of two processes on three groups, with wrong arguments at every
 * place. Whatever was called, when the processes have gone nothing of them is left in the kernel.
 */
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sim/direct/process.h"
#include "tests/fuzz/target.h"

enum {
  MAX_CALLS = 400,
  N_PROCESSES = 2,
  N_GROUPS = 3,
  ARENA = 4 << 20,
  FENCE = 1 << 20, /* on either side, never accessible: nothing is pinned beyond the arena */
  PAYLOAD = 2048,  /* struct kvm_sregs, and fds behind it */
  LAST_FDS = 16,   /* fds that calls choose from */
};

typedef struct {
  const uint8_t *at, *end;
} Bytes;

typedef struct {
  Bytes bytes;
  SimHost *host;
  Trace *trace;
  SimKernel *kernel;
  SimProcess *processes[N_PROCESSES];
  int fds[LAST_FDS];
  guint n_fds;
  int event; /* an eventfd */
  guint8 *arena;
  gsize table_bytes; /* of the hardware tables that are the groups' own */
} World;

/* ---- bytes ---- */

static guint8 take(Bytes *bytes) {
  return bytes->at < bytes->end ? *bytes->at++ : 0;
}

static guint64 take_number(Bytes *bytes, guint n) {
  guint64 value = 0;

  for (guint i = 0; i < n; i++)
    value |= (guint64)take(bytes) << (8 * i);
  return value;
}

/* ---- arguments ---- */

static int some_fd(World *world) {
  guint8 what = take(&world->bytes);

  if (what < 0xe0 && world->n_fds)
    return world->fds[what % MIN(world->n_fds, LAST_FDS)];
  switch (what & 7) {
  case 0:
    return -1;
  case 1:
    return world->event;
  case 2:
    return STDIN_FILENO;
  default:
    return SIM_FD_BASE + (what & 31);
  }
}

/* Where the kernel may read, pin and write; or where nothing is. */
static guint64 some_address(World *world) {
  guint64 offset = take_number(&world->bytes, 2);

  switch (take(&world->bytes) & 7) {
  case 0:
    return (guintptr)world->arena - FENCE + (offset << 4);
  case 1:
    return 0xc000000000000000 + offset;
  case 2:
    return offset & 0xfff;
  case 3:
    return (guintptr)world->arena + offset;
  default:
    return (guintptr)world->arena + ((offset << 16) & (ARENA - 1));
  }
}

static guint64 some_number(World *world) {
  static const guint64 telling[] = {
      0x1000,
      0x10000,
      0x100000,
      0x200000,
      1 << 28,
      1 << 30,
      G_GUINT64_CONSTANT(1) << 31,
      G_GUINT64_CONSTANT(1) << 40,
      0x800000000000000,
      G_MAXINT32,
      G_MAXUINT32,
      G_MAXINT64,
      G_MAXUINT64,
      12,
      16,
      0x80000000,
  };
  guint8 what = take(&world->bytes);

  if (what < 0x60)
    return what;
  if (what < 0xd0)
    return telling[what & 15];
  return take_number(&world->bytes, 1 + (what & 7));
}

static gboolean is_address(const AbiField *field) {
  return strcmp(field->name, "vaddr") == 0 || strcmp(field->name, "userspace_addr") == 0 ||
         strcmp(field->name, "addr") == 0;
}

static guint64 some_value(World *world, const AbiCall *call, const AbiField *field) {
  if (field->format == ABI_FD)
    return (guint64)(gint64)some_fd(world);
  if (is_address(field))
    return some_address(world);
  if (strcmp(field->name, "argsz") == 0 && take(&world->bytes) < 0xf0)
    return call->size;
  if (strcmp(field->name, "liobn") == 0)
    return 0x80000000 + (take(&world->bytes) & 3);
  if (call->id == ABI_GET_ONE_REG || call->id == ABI_SET_ONE_REG)
    return G_GUINT64_CONSTANT(0x1020000000000000) + ((guint64)(take(&world->bytes) & 3) << 52) + take(&world->bytes);
  return some_number(world);
}

static void keep_fd(World *world, gint64 fd) {
  if (fd >= SIM_FD_BASE)
    world->fds[world->n_fds++ % LAST_FDS] = (int)fd;
}

/* ---- calls ---- */

static void call_open(World *world, SimProcess *process) {
  static const char *const paths[] = {"/dev/vfio/vfio",      "/dev/kvm",   "/dev/vfio/0", "/dev/vfio/1", "/dev/vfio/2",
                                      "/dev/vfio/noiommu-2", "/dev/vfio/9"};

  keep_fd(world, sim_process_open(process, paths[take(&world->bytes) % G_N_ELEMENTS(paths)], 0));
}

static void fill(World *world, const AbiCall *call, guint8 *payload) {
  static const char *const names[] = {"0000:01:00.0", "0000:01:00.1", "0001:01:00.0", "0002:01:00.0", "no device"};

  if (call->arg == ABI_ARG_STRING) {
    g_strlcpy((char *)payload, names[take(&world->bytes) % G_N_ELEMENTS(names)], PAYLOAD);
    return;
  }
  for (guint i = 0; i < call->n_fields; i++)
    abi_set(&call->fields[i], payload, PAYLOAD, some_value(world, call, &call->fields[i]));
  for (guint n = take(&world->bytes) & 15, i = 0; i < n; i++) { /* fds behind the struct */
    gint32 fd = some_fd(world);
    memcpy(payload + call->size + i * sizeof fd, &fd, sizeof fd);
  }
}

static guint64 attribute(AbiCallId id) {
  return id == ABI_GROUP_ADD ? 1 : id == ABI_GROUP_DEL ? 2 : 3;
}

static void call_ioctl(World *world, SimProcess *process, const AbiCall *call) {
  guint8 *payload = world->arena; /* the device and the guest may write over it, as in earnest */
  const AbiCall *attr = abi_call(ABI_SET_DEVICE_ATTR);
  guint32 number = call->nr_x86;
  int fd = some_fd(world);
  guint64 arg = 0;
  long result;

  memset(payload, 0, PAYLOAD);
  fill(world, call, payload);
  if (call->arg == ABI_ARG_VALUE)
    memcpy(&arg, payload, sizeof arg);
  else if (call->arg != ABI_ARG_NONE)
    arg = take(&world->bytes) < 0xf8 ? (guintptr)payload : some_address(world);
  if (call->id == ABI_GROUP_ADD || call->id == ABI_GROUP_DEL || call->id == ABI_SET_SPAPR_TCE) {
    guint8 *set = payload + PAYLOAD;
    memset(set, 0, attr->size);
    abi_set(abi_field(attr, "group"), set, attr->size, 1);
    abi_set(abi_field(attr, "attr"), set, attr->size, attribute(call->id));
    abi_set(abi_field(attr, "addr"), set, attr->size, arg);
    arg = (guintptr)set;
    number = attr->nr_x86;
  } else if (call->id == ABI_UNKNOWN) {
    number = (guint32)some_number(world);
  }
  result = sim_process_ioctl(process, fd, number, arg);
  keep_fd(world, result);
  if (call->id == ABI_CREATE_DEVICE && result == 0)
    keep_fd(world, (gint32)abi_get(abi_field(call, "fd"), payload, PAYLOAD));
}

static void call_transfer(World *world, SimProcess *process, gboolean write) {
  static const guint64 regions[] = {0, 0x10000000000, 0x60000000000, 0x70000000000, 0x80000000000, 0x90000000000};
  int fd = some_fd(world);
  guint64 offset = regions[take(&world->bytes) % G_N_ELEMENTS(regions)] + take_number(&world->bytes, 2);
  gsize len = take(&world->bytes);

  if (take(&world->bytes) > 0xf0)
    offset = some_number(world);
  if (write)
    (void)sim_process_pwrite(process, fd, world->arena + PAYLOAD, len, offset);
  else
    (void)sim_process_pread(process, fd, world->arena + PAYLOAD, len, offset);
}

static void call_mmap(World *world, SimProcess *process) {
  int fd = some_fd(world);
  gsize len = some_number(world);
  guint64 offset = some_number(world);
  guint8 how = take(&world->bytes);
  void *memory = NULL;
  int result = sim_process_mmap(process, fd, len, how & 3, (how & 4) == 0, offset, &memory);

  if (result >= 0 && how & 8)
    g_assert_cmpint(sim_process_munmap(process, memory, len), ==, 0);
}

static void call_hypercall(World *world) {
  static const guint64 numbers[] = {0x1c, 0x20, 0x138, 0x13c, 0x4711};
  guint64 nr = numbers[take(&world->bytes) % G_N_ELEMENTS(numbers)], value = 0;
  guint64 args[4] = {0x80000000 + (take(&world->bytes) & 3), (guint64)take(&world->bytes) << 12, some_number(world),
                     some_number(world)};

  if (take(&world->bytes) & 1)
    args[2] = ((guint64)take(&world->bytes) << 12) | 3;
  (void)sim_hypercall(world->kernel, 1 + (take(&world->bytes) & 1), nr, args, &value);
}

/* The guest on a vCPU is given work or asked for it, and whoever serves KVM_RUN asks whether to wait. */
static void call_guest(World *world, SimProcess *process) {
  static const guint64 numbers[] = {0x1c, 0x20, 0x138, 0x13c, 0xf000};
  guint8 what = take(&world->bytes);
  guint vm = 1 + (what & 1), vcpu = what >> 1 & 1;
  SimGuestWork work = {.kind = (SimWorkKind)(what >> 2 & 3) % 3};
  SimFile *file;

  switch (what >> 5) {
  case 0:
    (void)sim_vcpu_take(world->kernel, vm, vcpu, &work);
    break;
  case 1:
    (void)sim_vcpu_take_back(world->kernel, vm, vcpu);
    break;
  case 2:
  case 3:
    file = sim_process_file(process, some_fd(world));
    if (file)
      (void)sim_vcpu_waits(file, process);
    break;
  default:
    work.nr = numbers[take(&world->bytes) % G_N_ELEMENTS(numbers)];
    work.args[0] = 0x80000000 + (take(&world->bytes) & 3);
    work.args[1] = work.kind == SIM_WORK_HCALL ? (guint64)take(&world->bytes) << 12 : take(&world->bytes) & 15;
    work.args[2] = some_number(world);
    (void)sim_vcpu_give(world->kernel, vm, vcpu, &work);
    break;
  }
}

/* The host's administrator, at any time. */
static void call_host(World *world, guint64 device, guint8 what) {
  switch (what % 5) {
  case 0:
    (void)sim_unbind(world->kernel, device);
    break;
  case 1:
    (void)sim_bind(world->kernel, device, SIM_DRIVER_VFIO);
    break;
  case 2:
    (void)sim_bind(world->kernel, device, SIM_DRIVER_HOST);
    break;
  case 3:
    (void)sim_device_node_open(world->kernel, device);
    break;
  default:
    (void)sim_device_node_close(world->kernel, device);
    break;
  }
}

static void call_device(World *world) {
  guint8 buf[64] = {0}, which = take(&world->bytes), what = take(&world->bytes);
  guint64 device = ((guint64)(which & 3) << 16) | 0x100 | (which >> 2 & 1);

  if (which & 0x80)
    call_host(world, device, what);
  else if (what & 1)
    (void)sim_interrupt(world->kernel, device, what >> 1 & 7, what >> 4);
  else
    (void)sim_dma(world->kernel, device, some_number(world) + ((guint64)(what >> 2) << 12), buf, 1 + what % sizeof buf,
                  what & 2);
}

static void call_memory(World *world, SimProcess *process) {
  guint8 what = take(&world->bytes);
  guint8 *at = world->arena + ((gsize)(1 + (what & 31)) << 16);

  if (what & 0x80)
    sim_process_unmap(process, at, 0x10000);
  else
    sim_process_map(process, at, 0x10000, what & 0x40, what & 0x20 ? 16 : 0);
}

static void step(World *world) {
  guint8 op = take(&world->bytes);
  SimProcess *process = world->processes[op >> 7];

  op &= 0x7f;
  if (op > ABI_CALL_NONE && op < ABI_N_CALLS && abi_call(op)->kind != ABI_GUEST &&
      (abi_call(op)->kind != ABI_NONE || op == ABI_UNKNOWN)) {
    call_ioctl(world, process, abi_call(op));
    return;
  }
  switch (op % 10) {
  case 0:
    keep_fd(world, sim_process_dup(process, some_fd(world)));
    break;
  case 1:
    (void)sim_process_close(process, some_fd(world));
    break;
  case 2:
  case 3:
    call_transfer(world, process, op % 10 == 3);
    break;
  case 4:
    call_mmap(world, process);
    break;
  case 5:
    call_hypercall(world);
    break;
  case 6:
    call_device(world);
    break;
  case 7:
    call_memory(world, process);
    break;
  case 8:
    call_guest(world, process);
    break;
  default:
    call_open(world, process);
    break;
  }
}

/* ---- the world ---- */

static void describe_host(World *world) {
  static const char *const hosts[] = {"power9", "power9-4k", "power9-v1", "power8"};
  static const char *const profiles[] = {NULL, "linux-4.19-powernv", "linux-6.12-pseries", "linux-6.12-x86"};
  static const char *const versions[] = {NULL, "4.10", "4.12", "5.15", "6.1", "6.4", "6.8", "7.2"};
  static const char *const kinds[] = {"ordinary",     "none", "emulated", "no-table",
                                      "other-domain", "busy", "npu",      "refuses-windows"};
  guint8 which = take(&world->bytes), what;

  world->host = sim_host_builtin(hosts[which % G_N_ELEMENTS(hosts)], NULL);
  g_assert_nonnull(world->host);
  if (profiles[which >> 2 & 3])
    g_assert_true(sim_host_set(world->host, "profile", profiles[which >> 2 & 3], NULL));
  if (versions[which >> 4 & 7])
    g_assert_true(sim_host_set(world->host, "version", versions[which >> 4 & 7], NULL));
  for (guint i = 0; i < N_GROUPS; i++) {
    g_autofree char *address = g_strdup_printf("%04u:01:00.0", i);
    g_assert_true(sim_host_add_device(world->host, i, address, NULL));
  }
  g_assert_true(sim_host_add_device(world->host, 0, "0000:01:00.1", NULL));
  what = take(&world->bytes);
  if (what & 1)
    g_assert_true(sim_host_set(world->host, "memlock", "1M", NULL));
  g_assert_true(sim_host_set(world->host, "sys-rawio", what & 2 ? "on" : "off", NULL));
  g_assert_true(sim_host_set(world->host, "noiommu", what & 4 ? "on" : "off", NULL));
  g_assert_true(sim_host_group_set(world->host, 2, "iommu", kinds[what >> 4 & 7], NULL));
}

static void assert_nothing_left(World *world) {
  static const SimCensus nothing;
  SimCensus census;

  memset(&census, 0, sizeof census);
  sim_census(world->kernel, &census);
  g_assert_cmpmem(&census, sizeof census, &nothing, sizeof nothing);
  g_assert_cmpuint(sim_table_bytes(world->kernel), ==, world->table_bytes);
}

static void assert_printable(const Trace *trace) {
  g_autoptr(GString) out = g_string_new(NULL);

  for (guint i = 0; i < trace_len(trace); i++) {
    g_string_truncate(out, 0);
    trace_event_print(out, trace_get(trace, i));
    g_assert_true(g_utf8_validate(out->str, -1, NULL));
  }
}

/* Made once: of all the inputs' arenas only one is needed at a time. */
static guint8 *arena(void) {
  static guint8 *memory;

  if (!memory) {
    guint8 *at = mmap(NULL, ARENA + 2 * FENCE + 0x10000, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    g_assert_true(at != MAP_FAILED);
    memory = (guint8 *)(((guintptr)at + FENCE + 0xffff) & ~(guintptr)0xffff);
    g_assert_true(mprotect(memory, ARENA, PROT_READ | PROT_WRITE) == 0);
  }
  return memory;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  World world = {.bytes = {data, data + size}, .arena = arena(), .event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};

  describe_host(&world);
  world.trace = trace_new();
  world.kernel = sim_kernel_new(world.host, sim_direct_port(), NULL, world.trace);
  world.table_bytes = sim_table_bytes(world.kernel);
  world.processes[0] = sim_process_new(world.kernel, world.host, 1);
  sim_process_map(world.processes[0], world.arena, ARENA, TRUE, 0);
  world.processes[1] = sim_process_fork(world.processes[0], 2);
  for (guint i = 0; i < MAX_CALLS && world.bytes.at < world.bytes.end; i++)
    step(&world);
  for (guint i = 0; i < N_PROCESSES; i++)
    sim_process_free(world.processes[i]);
  assert_nothing_left(&world);
  assert_printable(world.trace);
  sim_kernel_free(world.kernel);
  trace_free(world.trace);
  sim_host_free(world.host);
  close(world.event);
  return 0;
}
