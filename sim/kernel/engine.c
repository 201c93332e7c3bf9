/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/kernel/engine.h"

#include <linux/vfio.h>
#include <string.h>
#include <zlib.h>

#include "sim/kernel/dma.h"
#include "sim/kernel/group.h"

enum { CHUNK = 64 << 10 }; /* of a transfer: what it holds at a time */

/* ---- registers ---- */

static guint64 get(const SimEngine *engine, guint at, guint size) {
  guint64 value = 0;

  memcpy(&value, engine->registers + at, size);
  return GUINT64_FROM_LE(value);
}

static void set(SimEngine *engine, guint at, guint size, guint64 value) {
  value = GUINT64_TO_LE(value);
  memcpy(engine->registers + at, &value, size);
}

static guint32 get32(const SimEngine *engine, guint at) {
  return (guint32)get(engine, at, 4);
}

void sim_engine_reset(SimEngine *engine) {
  memset(engine->registers, 0, sizeof engine->registers);
  set(engine, SIM_ENGINE_REG_ID, 4, SIM_ENGINE_ID);
  set(engine, SIM_ENGINE_REG_VERSION, 4, SIM_ENGINE_VERSION);
  sim_irqs_line(engine->irqs, FALSE);
}

/* ---- a command ---- */

/* One being carried out. */
typedef struct {
  SimEngine *engine;
  guint64 source, destination;
  guint32 length, moved; /* bytes */
  SimEngineError error;
  guint64 fault; /* I/O address at which it stopped */
} Transfer;

static SimEngineError error_of(int result) {
  switch (result) {
  case 0:
    return SIM_ENGINE_OK;
  case -ENXIO:
    return SIM_ENGINE_UNMAPPED;
  case -EPERM:
    return SIM_ENGINE_FORBIDDEN;
  default:
    return SIM_ENGINE_GONE;
  }
}

/* An endpoint that EEH watches is stopped by the first access that goes wrong. */
static void fault(Transfer *transfer, int result, guint64 ioba) {
  SimGroup *group = transfer->engine->group;

  if (!result)
    return;
  transfer->error = error_of(result);
  transfer->fault = ioba;
  if (group->kernel->host->eeh)
    sim_pe_freeze(&group->pe);
}

static gboolean stopped(Transfer *transfer, guint64 ioba, SimPeAccess access) {
  sim_pe_access(&transfer->engine->group->pe, access);
  if (!transfer->engine->group->pe.dma_stopped)
    return FALSE;
  transfer->error = SIM_ENGINE_FROZEN;
  transfer->fault = ioba;
  return TRUE;
}

/* One access; how many bytes of it were moved. */
static gsize move(Transfer *transfer, guint64 ioba, void *buf, gsize len, gboolean write) {
  gsize done = 0;

  if (!stopped(transfer, ioba, write ? SIM_PE_DMA_WRITE : SIM_PE_DMA_READ)) {
    int result = sim_group_dma(transfer->engine->group, ioba, buf, len, write, &done);

    fault(transfer, result, ioba + done);
  }
  return done;
}

/* What could be read before a fault arrives all the same: it is on its way when the endpoint stops. */
static void copy(Transfer *transfer) {
  g_autofree guint8 *chunk = g_malloc(CHUNK);

  while (!transfer->error && transfer->moved < transfer->length) {
    gsize len = MIN(CHUNK, transfer->length - transfer->moved), got, put;
    guint64 from = transfer->source + transfer->moved, to = transfer->destination + transfer->moved;
    int read, written;

    if (stopped(transfer, from, SIM_PE_DMA_READ) || stopped(transfer, to, SIM_PE_DMA_WRITE))
      break;
    read = sim_group_dma(transfer->engine->group, from, chunk, len, FALSE, &got);
    written = sim_group_dma(transfer->engine->group, to, chunk, got, TRUE, &put);
    transfer->moved += (guint32)put;
    if (written)
      fault(transfer, written, to + put);
    else if (read)
      fault(transfer, read, from + got);
  }
}

static void fill(Transfer *transfer) {
  g_autofree guint8 *chunk = g_malloc(CHUNK);

  for (guint i = 0; i < CHUNK; i++)
    chunk[i] = transfer->engine->registers[SIM_ENGINE_REG_PATTERN + i % 4];
  while (!transfer->error && transfer->moved < transfer->length)
    transfer->moved += (guint32)move(transfer, transfer->destination + transfer->moved, chunk,
                                     MIN(CHUNK, transfer->length - transfer->moved), TRUE);
}

