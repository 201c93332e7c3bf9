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

gboolean kernel_locked(Kernel *kernel, guint64 *bytes) {
  return kernel->locked && kernel->locked(kernel, bytes);
}

void kernel_settle(Kernel *kernel) {
  if (kernel->settle)
    kernel->settle(kernel);
}
