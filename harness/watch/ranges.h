/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A set of addresses as ranges that neither overlap nor touch. Private to harness/watch. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct Ranges Ranges;

Ranges *ranges_new(void);
void ranges_free(Ranges *ranges);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Ranges, ranges_free)

/* [start, start + size); what runs past the end of 64 bits ends there. */
void ranges_add(Ranges *ranges, guint64 start, guint64 size);
void ranges_remove(Ranges *ranges, guint64 start, guint64 size);

/* Bytes of the set within [start, start + size). */
guint64 ranges_within(const Ranges *ranges, guint64 start, guint64 size);

G_END_DECLS
