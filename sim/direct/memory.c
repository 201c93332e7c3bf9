/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/direct/memory.h"

#include <stdio.h>
#include <string.h>

#include "sim/direct/guard.h"

GArray *memory_new(void) {
  return g_array_new(FALSE, FALSE, sizeof(MemoryRange));
}

void memory_forget(GArray *ranges, guint64 start, guint64 size) {
  guint64 end = start + size;

  for (guint i = 0; i < ranges->len;) {
    MemoryRange range = g_array_index(ranges, MemoryRange, i);
    guint64 range_end = range.start + range.size;

    if (range.start >= end || range_end <= start) {
      i++;
      continue;
    }
    g_array_remove_index(ranges, i);
    if (range.start < start) {
      MemoryRange before = range;

      before.size = start - range.start;
      g_array_insert_val(ranges, i, before);
      i++;
    }
    if (range_end > end) {
      range.start = end;
      range.size = range_end - end;
      g_array_insert_val(ranges, i, range);
      i++;
    }
  }
}

void memory_declare(GArray *ranges, const MemoryRange *range) {
  guint at = 0;

  memory_forget(ranges, range->start, range->size);
  while (at < ranges->len && g_array_index(ranges, MemoryRange, at).start < range->start)
    at++;
  g_array_insert_vals(ranges, at, range, 1);
}

static const MemoryRange *find(const GArray *ranges, guint64 addr) {
  for (guint i = 0; ranges && i < ranges->len; i++) {
    const MemoryRange *range = &g_array_index(ranges, MemoryRange, i);

    if (addr >= range->start && addr - range->start < range->size)
      return range;
  }
  return NULL;
}

static gboolean readable(guint64 addr) {
  guint8 byte;

  return guard_read(addr, &byte, sizeof byte) == 0;
}

/* A mapping may be longer than its file: how much of it is there. */
static guint64 backed(guint64 start, guint64 size) {
  guint64 low = 0, high = size / 4096;

  if (!size || readable(start + size - 1))
    return size;
  while (low < high) {
    guint64 mid = low + (high - low) / 2;

    if (readable(start + mid * 4096))
      low = mid + 1;
    else
      high = mid;
  }
  return low * 4096;
}

/* The mappings of this process from addr on, as far as they have no gap. */
static GArray *read_maps(guint64 addr) {
  GArray *ranges = memory_new();
  FILE *file = fopen("/proc/self/maps", "re");
  char line[512];

  while (file && fgets(line, sizeof line, file)) {
    unsigned long long start, end;
    char perms[5];
    guint64 inode = 0;

    if (sscanf(line, "%llx-%llx %4s %*s %*s %" G_GUINT64_FORMAT, &start, &end, perms, &inode) < 3 || end <= addr ||
        perms[0] != 'r')
      continue;
    if (start > addr)
      break;
    MemoryRange range = {.start = start, .size = end - start, .writable = perms[1] == 'w'};
    if (inode)
      range.size = backed(start, range.size);
    g_array_append_val(ranges, range);
    addr = start + range.size;
  }
  if (file)
    fclose(file);
  return ranges;
}

guint64 memory_pin(const GArray *ranges, guint64 addr, guint64 len, gboolean write, guint host_page_shift,
                   guint *page_shift) {
  g_autoptr(GArray) maps = NULL;
  guint64 done = 0;

  while (done < len) {
    const MemoryRange *range = find(ranges, addr + done);

    if (!range) {
      if (!maps)
        maps = read_maps(addr + done);
      range = find(maps, addr + done);
    }
    if (!range || (write && !range->writable))
      break;
    *page_shift = MIN(*page_shift, MAX(range->huge_shift, host_page_shift));
    done += MIN(range->start + range->size - (addr + done), len - done);
  }
  return done;
}
