/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest's processor on the machine's own KVM: what makes hypercalls there. Its program is six instructions: one
 * `sc 1` with the registers that the caller wants, and another that always leaves for user space with what the first
 * one answered. It needs no guest memory but a page of its own, far above any RAM. Only a powerpc host has it.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct HostVcpu HostVcpu;

/* Whether this program can have one at all. */
gboolean host_vcpu_available(void);

/* Makes a vCPU in the VM, which has none yet and is made a radix guest; vm_fd is borrowed. NULL with error set: this
 * machine's KVM cannot. arch/powerpc/kvm/book3s_hv.c: kvmhv_configure_mmu() */
HostVcpu *host_vcpu_new(int vm_fd, GError **error);
void host_vcpu_free(HostVcpu *vcpu);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostVcpu, host_vcpu_free)

/* One hypercall: nr in r3, args in r4 to r7; value is what r4 holds after it. H_TOO_HARD: KVM left it to user space.
 * FALSE with error set: the vCPU did not get so far. */
gboolean host_vcpu_hypercall(HostVcpu *vcpu, guint64 nr, const guint64 args[4], guint64 *value, long *result,
                             GError **error);

G_END_DECLS
