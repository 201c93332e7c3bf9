/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/gate/memory.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>

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

/* log2 of the smallest page behind the range, from the KernelPageSize lines of smaps. */
static guint backing_shift(pid_t tid, guint64 addr, guint64 len, guint fallback) {
  char path[64];
  char *line = NULL;
  size_t size = 0;
  guint shift = G_MAXUINT;
  gboolean inside = FALSE;
  g_snprintf(path, sizeof path, "/proc/%d/smaps", (int)tid);
  FILE *smaps = fopen(path, "re");
  if (!smaps)
    return fallback;
  while (getline(&line, &size, smaps) > 0) {
    guint64 start, end, kib;
    if (sscanf(line, "%" SCNx64 "-%" SCNx64 " ", &start, &end) == 2) {
      if (start >= addr + len)
        break;
      inside = end > addr;
    } else if (inside && sscanf(line, "KernelPageSize: %" SCNu64 " kB", &kib) == 1) {
      guint s = g_bit_storage(kib << 10) - 1;
      shift = MIN(shift, s);
    }
  }
  free(line);
  fclose(smaps);
  return shift == G_MAXUINT ? fallback : shift;
}

guint64 gate_memory_pin(pid_t tid, guint64 addr, guint64 len, gboolean write, guint host_page_shift,
                        guint *page_shift) {
  char path[64], perms[5];
  char *line = NULL;
  size_t size = 0;
  guint64 reached = addr, limit = addr + MIN(len, G_MAXUINT64 - addr);
  gboolean all_files = TRUE;
  g_snprintf(path, sizeof path, "/proc/%d/maps", (int)tid);
  FILE *maps = fopen(path, "re");
  if (!maps)
    return 0;
  while (reached < limit && getline(&line, &size, maps) > 0) {
    guint64 start, end;
    if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s", &start, &end, perms) != 3 || end <= reached)
      continue;
    if (start > reached || (write ? perms[1] != 'w' : perms[0] != 'r'))
      break;
    all_files = all_files && strchr(line, '/');
    reached = end;
  }
  free(line);
  fclose(maps);
  guint64 bytes = MIN(reached, limit) - addr;
  /* Huge pages of hugetlbfs always show a path; only then is the expensive look worth it. */
  guint shift = bytes && all_files ? backing_shift(tid, addr, bytes, host_page_shift) : host_page_shift;
  *page_shift = MIN(*page_shift, MAX(shift, host_page_shift));
  return bytes;
}
