/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/gate/vm.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

struct GateVm {
  int fd;
  guint refs;
};

struct GateVms {
  GPtrArray *all; /* of GateVm*, owned */
};

static void vm_free(gpointer vm) {
  close(((GateVm *)vm)->fd);
  g_free(vm);
}

GateVms *gate_vms_new(void) {
  GateVms *vms = g_new0(GateVms, 1);
  vms->all = g_ptr_array_new_with_free_func(vm_free);
  return vms;
}

void gate_vms_free(GateVms *vms) {
  if (!vms)
    return;
  g_ptr_array_unref(vms->all);
  g_free(vms);
}

gboolean gate_is_vm(pid_t tid, int fd) {
  static const char name[] = "anon_inode:kvm-vm";
  char path[64], target[sizeof name];
  g_snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)tid, fd);
  ssize_t n = readlink(path, target, sizeof target);
  return n == sizeof name - 1 && memcmp(target, name, sizeof name - 1) == 0;
}

static gboolean same_file(int a, int b) {
  pid_t self = getpid();
  return syscall(SYS_kcmp, self, self, KCMP_FILE, a, b) == 0;
}

GateVm *gate_vms_get(GateVms *vms, const GateProcess *process, int fd) {
  int own = gate_process_get_fd(process, fd);
  if (own < 0)
    return NULL;
  for (guint i = 0; i < vms->all->len; i++) {
    GateVm *vm = vms->all->pdata[i];
    if (same_file(vm->fd, own)) {
      close(own);
      vm->refs++;
      return vm;
    }
  }
  GateVm *vm = g_new0(GateVm, 1);
  vm->fd = own;
  vm->refs = 1;
  g_ptr_array_add(vms->all, vm);
  return vm;
}

void gate_vms_put(GateVms *vms, GateVm *vm) {
  if (--vm->refs == 0)
    g_ptr_array_remove_fast(vms->all, vm);
}

gboolean gate_kvm_usable(GError **error) {
  int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
  int err = errno, version = fd < 0 ? -1 : ioctl(fd, KVM_GET_API_VERSION, 0);
  if (fd >= 0)
    close(fd);
  if (version == KVM_API_VERSION)
    return TRUE;
  if (fd >= 0)
    g_set_error(error, GATE_ERROR, GATE_ERROR_UNAVAILABLE,
                "the host's KVM is this machine's own, but its /dev/kvm answers with version %d instead of %d", version,
                KVM_API_VERSION);
  else if (err == ENOENT || err == ENODEV)
    g_set_error(error, GATE_ERROR, GATE_ERROR_UNAVAILABLE,
                "the host's KVM is this machine's own, and there is no /dev/kvm: modprobe kvm_intel or kvm_amd, turn "
                "virtualization on in its firmware, or give the container the device (--device /dev/kvm)");
  else
    g_set_error(error, GATE_ERROR, GATE_ERROR_UNAVAILABLE,
                "the host's KVM is this machine's own, and its /dev/kvm cannot be opened (%s): be in the group that "
                "owns it (usermod -a -G kvm USER), or run as root",
                g_strerror(err));
  return FALSE;
}
