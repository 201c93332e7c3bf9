/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The direct kernel: whole scenarios a second, and what a call costs, measured in system calls. */
#include <malloc.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "harness/run/runner.h"
#include "sim/direct/process.h"
#include "tests/bench/bench.h"

enum { ROUNDS = 5, SCENARIOS = 1000, CALLS = 200000 };

static const char text[] = "# Boot, hotplug, unplug.\n"
                           "host power9\n"
                           "  group 7: 0000:01:00.0\n"
                           "guest pseries kvm\n"
                           "  ram 1G\n"
                           "  phb 0: liobn 0x80000000 window 0..1G page 64K\n"
                           "boot\n"
                           "plug 0000:01:00.0 phb 0 as nic0\n"
                           "  expect\n"
                           "    ...\n"
                           "    kvm-vfio GROUP_ADD group 7 = 0\n"
                           "    ...\n"
                           "    kvm-vfio SET_SPAPR_TCE group 7 liobn 0x80000000 = 0\n"
                           "    ...\n"
                           "guest put-tce liobn 0x80000000 ioba 0x10000 -> ram 0x200000 rw\n"
                           "assert liobn 0x80000000 feeds group 7\n"
                           "unplug nic0\n"
                           "assert clean\n"
                           "quit\n"
                           "assert clean\n";

static gboolean bench_scenarios(void) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Scenario) scenario = scenario_parse("bench.scn", text, &error);
  g_autoptr(Trace) trace = trace_new();
  const RunOptions options = {.kernel = KERNEL_DIRECT, .trace = trace};
  guint64 calls = 0;
  double best = G_MAXDOUBLE;

  if (!scenario)
    g_error("%s", error->message);
  for (guint round = 0; round < ROUNDS; round++) {
    double start = bench_seconds();
    for (guint i = 0; i < SCENARIOS; i++) {
      g_autoptr(ScenarioResult) result = scenario_result_new("bench.scn", "bench");
      trace_clear(trace);
      run_scenario(scenario, &options, result);
      if (result->status != RESULT_PASS)
        g_error("%s", result->message);
      calls = result->n_calls;
    }
    best = MIN(best, (bench_seconds() - start) / SCENARIOS);
  }
  printf("%" G_GUINT64_FORMAT " calls in each scenario\n", calls);
  return bench_at_least("scenarios (boot, hotplug, unplug, quit; traced)", 1 / best, "/s", 10000);
}

static double time_getppid(void) {
  double start = bench_seconds();
  for (guint i = 0; i < CALLS; i++)
    syscall(SYS_getppid);
  return (bench_seconds() - start) / CALLS;
}

/* One simulated process with a container that has an IOMMU. */
typedef struct {
  SimHost *host;
  Trace *trace;
  SimKernel *kernel;
  SimProcess *process;
  int container, group;
  void *memory;
} Rig;

static long call(const Rig *rig, AbiCallId id, int fd, gpointer arg) {
  long result = sim_process_ioctl(rig->process, fd, abi_call(id)->nr_x86, (guint64)(guintptr)arg);
  if (result < 0)
    g_error("%s: %s", abi_call(id)->name, g_strerror((int)-result));
  return result;
}

static void rig_set(AbiCallId id, const char *field, gpointer payload, guint64 value) {
  abi_set(abi_field(abi_call(id), field), payload, abi_call(id)->size, value);
}

