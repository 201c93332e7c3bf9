/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "harness/cli.h"
#include "harness/import/import.h"
#include "harness/scenario/scenario.h"

static GArray *read_recording(const char *path, GError **error) {
  gboolean standard = strcmp(path, "-") == 0;
  FILE *in = standard ? stdin : fopen(path, "re");
  GArray *events;

  if (!in) {
    g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(errno), "%s: %s", path, g_strerror(errno));
    return NULL;
  }
  events = import_read(in, path, error);
  if (!standard)
    fclose(in);
  return events;
}

int cmd_import(int argc, char **argv) {
  g_autofree char *host_name = NULL, *output = NULL, *text = NULL;
  const GOptionEntry options[] = {
      {"host", 0, 0, G_OPTION_ARG_STRING, &host_name,
       "The scenario's host: a built-in host (power9 if not given) or a host file like the recorded machine", "HOST"},
      {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "Write the scenario there, not to standard output", "FILE"},
      {NULL}};
  g_auto(GStrv) args = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(GArray) events = NULL;
  g_autoptr(SimHost) host = NULL;
  g_autoptr(Scenario) scenario = NULL;
  ImportCounts counts;
  int code;

  if (!cli_parse(argc, argv, options, "RECORDING",
                 "Makes a raw scenario of what `vfiosim run --trace FILE` recorded: the same calls, with the recorded "
                 "answers.",
                 "  vfiosim run --kernel host --trace boot.trace boot.scn\n"
                 "  vfiosim import --host my-machine.ini --output recorded.scn boot.trace\n"
                 "  vfiosim run recorded.scn",
                 &args, &code))
    return code;
  if (g_strv_length(args) != 1)
    return cli_usage("import", "one recording is wanted; see vfiosim import --help");
  events = read_recording(args[0], &error);
  if (!events)
    return cli_usage("import", "%s", error->message);
  host = sim_host_load(host_name ? host_name : "power9", &error);
  if (!host)
    return cli_usage("import", "%s", error->message);
  text = import_scenario(events, host_name ? host_name : "power9", host, &counts);
  if (counts.n_calls == 0)
    return cli_usage("import", "%s has no call that a raw scenario can make (%u left out)", args[0], counts.n_left_out);
  if (output ? !g_file_set_contents(output, text, -1, &error) : fputs(text, stdout) == EOF)
    return cli_usage("import", "%s", error ? error->message : "cannot write");
  fprintf(stderr, "%u calls, %u left out\n", counts.n_calls, counts.n_left_out);
  scenario = scenario_parse(output ? output : "standard output", text, &error);
  if (!scenario)
    return cli_usage("import", "the scenario needs a hand: %s", error->message);
  return cli_finish("import", CLI_PASS);
}
