/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The subject of raw calls: each STMT_RAW_* is one system call, made as written and answered whole. Handles, buffers
 * and the calling process are the scenario's names for fds, memory and forks.
 */
#pragma once

#include "harness/subject.h"
#include "vfio/sys.h"

G_BEGIN_DECLS

/* The system calls of one process, with what VfioSys lacks. */
typedef struct RawSys RawSys;
struct RawSys {
  const VfioSys *sys;                    /* NULL: libc's */
  int (*dup)(const RawSys *raw, int fd); /* >= 0 or -errno */
  /* Memory came or went, for kernels that must be told. NULL: they see for themselves. */
  void (*map)(const RawSys *raw, void *memory, gsize size, gboolean writable);
  void (*unmap)(const RawSys *raw, void *memory, gsize size);
  /* The system calls of a child forked now; serial: from 1. Borrowed from raw. NULL: fork() it is. */
  const RawSys *(*fork)(const RawSys *raw, guint serial);
  gpointer data;
};

/* libc's, for subjects behind real nodes. */
const RawSys *raw_sys_libc(void);

/* raw and scenario must outlive it. */
Subject *raw_subject_new(const RawSys *raw, const Scenario *scenario);

G_END_DECLS
