/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A simulated host, kernel and process for unit tests, by the direct gate. Tests make calls by their rows in the ABI
 * table and expect a result together with the rule that decided it.
 */
#pragma once

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/direct/process.h"

typedef struct {
  SimHost *host;
  Trace *trace;
  SimPort port; /* the direct gate's, with RIG_BAD refused at once: cmocka takes SIGSEGV for itself */
  SimKernel *kernel;
  SimProcess *process;
  guint8 *ram;             /* RIG_RAM bytes, aligned to 64K: what tests register and hand to the guest */
  guint32 met[RULE_COUNT]; /* as the last expect() saw them */
} Rig;

enum { RIG_RAM = 4 << 20 };

/* An address that nobody can read or write. */
#define RIG_BAD ((void *)(guintptr)8)

/* From now on nothing can be written to the process's memory; it can be read. */
void rig_read_only(Rig *rig);
/* Copies to the last bytes before memory that cannot be read. */
void *rig_at_edge(const Rig *rig, const void *data, gsize size);

/* The built-in host "power9" with what `describe` (may be NULL) changes or adds. */
Rig *rig_new(void (*describe)(SimHost *host));
void rig_free(Rig *rig);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Rig, rig_free)

/* Opens a node; fails the test if that fails. */
int rig_open(Rig *rig, const char *path);
void rig_close(Rig *rig, int fd);
long rig_call(Rig *rig, int fd, AbiCallId id, const void *arg);
long rig_call_value(Rig *rig, int fd, AbiCallId id, guint64 arg);

/* The result is `expected`, and the rule decided it: a refusal names it, a success has met it. RULE_NONE: whatever. */
#define expect(rig, result, expected, rule) rig_expect(rig, result, expected, rule, __FILE__, __LINE__)
void rig_expect(Rig *rig, long result, long expected, RuleId rule, const char *file, int line);

/* ---- VFIO ---- */

/* A container with the SPAPR v2 IOMMU and that group in it, in *container (-1: makes one); the group's fd. */
int rig_attach(Rig *rig, guint group, int *container);
void rig_register(Rig *rig, int container, const void *memory, gsize size);
/* Makes a window; its start. */
guint64 rig_create_window(Rig *rig, int container, guint page_shift, guint64 size);
void rig_remove_window(Rig *rig, int container, guint64 start);
long rig_map(Rig *rig, int container, guint64 iova, const void *memory, guint64 size, guint32 flags);
int rig_device(Rig *rig, int group, const char *name);
SimCensus rig_census(Rig *rig);

/* ---- KVM ---- */

int rig_vm(Rig *rig);
int rig_kvm_vfio(Rig *rig, int vm);
/* KVM_CREATE_SPAPR_TCE_64; offset and size in I/O pages. */
long rig_table(Rig *rig, int vm, guint64 liobn, guint page_shift, guint64 offset, guint64 size);
long rig_memslot(Rig *rig, int vm, guint32 slot, guint64 gpa, guint64 size, const void *memory);
long rig_group_add(Rig *rig, int kvm_vfio, int fd);
long rig_group_del(Rig *rig, int kvm_vfio, int fd);
long rig_set_spapr_tce(Rig *rig, int kvm_vfio, int group, int table);
/* KVM_ENABLE_CAP(PPC_ENABLE_HCALL) */
long rig_enable_hcall(Rig *rig, int vm, guint64 hcall, guint64 enable);
