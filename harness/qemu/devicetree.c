/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/qemu/devicetree.h"

#include <string.h>

enum { FDT_MAGIC = (int)0xd00dfeed, FDT_BEGIN_NODE = 1, FDT_END_NODE = 2, FDT_PROP = 3, FDT_NOP = 4 };

/* Header: magic, totalsize, off_dt_struct, off_dt_strings, ... */
enum { HEADER_MAGIC = 0, HEADER_SIZE = 4, HEADER_STRUCT = 8, HEADER_STRINGS = 12 };

static gboolean cell(const guint8 *tree, gsize len, gsize at, guint32 *value) {
  guint32 bytes;

  if (at > len || len - at < sizeof bytes)
    return FALSE;
  memcpy(&bytes, tree + at, sizeof bytes);
  *value = GUINT32_FROM_BE(bytes);
  return TRUE;
}

/* The NUL-terminated text there; NULL: it does not end within the tree. */
static const char *text(const guint8 *tree, gsize len, gsize at) {
  return at < len && memchr(tree + at, 0, len - at) ? (const char *)tree + at : NULL;
}

gsize devicetree_size(const guint8 *header) {
  guint32 magic, size;

  return cell(header, DEVICETREE_HEADER, HEADER_MAGIC, &magic) && magic == (guint32)FDT_MAGIC &&
                 cell(header, DEVICETREE_HEADER, HEADER_SIZE, &size)
             ? size
             : 0;
}

gboolean devicetree_cell(const guint8 *tree, gsize len, const char *node, const char *property, guint32 *value) {
  guint32 at, strings, token, size, name_at;
  guint depth = 0;
  gboolean inside = FALSE;

  if (len < DEVICETREE_HEADER || !devicetree_size(tree) || !cell(tree, len, HEADER_STRUCT, &at) ||
      !cell(tree, len, HEADER_STRINGS, &strings))
    return FALSE;
  while (cell(tree, len, at, &token)) {
    const char *name;
    at += 4;
    switch (token) {
    case FDT_BEGIN_NODE:
      if (!(name = text(tree, len, at)))
        return FALSE;
      inside = ++depth == 2 && strcmp(name, node) == 0;
      at += (guint32)((strlen(name) + 1 + 3) & ~(gsize)3);
      break;
    case FDT_END_NODE:
      depth--;
      inside = FALSE;
      break;
    case FDT_PROP:
      if (!cell(tree, len, at, &size) || !cell(tree, len, at + 4, &name_at) ||
          !(name = text(tree, len, (gsize)strings + name_at)) || size > len)
        return FALSE;
      if (inside && size == 4 && strcmp(name, property) == 0)
        return cell(tree, len, at + 8, value);
      at += 8 + ((size + 3) & ~3u);
      break;
    case FDT_NOP:
      break;
    default:
      return FALSE;
    }
  }
  return FALSE;
}
