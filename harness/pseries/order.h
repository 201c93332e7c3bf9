/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The attach orders that scenarios can name. */
#pragma once

#include "vfio/attach.h"

G_BEGIN_DECLS

/* QEMU's order before commit 8c37faa475 (2017): the listener is registered before the group is known to KVM and on the
 * container's list, so that a hotplugged group gets no SET_SPAPR_TCE until the next reset. */
extern const VfioAttachOrder pseries_order_pre_2017;

/* "shipped" or "pre-2017"; NULL if there is no such order. */
VfioAttachOrder pseries_order_find(const char *name);

G_END_DECLS
