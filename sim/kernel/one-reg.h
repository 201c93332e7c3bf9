/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * KVM_GET_ONE_REG, KVM_SET_ONE_REG: a vCPU's registers by id, as KVM-HV keeps them. Private to sim/kernel.
 * arch/powerpc/kvm/book3s_hv.c: kvmppc_get_one_reg_hv(), kvmppc_set_one_reg_hv(); book3s.c: kvmppc_get_one_reg().
 */
#pragma once

#include "sim/kernel/internal.h"
#include "sim/kernel/vm-mmu.h"

G_BEGIN_DECLS

enum {
  SIM_ONE_REG_BYTES = 16,
  SIM_ONE_REGS = 0x100,   /* numbers of KVM_REG_PPC */
  SIM_ONE_REGS_TM = 0x80, /* of KVM_REG_PPC_TM: the state of a transaction */
};

typedef struct {
  guint8 plain[SIM_ONE_REGS][SIM_ONE_REG_BYTES], transaction[SIM_ONE_REGS_TM][SIM_ONE_REG_BYTES]; /* by number */
} SimOneRegs;

/* All zero but the LPCR, which is what KVM gives a guest of the host with such an MMU. */
void sim_one_regs_init(SimOneRegs *regs, const SimHost *host, const SimVmMmu *mmu);
/* The VM's MMU has changed: the LPCR shows it. */
void sim_one_regs_set_mmu(SimOneRegs *regs, const SimVmMmu *mmu);

/* The ioctls past the checks of the caller: 0 or -errno. */
long sim_one_reg_get(SimCall *call, const SimOneRegs *regs);
long sim_one_reg_set(SimCall *call, SimOneRegs *regs);

guint64 sim_one_reg_pid(const SimOneRegs *regs); /* of the guest's process, which KVM_GET_REGS shows too */

G_END_DECLS
