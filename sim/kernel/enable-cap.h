/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * KVM_ENABLE_CAP, on a VM and on a vCPU. Private to sim/kernel. arch/powerpc/kvm/powerpc.c: kvm_vm_ioctl_enable_cap(),
 * kvm_vcpu_ioctl_enable_cap().
 */
#pragma once

#include "sim/kernel/vcpu.h"

G_BEGIN_DECLS

long sim_enable_cap_vm(SimCall *call, SimVm *vm);       /* 0 or -errno */
long sim_enable_cap_vcpu(SimCall *call, SimVcpu *vcpu); /* 0 or -errno */

G_END_DECLS
