/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/qemu/cpu.h"

#include <string.h>

/* Numbers of the target's description: power64-core.xml. */
enum { REG_R3 = 3, REG_PC = 64 };

static const guint8 sc_1[4] = {0x44, 0x00, 0x00, 0x22};

typedef struct {
  QemuCpu cpu;
  Gdb *gdb;
} GdbCpu;

static gboolean step(Gdb *gdb, guint64 pc, guint64 *regs, guint n, GError **error) {
  for (guint i = 0; i < n; i++)
    if (!gdb_set_register(gdb, REG_R3 + i, regs[i], error))
      return FALSE;
  return gdb_write(gdb, pc, sc_1, sizeof sc_1, error) && gdb_step(gdb, error) &&
         gdb_get_register(gdb, REG_R3, &regs[0], error) && gdb_get_register(gdb, REG_R3 + 1, &regs[1], error);
}

/* Registers and the instruction's place are then as before. */
static gboolean gdb_hypercall(QemuCpu *cpu, guint64 *regs, guint n, GError **error) {
  Gdb *gdb = ((GdbCpu *)cpu)->gdb;
  guint64 pc, saved[QEMU_CPU_REGS];
  guint8 code[sizeof sc_1];

  if (!gdb_get_register(gdb, REG_PC, &pc, error) || !gdb_read(gdb, pc, code, sizeof code, error))
    return FALSE;
  for (guint i = 0; i < n; i++)
    if (!gdb_get_register(gdb, REG_R3 + i, &saved[i], error))
      return FALSE;
  if (!step(gdb, pc, regs, n, error))
    return FALSE;
  for (guint i = 0; i < n; i++)
    if (!gdb_set_register(gdb, REG_R3 + i, saved[i], error))
      return FALSE;
  return gdb_write(gdb, pc, code, sizeof code, error) && gdb_set_register(gdb, REG_PC, pc, error);
}

static gboolean gdb_entry(QemuCpu *cpu, guint64 *r3, GError **error) {
  return gdb_get_register(((GdbCpu *)cpu)->gdb, REG_R3, r3, error);
}

static void gdb_cpu_free(QemuCpu *cpu) {
  gdb_free(((GdbCpu *)cpu)->gdb);
  g_free(cpu);
}

QemuCpu *qemu_cpu_gdb_new(Gdb *gdb) {
  GdbCpu *self = g_new0(GdbCpu, 1);

  self->cpu = (QemuCpu){.hypercall = gdb_hypercall, .entry = gdb_entry, .free = gdb_cpu_free};
  self->gdb = gdb;
  return &self->cpu;
}

void qemu_cpu_free(QemuCpu *cpu) {
  if (cpu)
    cpu->free(cpu);
}
