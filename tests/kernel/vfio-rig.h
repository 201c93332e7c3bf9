/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A simulated host with one process, and short ways to make calls on it, for the tests of the model. */
#pragma once

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "sim/direct/process.h"

enum { RIG_BUF = 64 << 20, RIG_V1 = 2, RIG_V2 = 7 };

typedef struct {
  SimHost *host;
  Trace *trace;
  SimKernel *kernel;
  SimProcess *process;
  guint8 *buf; /* RIG_BUF bytes, aligned to 64K, never touched unless a test does */
} Rig;

/* Groups 0 to 3 with one device each, 000N:01:00.0. page: "64K" or "4K". */
Rig *rig_new(const char *page);
/* Before the first call: applies a key of the host and starts its kernel again. */
void rig_set(Rig *rig, const char *key, const char *value);
void rig_restart(Rig *rig);
void rig_free(Rig *rig);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Rig, rig_free)

/* A container with these groups (ended by -1) and, if type is not 0, SET_IOMMU done. The groups' fds go to groups[]. */
int rig_container(Rig *rig, int type, int *groups, ...);

/* An ioctl by its row. arg: a pointer to a struct, or a number. */
long rig_call(Rig *rig, int fd, AbiCallId id, guint64 arg);
long rig_register(Rig *rig, int container, guint64 offset, guint64 size);
long rig_unregister(Rig *rig, int container, guint64 offset, guint64 size);
long rig_map(Rig *rig, int container, guint64 iova, guint64 offset, guint64 size);
long rig_unmap(Rig *rig, int container, guint64 iova, guint64 size);
long rig_create(Rig *rig, int container, guint32 page_shift, guint64 size, guint32 levels, guint64 *start);
long rig_remove(Rig *rig, int container, guint64 start);
long rig_set_container(Rig *rig, int group, int container);
guint32 rig_status(Rig *rig, int group);

guint64 rig_locked(Rig *rig); /* host pages */
guint16 rig_rule(Rig *rig);   /* RuleId of the newest event */
gboolean rig_met(Rig *rig, RuleId rule);

/* The answer and the rule that it names. */
#define rig_refused(rig, call, err, rule_id)                                                                           \
  do {                                                                                                                 \
    assert_int_equal(call, -(err));                                                                                    \
    assert_int_equal(rig_rule(rig), rule_id);                                                                          \
  } while (0)
