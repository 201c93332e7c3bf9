/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any text is a scenario or is refused with a message; a scenario's calls can be printed. */
#include <string.h>

#include "harness/scenario/scenario.h"
#include "tests/fuzz/target.h"

static void print_all(const Scenario *scenario) {
  g_autoptr(GString) out = g_string_new(NULL);

  for (guint i = 0; i < scenario->stmts->len; i++) {
    const ScenarioStmt *stmt = scenario->stmts->pdata[i];
    g_autofree char *message = scenario_message(scenario, stmt->place, "%s", "here");

    g_assert_nonnull(message);
    for (guint j = 0; j < stmt->blocks->len; j++) {
      const GArray *expects = g_array_index(stmt->blocks, ScenarioBlock, j).expects;
      for (guint k = 0; k < expects->len; k++)
        scenario_expect_print(out, &g_array_index(expects, ScenarioExpect, k));
    }
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  g_autofree char *text = g_strndup((const char *)data, size);
  g_autoptr(GError) error = NULL;
  g_autoptr(Scenario) scenario = NULL;

  if (strstr(text, "/")) /* a host file's path: the machine's files are no input */
    return 0;
  scenario = scenario_parse("fuzz.scn", text, &error);
  g_assert_true((scenario != NULL) == (error == NULL));
  if (scenario)
    print_all(scenario);
  else
    g_assert_true(g_utf8_validate(error->message, -1, NULL));
  return 0;
}
