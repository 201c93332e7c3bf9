/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A stream socket to QEMU with a time limit: nothing on it waits longer.
 */
#pragma once

#include "harness/qemu/error.h"

G_BEGIN_DECLS

typedef struct QemuChannel QemuChannel;

/* Takes fd over. timeout_ms: the limit of each call that waits. */
QemuChannel *qemu_channel_new(int fd, guint timeout_ms);
void qemu_channel_free(QemuChannel *channel);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QemuChannel, qemu_channel_free)

/* All of it; pass_fd travels along with the first byte (-1: none), and stays the caller's. */
gboolean qemu_channel_send(QemuChannel *channel, const char *data, gsize len, int pass_fd, GError **error);

/* What has come, up to and with the first byte `end`; at most 16 MiB. The limit holds for the whole of it. */
char *qemu_channel_receive(QemuChannel *channel, char end, GError **error);

G_END_DECLS
