/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A recording, the trace of a run, as a raw scenario: the same calls in the same order, each with the answer that was
 * recorded. Handles are named after the objects, buffers are laid out as the recorded addresses were.
 */
#pragma once

#include <stdio.h>

#include "sim/host/host.h"
#include "sim/trace/trace.h"

G_BEGIN_DECLS

typedef struct {
  guint n_calls;    /* that became a line */
  guint n_left_out; /* that a raw scenario cannot say: each is a comment that gives the reason */
} ImportCounts;

/* Reads JSON lines. Array of TraceEvent; NULL: an error that names the file's line. */
GArray *import_read(FILE *in, const char *path, GError **error);

/* The scenario's text. events: of TraceEvent, of one run. host_name: as a scenario's `host` line has it; host: what
 * that is; groups that it does not have are added, with the devices the recording shows in them. */
char *import_scenario(const GArray *events, const char *host_name, const SimHost *host, ImportCounts *counts);

G_END_DECLS
