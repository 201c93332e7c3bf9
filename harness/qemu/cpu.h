/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The first vCPU of a QEMU whose guest has no code: makes the hypercalls that it is told to. Under TCG by one
 * instruction, which the gdbstub lets it carry out; with KVM by the model, which answers KVM_RUN with them.
 */
#pragma once

#include "harness/kernel.h"
#include "harness/qemu/gdb.h"

G_BEGIN_DECLS

enum { QEMU_CPU_REGS = 10 }; /* r3..r12: a hypercall's number and its arguments */

typedef struct QemuCpu QemuCpu;
struct QemuCpu {
  /* regs: n of r3 and on, at least two; what r3 and r4 hold afterwards is in regs[0] and regs[1]. */
  gboolean (*hypercall)(QemuCpu *cpu, guint64 *regs, guint n, GError **error);
  /* r3 as the machine is started with it: where its device tree lies. */
  gboolean (*entry)(QemuCpu *cpu, guint64 *r3, GError **error);
  void (*free)(QemuCpu *cpu);
};

/* gdb: consumed. The vCPU is stopped at its entry point, and afterwards as it was. */
QemuCpu *qemu_cpu_gdb_new(Gdb *gdb);
/* The VM that was made last. The vCPU runs: QEMU has been told to continue. timeout_ms: the limit of a call.
 * QEMU_ERROR_UNSUPPORTED: the kernel has no such vCPU. */
QemuCpu *qemu_cpu_kvm_new(Kernel *kernel, guint timeout_ms, GError **error);
void qemu_cpu_free(QemuCpu *cpu);

G_END_DECLS
