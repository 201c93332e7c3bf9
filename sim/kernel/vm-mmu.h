/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a VM's MMU is like: what the host offers, and the page table that the guest has. Private to sim/kernel.
 * arch/powerpc/kvm/book3s_hv.c: kvm_vm_ioctl_get_smmu_info_hv(), kvmhv_get_rmmu_info(), kvmhv_configure_mmu();
 * powerpc.c: kvmppc_get_cpu_char().
 */
#pragma once

#include "sim/kernel/internal.h"

G_BEGIN_DECLS

typedef struct {
  gboolean radix; /* the guest's page table; else hashed */
  gboolean gtse;  /* it may invalidate translations itself */
} SimVmMmu;

/* As a VM of the host starts: a guest of a radix host is one. */
void sim_vm_mmu_init(SimVmMmu *mmu, const SimHost *host);

/* Each an ioctl of the VM past the checks of the caller; 0 or -errno. */
long sim_vm_mmu_smmu_info(SimCall *call); /* PPC_GET_SMMU_INFO */
long sim_vm_mmu_rmmu_info(SimCall *call); /* PPC_GET_RMMU_INFO */
long sim_vm_mmu_cpu_char(SimCall *call);  /* PPC_GET_CPU_CHAR */
/* PPC_ALLOCATE_HTAB: a guest with a hashed page table, empty, from now on. */
long sim_vm_mmu_allocate_htab(SimCall *call, SimVmMmu *mmu);
long sim_vm_mmu_configure(SimCall *call, SimVmMmu *mmu); /* PPC_CONFIGURE_V3_MMU */

G_END_DECLS
