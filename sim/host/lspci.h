/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A function as `lspci -vvvxxxx` prints it: its config space byte for byte, and the sizes of its BARs, which config
 * space alone does not tell. pciutils: lspci(8)
 */
#pragma once

#include "sim/host/host.h"

G_BEGIN_DECLS

/* Makes the device what the first function in the text is; its address and group stay. Without the lines of -v its BARs
 * and ROM are absent. */
gboolean sim_host_device_record(SimHostDevice *device, const char *text, GError **error);

G_END_DECLS
