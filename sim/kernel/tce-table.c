/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hardware TCE tables, sparse: a radix tree of 512-way nodes with 512-entry leaves, as high as the table needs, holding
 * only what is in use. Windows of 2^31 entries cost nothing until something is mapped, and clearing one costs what is
 * there.
 */
#include "sim/kernel/internal.h"

enum { FAN_SHIFT = 9, FAN = 1 << FAN_SHIFT };

typedef struct {
  guint used; /* slots that are not empty */
  guint64 tce[FAN];
} Leaf;

typedef struct {
  guint used;
  void *child[FAN]; /* Node, or Leaf at height 1 */
} Node;

struct SimTceTable {
  guint refs;
  SimKernel *kernel;
  guint page_shift;
  guint64 offset, entries;
  SimMm *mm;
  gboolean userspace;
  guint height; /* 0: the root is a leaf */
  void *root;
  guint64 in_use;
  gsize bytes;
  Leaf *last; /* where the last entry was found, of index last_index << FAN_SHIFT */
  guint64 last_index;
};

SimTceTable *sim_tce_table_new(SimKernel *kernel, guint page_shift, guint64 offset_pages, guint64 entries) {
  SimTceTable *table = g_new0(SimTceTable, 1);

  table->refs = 1;
  table->kernel = kernel;
  table->page_shift = page_shift;
  table->offset = offset_pages;
  table->entries = entries;
  table->userspace = TRUE;
  while (table->height < 7 && (MAX(entries, 1) - 1) >> (FAN_SHIFT * (table->height + 1)))
    table->height++;
  table->bytes = sizeof *table;
  kernel->table_bytes += sizeof *table;
  return table;
}

SimTceTable *sim_tce_table_ref(SimTceTable *table) {
  table->refs++;
  return table;
}

static void *node_new(SimTceTable *table, gsize size) {
  table->bytes += size;
  table->kernel->table_bytes += size;
  return g_malloc0(size);
}

static void node_free(SimTceTable *table, void *node, gsize size) {
  table->bytes -= size;
  table->kernel->table_bytes -= size;
  g_free(node);
}

static void free_tree(SimTceTable *table, void *at, guint height) {
  if (!at)
    return;
  if (height) {
    Node *node = at;

    for (guint i = 0; node->used && i < FAN; i++) {
      if (node->child[i]) {
        free_tree(table, node->child[i], height - 1);
        node->used--;
      }
    }
  }
  node_free(table, at, height ? sizeof(Node) : sizeof(Leaf));
}

/* What the entries have counted in their regions stays counted (KV-56): only sim_tce_clear() takes it back. */
void sim_tce_table_unref(SimTceTable *table) {
  if (!table || --table->refs)
    return;
  free_tree(table, table->root, table->height);
  table->kernel->census.tces -= table->in_use;
  table->kernel->table_bytes -= sizeof *table;
  if (table->mm)
    sim_mm_unref(table->mm);
  g_free(table);
}

guint sim_tce_table_page_shift(const SimTceTable *table) {
  return table->page_shift;
}

guint64 sim_tce_table_offset(const SimTceTable *table) {
  return table->offset;
}

guint64 sim_tce_table_entries(const SimTceTable *table) {
  return table->entries;
}

void sim_tce_table_set_mm(SimTceTable *table, SimMm *mm) {
  if (mm)
    sim_mm_ref(mm);
  if (table->mm)
    sim_mm_unref(table->mm);
  table->mm = mm;
}

SimMm *sim_tce_table_mm(const SimTceTable *table) {
  return table->mm;
}

gboolean sim_tce_table_userspace(const SimTceTable *table) {
  return table->userspace;
}

void sim_tce_table_set_userspace(SimTceTable *table, gboolean userspace) {
  table->userspace = userspace;
}

static guint slot_of(guint64 index, guint height) {
  return (guint)(index >> (FAN_SHIFT * height)) & (FAN - 1);
}

static Leaf *find_leaf(const SimTceTable *table, guint64 index) {
  void *at = table->root;

  if (table->last && table->last_index == index >> FAN_SHIFT)
    return table->last;
  for (guint height = table->height; at && height; height--)
    at = ((Node *)at)->child[slot_of(index, height)];
  return at;
}

