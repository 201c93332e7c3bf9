/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory that the model shares with clients: each piece is a file without a name, which can be handed out.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct SimShared SimShared;

SimShared *sim_shared_new(void);
void sim_shared_free(SimShared *shared); /* what is left in it is unmapped */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SimShared, sim_shared_free)

/* Zeroed memory, which costs nothing until it is written. NULL: there is no memory or no fd for it. */
void *sim_shared_add(SimShared *shared, gsize size);
void sim_shared_remove(SimShared *shared, void *memory);

/* The file behind such memory. -1: it is not. Stays the owner's. */
int sim_shared_fd(const SimShared *shared, const void *memory);

G_END_DECLS
