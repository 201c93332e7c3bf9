/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A mount namespace of one's own, so that nodes can be put at /dev/vfio and /sys without anybody else seeing them, and
 * so that nothing stays behind however the process ends. An ordinary user gets it through a user namespace in which the
 * uid and gid stay what they are.
 */
#pragma once

#include "sim/gate/error.h"

G_BEGIN_DECLS

/* Moves the calling process, which must be single-threaded, into the namespace. GATE_ERROR_UNAVAILABLE where the
 * machine forbids it, with the setting that does. It cannot be left again. */
gboolean gate_namespace_enter(GError **error);

G_END_DECLS
