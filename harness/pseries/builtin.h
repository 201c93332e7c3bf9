/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The builtin subject: a pseries machine on this project's attach code, behind the Subject table. Raw statements are
 * not its business (SUBJECT_UNSUPPORTED); see harness/raw/raw.h.
 */
#pragma once

#include "harness/subject.h"
#include "vfio/attach.h"
#include "vfio/sys.h"

G_BEGIN_DECLS

/* Guest RAM was mapped (before the kernel hears of it) or is about to be unmapped. */
typedef void (*BuiltinMapped)(gpointer data, void *memory, gsize size, gboolean mapped);

/* scenario and sys must outlive it; mapped may be NULL. Nothing is opened before the first statement is performed.
 * Subject.kill unmaps nothing and closes nothing: the owner of sys lets the process go. */
Subject *builtin_subject_new(const Scenario *scenario, const VfioSys *sys, VfioAttachOrder order, BuiltinMapped mapped,
                             gpointer data, GError **error);

G_END_DECLS
