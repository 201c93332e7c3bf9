/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of sim/host share: one key at a time is applied to a host or a device. */
#pragma once

#include "sim/host/host.h"

G_BEGIN_DECLS

void sim_host_group_free(SimHostGroup *group);
SimHostGroup *sim_host_ensure_group(SimHost *host, guint number);
SimHostDevice *sim_host_find_device(const SimHost *host, guint64 id);

/* Gives a device a built-in shape ("dumb", "e1000e", "engine"); its address and group stay. FALSE: no such model. */
gboolean sim_host_device_model(SimHostDevice *device, const char *model);

/* Makes the host one of that kernel profile, limits and groups apart. FALSE: no such profile. */
gboolean sim_host_set_profile(SimHost *host, const char *name);
/* Their names, ", " between them; free with g_free(). */
char *sim_host_profiles(void);

/* Applies one key of a [device ...] section; `config` takes the path of a file. The error names the key, not the
 * section. */
gboolean sim_host_device_set(SimHostDevice *device, const char *key, const char *value, GError **error);

/* What one key cannot see of a device: BARs that overlap, MSI-X without its BAR. */
gboolean sim_host_device_check(const SimHostDevice *device, GError **error);

G_END_DECLS
