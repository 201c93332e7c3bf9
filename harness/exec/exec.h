/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs a program with the simulated host's /dev/vfio, /dev/kvm and /sys in place, and tells what its calls show.
 *
 * Three processes of vfiosim stand around the program: this one, which answers the calls; the nodes' helper
 * (sim/fuse/helper.h); the keeper (keeper.h). Whichever of them is killed, the program, what it started and the nodes
 * go.
 */
#pragma once

#include <stdio.h>

#include "sim/gate/error.h"
#include "sim/host/host.h"

G_BEGIN_DECLS

typedef struct {
  const SimHost *host;
  char *const *argv; /* the program and its arguments */
  guint64 checks;    /* a mask of 1 << CheckId: what is told, and makes the status EXEC_FOUND */
  FILE *trace;       /* where calls are written as JSON lines while they happen, or NULL; the caller's */
  gboolean verbose;  /* calls are said while they happen */
  gboolean wait_all; /* for what the program leaves behind, too, instead of killing it */
} ExecOptions;

enum { EXEC_FOUND = 1, EXEC_SIGNALLED = 128 };

/* The status to exit with: the program's, EXEC_SIGNALLED + the signal that killed it, or EXEC_FOUND. -1 with an error:
 * GATE_ERROR_UNAVAILABLE where this machine cannot do it. To be called once in the life of a process, which must have
 * one thread. */
int exec_run(const ExecOptions *options, GError **error);

G_END_DECLS
