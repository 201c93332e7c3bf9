/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Errors of letting a program in: what this machine does not permit, with the remedy, against what went wrong.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define GATE_ERROR (gate_error_quark())
GQuark gate_error_quark(void);
typedef enum {
  GATE_ERROR_UNAVAILABLE, /* this machine or this user cannot have it; the message says what to change */
  GATE_ERROR_FAILED,
} GateError;

/* Sets GATE_ERROR_FAILED: "WHAT: strerror(err)". Returns FALSE. */
gboolean gate_error_set(GError **error, int err, const char *format, ...) G_GNUC_PRINTF(3, 4);

G_END_DECLS
