/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/cli.h"
#include "harness/scenario/scenario.h"

int cmd_check(int argc, char **argv) {
  gboolean quiet = FALSE;
  const GOptionEntry options[] = {
      {"quiet", 'q', 0, G_OPTION_ARG_NONE, &quiet, "Say nothing of files that are right", NULL}, {NULL}};
  g_auto(GStrv) args = NULL;
  g_autoptr(GPtrArray) files = NULL;
  g_autoptr(GError) error = NULL;
  guint bad = 0;
  int code;

  if (!cli_parse(argc, argv, options, "FILE|DIRECTORY...",
                 "Checks scenarios without running them: syntax, names, values.",
                 "  vfiosim check scenarios/\n  vfiosim check - < one.scn", &args, &code))
    return code;
  if (!args[0])
    return cli_usage("check", "no scenario given; see vfiosim check --help");
  files = cli_scenario_files(args, &error);
  if (!files)
    return cli_usage("check", "%s", error->message);
  for (guint i = 0; i < files->len; i++) {
    g_autoptr(Scenario) scenario = scenario_load(files->pdata[i], &error);
    if (!scenario) {
      fprintf(stderr, "%s\n", error->message);
      g_clear_error(&error);
      bad++;
    }
  }
  if (bad)
    fprintf(stderr, "%u of %u scenarios are wrong\n", bad, files->len);
  else if (!quiet)
    printf("%u scenario%s right\n", files->len, files->len == 1 ? " is" : "s are");
  return cli_finish("check", bad ? CLI_USAGE : CLI_PASS);
}
