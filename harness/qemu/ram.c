/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/qemu/ram.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef struct {
  char *name, *path;
  guint64 gpa, size;
  int fd;
  void *memory;
} Block;

struct QemuRam {
  GPtrArray *blocks; /* of Block* */
};

static void block_free(gpointer data) {
  Block *block = data;

  if (block->memory)
    munmap(block->memory, block->size);
  if (block->fd >= 0)
    close(block->fd);
  g_free(block->name);
  g_free(block->path);
  g_free(block);
}

QemuRam *qemu_ram_new(void) {
  QemuRam *ram = g_new0(QemuRam, 1);

  ram->blocks = g_ptr_array_new_with_free_func(block_free);
  return ram;
}

void qemu_ram_free(QemuRam *ram) {
  if (!ram)
    return;
  g_ptr_array_unref(ram->blocks);
  g_free(ram);
}

const char *qemu_ram_add(QemuRam *ram, const char *name, guint64 gpa, guint64 size, GError **error) {
  Block *block = g_new0(Block, 1);
  void *memory = MAP_FAILED;

  block->name = g_strdup(name);
  block->gpa = gpa;
  block->size = size;
  block->fd = memfd_create("vfiosim-guest-ram", MFD_CLOEXEC);
  block->path = g_strdup_printf("/proc/%d/fd/%d", getpid(), block->fd);
  if (block->fd >= 0 && ftruncate(block->fd, (off_t)size) == 0)
    memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, block->fd, 0);
  if (memory == MAP_FAILED) {
    g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(errno),
                "cannot make 0x%" G_GINT64_MODIFIER "x bytes of guest memory: %s", size, g_strerror(errno));
    block_free(block);
    return NULL;
  }
  block->memory = memory;
  g_ptr_array_add(ram->blocks, block);
  return block->path;
}

static Block *find(const QemuRam *ram, const char *name) {
  for (guint i = 0; i < ram->blocks->len; i++) {
    Block *block = ram->blocks->pdata[i];
    if (strcmp(block->name, name) == 0)
      return block;
  }
  return NULL;
}

void qemu_ram_remove(QemuRam *ram, const char *name) {
  Block *block = find(ram, name);

  if (block)
    g_ptr_array_remove(ram->blocks, block);
}

gboolean qemu_ram_find(const QemuRam *ram, const char *name, guint64 *gpa, guint64 *size) {
  const Block *block = find(ram, name);

  if (!block)
    return FALSE;
  *gpa = block->gpa;
  *size = block->size;
  return TRUE;
}

void *qemu_ram_at(const QemuRam *ram, guint64 gpa, gsize len) {
  for (guint i = 0; i < ram->blocks->len; i++) {
    const Block *block = ram->blocks->pdata[i];
    if (gpa >= block->gpa && gpa - block->gpa <= block->size && len <= block->size - (gpa - block->gpa))
      return (guint8 *)block->memory + (gpa - block->gpa);
  }
  return NULL;
}
