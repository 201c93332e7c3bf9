/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The interrupts of a function: what SET_IRQS has set up, and raising them. drivers/vfio/pci/vfio_pci_intrs.c
 */
#pragma once

#include "sim/kernel/config.h"

G_BEGIN_DECLS

enum { SIM_IRQ_NONE = -1 };

typedef struct {
  SimKernel *kernel;
  const SimHostDevice *host;
  SimConfig *config;
  int type;           /* VFIO_PCI_*_IRQ_INDEX of what is enabled, or SIM_IRQ_NONE */
  guint allocated;    /* vectors had from the system; a trigger each */
  gpointer *triggers; /* eventfds of the port, NULL = none */
  gboolean masked;    /* INTx: nothing is signalled until it is unmasked */
  gboolean pending;   /* INTx: raised while masked */
  gboolean asserted;  /* INTx: the function holds the line */
  gpointer unmask;    /* INTx: eventfd that unmasks */
  gpointer err, req;
} SimIrqs;

/* Vectors of an index; 0: the device has none (PD-30). */
guint sim_irq_count(const SimHostDevice *host, guint index);
/* Whether MSI-X vectors can be added while others are in use: x86 from 6.5 (PD-60). */
gboolean sim_irq_dynamic(const SimKernel *kernel);
long sim_irq_set(SimCall *call, SimIrqs *irqs);
/* Everything off, every eventfd given back (PD-9). */
void sim_irqs_teardown(SimIrqs *irqs);
/* The INTX_DISABLE bit of the command register changed. */
void sim_irqs_config_changed(SimIrqs *irqs);
/* The function raises one. FALSE: nothing is set up there. */
gboolean sim_irqs_raise(SimIrqs *irqs, guint index, guint vector);
/* The INTx line as the function drives it: while it is asserted, INTx fires again whenever it is unmasked. */
void sim_irqs_line(SimIrqs *irqs, gboolean asserted);

G_END_DECLS
