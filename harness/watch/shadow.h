/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the calls of a trace have built so far: which groups are in which container and known to KVM, which windows are
 * open, which guest tables feed them, what is mapped and registered. Private to harness/watch.
 *
 * It follows only what succeeded, and only SPAPR v2 containers have windows here: those that TCE_CREATE made.
 */
#pragma once

#include "harness/watch/ranges.h"
#include "sim/host/host.h"
#include "sim/trace/trace.h"

G_BEGIN_DECLS

typedef struct {
  guint64 start, size; /* bytes of I/O address space */
  guint page_shift;
  TraceEvent *made;
  gboolean unfed_told;
} ShadowWindow;

typedef struct {
  guint64 id;
  gboolean open;      /* an fd of it is */
  guint n_groups;     /* in it */
  GPtrArray *windows; /* of ShadowWindow* */
  Ranges *mapped;     /* I/O addresses */
  Ranges *registered; /* user addresses */
} ShadowContainer;

typedef struct {
  guint64 number;
  gboolean open;               /* an fd of it is */
  guint devices;               /* fds of its devices are */
  ShadowContainer *container;  /* NULL: in none */
  guint64 kvm_vfio;            /* that knows it; 0: none */
  gboolean asked;              /* SET_SPAPR_TCE has named it, whatever came of it, since KVM knows it */
  TraceEvent *set, *add, *use; /* SET_CONTAINER, GROUP_ADD, the newest GET_DEVICE_FD; NULL: not made, or undone */
} ShadowGroup;

/* A guest's table. */
typedef struct {
  guint64 vm, liobn;
  guint64 start, size; /* bytes of I/O address space */
  guint page_shift;
  TraceEvent *made;
} ShadowTable;

/* SET_SPAPR_TCE: what the guest writes into a table goes into the hardware table of a window. */
typedef struct {
  ShadowTable *table;
  const ShadowWindow *window; /* NULL: it was closed, the attachment has outlived it */
  guint count;
  TraceEvent *made;
} ShadowFeed;

typedef struct {
  gboolean del_releases; /* GROUP_DEL does what KV-53 says for any group: up to 5.18 (KV-57) */
  GPtrArray *containers, *groups, *tables, *feeds; /* of the above, owned */
  GHashTable *vm_of;                               /* kvm-vfio id -> VM id */
  GHashTable *device_group;                        /* device id -> number of the group it was had from */
  GHashTable *opened;                              /* name of an object that is open -> TraceEvent* that made it */
} Shadow;

/* host: not kept. */
void shadow_init(Shadow *shadow, const SimHost *host);
void shadow_clear(Shadow *shadow);

/* Takes an answered call in. */
void shadow_event(Shadow *shadow, const TraceEvent *event);

ShadowContainer *shadow_container(const Shadow *shadow, guint64 id); /* NULL: none such */
ShadowGroup *shadow_group(const Shadow *shadow, guint64 number);     /* NULL: never seen */

/* Whether the guest's table covers what the window does, as SET_SPAPR_TCE would pair them (KV-46). */
gboolean shadow_pairs(const ShadowTable *table, const ShadowWindow *window);
/* The feed that lets some table write the window; NULL: none. */
ShadowFeed *shadow_feed_of(const Shadow *shadow, const ShadowWindow *window);
/* The window of the container that holds the I/O address; NULL. */
ShadowWindow *shadow_window_at(const ShadowContainer *container, guint64 ioba);

G_END_DECLS
