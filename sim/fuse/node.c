/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/fuse/node.h"

#include <unistd.h>

struct SimNodes {
  GHashTable *by_ino;
  guint64 base; /* numbers that no other file system gives out, nor another simulator on this machine */
  guint64 serial;
};

enum { SERIAL_BITS = 32 };

static void node_free(SimNode *node) {
  g_clear_pointer(&node->file, sim_file_unref);
  g_free(node);
}

SimNodes *sim_nodes_new(void) {
  SimNodes *nodes = g_new0(SimNodes, 1);
  nodes->base = (guint64)'V' << 56 | (guint64)getpid() << SERIAL_BITS;
  nodes->by_ino = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, (GDestroyNotify)node_free);
  return nodes;
}

void sim_nodes_free(SimNodes *nodes) {
  if (!nodes)
    return;
  g_hash_table_unref(nodes->by_ino);
  g_free(nodes);
}

SimNode *sim_nodes_add(SimNodes *nodes, const SimEntry *entry) {
  SimNode *node = g_new0(SimNode, 1);
  node->ino = nodes->base | ++nodes->serial;
  node->entry = entry;
  node->lookups = 1;
  g_hash_table_insert(nodes->by_ino, &node->ino, node);
  return node;
}

SimNode *sim_nodes_find(const SimNodes *nodes, guint64 ino) {
  return g_hash_table_lookup(nodes->by_ino, &ino);
}

gboolean sim_nodes_owns(const SimNodes *nodes, guint64 ino) {
  return ino >> SERIAL_BITS == nodes->base >> SERIAL_BITS;
}

static void drop_if_idle(SimNodes *nodes, SimNode *node) {
  /* FORGET may overtake RELEASE. */
  if (node->lookups == 0 && !node->open)
    g_hash_table_remove(nodes->by_ino, &node->ino);
}

void sim_nodes_forget(SimNodes *nodes, SimNode *node, guint64 lookups) {
  node->lookups -= MIN(lookups, node->lookups);
  drop_if_idle(nodes, node);
}

void sim_nodes_closed(SimNodes *nodes, SimNode *node) {
  node->open = FALSE;
  drop_if_idle(nodes, node);
}

GArray *sim_nodes_take_cached(SimNodes *nodes) {
  GArray *inos = g_array_new(FALSE, FALSE, sizeof(guint64));
  GHashTableIter iter;
  SimNode *node;
  g_hash_table_iter_init(&iter, nodes->by_ino);
  while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&node)) {
    if (node->cached)
      g_array_append_val(inos, node->ino);
    node->cached = FALSE;
  }
  return inos;
}
