/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hardware tables: linear in what is mapped, 16 bytes a TCE, and a huge window costs nothing until it is used. */
#include "sim/direct/process.h"
#include "tests/bench/bench.h"

enum { ROUNDS = 3, PAGE = 1 << 12, REGION = 1 << 20 };

static const guint64 window_base = G_GUINT64_CONSTANT(0x800000000000000);

typedef struct {
  SimHost *host;
  SimKernel *kernel;
  SimProcess *process;
  int container, group;
  void *memory;
} Rig;

static void call(const Rig *rig, AbiCallId id, gpointer arg) {
  int fd = abi_call(id)->kind == ABI_GROUP ? rig->group : rig->container;
  long result = sim_process_ioctl(rig->process, fd, abi_call(id)->nr_x86, (guint64)(guintptr)arg);
  if (result != 0)
    g_error("%s: %ld", abi_call(id)->name, result);
}

static void set(AbiCallId id, const char *field, gpointer payload, guint64 value) {
  abi_set(abi_field(abi_call(id), field), payload, abi_call(id)->size, value);
}

/* No trace: what is measured is the table, and a million events would be most of it. */
static void rig_open(Rig *rig) {
  guint8 registration[24] = {0};

  rig->host = sim_host_builtin("power9", NULL);
  rig->host->page_shift = 12; /* a TCE may be as small as a page */
  sim_host_add_device(rig->host, 7, "0000:01:00.0", NULL);
  rig->kernel = sim_kernel_new(rig->host, sim_direct_port(), NULL, NULL);
  rig->process = sim_process_new(rig->kernel, rig->host, 1);
  rig->memory = g_aligned_alloc(1, REGION, 1 << 16);
  sim_process_map(rig->process, rig->memory, REGION, TRUE, 0);
  rig->container = sim_process_open(rig->process, "/dev/vfio/vfio", 2);
  rig->group = sim_process_open(rig->process, "/dev/vfio/7", 2);
  gint32 fd = rig->container;
  call(rig, ABI_SET_CONTAINER, &fd);
  call(rig, ABI_SET_IOMMU, GINT_TO_POINTER(7));
  set(ABI_REGISTER_MEMORY, "argsz", registration, sizeof registration);
  set(ABI_REGISTER_MEMORY, "vaddr", registration, (guintptr)rig->memory);
  set(ABI_REGISTER_MEMORY, "size", registration, REGION);
  call(rig, ABI_REGISTER_MEMORY, registration);
}

static void rig_close(Rig *rig) {
  sim_process_free(rig->process);
  sim_kernel_free(rig->kernel);
  sim_host_free(rig->host);
  g_aligned_free(rig->memory);
}

static void make_window(const Rig *rig, guint shift, guint64 size, guint levels) {
  guint8 window[40] = {0};

  set(ABI_TCE_CREATE, "argsz", window, sizeof window);
  set(ABI_TCE_CREATE, "page_shift", window, shift);
  set(ABI_TCE_CREATE, "window_size", window, size);
  set(ABI_TCE_CREATE, "levels", window, levels);
  call(rig, ABI_TCE_CREATE, window);
}

static void remove_window(const Rig *rig) {
  guint8 window[16] = {0};

  set(ABI_TCE_REMOVE, "argsz", window, sizeof window);
  set(ABI_TCE_REMOVE, "start_addr", window, window_base);
  call(rig, ABI_TCE_REMOVE, window);
}

static void map(const Rig *rig, guint n) {
  guint8 payload[32] = {0};

  set(ABI_MAP_DMA, "argsz", payload, sizeof payload);
  set(ABI_MAP_DMA, "flags", payload, 3);
  set(ABI_MAP_DMA, "size", payload, PAGE);
  for (guint i = 0; i < n; i++) {
    set(ABI_MAP_DMA, "vaddr", payload, (guintptr)rig->memory + (guint64)(i % (REGION / PAGE)) * PAGE);
    set(ABI_MAP_DMA, "iova", payload, window_base + (guint64)i * PAGE);
    call(rig, ABI_MAP_DMA, payload);
  }
}

static void unmap(const Rig *rig, guint n) {
  guint8 payload[24] = {0};

  set(ABI_UNMAP_DMA, "argsz", payload, sizeof payload);
  set(ABI_UNMAP_DMA, "size", payload, PAGE);
  for (guint i = 0; i < n; i++) {
    set(ABI_UNMAP_DMA, "iova", payload, window_base + (guint64)i * PAGE);
    call(rig, ABI_UNMAP_DMA, payload);
  }
}

/* Seconds to map and unmap n TCEs one by one; *bytes: of the table when all are there. */
static double time_tces(const Rig *rig, guint n, gsize *bytes) {
  make_window(rig, 12, (guint64)8 << 30, 3);
  double start = bench_seconds();
  map(rig, n);
  *bytes = sim_table_bytes(rig->kernel);
  unmap(rig, n);
  double seconds = bench_seconds() - start;
  remove_window(rig);
  return seconds;
}

int main(void) {
  double half = G_MAXDOUBLE, whole = G_MAXDOUBLE, huge = G_MAXDOUBLE;
  gsize bytes = 0, before, huge_bytes = 0;
  gboolean good;
  Rig rig;

  rig_open(&rig);
  for (guint i = 0; i < ROUNDS; i++) {
    half = MIN(half, time_tces(&rig, 500000, &bytes));
    whole = MIN(whole, time_tces(&rig, 1000000, &bytes));
  }
  before = sim_table_bytes(rig.kernel);
  for (guint i = 0; i < ROUNDS; i++) {
    double start = bench_seconds();
    make_window(&rig, 16, (guint64)1 << 47, 3);
    huge = MIN(huge, bench_seconds() - start);
    huge_bytes = sim_table_bytes(rig.kernel) - before;
    remove_window(&rig);
  }
  rig_close(&rig);
  printf("a TCE mapped and unmapped: %.0f ns\n", whole * 1e3);
  good = bench_at_most("1,000,000 TCEs against twice 500,000", whole / (2 * half), "x", 1.25);
  good &= bench_at_most("bytes of a TCE", (double)bytes / 1e6, "bytes", 16);
  good &= bench_at_most("a window of 128 TiB is made", huge * 1e3, "ms", 1);
  good &= bench_at_most("... and holds", (double)huge_bytes / (1 << 20), "MiB", 1);
  return good ? 0 : 1;
}
