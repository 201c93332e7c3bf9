/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What of the host's processor shows, through KVM and elsewhere. */
#pragma once

#include "sim/host/host.h"

G_BEGIN_DECLS

/* Whether it has POWER9's MMU, and uses it in radix mode. Of all hosts only those with a POWER8 offer IOMMU pages of
 * 256M (PNV-2). */
gboolean sim_cpu_is_power9(const SimHost *host);

/* Its processor version register: which version of KVM's vCPUs cannot be made to differ. Those of QEMU's CPUs
 * "power9_v2.0" and "power8_v2.0"; 0 on x86. */
guint32 sim_cpu_pvr(const SimHost *host);

G_END_DECLS
