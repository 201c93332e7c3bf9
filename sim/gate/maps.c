/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/gate/maps.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* include/uapi/linux/fs.h of Linux 6.11, which the headers at hand may be older than. */
struct query {
  guint64 size, query_flags, query_addr;
  guint64 vma_start, vma_end, vma_flags, vma_page_size, vma_offset;
  guint64 inode;
  guint32 dev_major, dev_minor, vma_name_size, build_id_size;
  guint64 vma_name_addr, build_id_addr;
};
#define PROCMAP_QUERY_CALL _IOWR('f', 17, struct query)
enum { VMA_READABLE = 1, VMA_WRITABLE = 2 };

struct GateMaps {
  pid_t pid;
  int fd;     /* of maps */
  FILE *text; /* of maps, where it cannot be asked; NULL */
  GateMapping last;
  gboolean last_is_file; /* its line shows a path */
};

GateMaps *gate_maps_open(pid_t pid, gboolean text) {
  char path[64];
  g_snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return NULL;
  GateMaps *maps = g_new0(GateMaps, 1);
  maps->pid = pid;
  maps->fd = fd;
  struct query query = {.size = sizeof query};
  if (text || (ioctl(fd, PROCMAP_QUERY_CALL, &query) < 0 && errno == ENOTTY))
    maps->text = fdopen(fd, "r");
  return maps;
}

void gate_maps_close(GateMaps *maps) {
  if (!maps)
    return;
  if (maps->text)
    fclose(maps->text);
  else
    close(maps->fd);
  g_free(maps);
}

static gboolean ask(const GateMaps *maps, guint64 addr, struct query *query) {
  *query = (struct query){.size = sizeof *query, .query_addr = addr};
  return ioctl(maps->fd, PROCMAP_QUERY_CALL, query) == 0;
}

/* ---- from the text ---- */

static gboolean read_at(GateMaps *maps, guint64 addr, GateMapping *mapping) {
  char *line = NULL, perms[5];
  size_t size = 0;
  while (maps->last.end <= addr && getline(&line, &size, maps->text) > 0) {
    GateMapping *last = &maps->last;
    if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s", &last->start, &last->end, perms) != 3)
      break;
    last->readable = perms[0] == 'r';
    last->writable = perms[1] == 'w';
    maps->last_is_file = strchr(line, '/') != NULL;
  }
  free(line);
  *mapping = maps->last;
  return mapping->start <= addr && addr < mapping->end;
}

/* The smallest of the KernelPageSize lines of smaps. */
static guint read_page_shift(const GateMaps *maps, guint64 addr, guint64 len) {
  char path[64], *line = NULL;
  size_t size = 0;
  guint shift = 0;
  gboolean inside = FALSE;
  g_snprintf(path, sizeof path, "/proc/%d/smaps", (int)maps->pid);
  FILE *smaps = fopen(path, "re");
  while (smaps && getline(&line, &size, smaps) > 0) {
    guint64 start, end, kib;
    if (sscanf(line, "%" SCNx64 "-%" SCNx64 " ", &start, &end) == 2) {
      if (start - addr < G_MAXINT64 && start - addr >= len)
        break;
      inside = end > addr;
    } else if (inside && sscanf(line, "KernelPageSize: %" SCNu64 " kB", &kib) == 1) {
      guint s = g_bit_storage(kib << 10) - 1;
      shift = shift ? MIN(shift, s) : s;
    }
  }
  free(line);
  if (smaps)
    fclose(smaps);
  return shift;
}

/* ---- from either ---- */

gboolean gate_maps_at(GateMaps *maps, guint64 addr, GateMapping *mapping) {
  struct query query;
  if (maps->text)
    return read_at(maps, addr, mapping);
  if (!ask(maps, addr, &query))
    return FALSE;
  *mapping = (GateMapping){query.vma_start, query.vma_end, (query.vma_flags & VMA_READABLE) != 0,
                           (query.vma_flags & VMA_WRITABLE) != 0};
  return TRUE;
}

guint gate_maps_page_shift(GateMaps *maps, guint64 addr, guint64 len) {
  struct query query;
  guint64 at = addr;
  guint shift = 0;
  if (maps->text) /* pages of hugetlbfs show a path; only then is the expensive look worth it */
    return maps->last_is_file ? read_page_shift(maps, addr, len) : 0;
  while (at - addr < len && ask(maps, at, &query)) {
    guint s = g_bit_storage(query.vma_page_size) - 1;
    shift = shift ? MIN(shift, s) : s;
    at = query.vma_end;
  }
  return shift;
}
