/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/pseries/engine.h"

#include <linux/pci_regs.h>
#include <linux/vfio.h>

#include "harness/pseries/error.h"
#include "harness/scenario/scenario.h"

enum { ID = 0x6f696676, ALL_ONES = -1 };
enum { REG_ID = 0x00, REG_STATUS = 0x08, REG_ERROR = 0x0c, REG_FAULT = 0x10, REG_CRC = 0x1c, REG_SOURCE = 0x20 };
enum { STATUS_BITS = 3, INTERRUPT_ON = 1 << 15, VECTOR = 0, WAIT_MS = 1000 };

/* The registers from SOURCE to COMMAND: one write starts what the others describe. */
typedef struct {
  guint64 source, destination;
  guint32 length, pattern, interrupt, command;
} Command;

static gboolean get(VfioPciDevice *pci, guint reg, void *value, gsize size, GError **error) {
  return vfio_pci_device_bar_read(pci, 0, reg, value, size, error);
}

static gboolean get32(VfioPciDevice *pci, guint reg, guint32 *value, GError **error) {
  gboolean ok = get(pci, reg, value, sizeof *value, error);

  *value = GUINT32_FROM_LE(*value);
  return ok;
}

static gboolean get_ready(VfioPciDevice *pci, GError **error) {
  guint16 command = 0;
  guint32 id = 0;

  if (!vfio_pci_device_config_read(pci, PCI_COMMAND, &command, sizeof command, error))
    return FALSE;
  command = GUINT16_TO_LE(GUINT16_FROM_LE(command) | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
  if (!vfio_pci_device_config_write(pci, PCI_COMMAND, &command, sizeof command, error) ||
      !get32(pci, REG_ID, &id, error))
    return FALSE;
  if (id == ID || id == (guint32)ALL_ONES)
    return TRUE;
  g_set_error(error, PSERIES_ERROR, 0, "%s: no engine: its ID register reads 0x%08x", vfio_pci_device_address(pci), id);
  return FALSE;
}

/* The kind of interrupt that the driver uses: the first of MSI-X, MSI, INTx that can be enabled. */
static guint enable_interrupt(PseriesPhb *phb, const char *name) {
  static const guint kinds[] = {VFIO_PCI_MSIX_IRQ_INDEX, VFIO_PCI_MSI_IRQ_INDEX};

  for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
    if (pseries_phb_use_interrupt(phb, name, kinds[i], VECTOR))
      return kinds[i];
  pseries_phb_use_interrupt(phb, name, VFIO_PCI_INTX_IRQ_INDEX, 0);
  return VFIO_PCI_INTX_IRQ_INDEX;
}

static gboolean wait_for_interrupt(PseriesPhb *phb, const char *name, guint kind, GError **error) {
  for (guint waited = 0; waited < WAIT_MS; waited++) {
    if (pseries_phb_interrupts(phb, name, kind, VECTOR))
      return TRUE;
    g_usleep(1000);
  }
  g_set_error(error, PSERIES_ERROR, 0, "%s: the engine is done, but its interrupt does not come", name);
  return FALSE;
}

static gboolean get_end(VfioPciDevice *pci, EngineEnd *end, GError **error) {
  guint32 clear = GUINT32_TO_LE(STATUS_BITS);
  guint64 fault = 0;

  if (!get32(pci, REG_ERROR, &end->error, error) || !get(pci, REG_FAULT, &fault, sizeof fault, error) ||
      !get32(pci, REG_CRC, &end->crc, error))
    return FALSE;
  end->fault = GUINT64_FROM_LE(fault);
  return vfio_pci_device_bar_write(pci, 0, REG_STATUS, &clear, sizeof clear, error);
}

gboolean pseries_engine_run(PseriesPhb *phb, const char *name, const EngineJob *job, EngineEnd *end, GError **error) {
  VfioPciDevice *pci = pseries_phb_device(phb, name);
  guint32 status = 0;
  guint kind;

  *end = (EngineEnd){0};
  if (!get_ready(pci, error))
    return FALSE;
  kind = enable_interrupt(phb, name);
  Command command = {.source = GUINT64_TO_LE(job->source),
                     .destination = GUINT64_TO_LE(job->destination),
                     .length = GUINT32_TO_LE(job->length),
                     .pattern = GUINT32_TO_LE(job->pattern),
                     .interrupt = GUINT32_TO_LE(INTERRUPT_ON | VECTOR),
                     .command = GUINT32_TO_LE(job->command)};
  pseries_phb_interrupts(phb, name, kind, VECTOR); /* what came before does not count */
  if (!vfio_pci_device_bar_write(pci, 0, REG_SOURCE, &command, sizeof command, error) ||
      !get32(pci, REG_STATUS, &status, error))
    return FALSE;
  if (status == (guint32)ALL_ONES) {
    end->error = ENGINE_FROZEN;
    return TRUE;
  }
  return wait_for_interrupt(phb, name, kind, error) && get_end(pci, end, error);
}
