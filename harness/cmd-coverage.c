/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "coverage/coverage.h"
#include "harness/cli.h"

int cmd_coverage(int argc, char **argv) {
  g_autofree char *out = NULL, *except = NULL;
  const GOptionEntry options[] = {{"output", 'o', 0, G_OPTION_ARG_FILENAME, &out,
                                   "Write coverage.txt and index.html into this directory", "DIRECTORY"},
                                  {"except", 'e', 0, G_OPTION_ARG_FILENAME, &except,
                                   "Leave out the rules that the tables of this document list", "DOCUMENT"},
                                  {NULL}};
  g_auto(GStrv) args = NULL;
  g_autoptr(GString) text = g_string_new(NULL);
  g_autoptr(GError) error = NULL;
  int code;

  if (!cli_parse(argc, argv, options, "TALLY...",
                 "Reports which rules of the kernel and which answers the runs have reached, from tallies that\n"
                 "`vfiosim run --tally FILE` has appended.",
                 "  vfiosim run --tally tally.txt scenarios/ && vfiosim coverage tally.txt\n"
                 "  vfiosim coverage --except docs/rules-not-met.md --output report/ tally.txt",
                 &args, &code))
    return code;
  if (!args[0])
    return cli_usage("coverage", "no tally given; see vfiosim coverage --help");
  if (!coverage_report((const char *const *)args, except, out, text, &error))
    return cli_usage("coverage", "%s", error->message);
  fputs(text->str, stdout);
  return cli_finish("coverage", CLI_PASS);
}
