/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The guest's TCE hypercalls as user space answers them: without KVM, for tables that KVM does not have, and for calls
 * that it leaves to user space. The answers are KVM's where it has one (HC-2, HC-19); what KVM leaves over because the
 * address is no RAM of the guest's or no page (HC-3, HC-4) is H_PARAMETER. LoPAPR 14.5.4.2.
 */
#pragma once

#include "harness/pseries/machine.h"

G_BEGIN_DECLS

/* arch/powerpc/include/asm/hvcall.h */
enum { H_GET_TCE = 0x1c, H_PUT_TCE = 0x20, H_STUFF_TCE = 0x138, H_PUT_TCE_INDIRECT = 0x13c };
enum { H_SUCCESS = 0, H_HARDWARE = -1, H_PARAMETER = -4 };

/* All return H_*. A TCE is a guest address | TCE_READ | TCE_WRITE; ioba in bytes. */
gint64 pseries_h_put_tce(PseriesMachine *machine, guint64 liobn, guint64 ioba, guint64 tce);
gint64 pseries_h_get_tce(PseriesMachine *machine, guint64 liobn, guint64 ioba, guint64 *tce);
gint64 pseries_h_stuff_tce(PseriesMachine *machine, guint64 liobn, guint64 ioba, guint64 tce, guint64 n);
/* tces: the list that the guest has in its memory. Nothing is done if one of them is bad. */
gint64 pseries_h_put_tce_indirect(PseriesMachine *machine, guint64 liobn, guint64 ioba, const guint64 *tces, guint64 n);

G_END_DECLS
