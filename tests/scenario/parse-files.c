/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads scenario files as TAP test points: each file of a `good` folder must be read, each of a `bad` folder must be
 * refused with the message that the .txt file beside it holds.
 *
 *   parse-files good FILE...        parse-files bad FILE...
 */
#include <stdio.h>
#include <string.h>

#include "harness/scenario/scenario.h"

static char *check_good(const char *path) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Scenario) scenario = scenario_load(path, &error);

  if (!scenario)
    return g_strdup(error->message);
  if (!scenario->summary || !*scenario->summary)
    return g_strdup("no summary");
  return NULL;
}

static char *check_bad(const char *path) {
  g_autofree char *base = g_path_get_basename(path), *stem = g_strndup(path, strlen(path) - strlen(".scn"));
  g_autofree char *expected_path = g_strconcat(stem, ".txt", NULL), *expected = NULL, *text = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(Scenario) scenario = NULL;
  gsize len;

  if (!g_file_get_contents(path, &text, &len, &error))
    return g_strdup(error->message);
  if (!g_file_get_contents(expected_path, &expected, NULL, &error))
    return g_strdup(error->message);
  g_strchomp(expected);
  scenario = scenario_parse(base, text, &error);
  if (scenario)
    return g_strdup_printf("was read, but should say:\n%s", expected);
  if (strcmp(error->message, expected) != 0)
    return g_strdup_printf("said:\n%s\nbut should say:\n%s", error->message, expected);
  return NULL;
}

int main(int argc, char **argv) {
  gboolean good = argc > 1 && strcmp(argv[1], "good") == 0;
  int failed = 0;

  printf("1..%d\n", argc - 2);
  for (int i = 2; i < argc; i++) {
    g_autofree char *base = g_path_get_basename(argv[i]);
    g_autofree char *trouble = good ? check_good(argv[i]) : check_bad(argv[i]);

    printf("%s %d - %s\n", trouble ? "not ok" : "ok", i - 1, base);
    if (trouble) {
      g_auto(GStrv) lines = g_strsplit(trouble, "\n", -1);

      for (char **line = lines; *line; line++)
        printf("# %s\n", *line);
      failed++;
    }
  }
  return failed != 0;
}
