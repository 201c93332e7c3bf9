/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The virtual config space of a function: what its user reads, and which of its writes take effect.
 * drivers/vfio/pci/vfio_pci_config.c
 */
#pragma once

#include "sim/kernel/internal.h"

G_BEGIN_DECLS

typedef struct {
  guint size;                       /* 256, or 4096 on PCI Express */
  guint8 *value;                    /* what the user reads, little-endian */
  guint8 *writable;                 /* mask of the bits that its writes change */
  guint8 *clears;                   /* ... and of those that a write of 1 makes 0 */
  guint pm, msi, msix, express, af; /* offsets of capabilities, 0 = absent */
  guint64 bars[6];                  /* bus addresses, whatever the user writes */
  gboolean flr;                     /* the function can reset itself */
  gboolean always_decodes;          /* a virtual function: its physical one says whether memory is decoded */
  gboolean msi_on;                  /* by SET_IRQS */
  guint msi_most;                   /* log2 of the vectors that it enabled last */
} SimConfig;

/* What a write asks of the rest of the function; a set of bits. */
typedef enum {
  SIM_CONFIG_COMMAND = 1 << 0, /* the command register was written */
  SIM_CONFIG_RESET = 1 << 1,   /* the function forgets everything */
} SimConfigAsks;

/* Makes the virtual copy afresh. dvsec: designated vendor-specific capabilities are shown, as from 6.4 on. */
void sim_config_build(SimConfig *config, const SimHostDevice *host, gboolean multifunction, gboolean dvsec);
void sim_config_clear(SimConfig *config);
guint sim_config_size(const SimHostDevice *host);
ssize_t sim_config_read(SimCall *call, const SimConfig *config, void *buf, gsize len, guint64 offset);
/* *asks: SimConfigAsks, meaningful if the write succeeded. */
ssize_t sim_config_write(SimCall *call, SimConfig *config, const void *buf, gsize len, guint64 offset, guint *asks);
gboolean sim_config_decodes_memory(const SimConfig *config); /* and is not in D3 (PD-123) */
/* Whether a bus address lies in one of the function's memory BARs, where the host has put them. */
gboolean sim_config_holds(const SimConfig *config, const SimHostDevice *host, guint64 addr);
gboolean sim_config_masters_bus(const SimConfig *config);
gboolean sim_config_intx_disabled(const SimConfig *config);
/* SET_IRQS turned MSI-X on or off: the device's own enable bit, which no user can write. */
void sim_config_set_msix(SimConfig *config, gboolean enabled);
/* SET_IRQS has enabled so many MSI vectors; 0: turned it off. */
void sim_config_set_msi(SimConfig *config, guint vectors);

G_END_DECLS
