/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The calls of an unmodified program on the machine's own kernel: a library that is preloaded into it (recorded.c)
 * makes them and notes what came of each, as harness/sys-tracer.h says. The program must be dynamically linked and of
 * this build's architecture. Not seen: calls made without libc, fds that were duplicated or passed on, and the closes
 * of a process that ends.
 */
#pragma once

#include "sim/trace/trace.h"

G_BEGIN_DECLS

#define RECORDER_VARIABLE                                                                                              \
  "VFIOSIM_RECORD"          /* in the program's environment: the path of the file that takes the events */
enum { RECORDER_FD = 900 }; /* lowest fd of that file in the program */

typedef struct Recorder Recorder;

/* KERNEL_ERROR_UNAVAILABLE: the library is not there. */
Recorder *recorder_new(GError **error);
void recorder_free(Recorder *recorder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Recorder, recorder_free)

/* In the process that is to be recorded, before exec(): its environment names the library and the file. */
void recorder_enter(const Recorder *recorder);

/* Appends to the trace what has been called since the last time, each event after func (may be NULL) has had its way
 * with it. A call is there by the time it returns. */
typedef void (*RecorderFunc)(TraceEvent *event, gpointer data);
void recorder_collect(Recorder *recorder, Trace *trace, RecorderFunc func, gpointer data);

G_END_DECLS
