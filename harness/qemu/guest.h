/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the guest does in a QEMU whose guest has no code: hypercalls and firmware (RTAS) calls, on its first vCPU;
 * QEMU's own code answers, or KVM.
 */
#pragma once

#include "harness/qemu/cpu.h"
#include "harness/qemu/ram.h"

G_BEGIN_DECLS

typedef struct QemuGuest QemuGuest;

/* scratch: guest physical address of a page that the guest's own calls do not touch, for firmware calls' arguments;
 * what it holds is put back. cpu is consumed; ram stays the caller's and outlives it. */
QemuGuest *qemu_guest_new(QemuCpu *cpu, const QemuRam *ram, guint64 scratch);
void qemu_guest_free(QemuGuest *guest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QemuGuest, qemu_guest_free)

/* PAPR hypercall nr with args in r4 and on. *result is r3's H_*, *value (may be NULL) r4's. */
gboolean qemu_guest_hypercall(QemuGuest *guest, guint64 nr, const guint64 *args, guint n, gint64 *result,
                              guint64 *value, GError **error);

/* H_PUT_TCE_INDIRECT with n TCEs, at most 512, which are put into the scratch page. */
gboolean qemu_guest_put_list(QemuGuest *guest, guint64 liobn, guint64 ioba, const guint64 *tces, guint n,
                             gint64 *result, GError **error);

/* RTAS call by its name in the device tree. rets[0] is its status; what it returns besides, rets[1] and on. A status
 * other than 0 is QEMU_ERROR_REFUSED. */
gboolean qemu_guest_rtas(QemuGuest *guest, const char *service, const guint32 *args, guint n_args, guint32 *rets,
                         guint n_rets, GError **error);

G_END_DECLS
