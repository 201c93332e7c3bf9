/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an fd of a client is, from /proc/TID/fdinfo: without a call through the file itself, which may be served by the
 * asking process.
 */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

typedef struct {
  guint64 ino;
  gboolean eventfd;
} GateFdInfo;

/* 0; -EBADF if the fd is not open, or with O_PATH; -ESRCH if the thread is gone or may not be looked at. */
int gate_fdinfo(pid_t tid, int fd, GateFdInfo *info);

/* Whether open() would find a number for one more fd. TRUE if the thread may not be looked at. */
gboolean gate_has_free_fd(pid_t tid);

G_END_DECLS
