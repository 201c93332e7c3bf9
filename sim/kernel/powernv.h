/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * DMA window geometry of bare-metal POWER (IODA2 and later): what a window costs, how it is laid out, when it cannot be
 * made. arch/powerpc/platforms/powernv/pci-ioda.c and pci-ioda-tce.c. Pure functions of their arguments.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Bytes that a window's tables are accounted with, the hardware's and the user view's together (PNV-4). 0: there can be
 * no such window (TCE-110). */
guint64 powernv_table_size(guint host_page_shift, guint page_shift, guint64 window_size, guint levels);

/* What making the tables answers after the accounting: 0, -EINVAL (PNV-6) or -ENOMEM (PNV-7), and in *entries how many
 * TCEs the window then has (PNV-8). */
int powernv_table_layout(guint host_page_shift, guint page_shift, guint64 window_size, guint levels, guint64 *entries);

/* Where the window in a slot begins on the bus (PNV-3). */
guint64 powernv_window_start(guint slot);

G_END_DECLS
