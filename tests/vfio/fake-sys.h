/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A scripted VfioSys: it answers as a POWER host does where nothing goes wrong, writes down every call, keeps account
 * of what is held, and lets a test make the n-th call fail. It is no model of the kernel: sim/kernel is.
 */
#pragma once

#include "vfio/sys.h"

G_BEGIN_DECLS

typedef struct Fake Fake;

/* What the host is like; set before the first call. */
typedef struct {
  gboolean v2;             /* SPAPR TCE v2 is offered */
  gboolean not_viable;     /* the groups' flag */
  gboolean type1;          /* the host has type 1 instead of SPAPR */
  gboolean spapr_tce_vfio; /* KVM_CAP_SPAPR_TCE_VFIO */
  gboolean spapr_tce_64;   /* KVM_CAP_SPAPR_TCE_64 */
  gboolean no_intx;
  guint64 pgsizes;
  guint max_levels;      /* as GET_INFO says */
  guint min_levels;      /* TCE_CREATE with fewer: ENOMEM */
  guint64 window_offset; /* added to the start of every window made */
  gsize page_size;
} FakeHost;

Fake *fake_new(void);
void fake_free(Fake *fake);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Fake, fake_free)
FakeHost *fake_host(Fake *fake);
const VfioSys *fake_sys(Fake *fake);

/* The group that a device is in: its bus number plus 6, so that 0000:01:00.0 is in group 7. */

/* Makes the nth call (from 1) whose line begins with `call` fail; call "" counts every call. result: what it returns,
 * -errno or a positive number. */
void fake_fail(Fake *fake, const char *call, guint nth, long result);
gboolean fake_failed(const Fake *fake); /* the fault has been met */

/* The calls so far, a line each, and forgets them. Device config reads, eventfds and KVM_CHECK_EXTENSION are left out.
 */
char *fake_take_log(Fake *fake);
guint fake_n_calls(const Fake *fake); /* of all, since fake_new() */

/* A line "VERB OBJECT" for each thing held: fds, regions, windows, groups in KVM, eventfds, mappings. Empty: "". */
char *fake_held(const Fake *fake);

/* The fds of groups, containers and devices were closed in reverse order of their opening. */
gboolean fake_closed_in_reverse(const Fake *fake);

/* What MAP_DMA has put there, as "0xIOVA->0xVADDR rw" lines of a container (from 1), ascending. */
char *fake_mappings(const Fake *fake, guint container);

/* Lets interrupts of a device's index and vector be pending. */
void fake_signal(Fake *fake, const char *device, guint index, guint vector);

/* An fd that stands for a VM, as from KVM_CREATE_VM. */
int fake_vm(Fake *fake);

G_END_DECLS
