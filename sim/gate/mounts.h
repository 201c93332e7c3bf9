/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Puts directories over paths of the namespace. A path that exists is bound over. One that does not exist cannot simply
 * be made (/dev and /sys may be another's): its nearest existing ancestor is replaced by a tmpfs that mirrors it entry
 * by entry, and there it is made.
 */
#pragma once

#include "sim/gate/error.h"

G_BEGIN_DECLS

typedef struct GateMounts GateMounts;

/* A private workshop: a tmpfs over a directory of the namespace, covered until gate_mounts_finish(). */
GateMounts *gate_mounts_new(GError **error);
void gate_mounts_free(GateMounts *mounts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GateMounts, gate_mounts_free)

/* Makes an empty directory in the workshop and returns its path. */
char *gate_mounts_directory(GateMounts *mounts, const char *name, GError **error);

/* Puts the directory or file `source` at the absolute path `target`; both must be of the same kind. */
gboolean gate_mounts_bind(GateMounts *mounts, const char *source, const char *target, GError **error);

/* Makes sure that `target`, a directory, can be written into: it becomes a mirror. Nothing is done if it is one. */
gboolean gate_mounts_mirror(GateMounts *mounts, const char *target, GError **error);

/* Makes an empty directory at `target` if there is nothing. */
gboolean gate_mounts_directory_at(GateMounts *mounts, const char *target, GError **error);

/* Takes a file out of a mirror, if it is there. */
gboolean gate_mounts_hide(GateMounts *mounts, const char *path, GError **error);

/* Takes the workshop away; what was bound stays. */
gboolean gate_mounts_finish(GateMounts *mounts, GError **error);

G_END_DECLS
