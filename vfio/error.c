/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "vfio/internal.h"

typedef struct {
  int err;
} VfioErrorPrivate;

static void vfio_error_private_init(VfioErrorPrivate *private) {
  private->err = 0;
}

static void vfio_error_private_copy(const VfioErrorPrivate *from, VfioErrorPrivate *to) {
  *to = *from;
}

static void vfio_error_private_clear(VfioErrorPrivate *private) {
}

/* clang-format off */
G_DEFINE_EXTENDED_ERROR(VfioError, vfio_error)
/* clang-format on */

int vfio_error_errno(const GError *error) {
  return error && error->domain == VFIO_ERROR ? vfio_error_get_private(error)->err : 0;
}

void vfio_error_set(GError **error, VfioError code, int err, const char *format, ...) {
  va_list args;

  if (!error)
    return;
  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  const char *name = err ? strerrorname_np(err) : NULL;
  if (!err)
    g_set_error_literal(error, VFIO_ERROR, code, text);
  else if (name)
    g_set_error(error, VFIO_ERROR, code, "%s: %s (%s)", text, g_strerror(err), name);
  else
    g_set_error(error, VFIO_ERROR, code, "%s: errno %d", text, err);
  vfio_error_get_private(*error)->err = err;
}
