/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The structs of KVM_CREATE_SPAPR_TCE and KVM_CREATE_SPAPR_TCE_64: headers of powerpc have them
 * (arch/powerpc/include/uapi/asm/kvm.h), others only the calls' numbers, which take their size from them.
 */
#pragma once

#include <linux/kvm.h>

#ifndef __powerpc__
struct kvm_create_spapr_tce {
  __u64 liobn;
  __u32 window_size; /* bytes */
};

struct kvm_create_spapr_tce_64 {
  __u64 liobn;
  __u32 page_shift;
  __u32 flags;
  __u64 offset; /* IOMMU pages */
  __u64 size;   /* IOMMU pages */
};
#endif
