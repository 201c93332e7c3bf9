/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The flattened device tree that a pseries machine hands to its firmware. Devicetree specification, chapter 5.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

enum { DEVICETREE_HEADER = 40 /* bytes */ };

/* How long a tree is that begins with this header; 0: it is no tree's. */
gsize devicetree_size(const guint8 *header);

/* The value of a 4-byte property of a node right below the root. FALSE: there is none, or what stands there (len bytes)
 * is no such tree. */
gboolean devicetree_cell(const guint8 *tree, gsize len, const char *node, const char *property, guint32 *value);

G_END_DECLS
