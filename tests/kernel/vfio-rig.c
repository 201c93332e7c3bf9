/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vfio-rig.h"

#include <fcntl.h>

#include "tests/kernel/reached.h"

static void start(Rig *rig) {
  rig->trace = trace_new();
  rig->kernel = sim_kernel_new(rig->host, sim_direct_port(), NULL, rig->trace);
  rig->process = sim_process_new(rig->kernel, rig->host, 1);
  sim_process_map(rig->process, rig->buf, RIG_BUF, TRUE, 0);
}

static void stop(Rig *rig) {
  sim_process_free(rig->process);
  reached(rig->kernel, rig->trace);
  sim_kernel_free(rig->kernel);
  trace_free(rig->trace);
}

Rig *rig_new(const char *page) {
  Rig *rig = g_new0(Rig, 1);
  guint8 *at =
      mmap(NULL, RIG_BUF + 0x10000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

  assert_true(at != MAP_FAILED);
  rig->buf = (guint8 *)(((guintptr)at + 0xffff) & ~(guintptr)0xffff);
  munmap(at, (gsize)(rig->buf - at));
  munmap(rig->buf + RIG_BUF, 0x10000 - (gsize)(rig->buf - at));
  rig->host = sim_host_new();
  assert_true(sim_host_set(rig->host, "page-size", page, NULL));
  for (guint i = 0; i < 4; i++) {
    g_autofree char *address = g_strdup_printf("%04u:01:00.0", i);

    assert_true(sim_host_add_device(rig->host, i, address, NULL));
  }
  start(rig);
  return rig;
}

void rig_restart(Rig *rig) {
  stop(rig);
  start(rig);
}

void rig_set(Rig *rig, const char *key, const char *value) {
  assert_true(sim_host_set(rig->host, key, value, NULL));
  rig_restart(rig);
}

void rig_free(Rig *rig) {
  stop(rig);
  sim_host_free(rig->host);
  munmap(rig->buf, RIG_BUF);
  g_free(rig);
}

int rig_container(Rig *rig, int type, int *groups, ...) {
  int container = sim_process_open(rig->process, "/dev/vfio/vfio", O_RDWR), number;
  va_list list;

  assert_true(container >= 0);
  va_start(list, groups);
  while ((number = va_arg(list, int)) >= 0) {
    g_autofree char *path = g_strdup_printf("/dev/vfio/%d", number);

    *groups = sim_process_open(rig->process, path, O_RDWR);
    assert_true(*groups >= 0);
    assert_int_equal(rig_set_container(rig, *groups, container), 0);
    groups++;
  }
  va_end(list);
  if (type)
    assert_int_equal(rig_call(rig, container, ABI_SET_IOMMU, (guint64)type), 0);
  return container;
}

long rig_call(Rig *rig, int fd, AbiCallId id, guint64 arg) {
  return sim_process_ioctl(rig->process, fd, abi_call(id)->nr_powerpc, arg);
}

static long memory_call(Rig *rig, int container, AbiCallId id, guint64 offset, guint64 size) {
  struct {
    guint32 argsz, flags;
    guint64 vaddr, size;
  } memory = {sizeof memory, 0, (guintptr)rig->buf + offset, size};

  return rig_call(rig, container, id, (guintptr)&memory);
}

long rig_register(Rig *rig, int container, guint64 offset, guint64 size) {
  return memory_call(rig, container, ABI_REGISTER_MEMORY, offset, size);
}

long rig_unregister(Rig *rig, int container, guint64 offset, guint64 size) {
  return memory_call(rig, container, ABI_UNREGISTER_MEMORY, offset, size);
}

long rig_map(Rig *rig, int container, guint64 iova, guint64 offset, guint64 size) {
  struct {
    guint32 argsz, flags;
    guint64 vaddr, iova, size;
  } map = {sizeof map, 3, (guintptr)rig->buf + offset, iova, size};

  return rig_call(rig, container, ABI_MAP_DMA, (guintptr)&map);
}

long rig_unmap(Rig *rig, int container, guint64 iova, guint64 size) {
  struct {
    guint32 argsz, flags;
    guint64 iova, size;
  } unmap = {sizeof unmap, 0, iova, size};

  return rig_call(rig, container, ABI_UNMAP_DMA, (guintptr)&unmap);
}

long rig_create(Rig *rig, int container, guint32 page_shift, guint64 size, guint32 levels, guint64 *start) {
  struct {
    guint32 argsz, flags, page_shift, reserved1;
    guint64 window_size;
    guint32 levels, reserved2;
    guint64 start_addr;
  } create = {sizeof create, 0, page_shift, 0, size, levels, 0, 0};
  long result = rig_call(rig, container, ABI_TCE_CREATE, (guintptr)&create);

  if (start)
    *start = create.start_addr;
  return result;
}

long rig_remove(Rig *rig, int container, guint64 start) {
  struct {
    guint32 argsz, flags;
    guint64 start_addr;
  } removal = {sizeof removal, 0, start};

  return rig_call(rig, container, ABI_TCE_REMOVE, (guintptr)&removal);
}

long rig_set_container(Rig *rig, int group, int container) {
  gint32 fd = container;

  return rig_call(rig, group, ABI_SET_CONTAINER, (guintptr)&fd);
}

guint32 rig_status(Rig *rig, int group) {
  guint32 status[2] = {sizeof status, 0};

  assert_int_equal(rig_call(rig, group, ABI_GROUP_GET_STATUS, (guintptr)status), 0);
  return status[1];
}

guint64 rig_locked(Rig *rig) {
  return sim_locked_pages(rig->kernel, sim_process_mm(rig->process));
}

guint16 rig_rule(Rig *rig) {
  return trace_get(rig->trace, trace_len(rig->trace) - 1)->rule;
}

gboolean rig_met(Rig *rig, RuleId rule) {
  return sim_rules_met(rig->kernel)[rule] > 0;
}
