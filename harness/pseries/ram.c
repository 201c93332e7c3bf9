/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/pseries/ram.h"

#include <errno.h>
#include <sys/mman.h>

#include "harness/pseries/error.h"

typedef struct {
  char *name;
  guint slot;
  guint64 start, size;
  void *mapping; /* with room for the alignment */
  gsize mapping_size;
  void *memory;
} Block;

struct PseriesRam {
  VfioAddressSpace *memory;
  PseriesVm *vm;
  gsize page_size;
  PseriesRamMapped mapped;
  gpointer data;
  GPtrArray *blocks; /* of Block*, in the order of their coming */
};

PseriesRam *pseries_ram_new(VfioAddressSpace *memory, PseriesVm *vm, gsize page_size, PseriesRamMapped mapped,
                            gpointer data) {
  PseriesRam *ram = g_new0(PseriesRam, 1);

  ram->memory = memory;
  ram->vm = vm;
  ram->page_size = page_size;
  ram->mapped = mapped;
  ram->data = data;
  ram->blocks = g_ptr_array_new();
  return ram;
}

static gboolean map_block(PseriesRam *ram, Block *block, GError **error) {
  block->mapping_size = block->size + ram->page_size;
  block->mapping =
      mmap(NULL, block->mapping_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (block->mapping == MAP_FAILED) {
    g_set_error(error, PSERIES_ERROR, ENOMEM, "RAM of 0x%" G_GINT64_MODIFIER "x bytes: no memory", block->size);
    return FALSE;
  }
  block->memory = (void *)(((guintptr)block->mapping + ram->page_size - 1) & ~(guintptr)(ram->page_size - 1));
  if (ram->mapped)
    ram->mapped(ram->data, block->memory, block->size, TRUE);
  return TRUE;
}

static void unmap_block(PseriesRam *ram, Block *block) {
  if (ram->mapped)
    ram->mapped(ram->data, block->memory, block->size, FALSE);
  munmap(block->mapping, block->mapping_size);
}

static void drop_slot(PseriesRam *ram, const Block *block) {
  g_autoptr(GError) error = NULL;

  if (ram->vm && !pseries_vm_set_memory(ram->vm, block->slot, block->start, 0, NULL, &error))
    g_warning("RAM at 0x%" G_GINT64_MODIFIER "x: %s", block->start, error->message);
}

static void free_block(Block *block) {
  g_free(block->name);
  g_free(block);
}

static guint free_slot(const PseriesRam *ram) {
  guint slot = 0;

  for (guint i = 0; i < ram->blocks->len; i++)
    if (((Block *)ram->blocks->pdata[i])->slot == slot) {
      slot++;
      i = (guint)-1;
    }
  return slot;
}

gboolean pseries_ram_add(PseriesRam *ram, const char *name, guint64 start, guint64 size, GError **error) {
  if (size == 0 || (start | size) & (ram->page_size - 1) || start + (size - 1) < start) {
    g_set_error(error, PSERIES_ERROR, EINVAL,
                "RAM at 0x%" G_GINT64_MODIFIER "x, 0x%" G_GINT64_MODIFIER
                "x bytes: it comes in pages of %" G_GSIZE_FORMAT " bytes",
                start, size, ram->page_size);
    return FALSE;
  }
  Block *block = g_new0(Block, 1);

  block->name = g_strdup(name);
  block->slot = free_slot(ram);
  block->start = start;
  block->size = size;
  if (!map_block(ram, block, error))
    goto free;
  if (ram->vm && !pseries_vm_set_memory(ram->vm, block->slot, start, size, block->memory, error))
    goto unmap;
  if (!vfio_address_space_add_ram(ram->memory, start, size, block->memory, error))
    goto slot;
  g_ptr_array_add(ram->blocks, block);
  return TRUE;

slot:
  drop_slot(ram, block);
unmap:
  unmap_block(ram, block);
free:
  free_block(block);
  return FALSE;
}

static void remove_block(PseriesRam *ram, guint i) {
  Block *block = g_ptr_array_remove_index(ram->blocks, i);

  vfio_address_space_remove(ram->memory, block->start);
  drop_slot(ram, block);
  unmap_block(ram, block);
  free_block(block);
}

gboolean pseries_ram_remove(PseriesRam *ram, const char *name, GError **error) {
  for (guint i = 0; i < ram->blocks->len; i++)
    if (g_str_equal(((Block *)ram->blocks->pdata[i])->name, name)) {
      remove_block(ram, i);
      return TRUE;
    }
  g_set_error(error, PSERIES_ERROR, ENOENT, "there is no RAM block %s", name);
  return FALSE;
}

void pseries_ram_free(PseriesRam *ram) {
  if (!ram)
    return;
  while (ram->blocks->len > 0)
    remove_block(ram, ram->blocks->len - 1);
  g_ptr_array_unref(ram->blocks);
  g_free(ram);
}

void *pseries_ram_at(PseriesRam *ram, guint64 gpa, gsize len) {
  return vfio_address_space_translate(ram->memory, gpa, len);
}
