/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A simulated vfio-pci device: the state that all its open files share, made of config space, BARs, interrupts.
 * drivers/vfio/pci/vfio_pci_core.c
 */
#pragma once

#include "sim/kernel/bar.h"
#include "sim/kernel/engine.h"
#include "sim/kernel/ioeventfd.h"
#include "sim/kernel/irq.h"

G_BEGIN_DECLS

struct SimDevice {
  SimKernel *kernel;
  SimGroup *group;
  const SimHostDevice *host;
  SimDriver driver;
  gboolean leaving;   /* it is being unbound from vfio-pci: nobody can open it any more */
  gboolean node_open; /* by another program, through its own node */
  guint opens;        /* files of it that are open; what follows is meaningful while there is one */
  SimConfig config;
  SimBars bars;
  SimIrqs irqs;
  SimIoEventFds ioeventfds;
  SimEngine engine;   /* if the host says so */
  gboolean low_power; /* the user asked for it (PD-109) */
  gboolean has_token; /* a physical function: its user has set the token of its virtual ones ... */
  guint8 token[16];   /* ... a UUID, which outlives the user */
};

/* The physical function of a virtual one, if vfio-pci has it; else NULL. */
SimDevice *sim_device_physical(const SimDevice *device);
/* Whether it has virtual functions; how many of them are open. */
gboolean sim_device_is_physical(const SimDevice *device, guint *users);
/* FALSE: it sleeps, and does not wake up. */
gboolean sim_device_wakes(const SimDevice *device);

/* The first file is opened: a reset, then the virtual config space (PD-7, PD-8). */
void sim_device_enable(SimDevice *device);
/* The last one is closed (PD-9). */
void sim_device_disable(SimDevice *device);
/* The function is reset, as by FLR: registers zero, config space restored. */
void sim_device_reset_function(SimDevice *device);

G_END_DECLS