static Leaf *make_leaf(SimTceTable *table, guint64 index) {
  void **at = &table->root;

  for (guint height = table->height; height; height--) {
    Node *node = *at;

    if (!node)
      *at = node = node_new(table, sizeof *node);
    at = &node->child[slot_of(index, height)];
    if (!*at)
      node->used++;
    if (!*at && height > 1)
      *at = node_new(table, sizeof(Node));
  }
  if (!*at)
    *at = node_new(table, sizeof(Leaf));
  return *at;
}

/* Frees the leaf of index and every node that this leaves empty. TRUE: *at is gone. */
static gboolean prune(SimTceTable *table, void **at, guint64 index, guint height) {
  if (height) {
    Node *node = *at;

    if (!prune(table, &node->child[slot_of(index, height)], index, height - 1))
      return FALSE;
    if (--node->used)
      return FALSE;
  }
  node_free(table, *at, height ? sizeof(Node) : sizeof(Leaf));
  *at = NULL;
  return TRUE;
}

guint64 sim_tce_get(const SimTceTable *table, guint64 index) {
  const Leaf *leaf = index < table->entries ? find_leaf(table, index) : NULL;

  return leaf ? leaf->tce[index & (FAN - 1)] : 0;
}

void sim_tce_set(SimTceTable *table, guint64 index, guint64 entry, guint64 *old) {
  Leaf *leaf;
  guint64 *slot;

  *old = 0;
  g_return_if_fail(index < table->entries);
  leaf = find_leaf(table, index);
  if (!leaf && !entry)
    return;
  if (!leaf)
    leaf = make_leaf(table, index);
  table->last = leaf;
  table->last_index = index >> FAN_SHIFT;
  slot = &leaf->tce[index & (FAN - 1)];
  *old = *slot;
  *slot = entry;
  if (!*old && entry) {
    leaf->used++;
    table->in_use++;
    table->kernel->census.tces++;
  } else if (*old && !entry) {
    leaf->used--;
    table->in_use--;
    table->kernel->census.tces--;
    if (!leaf->used) {
      table->last = NULL;
      prune(table, &table->root, index, table->height);
    }
  }
}

/* The first index in use at or after `index` and before `end`; `end` if there is none. */
static guint64 next_in_use(const SimTceTable *table, guint64 index, guint64 end) {
  while (index < end) {
    void *at = table->root;
    guint height = table->height;

    if (table->last && table->last_index == index >> FAN_SHIFT) {
      at = table->last;
      height = 0;
    }
    while (at && height) {
      at = ((Node *)at)->child[slot_of(index, height)];
      height--;
    }
    if (at) {
      const Leaf *leaf = at;

      do {
        if (leaf->tce[index & (FAN - 1)])
          return index;
        index++;
      } while (index < end && (index & (FAN - 1)));
    } else {
      /* Nothing below this slot: go on behind it. */
      guint shift = FAN_SHIFT * (height + 1);

      if (shift >= 64 || (index >> shift) + 1 > (end >> shift))
        return end;
      index = ((index >> shift) + 1) << shift;
    }
  }
  return end;
}

void sim_tce_foreach(SimTceTable *table, guint64 index, guint64 count, SimTceFunc func, gpointer data) {
  guint64 end;

  if (index >= table->entries)
    return;
  end = index + MIN(count, table->entries - index);
  while (table->in_use && (index = next_in_use(table, index, end)) < end) {
    func(table, index, sim_tce_get(table, index), data);
    index++;
  }
}

guint64 sim_tce_in_use(const SimTceTable *table) {
  return table->in_use;
}

gsize sim_tce_table_bytes(const SimTceTable *table) {
  return table->bytes;
}

static void clear_one(SimTceTable *table, guint64 index, guint64 entry, gpointer data) {
  SimRegion *region = NULL;
  guint64 old;

  if (table->mm)
    region = sim_region_covering(table->mm, entry & ~(guint64)SIM_TCE_PERM, G_GUINT64_CONSTANT(1) << table->page_shift);
  if (region)
    sim_region_mapped_dec(region);
  sim_tce_set(table, index, 0, &old);
}

void sim_tce_clear(SimTceTable *table, guint64 index, guint64 count) {
  sim_tce_foreach(table, index, count, clear_one, NULL);
}
