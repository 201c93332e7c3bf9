/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where scripts/fetch leaves what it unpacks. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A path below the folder of a set, whether or not it is there: $VFIOSIM_CACHE/SET/BELOW, or in vfiosim of the user's
 * cache. Free with g_free(). */
char *fetched_path(const char *set, const char *below);

G_END_DECLS
