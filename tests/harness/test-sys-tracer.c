/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tracer of --kernel host, put in front of the simulator: what it makes of the calls must be what the kernel that
 * answers them notes itself, event by event, rules aside.
 */
#include <errno.h>
#include <linux/kvm.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "harness/kernel-internal.h"
#include "harness/pseries/builtin.h"
#include "harness/sys-tracer.h"
#include "sim/direct/process.h"
#include "tests/harness/test.h"

typedef struct {
  Kernel kernel;
  const SimHost *host;
  Trace *model_trace;
  SimKernel *model;
  SimProcess *process;
  VfioSys sys;
  SysTracer *tracer;
} Traced;

static SimProcess *process_of(gpointer data) {
  return ((Traced *)data)->process;
}

static int sys_open(gpointer data, const char *path, int flags) {
  return sim_process_open(process_of(data), path, flags);
}

static int sys_close(gpointer data, int fd) {
  return sim_process_close(process_of(data), fd);
}

static long sys_ioctl(gpointer data, int fd, unsigned long request, guintptr arg) {
  return sim_process_ioctl(process_of(data), fd, (guint32)request, arg);
}

static ssize_t sys_pread(gpointer data, int fd, void *buf, gsize len, guint64 offset) {
  return sim_process_pread(process_of(data), fd, buf, len, offset);
}

static ssize_t sys_pwrite(gpointer data, int fd, const void *buf, gsize len, guint64 offset) {
  return sim_process_pwrite(process_of(data), fd, buf, len, offset);
}

static int sys_mmap(gpointer data, int fd, gsize len, int prot, guint64 offset, void **memory) {
  return sim_process_mmap(process_of(data), fd, len, prot, TRUE, offset, memory);
}

static int sys_munmap(gpointer data, void *memory, gsize len) {
  return sim_process_munmap(process_of(data), memory, len);
}

static ssize_t sys_readlink(gpointer data, const char *path, char *buf, gsize len) {
  return sim_process_readlink(process_of(data), path, buf, len);
}

static int sys_eventfd(gpointer data) {
  return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
}

static int sys_eventfd_read(gpointer data, int fd, guint64 *count) {
  return read(fd, count, sizeof *count) < 0 ? -errno : 0;
}

static int sys_eventfd_close(gpointer data, int fd) {
  return close(fd);
}

static gsize sys_page_size(gpointer data) {
  return (gsize)1 << ((Traced *)data)->host->page_shift;
}

static void ram_mapped(gpointer data, void *memory, gsize size, gboolean mapped) {
  if (mapped)
    sim_process_map(process_of(data), memory, size, TRUE, 0);
  else
    sim_process_unmap(process_of(data), memory, size);
}

static Subject *traced_start(Kernel *kernel, const Scenario *scenario, VfioAttachOrder order, GError **error) {
  Traced *traced = (Traced *)kernel;
  return builtin_subject_new(scenario, sys_tracer_sys(traced->tracer), order, ram_mapped, traced, error);
}

static void traced_set_fault(Kernel *kernel, SimFaultFunc fault, gpointer data) {
  sys_tracer_set_fault(((Traced *)kernel)->tracer, fault, data);
}

static gboolean same_object(AbiObject a, AbiObject b) {
  return a.kind == b.kind && a.id == b.id;
}

static void check_event(const TraceEvent *seen, const TraceEvent *noted) {
  g_autoptr(GString) a = g_string_new(NULL), b = g_string_new(NULL);

  trace_event_print(a, seen);
  trace_event_print(b, noted);
  gboolean same = seen->call == noted->call && same_object(seen->object, noted->object) &&
                  same_object(seen->made, noted->made) && same_object(seen->refs[0], noted->refs[0]) &&
                  same_object(seen->refs[1], noted->refs[1]) && seen->result == noted->result &&
                  seen->process == noted->process;
  /* Values that the kernel ignores are not compared: it may note less of a payload than the caller gave. */
  same = same && memcmp(seen->in, noted->in, MIN(seen->in_len, noted->in_len)) == 0 && seen->in_len >= noted->in_len;
  if (!same)
    fail_msg("seen:  %s\nnoted: %s", a->str, b->str);
}

/* Compares what was seen with what was noted, guest and close-at-exit aside, when the scenario is over. */
static void compare(const Trace *seen, const Trace *noted) {
  guint at = 0;

  for (guint i = 0; i < trace_len(noted); i++) {
    const TraceEvent *event = trace_get(noted, i);
    if (event->object.kind == ABI_GUEST)
      continue;
    while (at < trace_len(seen) && trace_get(seen, at)->flags & TRACE_INJECTED)
      at++; /* the kernel was never asked */
    assert_true(at < trace_len(seen));
    check_event(trace_get(seen, at++), event);
  }
  assert_int_equal(at, trace_len(seen));
  assert_true(at > 40);
}

static Trace *seen_trace;

static void traced_free(Kernel *kernel) {
  Traced *traced = (Traced *)kernel;

  compare(seen_trace, traced->model_trace);
  sys_tracer_free(traced->tracer);
  sim_process_free(traced->process);
  sim_kernel_free(traced->model);
  trace_free(traced->model_trace);
  g_free(traced);
}

static Kernel *traced_new(const Scenario *scenario, Trace *trace, GError **error) {
  Traced *traced = g_new0(Traced, 1);

  traced->kernel = (Kernel){.start = traced_start, .set_fault = traced_set_fault, .free = traced_free};
  traced->host = scenario->host;
  traced->model_trace = trace_new();
  traced->model = sim_kernel_new(scenario->host, sim_direct_port(), NULL, traced->model_trace);
  traced->process = sim_process_new(traced->model, scenario->host, 1);
  traced->sys =
      (VfioSys){traced,     sys_open,     sys_close,   sys_ioctl,        sys_pread,         sys_pwrite,   sys_mmap,
                sys_munmap, sys_readlink, sys_eventfd, sys_eventfd_read, sys_eventfd_close, sys_page_size};
  traced->tracer = sys_tracer_new(&traced->sys, NULL, trace);
  seen_trace = trace;
  return &traced->kernel;
}

