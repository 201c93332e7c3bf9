/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <linux/kvm.h>

#include "vfio/internal.h"

struct VfioKvm {
  const VfioSys *sys;
  int vm_fd;
  gboolean spapr_tce_vfio;
  int fd; /* the kvm-vfio device; -1: not made yet */
};

VfioKvm *vfio_kvm_new(const VfioSys *sys, int vm_fd, gboolean spapr_tce_vfio) {
  VfioKvm *kvm = g_new0(VfioKvm, 1);

  kvm->sys = sys;
  kvm->vm_fd = vm_fd;
  kvm->spapr_tce_vfio = spapr_tce_vfio;
  kvm->fd = -1;
  return kvm;
}

void vfio_kvm_free(VfioKvm *kvm) {
  if (!kvm)
    return;
  if (kvm->fd >= 0)
    kvm->sys->close(kvm->sys->data, kvm->fd);
  g_free(kvm);
}

gboolean vfio_kvm_spapr_tce_vfio(const VfioKvm *kvm) {
  return kvm->spapr_tce_vfio;
}

static gboolean set_attr(VfioKvm *kvm, guint64 attribute, const void *payload, const char *call, GError **error) {
  struct kvm_device_attr attr = {
      .group = KVM_DEV_VFIO_GROUP,
      .attr = attribute,
      .addr = (guintptr)payload,
  };

  return vfio_sys_call(kvm->sys, kvm->fd, KVM_SET_DEVICE_ATTR, &attr, call, error);
}

gboolean vfio_kvm_add_group(VfioKvm *kvm, int group_fd, GError **error) {
  gint32 fd = group_fd;

  if (kvm->fd < 0) {
    struct kvm_create_device create = {.type = KVM_DEV_TYPE_VFIO};
    if (!vfio_sys_call(kvm->sys, kvm->vm_fd, KVM_CREATE_DEVICE, &create, "KVM_CREATE_DEVICE(VFIO)", error))
      return FALSE;
    kvm->fd = (int)create.fd;
  }
  return set_attr(kvm, KVM_DEV_VFIO_GROUP_ADD, &fd, "KVM_DEV_VFIO_GROUP_ADD", error);
}

gboolean vfio_kvm_del_group(VfioKvm *kvm, int group_fd, GError **error) {
  gint32 fd = group_fd;

  return set_attr(kvm, KVM_DEV_VFIO_GROUP_DEL, &fd, "KVM_DEV_VFIO_GROUP_DEL", error);
}

gboolean vfio_kvm_set_spapr_tce(VfioKvm *kvm, int group_fd, int table_fd, GError **error) {
  struct kvm_vfio_spapr_tce param = {.groupfd = group_fd, .tablefd = table_fd};

  return set_attr(kvm, KVM_DEV_VFIO_GROUP_SET_SPAPR_TCE, &param, "KVM_DEV_VFIO_GROUP_SET_SPAPR_TCE", error);
}
