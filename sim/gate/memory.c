/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/gate/memory.h"

#include <errno.h>
#include <sys/uio.h>

#include "sim/gate/maps.h"

int gate_memory_read(pid_t tid, guint64 addr, void *buf, gsize len) {
  struct iovec local = {buf, len}, remote = {(void *)(guintptr)addr, len};
  if (len == 0)
    return 0;
  return process_vm_readv(tid, &local, 1, &remote, 1, 0) == (ssize_t)len ? 0 : -EFAULT;
}

int gate_memory_write(pid_t tid, guint64 addr, const void *buf, gsize len) {
  struct iovec local = {(void *)buf, len}, remote = {(void *)(guintptr)addr, len};
  if (len == 0)
    return 0;
  return process_vm_writev(tid, &local, 1, &remote, 1, 0) == (ssize_t)len ? 0 : -EFAULT;
}

guint64 gate_memory_pin(pid_t tid, guint64 addr, guint64 len, gboolean write, guint host_page_shift,
                        guint *page_shift) {
  g_autoptr(GateMaps) maps = gate_maps_open(tid, FALSE);
  guint64 reached = addr, limit = addr + MIN(len, G_MAXUINT64 - addr);
  GateMapping mapping;
  while (maps && reached < limit && gate_maps_at(maps, reached, &mapping) &&
         (write ? mapping.writable : mapping.readable))
    reached = mapping.end;
  guint64 bytes = MIN(reached, limit) - addr;
  guint shift = bytes ? gate_maps_page_shift(maps, addr, bytes) : 0;
  *page_shift = MIN(*page_shift, MAX(shift, host_page_shift));
  return bytes;
}
