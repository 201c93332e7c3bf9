/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The process that makes the server's own calls on its mount. The server must make none: were it killed while one of
 * its threads waits for another, the waiting one would never end, and hold the mount with it. The helper's calls are
 * aborted when the server dies, and it dies, too.
 */
#pragma once

#include "sim/gate/error.h"
#include "sim/host/host.h"

G_BEGIN_DECLS

typedef struct SimHelper SimHelper;

/* Forks the helper. It mounts the session of fuse_fd and puts the nodes in their places as soon as the session is
 * served; kvm: what /dev/kvm is to be. The calling process must be single-threaded and in its namespace. */
SimHelper *sim_helper_new(int fuse_fd, SimHostKvm kvm, GError **error);
void sim_helper_free(SimHelper *helper); /* it goes, and is waited for */

/* Waits until the nodes are in their places. */
gboolean sim_helper_wait(SimHelper *helper, GError **error);

/* Opens the file `name` of the mount's root: an fd with its inode number in *ino, or -1. */
int sim_helper_open(SimHelper *helper, const char *name, guint64 *ino);
/* Has the client's kernel ask for the attributes of an open file: its size has changed. */
void sim_helper_refresh(SimHelper *helper, int fd);

G_END_DECLS
