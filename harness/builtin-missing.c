/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Only until harness/pseries has its builtin subject: raw scenarios run without it. */
#include "harness/kernel.h"
#include "harness/pseries/builtin.h"

Subject *builtin_subject_new(const Scenario *scenario, const VfioSys *sys, VfioAttachOrder order, BuiltinMapped mapped,
                             gpointer data, GError **error) {
  g_set_error_literal(error, KERNEL_ERROR, KERNEL_ERROR_UNAVAILABLE, "this build has no pseries machine yet");
  return NULL;
}
