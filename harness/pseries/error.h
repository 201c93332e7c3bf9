/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Errors of the machine: the code is an errno. */
#pragma once

#include <glib.h>

#include "vfio/sys.h"

G_BEGIN_DECLS

#define PSERIES_ERROR (pseries_error_quark())
GQuark pseries_error_quark(void);

/* The errno behind an error of the machine or of the attach code, 0 if there is none. */
int pseries_error_errno(const GError *error);

/* An ioctl of the machine's own. >= 0, or -1 with error; call: its name, for the message. */
long pseries_call(const VfioSys *sys, int fd, unsigned long request, guintptr arg, const char *call, GError **error);

G_END_DECLS
