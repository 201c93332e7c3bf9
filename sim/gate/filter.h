/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The seccomp filter of client programs. A call that returns a new fd cannot be answered through FUSE, whose reply is a
 * number; so ioctl()s with those command numbers, and nothing else, are sent to a supervisor. seccomp_unotify(2).
 */
#pragma once

#include <linux/filter.h>

#include "sim/gate/error.h"

G_BEGIN_DECLS

typedef struct GateFilter GateFilter;

/* The commands are those of the ABI table's calls that return an fd, as programs of this machine's architecture make
 * them, and the one that carries calls of programs of another. exits: exit_group(), too. */
GateFilter *gate_filter_new(gboolean exits, GError **error);
void gate_filter_free(GateFilter *filter);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GateFilter, gate_filter_free)

/* Puts the calling thread, and all that it forks and execs, under the filter: for good, and without new privileges by
 * exec. Returns the listener's fd, or -errno. */
int gate_filter_install(const GateFilter *filter);

/* Carries a listener from the client to its supervisor over a socket. */
gboolean gate_listener_send(int socket, int listener);
int gate_listener_receive(int socket, GError **error);

G_END_DECLS
