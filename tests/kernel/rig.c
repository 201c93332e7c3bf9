/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/kernel/rig.h"

#include <fcntl.h>
#include <linux/kvm.h>
#include <linux/vfio.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/kernel/reached.h"

enum { LOWEST = 4096 };

static int read_checked(gpointer port, gpointer task, guint64 addr, void *buf, gsize len) {
  guint64 end = (guintptr)((const Rig *)port)->ram + RIG_RAM;

  if (addr < LOWEST || (addr <= end && end - addr < len))
    return -EFAULT;
  return sim_direct_port()->read(port, task, addr, buf, len);
}

static int write_refused(gpointer port, gpointer task, guint64 addr, const void *buf, gsize len) {
  return -EFAULT;
}

static int write_checked(gpointer port, gpointer task, guint64 addr, const void *buf, gsize len) {
  return addr < LOWEST ? -EFAULT : sim_direct_port()->write(port, task, addr, buf, len);
}

Rig *rig_new(void (*describe)(SimHost *host)) {
  Rig *rig = g_new0(Rig, 1);
  guint8 *at;

  rig->host = sim_host_builtin("power9", NULL);
  assert_non_null(rig->host);
  if (describe)
    describe(rig->host);
  rig->trace = trace_new();
  rig->port = *sim_direct_port();
  rig->port.read = read_checked;
  rig->port.write = write_checked;
  rig->kernel = sim_kernel_new(rig->host, &rig->port, rig, rig->trace);
  rig->process = sim_process_new(rig->kernel, rig->host, 1);
  at = mmap(NULL, RIG_RAM + 0x10000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  assert_true(at != MAP_FAILED);
  rig->ram = (guint8 *)(((guintptr)at + 0xffff) & ~(guintptr)0xffff);
  munmap(at, (gsize)(rig->ram - at));
  sim_process_map(rig->process, rig->ram, RIG_RAM, TRUE, 0);
  return rig;
}

void rig_free(Rig *rig) {
  guint8 *end = rig->ram + RIG_RAM;

  sim_process_free(rig->process);
  reached(rig->kernel, rig->trace);
  sim_kernel_free(rig->kernel);
  trace_free(rig->trace);
  sim_host_free(rig->host);
  munmap(rig->ram, (gsize)(end - rig->ram));
  g_free(rig);
}

void rig_read_only(Rig *rig) {
  rig->port.write = write_refused;
}

void *rig_at_edge(const Rig *rig, const void *data, gsize size) {
  return memcpy(rig->ram + RIG_RAM - size, data, size);
}

int rig_open(Rig *rig, const char *path) {
  int fd = sim_process_open(rig->process, path, O_RDWR);

  assert_true(fd >= 0);
  return fd;
}

void rig_close(Rig *rig, int fd) {
  assert_int_equal(sim_process_close(rig->process, fd), 0);
}

long rig_call_value(Rig *rig, int fd, AbiCallId id, guint64 arg) {
  return sim_process_ioctl(rig->process, fd, abi_call(id)->nr_x86, arg);
}

long rig_call(Rig *rig, int fd, AbiCallId id, const void *arg) {
  return rig_call_value(rig, fd, id, (guintptr)arg);
}

void rig_expect(Rig *rig, long result, long expected, RuleId rule, const char *file, int line) {
  const guint32 *met = sim_rules_met(rig->kernel);
  const TraceEvent *last = trace_get(rig->trace, trace_len(rig->trace) - 1);
  const char *decided = last->rule ? rule_get((RuleId)last->rule)->id : "no rule";

  if (result != expected) {
    print_error("result %ld [%s], not %ld\n", result, decided, expected);
    _fail(file, line);
  }
  if (expected < 0 && rule != RULE_NONE && last->rule != rule) {
    print_error("refused by %s, not by %s\n", decided, rule_get(rule)->id);
    _fail(file, line);
  }
  if (rule != RULE_NONE && met[rule] == rig->met[rule]) {
    print_error("%s was not met\n", rule_get(rule)->id);
    _fail(file, line);
  }
  memcpy(rig->met, met, sizeof rig->met);
}

/* ---- VFIO ---- */

int rig_attach(Rig *rig, guint number, int *container) {
  g_autofree char *path = g_strdup_printf("/dev/vfio/%u", number);
  int group = rig_open(rig, path);
  gboolean fresh = *container < 0;

  if (fresh)
    *container = rig_open(rig, "/dev/vfio/vfio");
  assert_int_equal(rig_call(rig, group, ABI_SET_CONTAINER, container), 0);
  if (fresh)
    assert_int_equal(rig_call_value(rig, *container, ABI_SET_IOMMU, VFIO_SPAPR_TCE_v2_IOMMU), 0);
  return group;
}

void rig_register(Rig *rig, int container, const void *memory, gsize size) {
  struct vfio_iommu_spapr_register_memory args = {.argsz = sizeof args, .vaddr = (guintptr)memory, .size = size};

  assert_int_equal(rig_call(rig, container, ABI_REGISTER_MEMORY, &args), 0);
}

guint64 rig_create_window(Rig *rig, int container, guint page_shift, guint64 size) {
  struct vfio_iommu_spapr_tce_create args = {
      .argsz = sizeof args, .page_shift = page_shift, .window_size = size, .levels = 1};

  assert_int_equal(rig_call(rig, container, ABI_TCE_CREATE, &args), 0);
  return args.start_addr;
}

void rig_remove_window(Rig *rig, int container, guint64 start) {
  struct vfio_iommu_spapr_tce_remove args = {.argsz = sizeof args, .start_addr = start};

  assert_int_equal(rig_call(rig, container, ABI_TCE_REMOVE, &args), 0);
}

long rig_map(Rig *rig, int container, guint64 iova, const void *memory, guint64 size, guint32 flags) {
  struct vfio_iommu_type1_dma_map args = {
      .argsz = sizeof args, .flags = flags, .vaddr = (guintptr)memory, .iova = iova, .size = size};

  return rig_call(rig, container, ABI_MAP_DMA, &args);
}

int rig_device(Rig *rig, int group, const char *name) {
  long fd = rig_call(rig, group, ABI_GET_DEVICE_FD, name);

  assert_true(fd >= 0);
  return (int)fd;
}

SimCensus rig_census(Rig *rig) {
  SimCensus census;

  sim_census(rig->kernel, &census);
  return census;
}

/* ---- KVM ---- */

int rig_vm(Rig *rig) {
  int kvm = rig_open(rig, "/dev/kvm");
  long vm = rig_call_value(rig, kvm, ABI_CREATE_VM, 0);

  assert_true(vm >= 0);
  rig_close(rig, kvm);
  return (int)vm;
}

int rig_kvm_vfio(Rig *rig, int vm) {
  struct kvm_create_device args = {.type = KVM_DEV_TYPE_VFIO};

  assert_int_equal(rig_call(rig, vm, ABI_CREATE_DEVICE, &args), 0);
  return (int)args.fd;
}

long rig_table(Rig *rig, int vm, guint64 liobn, guint page_shift, guint64 offset, guint64 size) {
  struct {
    guint64 liobn;
    guint32 page_shift, flags;
    guint64 offset, size;
  } args = {.liobn = liobn, .page_shift = page_shift, .offset = offset, .size = size};

  return rig_call(rig, vm, ABI_CREATE_SPAPR_TCE_64, &args);
}

long rig_memslot(Rig *rig, int vm, guint32 slot, guint64 gpa, guint64 size, const void *memory) {
  struct kvm_userspace_memory_region args = {
      .slot = slot, .guest_phys_addr = gpa, .memory_size = size, .userspace_addr = (guintptr)memory};

  return rig_call(rig, vm, ABI_SET_USER_MEMORY_REGION, &args);
}

static long set_attr(Rig *rig, int kvm_vfio, guint64 attr, const void *addr) {
  struct kvm_device_attr args = {.group = KVM_DEV_VFIO_GROUP, .attr = attr, .addr = (guintptr)addr};

  return rig_call(rig, kvm_vfio, ABI_SET_DEVICE_ATTR, &args);
}

long rig_group_add(Rig *rig, int kvm_vfio, int fd) {
  return set_attr(rig, kvm_vfio, KVM_DEV_VFIO_GROUP_ADD, &fd);
}

long rig_group_del(Rig *rig, int kvm_vfio, int fd) {
  return set_attr(rig, kvm_vfio, KVM_DEV_VFIO_GROUP_DEL, &fd);
}

long rig_set_spapr_tce(Rig *rig, int kvm_vfio, int group, int table) {
  struct kvm_vfio_spapr_tce param = {.groupfd = group, .tablefd = table};

  return set_attr(rig, kvm_vfio, KVM_DEV_VFIO_GROUP_SET_SPAPR_TCE, &param);
}

long rig_enable_hcall(Rig *rig, int vm, guint64 hcall, guint64 enable) {
  struct kvm_enable_cap args = {.cap = KVM_CAP_PPC_ENABLE_HCALL, .args = {hcall, enable}};

  return rig_call(rig, vm, ABI_ENABLE_CAP, &args);
}
