/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/kernel-internal.h"

G_DEFINE_QUARK(kernel - error - quark, kernel_error)

void kernel_free(Kernel *kernel) {
  if (kernel)
    kernel->free(kernel);
}

Subject *kernel_start_builtin(Kernel *kernel, const Scenario *scenario, VfioAttachOrder order, GError **error) {
  return kernel->start(kernel, scenario, order, error);
}

pid_t kernel_fork_client(Kernel *kernel, KernelClientFunc func, gpointer data, int keep_fd, GError **error) {
  if (kernel->fork_client)
    return kernel->fork_client(kernel, func, data, keep_fd, error);
  g_set_error_literal(error, KERNEL_ERROR, KERNEL_ERROR_UNAVAILABLE,
                      "this kernel does not see the calls of another program: --kernel fuse does");
  return -1;
}

char *kernel_device_address(Kernel *kernel, guint64 device) {
  GString *address;

  if (kernel->device)
    return kernel->device(kernel, device);
  address = g_string_new(NULL);
  abi_bdf_print(address, device);
  return g_string_free(address, FALSE);
}

void kernel_set_fault(Kernel *kernel, SimFaultFunc fault, gpointer data) {
  kernel->set_fault(kernel, fault, data);
}

gboolean kernel_with_model(Kernel *kernel, KernelModelFunc func, gpointer data) {
  return kernel->with_model && kernel->with_model(kernel, func, data);
}

gboolean kernel_is_model(const Kernel *kernel) {
  return kernel->with_model != NULL;
}

typedef struct {
  guint vm;
  guint64 nr;
  const guint64 *args;
  guint64 *value;
  long *result;
} Hypercall;

static void model_hypercall(SimKernel *model, gpointer data) {
  Hypercall *call = data;
  *call->result = sim_hypercall(model, call->vm, call->nr, call->args, call->value);
}

gboolean kernel_hypercall(Kernel *kernel, guint vm, guint64 nr, const guint64 args[4], guint64 *value, long *result,
                          GError **error) {
  Hypercall call = {vm, nr, args, value, result};

  if (kernel->hypercall)
    return kernel->hypercall(kernel, vm, nr, args, value, result, error);
  if (kernel_with_model(kernel, model_hypercall, &call))
    return TRUE;
  g_set_error_literal(error, KERNEL_ERROR, KERNEL_ERROR_FAILED, "the simulator's kernel is gone");
  return FALSE;
}

gboolean kernel_locked(Kernel *kernel, guint64 *bytes) {
  return kernel->locked && kernel->locked(kernel, bytes);
}

void kernel_settle(Kernel *kernel) {
  if (kernel->settle)
    kernel->settle(kernel);
}
