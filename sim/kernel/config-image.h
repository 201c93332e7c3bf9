/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The config space that a function itself has: as its host file describes it, or as it was recorded. */
#pragma once

#include "sim/host/host.h"

G_BEGIN_DECLS

enum { SIM_CONFIG_SIZE = 256, SIM_CONFIG_SIZE_EXPRESS = 4096 };

/* bytes: zeroed, of the size that the function has. */
void sim_config_image(guint8 *bytes, const SimHostDevice *host, gboolean multifunction);

G_END_DECLS
