/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/qemu/cpu.h"

#include <string.h>

enum { REG_R3 = 3, PAUSE_US = 50, PAUSE_MAX_US = 5000 };

typedef struct {
  QemuCpu cpu;
  Kernel *kernel;
  guint timeout_ms;
  guint vm;      /* its serial */
  guint64 entry; /* r3, before any hypercall */
} KvmCpu;

typedef struct {
  KvmCpu *cpu;
  SimGuestWork work;
  SimWorkState state;
  gboolean ok;
} Asked;

/* ---- with the model ---- */

static void find(SimKernel *model, gpointer data) {
  Asked *asked = data;
  KvmCpu *cpu = asked->cpu;

  cpu->vm = sim_newest_vm(model);
  asked->ok = sim_vcpu_gpr(model, cpu->vm, 0, REG_R3, &cpu->entry);
}

static void give(SimKernel *model, gpointer data) {
  Asked *asked = data;

  asked->ok = sim_vcpu_give(model, asked->cpu->vm, 0, &asked->work);
}

static void take(SimKernel *model, gpointer data) {
  Asked *asked = data;

  asked->state = sim_vcpu_take(model, asked->cpu->vm, 0, &asked->work);
}

static void take_back(SimKernel *model, gpointer data) {
  Asked *asked = data;

  asked->ok = sim_vcpu_take_back(model, asked->cpu->vm, 0);
}

/* ---- the vCPU ---- */

/* How it went when time is up: QEMU is at it, or has not let the vCPU run at all. */
static gboolean late(Asked *asked, GError **error) {
  KvmCpu *cpu = asked->cpu;

  if (kernel_with_model(cpu->kernel, take_back, asked) && asked->ok)
    g_set_error(error, QEMU_ERROR, QEMU_ERROR_TIMEOUT, "QEMU did not run the guest's vCPU within %u ms",
                cpu->timeout_ms);
  else
    g_set_error(error, QEMU_ERROR, QEMU_ERROR_TIMEOUT,
                "QEMU did not answer the guest's hypercall 0x%" G_GINT64_MODIFIER "x within %u ms", asked->work.nr,
                cpu->timeout_ms);
  return FALSE;
}

static gboolean kvm_hypercall(QemuCpu *cpu, guint64 *regs, guint n, GError **error) {
  KvmCpu *self = (KvmCpu *)cpu;
  gint64 deadline = g_get_monotonic_time() + (gint64)self->timeout_ms * 1000;
  Asked asked = {.cpu = self, .work = {.kind = SIM_WORK_HCALL, .nr = regs[0]}};

  memcpy(asked.work.args, regs + 1, (n - 1) * sizeof *regs);
  if (!kernel_with_model(self->kernel, give, &asked) || !asked.ok) {
    g_set_error_literal(error, QEMU_ERROR, QEMU_ERROR_CLOSED, "the guest's vCPU is gone");
    return FALSE;
  }
  for (guint pause = PAUSE_US; kernel_with_model(self->kernel, take, &asked) && asked.state != SIM_WORK_DONE;
       pause = MIN(2 * pause, PAUSE_MAX_US)) {
    if (asked.state == SIM_WORK_NONE) {
      g_set_error_literal(error, QEMU_ERROR, QEMU_ERROR_CLOSED, "the guest's vCPU is gone");
      return FALSE;
    }
    if (g_get_monotonic_time() > deadline)
      return late(&asked, error);
    g_usleep(pause);
  }
  regs[0] = (guint64)asked.work.result;
  regs[1] = asked.work.args[0];
  return TRUE;
}

static gboolean kvm_entry(QemuCpu *cpu, guint64 *r3, GError **error) {
  *r3 = ((KvmCpu *)cpu)->entry;
  return TRUE;
}

static void kvm_cpu_free(QemuCpu *cpu) {
  g_free(cpu);
}

QemuCpu *qemu_cpu_kvm_new(Kernel *kernel, guint timeout_ms, GError **error) {
  KvmCpu *self = g_new0(KvmCpu, 1);
  Asked asked = {.cpu = self};

  self->cpu = (QemuCpu){.hypercall = kvm_hypercall, .entry = kvm_entry, .free = kvm_cpu_free};
  self->kernel = kernel;
  self->timeout_ms = timeout_ms;
  if (kernel_with_model(kernel, find, &asked) && asked.ok)
    return &self->cpu;
  g_set_error_literal(
      error, QEMU_ERROR, QEMU_ERROR_UNSUPPORTED,
      "the guest has no vCPU that the simulator could run: what it does can be played on a simulated kernel");
  g_free(self);
  return NULL;
}
