/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What one run reached: how often each rule of the kernel was met, and how often each call had which result. Many
 * processes append their tallies to one file; coverage.h merges such files and reports.
 *
 * The file has one line a run, its fields separated by tabs: the run's name, then RULE=COUNT and CALL:RESULT=COUNT. A
 * RESULT is "0", ">0", "fd", the name of an errno or of a hypercall's result; "(injected)" follows if it was a
 * scenario's fault. hotplug/one-device <tab> CG-1=1 <tab> KV-34=2 <tab> SET_CONTAINER:0=1 <tab> SET_CONTAINER:EINVAL=3
 */
#pragma once

#include "sim/trace/trace.h"

G_BEGIN_DECLS

typedef struct Tally Tally;

Tally *tally_new(void);
void tally_free(Tally *tally);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Tally, tally_free)

/* Adds a trace's calls, and rule counts: those of `met`, an array of RULE_COUNT as sim_rules_met() gives it, or where
 * the kernel keeps none (met is NULL) the rules that the trace's events name. trace may be NULL. */
void tally_add(Tally *tally, const Trace *trace, const guint32 *met);

/* Appends the line of run `name` to the file, which is made if it is missing: one write, so processes do not mix their
 * lines. Tabs and line ends in the name become spaces. FALSE with a G_FILE_ERROR that names the file. */
gboolean tally_append(const Tally *tally, const char *path, const char *name, GError **error);

G_END_DECLS
