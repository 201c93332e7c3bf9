/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The end of every process below this one, which must be a child subreaper: what dies hands its children to it. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Kills and reaps the children of the calling process, and theirs as they come, until there are none. Returns how many
 * were killed that had not ended by themselves. */
guint orphans_kill(void);

G_END_DECLS
