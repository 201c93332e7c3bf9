/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The directory tree of the simulated nodes: made at the start; groups' nodes and what tells a device's driver come and
 * go. Every entry has an inode number of its own, 1 for the root; a node's open files have others (node.h).
 */
#pragma once

#include <sys/stat.h>

#include "sim/abi/abi.h"

G_BEGIN_DECLS

typedef struct SimTree SimTree;
typedef struct SimEntry SimEntry;

typedef enum {
  SIM_ENTRY_DIRECTORY,
  SIM_ENTRY_FILE, /* bytes to read */
  SIM_ENTRY_LINK, /* a symbolic link */
  SIM_ENTRY_NODE, /* opening it makes a file of the model */
} SimEntryType;

struct SimEntry {
  guint64 ino;
  char *name;
  SimEntryType type;
  SimEntry *parent;    /* the root's is the root */
  GPtrArray *children; /* of SimEntry*: directories, else NULL */
  char *text;          /* a file's contents or a link's target, and a NUL */
  gsize size;          /* of the text */
  AbiKind kind;   /* of a node: ABI_CONTAINER, ABI_GROUP, ABI_KVM; ABI_TABLE: a file that can be mapped; ABI_NONE: an
                     anonymous file */
  guint group;    /* ABI_GROUP: its number */
  guint64 device; /* not 0: the entry is there only while that device is bound to ... */
  guint driver;   /* ... this SimDriver */
};

SimTree *sim_tree_new(void);
void sim_tree_free(SimTree *tree);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SimTree, sim_tree_free)

/* Makers. parent NULL: the root. Entries belong to the tree; names and texts are copied. */
SimEntry *sim_tree_directory(SimTree *tree, SimEntry *parent, const char *name);
SimEntry *sim_tree_file(SimTree *tree, SimEntry *parent, const char *name, const char *format, ...) G_GNUC_PRINTF(4, 5);
void sim_tree_data(SimTree *tree, SimEntry *parent, const char *name, const void *data, gsize size); /* a file */
SimEntry *sim_tree_link(SimTree *tree, SimEntry *parent, const char *name, const char *format, ...) G_GNUC_PRINTF(4, 5);
void sim_tree_node(SimTree *tree, SimEntry *parent, const char *name, AbiKind kind, guint group);

/* Makes an entry come and go with a device's driver. */
void sim_entry_follow(SimEntry *entry, guint64 device, guint driver);

const SimEntry *sim_tree_entry(const SimTree *tree, guint64 ino); /* NULL */
/* The entry of that name that is there now; NULL. */
typedef gboolean (*SimEntryFunc)(const SimEntry *entry, gpointer data);
const SimEntry *sim_entry_child(const SimEntry *directory, const char *name, SimEntryFunc is_there, gpointer data);
void sim_entry_stat(const SimEntry *entry, struct stat *st);

G_END_DECLS
