/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What `vfiosim exec` says on standard error, which is the program's, too: whole lines that begin with "vfiosim: ".
 */
#pragma once

#include <stdio.h>

#include "harness/watch/watch.h"

G_BEGIN_DECLS

void say(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* "vfiosim:    13 [1] group 7       SET_CONTAINER container 1 = 0": number, process, the call. */
void say_event(const TraceEvent *event);

/* The finding and the calls that led to it. */
void say_finding(const WatchFinding *finding);

G_END_DECLS
