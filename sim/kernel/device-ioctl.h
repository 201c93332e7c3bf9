/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The calls on a device's file, by what they are about. drivers/vfio/pci/vfio_pci_core.c, drivers/vfio/vfio_main.c */
#pragma once

#include "sim/kernel/device.h"

G_BEGIN_DECLS

/* device-info.c */
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
