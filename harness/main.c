/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <locale.h>
#include <signal.h>
#include <string.h>

#include "harness/cli.h"
#include "harness/version.h"

static const CliCommand commands[] = {
    {"run", cmd_run, "run scenarios and judge them"},
    {"exec", cmd_exec, "run a program on the simulated host", TRUE},
    {"check", cmd_check, "check scenarios without running them"},
    {"trace", cmd_trace, "show a recorded trace as text"},
    {"import", cmd_import, "make a scenario of a recorded trace"},
    {"explain", cmd_explain, "explain a rule, a check, a call, an errno or a statement"},
    {"hosts", cmd_hosts, "list the built-in hosts, or show one"},
    {"coverage", cmd_coverage, "report which rules and answers runs have reached"},
};

static void print_help(FILE *out) {
  fputs(
      "Usage: vfiosim COMMAND [OPTION...] [ARGUMENT...]\n\n"
      "A POWER host's VFIO and KVM in a process: run, watch and break the code that attaches PCI devices to guests.\n\n"
      "Commands:\n",
      out);
  for (guint i = 0; i < G_N_ELEMENTS(commands); i++)
    fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].help);
  fputs("\n"
        "vfiosim COMMAND --help says more; vfiosim --version names the version.\n\n"
        "Examples:\n"
        "  vfiosim run scenarios/                       every scenario of a directory\n"
        "  vfiosim run --verbose scenarios/hotplug/     with every call and the rule behind each refusal\n"
        "  vfiosim explain KV-37 SET_SPAPR_TCE          what the kernel does there, and where to read it\n\n"
        "Exit status: 0 passed, 1 a scenario failed, 2 usage or an unreadable scenario, 77 all skipped, 130 "
        "interrupted.\n",
        out);
}

static int unknown(const char *name) {
  const char *names[G_N_ELEMENTS(commands)];

  for (guint i = 0; i < G_N_ELEMENTS(commands); i++)
    names[i] = commands[i].name;
  const char *near = cli_suggest(name, names, G_N_ELEMENTS(names));
  if (near)
    fprintf(stderr, "vfiosim: there is no command \"%s\"; did you mean \"%s\"? See vfiosim --help\n", name, near);
  else
    fprintf(stderr, "vfiosim: there is no command \"%s\"; see vfiosim --help\n", name);
  return CLI_USAGE;
}

int main(int argc, char **argv) {
  setlocale(LC_ALL, "");
  g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR);

  if (argc < 2) {
    print_help(stderr);
    return CLI_USAGE;
  }
  if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
    print_help(stdout);
    return cli_finish("--help", CLI_PASS);
  }
  if (strcmp(argv[1], "--version") == 0) {
    puts("vfiosim " VFIOSIM_VERSION);
    return cli_finish("--version", CLI_PASS);
  }
  for (guint i = 0; i < G_N_ELEMENTS(commands); i++)
    if (strcmp(argv[1], commands[i].name) == 0) {
      /* A reader that went away is an error of the write, to be told, not a silent death. */
      if (!commands[i].keeps_signals)
        signal(SIGPIPE, SIG_IGN);
      return commands[i].func(argc - 1, argv + 1);
    }
  return unknown(argv[1]);
}
