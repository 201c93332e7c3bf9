/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/pseries/error.h"

#include <string.h>

#include "vfio/vfio.h"

/* clang-format off */
G_DEFINE_QUARK(pseries-error-quark, pseries_error)
/* clang-format on */

int pseries_error_errno(const GError *error) {
  return error && error->domain == PSERIES_ERROR ? error->code : vfio_error_errno(error);
}

long pseries_call(const VfioSys *sys, int fd, unsigned long request, guintptr arg, const char *call, GError **error) {
  long ret = sys->ioctl(sys->data, fd, request, arg);

  if (ret >= 0)
    return ret;
  const char *name = strerrorname_np((int)-ret);
  g_set_error(error, PSERIES_ERROR, (int)-ret, "%s: %s (%s)", call, g_strerror((int)-ret), name ? name : "?");
  return -1;
}
