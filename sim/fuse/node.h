/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The inodes of open files. Each lookup of a node makes a new one, so that its number, which /proc/PID/fdinfo shows,
 * names one open file description.
 */
#pragma once

#include "sim/fuse/tree.h"
#include "sim/kernel/kernel.h"

G_BEGIN_DECLS

typedef struct {
  guint64 ino;
  const SimEntry *entry;
  guint64 lookups; /* references of the caller's kernel */
  gboolean open;   /* an open file description is there */
  gboolean used;   /* ... or was: an inode is opened once */
  SimFile *file;   /* owned while open; NULL: an anonymous file that nobody has been given yet */
  guint serial;    /* of the process that opened it */
  void *memory;    /* ABI_TABLE: what is mapped; the port's */
  gsize size;
  gboolean cached; /* its pages may be in the page cache */
} SimNode;

typedef struct SimNodes SimNodes;

SimNodes *sim_nodes_new(void);
void sim_nodes_free(SimNodes *nodes); /* open files' references are dropped */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SimNodes, sim_nodes_free)

/* A new node with one lookup. */
SimNode *sim_nodes_add(SimNodes *nodes, const SimEntry *entry);
SimNode *sim_nodes_find(const SimNodes *nodes, guint64 ino); /* NULL */
/* Whether the number could be one of these nodes at all. */
gboolean sim_nodes_owns(const SimNodes *nodes, guint64 ino);

/* The node goes when it is neither looked up nor open. */
void sim_nodes_forget(SimNodes *nodes, SimNode *node, guint64 lookups);
void sim_nodes_closed(SimNodes *nodes, SimNode *node);

/* Inode numbers (guint64) of tables whose pages may be cached; their marks are cleared. */
GArray *sim_nodes_take_cached(SimNodes *nodes);

G_END_DECLS