static void checksum(Transfer *transfer) {
  g_autofree guint8 *chunk = g_malloc(CHUNK);
  uLong crc = crc32(0, NULL, 0);

  while (!transfer->error && transfer->moved < transfer->length) {
    gsize got = move(transfer, transfer->source + transfer->moved, chunk,
                     MIN(CHUNK, transfer->length - transfer->moved), FALSE);

    crc = crc32(crc, chunk, (uInt)got);
    transfer->moved += (guint32)got;
  }
  set(transfer->engine, SIM_ENGINE_REG_CRC, 4, crc);
}

static void carry_out(Transfer *transfer, guint32 command) {
  if (command < SIM_ENGINE_COPY || command > SIM_ENGINE_CRC)
    transfer->error = SIM_ENGINE_BAD_COMMAND;
  else if (!transfer->length || transfer->length > SIM_ENGINE_MOST)
    transfer->error = SIM_ENGINE_BAD_LENGTH;
  else if (!sim_config_masters_bus(transfer->engine->config))
    transfer->error = SIM_ENGINE_NO_MASTER;
  else if (command == SIM_ENGINE_COPY)
    copy(transfer);
  else if (command == SIM_ENGINE_FILL)
    fill(transfer);
  else
    checksum(transfer);
}

/* A message is a write by the device: it gets no further than its DMA. Without messages there is the line. */
static void interrupt(SimEngine *engine) {
  guint32 how = get32(engine, SIM_ENGINE_REG_INTERRUPT);
  int type = engine->irqs->type;

  if (!(how & SIM_ENGINE_INTERRUPT_ON))
    return;
  if (type != VFIO_PCI_MSI_IRQ_INDEX && type != VFIO_PCI_MSIX_IRQ_INDEX)
    sim_irqs_line(engine->irqs, TRUE);
  else if (sim_config_masters_bus(engine->config) && !engine->group->pe.dma_stopped)
    sim_irqs_raise(engine->irqs, (guint)type, how & SIM_ENGINE_INTERRUPT_VECTOR);
}

static void start(SimEngine *engine) {
  Transfer transfer = {.engine = engine,
                       .source = get(engine, SIM_ENGINE_REG_SOURCE, 8),
                       .destination = get(engine, SIM_ENGINE_REG_DESTINATION, 8),
                       .length = get32(engine, SIM_ENGINE_REG_LENGTH)};

  set(engine, SIM_ENGINE_REG_CRC, 4, 0);
  carry_out(&transfer, get32(engine, SIM_ENGINE_REG_COMMAND));
  set(engine, SIM_ENGINE_REG_ERROR, 4, transfer.error);
  set(engine, SIM_ENGINE_REG_FAULT, 8, transfer.fault);
  set(engine, SIM_ENGINE_REG_MOVED, 4, transfer.moved);
  set(engine, SIM_ENGINE_REG_STATUS, 4, SIM_ENGINE_DONE | (transfer.error ? SIM_ENGINE_FAILED : 0));
  interrupt(engine);
}

/* ---- accesses ---- */

void sim_engine_read(const SimEngine *engine, void *buf, gsize len, guint64 offset) {
  memset(buf, 0, len);
  if (offset < SIM_ENGINE_REGISTERS)
    memcpy(buf, engine->registers + offset, MIN(len, SIM_ENGINE_REGISTERS - offset));
}

/* A write of one makes a bit of STATUS zero; with the last the line is let go. */
static void acknowledge(SimEngine *engine, const guint8 *bytes, guint from, guint n) {
  for (guint i = 0; i < n; i++)
    engine->registers[from + i] &= (guint8)~bytes[i];
  if (!get32(engine, SIM_ENGINE_REG_STATUS))
    sim_irqs_line(engine->irqs, FALSE);
}

/* Register by register and in ascending order, as the kernel's pieces of a long write arrive; so COMMAND is the last.
 */
void sim_engine_write(SimEngine *engine, const void *buf, gsize len, guint64 offset) {
  const guint8 *bytes = buf;

  for (gsize n; len && offset < SIM_ENGINE_REGISTERS; len -= n, bytes += n, offset += n) {
    guint at = (guint)offset & ~3u;

    n = MIN(len, at + 4 - offset);
    if (at == SIM_ENGINE_REG_STATUS)
      acknowledge(engine, bytes, (guint)offset, (guint)n);
    if (at >= SIM_ENGINE_REG_SOURCE)
      memcpy(engine->registers + offset, bytes, n);
    if (at == SIM_ENGINE_REG_COMMAND)
      start(engine);
  }
}
