/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/kernel/reached.h"

#include <errno.h>

#include "coverage/tally.h"

void reached(SimKernel *kernel, const Trace *trace) {
  const char *path = g_getenv("VFIOSIM_TALLY");
  g_autoptr(Tally) tally = tally_new();
  g_autoptr(GError) error = NULL;

  if (!path)
    return;
  tally_add(tally, trace, sim_rules_met(kernel));
  if (!tally_append(tally, path, program_invocation_short_name, &error))
    g_error("the tally of this test is lost: %s", error->message);
}
