/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/fuse/tree.h"

#include <string.h>
#include <unistd.h>

struct SimTree {
  GPtrArray *entries; /* of SimEntry*; the entry of inode n is at n - 1 */
};

static void entry_free(SimEntry *entry) {
  g_clear_pointer(&entry->children, g_ptr_array_unref);
  g_free(entry->name);
  g_free(entry->text);
  g_free(entry);
}

static SimEntry *add(SimTree *tree, SimEntry *parent, const char *name, SimEntryType type) {
  SimEntry *entry = g_new0(SimEntry, 1);
  g_ptr_array_add(tree->entries, entry);
  entry->ino = tree->entries->len;
  entry->name = g_strdup(name);
  entry->type = type;
  if (type == SIM_ENTRY_DIRECTORY)
    entry->children = g_ptr_array_new();
  if (!parent && entry->ino > 1)
    parent = tree->entries->pdata[0];
  entry->parent = parent ? parent : entry;
  if (parent)
    g_ptr_array_add(parent->children, entry);
  return entry;
}

SimTree *sim_tree_new(void) {
  SimTree *tree = g_new0(SimTree, 1);
  tree->entries = g_ptr_array_new_with_free_func((GDestroyNotify)entry_free);
  add(tree, NULL, "", SIM_ENTRY_DIRECTORY);
  return tree;
}

void sim_tree_free(SimTree *tree) {
  if (!tree)
    return;
  g_ptr_array_unref(tree->entries);
  g_free(tree);
}

SimEntry *sim_tree_directory(SimTree *tree, SimEntry *parent, const char *name) {
  return add(tree, parent, name, SIM_ENTRY_DIRECTORY);
}

static void set_text(SimEntry *entry, const char *format, va_list args) {
  entry->text = g_strdup_vprintf(format, args);
  entry->size = strlen(entry->text);
}

SimEntry *sim_tree_file(SimTree *tree, SimEntry *parent, const char *name, const char *format, ...) {
  SimEntry *entry = add(tree, parent, name, SIM_ENTRY_FILE);
  va_list args;
  va_start(args, format);
  set_text(entry, format, args);
  va_end(args);
  return entry;
}

void sim_tree_data(SimTree *tree, SimEntry *parent, const char *name, const void *data, gsize size) {
  SimEntry *entry = add(tree, parent, name, SIM_ENTRY_FILE);
  entry->text = g_malloc0(size + 1);
  memcpy(entry->text, data, size);
  entry->size = size;
}

SimEntry *sim_tree_link(SimTree *tree, SimEntry *parent, const char *name, const char *format, ...) {
  SimEntry *entry = add(tree, parent, name, SIM_ENTRY_LINK);
  va_list args;
  va_start(args, format);
  set_text(entry, format, args);
  va_end(args);
  return entry;
}

void sim_entry_follow(SimEntry *entry, guint64 device, guint driver) {
  entry->device = device;
  entry->driver = driver;
}

void sim_tree_node(SimTree *tree, SimEntry *parent, const char *name, AbiKind kind, guint group) {
  SimEntry *entry = add(tree, parent, name, SIM_ENTRY_NODE);
  entry->kind = kind;
  entry->group = group;
}

const SimEntry *sim_tree_entry(const SimTree *tree, guint64 ino) {
  return ino > 0 && ino <= tree->entries->len ? tree->entries->pdata[ino - 1] : NULL;
}

const SimEntry *sim_entry_child(const SimEntry *directory, const char *name, SimEntryFunc is_there, gpointer data) {
  for (guint i = 0; directory->children && i < directory->children->len; i++) {
    const SimEntry *entry = directory->children->pdata[i];
    if (g_str_equal(entry->name, name) && is_there(entry, data))
      return entry;
  }
  return NULL;
}

void sim_entry_stat(const SimEntry *entry, struct stat *st) {
  static const mode_t modes[] = {
      [SIM_ENTRY_DIRECTORY] = S_IFDIR | 0755,
      [SIM_ENTRY_FILE] = S_IFREG | 0444,
      [SIM_ENTRY_LINK] = S_IFLNK | 0777,
      [SIM_ENTRY_NODE] = S_IFREG | 0600,
  };
  memset(st, 0, sizeof *st);
  st->st_ino = entry->ino;
  st->st_mode = modes[entry->type];
  if (entry->type == SIM_ENTRY_NODE && entry->kind == ABI_CONTAINER)
    st->st_mode |= 0666; /* drivers/vfio/container.c: anybody may have a container (CG-1) */
  st->st_nlink = 1;
  st->st_uid = geteuid();
  st->st_gid = getegid();
  st->st_size = (off_t)entry->size;
}
