/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * DMA windows of a host that is itself a guest (pseries), as its firmware makes them: what a window costs, where it is,
 * when it cannot be made. arch/powerpc/platforms/pseries/iommu.c from 6.11 on, as recorded on 6.12 (PSR-1..PSR-7). Pure
 * functions of their arguments.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Bytes that a window's table is accounted with (PSR-5); 0: there is no such window (TCE-110). page_shift at least 12.
 */
guint64 pseries_table_size(guint page_shift, guint64 window_size, guint levels);

/* Whether a window can have that shape at all: 0 or -EINVAL (PSR-2). */
int pseries_window_check(guint64 window_size, guint levels);

/* Where a window in a slot begins on the bus: 0 for the firmware's default one, else where the 64-bit one is (PSR-6).
 * dma32_size: of the default one, bytes. */
guint64 pseries_window_start(guint slot, guint page_shift, guint64 window_size, guint64 dma32_size);

G_END_DECLS
