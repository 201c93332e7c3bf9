/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any recording becomes a scenario that the language takes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/import/import.h"
#include "harness/scenario/scenario.h"
#include "tests/fuzz/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  g_autoptr(SimHost) host = sim_host_builtin("power9", NULL);
  g_autoptr(GArray) events = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(Scenario) scenario = NULL;
  g_autofree char *text = NULL;
  ImportCounts counts;
  FILE *in = size ? fmemopen((void *)data, size, "r") : NULL;

  if (!in)
    return 0;
  events = import_read(in, "fuzz", &error);
  fclose(in);
  g_assert_true((events != NULL) == (error == NULL));
  if (!events)
    return 0;
  text = import_scenario(events, "power9", host, &counts);
  g_assert_cmpuint(counts.n_calls + counts.n_left_out, ==, events->len);
  if (counts.n_calls == 0 || events->len > 2000)
    return 0;
  scenario = scenario_parse("fuzz.scn", text, &error);
  if (!scenario) {
    fprintf(stderr, "%s\n%s", error->message, text);
    abort(); /* g_error() would be a trap, of which libFuzzer keeps no input */
  }
  return 0;
}