static void run(const char *text) {
  g_autoptr(Scenario) scenario = test_scenario(text);
  g_autoptr(ScenarioResult) result = scenario_result_new("test.scn", "test");
  const RunOptions options = {.open_kernel = traced_new};

  run_scenario(scenario, &options, result);
  if (result->status != RESULT_PASS)
    fail_msg("%s", result->message);
}

#define HEAD                                                                                                           \
  "# A test.\nhost power9\n  group 7: 0000:01:00.0\n  group 8: 0001:01:00.0\nguest pseries kvm\n"                      \
  "  phb 0: window 0..1G page 64K\n  phb 1\n"

static void test_life(void **state) {
  run(HEAD "cold 0000:01:00.0 phb 0 as nic0\nboot\nplug 0001:01:00.0 phb 0 as nic1\nreset\n"
           "ddw create phb 0 page 64K size 1G as w\nunplug nic1\nquit\n");
}

static void test_fault(void **state) {
  run(HEAD "boot\nfail GROUP_ADD with EINVAL\nplug 0000:01:00.0 phb 0 as nic0 fails EINVAL\n"
           "plug 0001:01:00.0 phb 1 as nic1\nquit\n");
}

/* KT-18: a mapping of a table keeps it when its fd is closed; seen is what the model notes. */
static void test_mapping(void **state) {
  g_autoptr(Scenario) scenario = test_scenario(HEAD "boot\n");
  g_autoptr(Trace) trace = trace_new();
  Traced *traced = (Traced *)traced_new(scenario, trace, NULL);
  const VfioSys *sys = sys_tracer_sys(traced->tracer);
  guint64 table[4] = {0x80000000, 12, 0, 0x10000};
  int kvm = sys->open(sys->data, "/dev/kvm", 0);
  long vm = sys->ioctl(sys->data, kvm, abi_call(ABI_CREATE_VM)->nr_x86, 0);
  long fd = sys->ioctl(sys->data, (int)vm, abi_call(ABI_CREATE_SPAPR_TCE_64)->nr_x86, (guintptr)table);
  void *memory;

  assert_true(fd >= 0);
  assert_int_equal(sys->mmap(sys->data, (int)fd, 0x10000, 3, 0, &memory), 0);
  assert_int_equal(sys->close(sys->data, (int)fd), 0);
  assert_int_equal(trace_get(trace, trace_len(trace) - 1)->call, ABI_MMAP);
  assert_int_equal(sys->munmap(sys->data, memory, 0x10000), 0);
  assert_int_equal(trace_get(trace, trace_len(trace) - 1)->call, ABI_CLOSE);
  assert_int_equal(trace_len(trace), trace_len(traced->model_trace));
  for (guint i = 0; i < trace_len(trace); i++)
    check_event(trace_get(trace, i), trace_get(traced->model_trace, i));
  sys_tracer_free(traced->tracer);
  sim_process_free(traced->process);
  sim_kernel_free(traced->model);
  trace_free(traced->model_trace);
  g_free(traced);
}

/* ---- a KVM with more devices than the model's ---- */

static int many_open(gpointer data, const char *path, int flags) {
  return 100;
}

/* As KVM for POWER, which knows XICS (type 3): made and told in the struct. */
static long many_ioctl(gpointer data, int fd, unsigned long request, guintptr arg) {
  if (fd != 101)
    return 101;
  ((struct kvm_create_device *)arg)->fd = 102;
  return 0;
}

static void test_other_devices(void **state) {
  const VfioSys many = {.open = many_open, .ioctl = many_ioctl};
  g_autoptr(Trace) trace = trace_new();
  g_autoptr(SysTracer) tracer = sys_tracer_new(&many, NULL, trace);
  const VfioSys *sys = sys_tracer_sys(tracer);
  struct kvm_create_device xics = {.type = KVM_DEV_TYPE_XICS}, test = {KVM_DEV_TYPE_VFIO, 0, KVM_CREATE_DEVICE_TEST};
  struct kvm_create_device vfio = {.type = KVM_DEV_TYPE_VFIO};
  const guint32 create = abi_call(ABI_CREATE_DEVICE)->nr_x86;
  int kvm = sys->open(sys->data, "/dev/kvm", 0);
  int vm = (int)sys->ioctl(sys->data, kvm, abi_call(ABI_CREATE_VM)->nr_x86, 0);

  assert_false(sys_tracer_wants(tracer, vm, KVM_CREATE_IRQCHIP));
  assert_true(sys_tracer_wants(tracer, vm, create));
  assert_int_equal(sys->ioctl(sys->data, vm, create, (guintptr)&xics), 0);
  assert_int_equal(sys->ioctl(sys->data, vm, create, (guintptr)&test), 0);
  assert_false(sys_tracer_has(tracer, 102));
  assert_int_equal(sys->ioctl(sys->data, vm, create, (guintptr)&vfio), 0);
  assert_true(sys_tracer_has(tracer, 102));
  assert_true(sys_tracer_wants(tracer, 102, 0xdead));
  assert_int_equal(trace_get(trace, trace_len(trace) - 1)->made.id, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_mapping),
      cmocka_unit_test(test_life),
      cmocka_unit_test(test_fault),
      cmocka_unit_test(test_other_devices),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
