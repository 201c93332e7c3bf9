/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest's TCE table for tests of the attach code: a few entries, an in-kernel fd if a test gives one. */
#pragma once

#include "vfio/vfio.h"

G_BEGIN_DECLS

typedef struct {
  int fd;           /* of the in-kernel table, -1: none */
  gboolean in_user; /* the attach code made the VMM handle TCEs in user space */
  guint n_need;     /* calls of set_need_vfio */
  GArray *entries;  /* of VfioIommuTlb */
  VfioIommuRegion *region;
} GuestTable;

GuestTable *guest_table_new(int fd, guint page_shift);
void guest_table_free(GuestTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GuestTable, guest_table_free)
/* An entry that is there, without notifying anyone. */
void guest_table_put(GuestTable *table, guint64 iova, guint64 gpa, guint perm);

G_END_DECLS