static void rig_open(Rig *rig) {
  guint8 registration[24] = {0}, window[40] = {0};
  gint32 fd;

  rig->host = sim_host_builtin("power9", NULL);
  sim_host_add_device(rig->host, 7, "0000:01:00.0", NULL);
  rig->trace = trace_new();
  rig->kernel = sim_kernel_new(rig->host, sim_direct_port(), NULL, rig->trace);
  rig->process = sim_process_new(rig->kernel, rig->host, 1);
  rig->memory = g_aligned_alloc(1, 1 << 20, 1 << 16);
  sim_process_map(rig->process, rig->memory, 1 << 20, TRUE, 0);
  rig->container = fd = sim_process_open(rig->process, "/dev/vfio/vfio", 2);
  rig->group = sim_process_open(rig->process, "/dev/vfio/7", 2);
  call(rig, ABI_SET_CONTAINER, rig->group, &fd);
  call(rig, ABI_SET_IOMMU, rig->container, GINT_TO_POINTER(7));
  rig_set(ABI_REGISTER_MEMORY, "argsz", registration, sizeof registration);
  rig_set(ABI_REGISTER_MEMORY, "vaddr", registration, (guintptr)rig->memory);
  rig_set(ABI_REGISTER_MEMORY, "size", registration, 1 << 20);
  call(rig, ABI_REGISTER_MEMORY, rig->container, registration);
  rig_set(ABI_TCE_CREATE, "argsz", window, sizeof window);
  rig_set(ABI_TCE_CREATE, "page_shift", window, 16);
  rig_set(ABI_TCE_CREATE, "window_size", window, 1 << 30);
  rig_set(ABI_TCE_CREATE, "levels", window, 1);
  call(rig, ABI_TCE_CREATE, rig->container, window);
}

static void rig_close(Rig *rig) {
  sim_process_free(rig->process);
  sim_kernel_free(rig->kernel);
  trace_free(rig->trace);
  sim_host_free(rig->host);
  g_aligned_free(rig->memory);
}

/* The mix of an attach and of a guest's life: questions, a mapping, its end, an error. */
static double time_calls(Rig *rig) {
  guint64 window = G_GUINT64_CONSTANT(0x800000000000000);
  guint8 info[32] = {0}, map[32] = {0}, unmap[24] = {0}, status[8] = {0};

  rig_set(ABI_TCE_GET_INFO, "argsz", info, sizeof info);
  rig_set(ABI_MAP_DMA, "argsz", map, sizeof map);
  rig_set(ABI_MAP_DMA, "flags", map, 3);
  rig_set(ABI_MAP_DMA, "vaddr", map, (guintptr)rig->memory);
  rig_set(ABI_MAP_DMA, "iova", map, window);
  rig_set(ABI_MAP_DMA, "size", map, 1 << 16);
  rig_set(ABI_UNMAP_DMA, "argsz", unmap, sizeof unmap);
  rig_set(ABI_UNMAP_DMA, "iova", unmap, window);
  rig_set(ABI_UNMAP_DMA, "size", unmap, 1 << 16);
  rig_set(ABI_GROUP_GET_STATUS, "argsz", status, sizeof status);
  double start = bench_seconds();
  for (guint i = 0; i < CALLS / 5; i++) {
    if (i % 256 == 0)
      trace_clear(rig->trace);
    call(rig, ABI_CHECK_EXTENSION, rig->container, GINT_TO_POINTER(7));
    call(rig, ABI_TCE_GET_INFO, rig->container, info);
    call(rig, ABI_MAP_DMA, rig->container, map);
    call(rig, ABI_UNMAP_DMA, rig->container, unmap);
    call(rig, ABI_GROUP_GET_STATUS, rig->group, status);
  }
  return (bench_seconds() - start) / (CALLS / 5 * 5);
}

static gboolean bench_calls(void) {
  double syscall_best = G_MAXDOUBLE, call_best = G_MAXDOUBLE;
  Rig rig;

  rig_open(&rig);
  for (guint round = 0; round < ROUNDS; round++) {
    syscall_best = MIN(syscall_best, time_getppid());
    call_best = MIN(call_best, time_calls(&rig));
  }
  rig_close(&rig);
  printf("getppid %.0f ns, a direct call %.0f ns\n", syscall_best * 1e9, call_best * 1e9);
  return bench_at_most("a direct call, traced, in getppid() system calls", call_best / syscall_best, "x", 1.5);
}

int main(void) {
  mallopt(M_TRIM_THRESHOLD, 64 << 20); /* the heap need not shrink and grow between two scenarios */
  gboolean scenarios = bench_scenarios();
  gboolean calls = bench_calls();
  return scenarios && calls ? 0 : 1;
}
