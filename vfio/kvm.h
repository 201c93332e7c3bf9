/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kvm-vfio pseudo device of a VM: made by KVM_CREATE_DEVICE when the first group is added, kept until the VM goes.
 * virt/kvm/vfio.c, Documentation/virt/kvm/devices/vfio.rst.
 */
#pragma once

#include "vfio/sys.h"

G_BEGIN_DECLS

typedef struct VfioKvm VfioKvm;

/* vm_fd stays the caller's. spapr_tce_vfio: KVM_CAP_SPAPR_TCE_VFIO of the VM. */
VfioKvm *vfio_kvm_new(const VfioSys *sys, int vm_fd, gboolean spapr_tce_vfio);
void vfio_kvm_free(VfioKvm *kvm); /* closes the device's fd */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VfioKvm, vfio_kvm_free)

gboolean vfio_kvm_spapr_tce_vfio(const VfioKvm *kvm);
gboolean vfio_kvm_add_group(VfioKvm *kvm, int group_fd, GError **error);
gboolean vfio_kvm_del_group(VfioKvm *kvm, int group_fd, GError **error);
gboolean vfio_kvm_set_spapr_tce(VfioKvm *kvm, int group_fd, int table_fd, GError **error);

G_END_DECLS
