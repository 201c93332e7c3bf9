/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * VMs of the machine's own KVM, of which the kvm-vfio device is the model's. virt/kvm/kvm_main.c:
 * kvm_ioctl_create_device().
 */
#include "sim/kernel/vm.h"

static SimVm *find_vm(const SimKernel *kernel, gconstpointer real) {
  for (guint i = 0; i < kernel->vms->len; i++) {
    SimVm *vm = g_ptr_array_index(kernel->vms, i);

    if (sim_vm_real(vm) == real)
      return vm;
  }
  return NULL;
}

/* A reference to the VM behind the caller's fd, or NULL. */
static SimVm *enter_vm(SimCall *call, int fd) {
  SimKernel *kernel = call->kernel;
  gpointer real;
  SimVm *vm;

  if (kernel->port->vm_get(kernel->port_data, call->task, fd, &real))
    return NULL;
  vm = find_vm(kernel, real);
  if (vm) {
    kernel->port->vm_put(kernel->port_data, real);
    return sim_vm_ref(vm);
  }
  vm = sim_vm_new(call);
  sim_vm_set_real(vm, real);
  return vm;
}

long sim_real_vm_create_device(SimKernel *kernel, gpointer task, int fd, guint64 arg) {
  SimCall call;
  SimVm *vm;
  long result;

  sim_call_begin(&call, kernel, NULL, task, (AbiObject){.kind = ABI_VM});
  call.arg = call.event->arg = arg;
  vm = enter_vm(&call, fd);
  if (!vm)
    return sim_call_end(&call, sim_refuse(&call, EBADF, RULE_NONE));
  call.event->object.id = sim_vm_serial(vm);
  result = sim_call_is(&call, ABI_CREATE_DEVICE);
  if (!result)
    result = sim_vm_check_caller(&call, vm);
  if (!result)
    result = sim_kvm_vfio_create(&call, vm);
  sim_vm_unref(vm);
  return sim_call_end(&call, result);
}
