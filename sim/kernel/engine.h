/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A DMA engine: the function of a device of model `engine`. It copies, fills and checksums client memory by I/O address
 * and raises an interrupt when it is done. docs/engine.md describes its registers.
 */
#pragma once

#include "sim/kernel/irq.h"

G_BEGIN_DECLS

enum {
  SIM_ENGINE_ID = 0x6f696676, /* "vfio" */
  SIM_ENGINE_VERSION = 1,
  SIM_ENGINE_MOST = 16 << 20, /* bytes of one command */
};

/* Registers, by their offset in BAR 0; 32 bits, or 64 where it says so. */
enum {
  SIM_ENGINE_REG_ID = 0x00,
  SIM_ENGINE_REG_VERSION = 0x04,
  SIM_ENGINE_REG_STATUS = 0x08,
  SIM_ENGINE_REG_ERROR = 0x0c,
  SIM_ENGINE_REG_FAULT = 0x10, /* 64 */
  SIM_ENGINE_REG_MOVED = 0x18,
  SIM_ENGINE_REG_CRC = 0x1c,
  SIM_ENGINE_REG_SOURCE = 0x20,      /* 64 */
  SIM_ENGINE_REG_DESTINATION = 0x28, /* 64 */
  SIM_ENGINE_REG_LENGTH = 0x30,
  SIM_ENGINE_REG_PATTERN = 0x34,
  SIM_ENGINE_REG_INTERRUPT = 0x38,
  SIM_ENGINE_REG_COMMAND = 0x3c,
  SIM_ENGINE_REGISTERS = 0x40, /* bytes of them */
};

enum { SIM_ENGINE_COPY = 1, SIM_ENGINE_FILL = 2, SIM_ENGINE_CRC = 3 };           /* COMMAND */
enum { SIM_ENGINE_DONE = 1, SIM_ENGINE_FAILED = 2 };                             /* bits of STATUS */
enum { SIM_ENGINE_INTERRUPT_VECTOR = 0x7ff, SIM_ENGINE_INTERRUPT_ON = 1 << 15 }; /* INTERRUPT */

/* ERROR */
typedef enum {
  SIM_ENGINE_OK,
  SIM_ENGINE_BAD_COMMAND,
  SIM_ENGINE_BAD_LENGTH, /* 0, or more than SIM_ENGINE_MOST */
  SIM_ENGINE_NO_MASTER,  /* bus mastering is off */
  SIM_ENGINE_UNMAPPED,   /* no window or no TCE at FAULT */
  SIM_ENGINE_FORBIDDEN,  /* the TCE at FAULT does not permit it */
  SIM_ENGINE_GONE,       /* the memory behind FAULT is gone */
  SIM_ENGINE_FROZEN,     /* its endpoint is stopped by EEH */
} SimEngineError;

typedef struct {
  SimGroup *group;
  const SimConfig *config;
  SimIrqs *irqs;
  guint8 registers[SIM_ENGINE_REGISTERS]; /* little-endian */
} SimEngine;

/* [offset, offset + len) of BAR 0. What lies past the registers reads as 0 and drops writes. */
void sim_engine_read(const SimEngine *engine, void *buf, gsize len, guint64 offset);
/* A command is carried out before this returns. */
void sim_engine_write(SimEngine *engine, const void *buf, gsize len, guint64 offset);
void sim_engine_reset(SimEngine *engine);

G_END_DECLS
