/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/pseries/vm.h"

#include <fcntl.h>
#include <sys/mman.h>

#include "harness/pseries/error.h"
#include "harness/pseries/hcall.h"
#include "harness/pseries/kvm-abi.h"

struct PseriesVm {
  const VfioSys *sys;
  int kvm_fd, fd; /* -1: not open */
  gboolean tce, tce_64, multitce;
  VfioKvm *kvm;
};

static gboolean has(PseriesVm *vm, int fd, guintptr capability) {
  return vm->sys->ioctl(vm->sys->data, fd, KVM_CHECK_EXTENSION, capability) > 0;
}

static gboolean set_up(PseriesVm *vm, GError **error) {
  const VfioSys *sys = vm->sys;

  vm->kvm_fd = sys->open(sys->data, "/dev/kvm", O_RDWR);
  if (vm->kvm_fd < 0) {
    g_set_error(error, PSERIES_ERROR, -vm->kvm_fd, "open /dev/kvm: %s", g_strerror(-vm->kvm_fd));
    return FALSE;
  }
  long version = pseries_call(sys, vm->kvm_fd, KVM_GET_API_VERSION, 0, "KVM_GET_API_VERSION", error);
  if (version < 0)
    return FALSE;
  if (version != KVM_API_VERSION) {
    g_set_error(error, PSERIES_ERROR, 0, "KVM has API version %ld, but %d is needed", version, KVM_API_VERSION);
    return FALSE;
  }
  vm->fd = (int)pseries_call(sys, vm->kvm_fd, KVM_CREATE_VM, 0, "KVM_CREATE_VM", error);
  if (vm->fd < 0)
    return FALSE;
  vm->tce = has(vm, vm->kvm_fd, KVM_CAP_SPAPR_TCE);
  vm->tce_64 = has(vm, vm->kvm_fd, KVM_CAP_SPAPR_TCE_64);
  vm->multitce = has(vm, vm->kvm_fd, KVM_CAP_SPAPR_MULTITCE);
  vm->kvm = vfio_kvm_new(sys, vm->fd, has(vm, vm->fd, KVM_CAP_SPAPR_TCE_VFIO));
  return TRUE;
}

PseriesVm *pseries_vm_new(const VfioSys *sys, GError **error) {
  PseriesVm *vm = g_new0(PseriesVm, 1);

  vm->sys = sys;
  vm->kvm_fd = vm->fd = -1;
  if (set_up(vm, error))
    return vm;
  pseries_vm_free(vm);
  return NULL;
}

void pseries_vm_free(PseriesVm *vm) {
  if (!vm)
    return;
  vfio_kvm_free(vm->kvm);
  if (vm->fd >= 0)
    vm->sys->close(vm->sys->data, vm->fd);
  if (vm->kvm_fd >= 0)
    vm->sys->close(vm->sys->data, vm->kvm_fd);
  g_free(vm);
}

VfioKvm *pseries_vm_kvm(PseriesVm *vm) {
  return vm->kvm;
}

gboolean pseries_vm_set_memory(PseriesVm *vm, guint slot, guint64 gpa, guint64 size, void *memory, GError **error) {
  struct kvm_userspace_memory_region region = {
      .slot = slot, .guest_phys_addr = gpa, .memory_size = size, .userspace_addr = (guintptr)memory};

  return pseries_call(vm->sys, vm->fd, KVM_SET_USER_MEMORY_REGION, (guintptr)&region, "KVM_SET_USER_MEMORY_REGION",
                      error) >= 0;
}

gboolean pseries_vm_enable_multitce(PseriesVm *vm, GError **error) {
  static const guint64 calls[] = {H_PUT_TCE_INDIRECT, H_STUFF_TCE};

  for (guint i = 0; vm->multitce && i < G_N_ELEMENTS(calls); i++) {
    struct kvm_enable_cap enable = {.cap = KVM_CAP_PPC_ENABLE_HCALL, .args = {calls[i], 1}};
    if (pseries_call(vm->sys, vm->fd, KVM_ENABLE_CAP, (guintptr)&enable, "KVM_ENABLE_CAP(PPC_ENABLE_HCALL)", error) < 0)
      return FALSE;
  }
  return TRUE;
}

static long create(PseriesVm *vm, guint64 liobn, guint page_shift, guint64 start, guint64 n) {
  const VfioSys *sys = vm->sys;

  if (vm->tce_64) {
    struct kvm_create_spapr_tce_64 request = {
        .liobn = liobn, .page_shift = page_shift, .offset = start >> page_shift, .size = n};
    return sys->ioctl(sys->data, vm->fd, KVM_CREATE_SPAPR_TCE_64, (guintptr)&request);
  }
  /* The old call knows windows of 4K pages at 0 whose size in bytes fits 32 bits. */
  if (!vm->tce || page_shift != 12 || start != 0 || n > G_MAXUINT32 >> 12)
    return -1;
  struct kvm_create_spapr_tce request = {.liobn = liobn, .window_size = (guint32)(n << 12)};
  return sys->ioctl(sys->data, vm->fd, KVM_CREATE_SPAPR_TCE, (guintptr)&request);
}

int pseries_vm_create_table(PseriesVm *vm, guint64 liobn, guint page_shift, guint64 start, guint64 n,
                            guint64 **entries) {
  const VfioSys *sys = vm->sys;
  long fd = create(vm, liobn, page_shift, start, n);
  void *memory;

  if (fd < 0)
    return -1;
  if (sys->mmap(sys->data, (int)fd, n * sizeof **entries, PROT_READ | PROT_WRITE, 0, &memory) < 0) {
    sys->close(sys->data, (int)fd);
    return -1;
  }
  *entries = memory;
  return (int)fd;
}

void pseries_vm_close_table(PseriesVm *vm, int fd, guint64 *entries, guint64 n) {
  const VfioSys *sys = vm->sys;

  /* A mapping keeps the table, hence its LIOBN, after the close. */
  sys->munmap(sys->data, entries, n * sizeof *entries);
  sys->close(sys->data, fd);
}
