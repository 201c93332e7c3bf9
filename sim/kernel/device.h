/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The parts of a simulated vfio-pci device: its virtual config space, BARs, interrupts, resets. Private to sim/kernel.
 *
 * Sources: drivers/vfio/pci/vfio_pci_core.c, vfio_pci_config.c, vfio_pci_rdwr.c, vfio_pci_intrs.c,
 * drivers/vfio/vfio_main.c.
 */
#pragma once

#include <linux/vfio.h>

#include "sim/kernel/internal.h"

G_BEGIN_DECLS

enum {
  SIM_REGION_SHIFT = 40, /* VFIO_PCI_OFFSET_SHIFT: region index << 40 is its offset in the file */
  SIM_ROM = VFIO_PCI_ROM_REGION_INDEX,
  SIM_MEMORIES = SIM_ROM + 1, /* BARs and ROM */
};

/* ---- config space ------------------------------------------------------------------------------------------ config.c
 */

typedef struct {
  guint size;                   /* 256, or 4096 on PCI Express */
  guint8 *value;                /* what the user reads, little-endian */
  guint8 *writable;             /* mask of the bits that its writes change */
  guint pm, msi, msix, express; /* offsets of capabilities, 0 = absent */
} SimConfig;

/* Makes the virtual copy afresh, with memory and I/O decoding as the BARs need it and bus mastering off (PD-8). */
void sim_config_build(SimDevice *device);
void sim_config_clear(SimConfig *config);
guint sim_config_size(const SimHostDevice *host);
ssize_t sim_config_read(SimCall *call, SimDevice *device, void *buf, gsize len, guint64 offset);
ssize_t sim_config_write(SimCall *call, SimDevice *device, const void *buf, gsize len, guint64 offset);
gboolean sim_config_decodes_memory(const SimConfig *config); /* and is not in D3 (PD-123) */
gboolean sim_config_intx_disabled(const SimConfig *config);
/* The device's own enable bit of MSI-X, which no user can write. */
void sim_config_set_msix(SimConfig *config, gboolean enabled);

/* ---- BARs and ROM ------------------------------------------------------------------------------------------------
 * bar.c */

/* Memory behind a BAR, made page by page when it is first written. */
typedef struct {
  GHashTable *pages; /* page number -> zeroed page; NULL: nothing was written */
} SimBarMemory;

/* Bytes of region 0..6; 0: absent, or the upper half of a 64-bit BAR. */
guint64 sim_bar_size(const SimHostDevice *host, guint index);
gboolean sim_bar_is_memory(const SimHostDevice *host, guint index);
/* Whether [start, start + len) of the BAR touches the MSI-X table. */
gboolean sim_bar_touches_msix(const SimHostDevice *host, guint index, guint64 start, guint64 len);
ssize_t sim_bar_read(SimCall *call, SimDevice *device, guint index, void *buf, gsize len, guint64 offset);
ssize_t sim_bar_write(SimCall *call, SimDevice *device, guint index, const void *buf, gsize len, guint64 offset);
/* Registers as after a reset: all zero. */
void sim_bar_reset(SimDevice *device);

/* ---- interrupts --------------------------------------------------------------------------------------------------
 * irq.c */

enum { SIM_IRQ_NONE = -1 };

typedef struct {
  int type;           /* VFIO_PCI_*_IRQ_INDEX of what is enabled, or SIM_IRQ_NONE */
  guint allocated;    /* vectors had from the system; a trigger each */
  gpointer *triggers; /* eventfds of the port, NULL = none */
  gboolean masked;    /* INTx: nothing is signalled until it is unmasked */
  gboolean pending;   /* INTx: raised while masked */
  gpointer unmask;    /* INTx: eventfd that unmasks */
  gpointer err, req;
} SimIrqs;

/* Vectors of an index; 0: the device has none (PD-30). */
guint sim_irq_count(const SimHostDevice *host, guint index);
/* Whether MSI-X vectors can be added while others are in use: x86 from 6.5 (PD-60). */
gboolean sim_irq_dynamic(const SimDevice *device);
long sim_irq_set(SimCall *call, SimDevice *device);
/* Everything off, every eventfd given back (PD-9). */
void sim_irq_teardown(SimDevice *device);
/* The INTX_DISABLE bit of the command register changed. */
void sim_irq_config_changed(SimDevice *device);

/* ---- ioeventfds -------------------------------------------------------------------------------------------
 * ioeventfd.c */

typedef struct {
  guint bar;
  guint64 position, data;
  guint size;
  gpointer event;
} SimIoEventFd;

long sim_ioeventfd(SimCall *call, SimDevice *device);
void sim_ioeventfd_teardown(SimDevice *device);

/* ---- information, features ------------------------------------------------------- device-info.c, device-feature.c */

long sim_device_get_info(SimCall *call, SimDevice *device);
long sim_device_get_region_info(SimCall *call, SimDevice *device);
long sim_device_get_irq_info(SimCall *call, SimDevice *device);
long sim_device_feature(SimCall *call, SimDevice *device);

/* ---- resets ----------------------------------------------------------------------------------------- device-reset.c
 */

/* The function itself, as by FLR: registers zero, config space restored. */
void sim_device_reset_function(SimDevice *device);
long sim_device_reset(SimCall *call, SimDevice *device);
long sim_device_hot_reset_info(SimCall *call, SimDevice *device);
long sim_device_hot_reset(SimCall *call, SimDevice *device);

/* ---- the device ----------------------------------------------------------------------------------------------
 * device.c */

struct SimDevice {
  SimKernel *kernel;
  SimGroup *group;
  const SimHostDevice *host;
  guint opens; /* files of it that are open; what follows is meaningful while there is one */
  SimConfig config;
  SimBarMemory memory[SIM_MEMORIES];
  SimIrqs irqs;
  GArray *ioeventfds; /* of SimIoEventFd */
  gboolean low_power; /* the user asked for it (PD-109) */
};

/* Takes an eventfd of the caller; fd >= 0. 0, -EBADF or -EINVAL. */
int sim_device_event(SimCall *call, int fd, gpointer *event);
void sim_device_event_put(SimKernel *kernel, gpointer *event); /* *event may be NULL, and is afterwards */

G_END_DECLS
