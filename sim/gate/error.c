/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/gate/error.h"

G_DEFINE_QUARK(gate - error - quark, gate_error)

gboolean gate_error_set(GError **error, int err, const char *format, ...) {
  va_list args;
  va_start(args, format);
  g_autofree char *what = g_strdup_vprintf(format, args);
  va_end(args);
  g_set_error(error, GATE_ERROR, GATE_ERROR_FAILED, "%s: %s", what, g_strerror(err));
  return FALSE;
}
