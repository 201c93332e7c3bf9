/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A client process: a child of this one, in its namespace, under a filter, that dies with it.
 */
#pragma once

#include <sys/types.h>

#include "sim/gate/filter.h"

G_BEGIN_DECLS

/* What the client does; its return value is the exit status. keep_fd: see gate_client_fork(). */
typedef int (*GateClientFunc)(gpointer data, int keep_fd);

/* Ends a process that was forked from a server: what it has printed and covered counts, what the server registered to
 * be done at its own exit is not done. */
G_NORETURN void gate_client_exit(int status);

/* Forks a client that runs func. Of this process's fds it keeps keep_fd (-1: none), 0, 1, 2 and those that are not
 * close-on-exec: all but keep_fd are closed that an exec() would close. Its pid with the filter's listener in
 * *listener, or -1. filter NULL: it is under none, and *listener is -1. */
pid_t gate_client_fork(const GateFilter *filter, GateClientFunc func, gpointer data, int keep_fd, int *listener,
                       GError **error);

G_END_DECLS
