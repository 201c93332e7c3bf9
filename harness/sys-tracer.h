/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A table of system calls that records what goes through it: fds are told apart by the paths they were opened by and by
 * the calls that made them, and each call becomes an event as the simulator would leave it (without rules, which only a
 * model knows). Faults are answered before the kernel is asked. Calls of a forked child are not in the parent's trace.
 */
#pragma once

#include "sim/kernel/kernel.h"
#include "vfio/sys.h"

G_BEGIN_DECLS

/* How the caller's names differ from the kernel's. */
typedef struct {
  gpointer data;
  /* A path to open or to read, in the kernel's terms. Owned by the caller. */
  char *(*path)(gpointer data, const char *path);
  /* A link's text as the caller is to see it. NULL: unchanged. Owned by the caller. */
  char *(*link)(gpointer data, const char *text);
  /* A device's name for GET_DEVICE_FD, in the kernel's terms. Owned by the caller. */
  char *(*device)(gpointer data, const char *name);
} SysNames;

typedef struct SysTracer SysTracer;

/* sys is what is asked; names may be NULL. Both, and trace, must outlive it. */
SysTracer *sys_tracer_new(const VfioSys *sys, const SysNames *names, Trace *trace);
void sys_tracer_free(SysTracer *tracer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SysTracer, sys_tracer_free)

const VfioSys *sys_tracer_sys(SysTracer *tracer);
void sys_tracer_set_fault(SysTracer *tracer, SimFaultFunc fault, gpointer data);
/* Whether the fd is of an object that is traced; whether a call of that number on it is one of VFIO's or one that the
 * ABI table has, and so none of the many others of KVM's; nor KVM_RUN, which takes its time. */
gboolean sys_tracer_has(const SysTracer *tracer, int fd);
gboolean sys_tracer_wants(const SysTracer *tracer, int fd, guint32 number);
/* An fd of the object; -1: none is open. */
int sys_tracer_fd(const SysTracer *tracer, AbiObject object);
/* A guest's hypercall was answered, SIM_H_TOO_HARD among the results: it is traced as the model's are. */
void sys_tracer_hypercall(SysTracer *tracer, guint vm, guint64 nr, const guint64 args[4], guint64 value, long result);
/* An fd was duplicated: it is the same object. */
void sys_tracer_dup(SysTracer *tracer, int fd, int copy);

G_END_DECLS
