/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "powerpc-headers.h"

#include <linux/kvm.h>

#define CALL(name, macro, type)                                                                                        \
  { #name, macro, sizeof(type) }
#define CALL_IO(name, macro)                                                                                           \
  { #name, macro, 0 }

const PowerpcCall powerpc_calls[] = {
    CALL_IO(KVM_GET_API_VERSION, KVM_GET_API_VERSION),
    CALL_IO(GET_VCPU_MMAP_SIZE, KVM_GET_VCPU_MMAP_SIZE),
    CALL_IO(CREATE_VM, KVM_CREATE_VM),
    CALL_IO(CREATE_VCPU, KVM_CREATE_VCPU),
    CALL_IO(RUN, KVM_RUN),
    CALL_IO(PPC_SVM_OFF, KVM_PPC_SVM_OFF),
    CALL(SET_USER_MEMORY_REGION, KVM_SET_USER_MEMORY_REGION, struct kvm_userspace_memory_region),
    CALL(GET_DIRTY_LOG, KVM_GET_DIRTY_LOG, struct kvm_dirty_log),
    CALL(IRQ_LINE, KVM_IRQ_LINE, struct kvm_irq_level),
    CALL(IRQFD, KVM_IRQFD, struct kvm_irqfd),
    CALL(VM_IOEVENTFD, KVM_IOEVENTFD, struct kvm_ioeventfd),
    CALL(ENABLE_CAP, KVM_ENABLE_CAP, struct kvm_enable_cap),
    CALL(CREATE_SPAPR_TCE, KVM_CREATE_SPAPR_TCE, struct kvm_create_spapr_tce),
    CALL(CREATE_SPAPR_TCE_64, KVM_CREATE_SPAPR_TCE_64, struct kvm_create_spapr_tce_64),
    CALL(CREATE_DEVICE, KVM_CREATE_DEVICE, struct kvm_create_device),
    CALL(SET_DEVICE_ATTR, KVM_SET_DEVICE_ATTR, struct kvm_device_attr),
    CALL(PPC_GET_PVINFO, KVM_PPC_GET_PVINFO, struct kvm_ppc_pvinfo),
    CALL(PPC_GET_SMMU_INFO, KVM_PPC_GET_SMMU_INFO, struct kvm_ppc_smmu_info),
    CALL(PPC_ALLOCATE_HTAB, KVM_PPC_ALLOCATE_HTAB, __u32),
    CALL(PPC_CONFIGURE_V3_MMU, KVM_PPC_CONFIGURE_V3_MMU, struct kvm_ppc_mmuv3_cfg),
    CALL(PPC_GET_RMMU_INFO, KVM_PPC_GET_RMMU_INFO, struct kvm_ppc_rmmu_info),
    CALL(PPC_GET_CPU_CHAR, KVM_PPC_GET_CPU_CHAR, struct kvm_ppc_cpu_char),
    CALL(GET_REGS, KVM_GET_REGS, struct kvm_regs),
    CALL(SET_REGS, KVM_SET_REGS, struct kvm_regs),
    CALL(GET_SREGS, KVM_GET_SREGS, struct kvm_sregs),
    CALL(SET_SREGS, KVM_SET_SREGS, struct kvm_sregs),
    CALL(TRANSLATE, KVM_TRANSLATE, struct kvm_translation),
    CALL(INTERRUPT, KVM_INTERRUPT, struct kvm_interrupt),
    CALL(SET_SIGNAL_MASK, KVM_SET_SIGNAL_MASK, struct kvm_signal_mask),
    CALL(GET_FPU, KVM_GET_FPU, struct kvm_fpu),
    CALL(SET_FPU, KVM_SET_FPU, struct kvm_fpu),
    CALL(GET_MP_STATE, KVM_GET_MP_STATE, struct kvm_mp_state),
    CALL(SET_MP_STATE, KVM_SET_MP_STATE, struct kvm_mp_state),
    CALL(SET_GUEST_DEBUG, KVM_SET_GUEST_DEBUG, struct kvm_guest_debug),
    CALL(GET_ONE_REG, KVM_GET_ONE_REG, struct kvm_one_reg),
    CALL(SET_ONE_REG, KVM_SET_ONE_REG, struct kvm_one_reg),
    {0},
};

#define FIELD(name, type, member)                                                                                      \
  { #name, #member, __builtin_offsetof(type, member), sizeof(((type *)0)->member) }

const PowerpcField powerpc_fields[] = {
    FIELD(CREATE_SPAPR_TCE, struct kvm_create_spapr_tce, liobn),
    FIELD(CREATE_SPAPR_TCE, struct kvm_create_spapr_tce, window_size),
    FIELD(CREATE_SPAPR_TCE_64, struct kvm_create_spapr_tce_64, liobn),
    FIELD(CREATE_SPAPR_TCE_64, struct kvm_create_spapr_tce_64, page_shift),
    FIELD(CREATE_SPAPR_TCE_64, struct kvm_create_spapr_tce_64, offset),
    FIELD(CREATE_SPAPR_TCE_64, struct kvm_create_spapr_tce_64, size),
    FIELD(PPC_CONFIGURE_V3_MMU, struct kvm_ppc_mmuv3_cfg, flags),
    FIELD(PPC_CONFIGURE_V3_MMU, struct kvm_ppc_mmuv3_cfg, process_table),
    FIELD(PPC_GET_CPU_CHAR, struct kvm_ppc_cpu_char, character),
    FIELD(PPC_GET_CPU_CHAR, struct kvm_ppc_cpu_char, behaviour),
    FIELD(PPC_GET_CPU_CHAR, struct kvm_ppc_cpu_char, character_mask),
    FIELD(PPC_GET_CPU_CHAR, struct kvm_ppc_cpu_char, behaviour_mask),
    FIELD(GET_REGS, struct kvm_regs, pc),
    FIELD(GET_REGS, struct kvm_regs, lr),
    FIELD(GET_REGS, struct kvm_regs, msr),
    FIELD(SET_REGS, struct kvm_regs, msr),
    FIELD(GET_SREGS, struct kvm_sregs, pvr),
    FIELD(SET_SREGS, struct kvm_sregs, pvr),
    FIELD(SET_GUEST_DEBUG, struct kvm_guest_debug, control),
    {0},
};

/* What the model lays out itself: sim/kernel/vcpu.h, vcpu-regs.c, vcpu-run.c, one-reg.c. */
_Static_assert(__builtin_offsetof(struct kvm_regs, gpr) == 17 * 8, "gpr");
_Static_assert(__builtin_offsetof(struct kvm_sregs, u.s.ppc64.slb) == 16, "slb");
_Static_assert(__builtin_offsetof(struct kvm_run, immediate_exit) == 1, "immediate_exit");
_Static_assert(__builtin_offsetof(struct kvm_run, exit_reason) == 8, "exit_reason");
_Static_assert(__builtin_offsetof(struct kvm_run, papr_hcall) == 32, "papr_hcall");
_Static_assert(__builtin_offsetof(struct kvm_run, mmio) == 32, "mmio");
_Static_assert(KVM_REG_PPC_VSR0 == (0x1040000000000000 | 0x60), "VSR0");
_Static_assert(KVM_REG_PPC_LPCR == (0x1020000000000000 | 0xb5), "LPCR");
_Static_assert(KVM_REG_PPC_LPCR_64 == (0x1030000000000000 | 0xb5), "LPCR_64");
_Static_assert(KVM_REG_PPC_VPA_ADDR == (0x1030000000000000 | 0x82), "VPA_ADDR");
_Static_assert(KVM_REG_PPC_TM_VSCR == (0x1020000080000000 | 0x67), "TM_VSCR");
_Static_assert(KVM_REG_PPC_DAWRX1 == (0x1030000000000000 | 0xc5), "DAWRX1");
