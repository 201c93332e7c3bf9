/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A PCI host bridge of the guest: a DMA address space with its windows, and the devices behind it. QEMU's spapr_pci.c.
 */
#pragma once

#include "harness/pseries/ddw.h"
#include "vfio/vfio.h"

G_BEGIN_DECLS

typedef struct PseriesPhb PseriesPhb;

/* vm: NULL without KVM. It has no window before its first reset. */
PseriesPhb *pseries_phb_new(VfioContext *context, PseriesVm *vm, const PseriesPhbConfig *config);
void pseries_phb_free(PseriesPhb *phb); /* devices leave, the last first; then the windows */
guint pseries_phb_index(const PseriesPhb *phb);
PhbWindows *pseries_phb_windows(PseriesPhb *phb); /* borrowed */
guint pseries_phb_n_devices(const PseriesPhb *phb);

/* Devices, the last first; then the windows: all go, the default one comes back; then EEH. What fails is passed over,
 * and the first error is returned. */
gboolean pseries_phb_reset(PseriesPhb *phb, GError **error);

/* address: "0000:01:00.0". A device of a running machine is reset when it comes and before it goes. */
gboolean pseries_phb_plug(PseriesPhb *phb, const char *name, const char *address, gboolean running, GError **error);
gboolean pseries_phb_has(const PseriesPhb *phb, const char *name);
void pseries_phb_unplug(PseriesPhb *phb, const char *name);
VfioPciDevice *pseries_phb_device(const PseriesPhb *phb, const char *name); /* borrowed; NULL */
/* The guest's driver takes to that kind of interrupt, and to vectors up to that one. FALSE: the host refuses. */
gboolean pseries_phb_use_interrupt(PseriesPhb *phb, const char *name, guint index, guint vector);
/* How often the interrupt came since last asked. The guest's driver is taken to use the kind asked about. */
guint64 pseries_phb_interrupts(PseriesPhb *phb, const char *name, guint index, guint vector);

G_END_DECLS
