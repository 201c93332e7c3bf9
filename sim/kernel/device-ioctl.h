/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a device's file answers, by what it is about. drivers/vfio/pci/vfio_pci_core.c, drivers/vfio/vfio_main.c */
#pragma once

#include "sim/kernel/device.h"

G_BEGIN_DECLS

/* device-region.c; object is the SimDevice */
ssize_t sim_device_pread(SimCall *call, gpointer object, void *buf, gsize len, guint64 offset);
ssize_t sim_device_pwrite(SimCall *call, gpointer object, const void *buf, gsize len, guint64 offset);
int sim_device_mmap(SimCall *call, gpointer object, gsize len, int prot, gboolean shared, guint64 offset,
                    void **memory);

/* device-info.c */
guint sim_device_regions(const SimDevice *device);    /* how many there are */
gboolean sim_device_has_vga(const SimDevice *device); /* the legacy ranges of graphics, on x86 */
long sim_device_get_info(SimCall *call, SimDevice *device);
long sim_device_get_region_info(SimCall *call, SimDevice *device);
long sim_device_get_irq_info(SimCall *call, SimDevice *device);

/* device-feature.c */
long sim_device_feature(SimCall *call, SimDevice *device);

/* device-reset.c */
long sim_device_reset(SimCall *call, SimDevice *device);
long sim_device_hot_reset_info(SimCall *call, SimDevice *device);
long sim_device_hot_reset(SimCall *call, SimDevice *device);

G_END_DECLS
