/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the direct gate's SimPort asks of a simulated process. Private to sim/direct. */
#pragma once

#include "sim/direct/process.h"

G_BEGIN_DECLS

const GArray *sim_process_memory(const SimProcess *process); /* of MemoryRange */
const SimHost *sim_process_host(const SimProcess *process);
guint sim_process_serial(const SimProcess *process);
/* Takes over the reference. fd or -EMFILE. */
int sim_process_install(SimProcess *process, SimFile *file);

G_END_DECLS
