/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/cli.h"

#include <errno.h>
#include <string.h>

int cli_usage(const char *command, const char *format, ...) {
  g_autofree char *text = NULL;
  va_list args;

  va_start(args, format);
  text = g_strdup_vprintf(format, args);
  va_end(args);
  fprintf(stderr, "vfiosim %s: %s\n", command, text);
  return CLI_USAGE;
}

static gboolean parse(int argc, char **argv, const GOptionEntry *options, const char *positional, const char *summary,
                      const char *examples, gboolean command, char ***rest, int *code) {
  g_autofree char *synopsis = g_strdup_printf("%s %s", argv[0], positional);
  g_autoptr(GOptionContext) context = g_option_context_new(synopsis);
  g_auto(GStrv) args = g_new0(char *, (gsize)argc + 1);
  g_autoptr(GError) error = NULL;
  gboolean help = FALSE;
  GOptionEntry own[] = {{"help", 'h', 0, G_OPTION_ARG_NONE, &help, "Show this and exit", NULL}, {NULL}};

  /* GLib's own --help exits from within. */
  g_option_context_set_help_enabled(context, FALSE);
  g_option_context_set_strict_posix(context, command);
  g_option_context_set_summary(context, summary);
  if (examples) {
    g_autofree char *text = g_strdup_printf("Examples:\n%s", examples);
    g_option_context_set_description(context, text);
  }
  g_option_context_add_main_entries(context, options, NULL);
  g_option_context_add_main_entries(context, own, NULL);
  for (int i = 0; i < argc; i++)
    args[i] = g_strdup(i ? argv[i] : "vfiosim");

  if (!g_option_context_parse_strv(context, &args, &error)) {
    *code = cli_usage(argv[0], "%s; see vfiosim %s --help", error->message, argv[0]);
    return FALSE;
  }
  if (help) {
    g_autofree char *text = g_option_context_get_help(context, TRUE, NULL);
    fputs(text, stdout);
    *code = cli_finish(argv[0], CLI_PASS);
    return FALSE;
  }
  /* GLib leaves a "--" where it is that ended the options. */
  *rest = g_strdupv(args + 1 + (command && args[1] && strcmp(args[1], "--") == 0));
  return TRUE;
}

gboolean cli_parse(int argc, char **argv, const GOptionEntry *options, const char *positional, const char *summary,
                   const char *examples, char ***rest, int *code) {
  return parse(argc, argv, options, positional, summary, examples, FALSE, rest, code);
}

gboolean cli_parse_command(int argc, char **argv, const GOptionEntry *options, const char *positional,
                           const char *summary, const char *examples, char ***rest, int *code) {
  return parse(argc, argv, options, positional, summary, examples, TRUE, rest, code);
}

/* ---- what was meant ---- */

/* Levenshtein's distance, case aside; long names are not worth the table. */
static guint distance(const char *a, const char *b) {
  enum { LONGEST = 63 };
  guint row[LONGEST + 1];
  gsize na = strlen(a), nb = strlen(b);

  if (na > LONGEST || nb > LONGEST)
    return G_MAXUINT;
  for (guint j = 0; j <= nb; j++)
    row[j] = j;
  for (guint i = 1; i <= na; i++) {
    guint diagonal = row[0];
    row[0] = i;
    for (guint j = 1; j <= nb; j++) {
      guint change = diagonal + (g_ascii_tolower(a[i - 1]) != g_ascii_tolower(b[j - 1]));
      diagonal = row[j];
      row[j] = MIN(change, MIN(row[j], row[j - 1]) + 1);
    }
  }
  return row[nb];
}

const char *cli_suggest(const char *name, const char *const *names, guint n) {
  guint best = (guint)strlen(name) / 3 + 2;
  const char *found = NULL;

  for (guint i = 0; i < n; i++) {
    if (!names[i])
      continue;
    guint d = g_ascii_strncasecmp(names[i], name, strlen(name)) == 0 ? 1 : distance(name, names[i]);
    if (d < best) {
      best = d;
      found = names[i];
    }
  }
  return found;
}

/* ---- files ---- */

enum { DEPTH_MAX = 16 };

static int compare_names(gconstpointer a, gconstpointer b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static gboolean add_directory(GPtrArray *files, const char *path, guint depth, GError **error) {
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GDir) dir = NULL;
  const char *name;

  if (depth > DEPTH_MAX)
    return TRUE;
  dir = g_dir_open(path, 0, error);
  if (!dir)
    return FALSE;
  while ((name = g_dir_read_name(dir)))
    g_ptr_array_add(names, g_strdup(name));
  g_ptr_array_sort(names, compare_names);
  for (guint i = 0; i < names->len; i++) {
    g_autofree char *child = g_build_filename(path, names->pdata[i], NULL);
    if (g_file_test(child, G_FILE_TEST_IS_DIR)) {
      if (!g_file_test(child, G_FILE_TEST_IS_SYMLINK) && !add_directory(files, child, depth + 1, error))
        return FALSE;
    } else if (g_str_has_suffix(child, ".scn")) {
      g_ptr_array_add(files, g_steal_pointer(&child));
    }
  }
  return TRUE;
}

GPtrArray *cli_scenario_files(char **args, GError **error) {
  g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);

  for (char **arg = args; *arg; arg++) {
    guint before = files->len;
    if (!g_file_test(*arg, G_FILE_TEST_IS_DIR)) {
      g_ptr_array_add(files, g_strdup(*arg));
    } else if (!add_directory(files, *arg, 0, error)) {
      return NULL;
    } else if (files->len == before) {
      g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT, "%s: no *.scn file is in this directory or below", *arg);
      return NULL;
    }
  }
  return g_steal_pointer(&files);
}

int cli_finish(const char *command, int code) {
  if (fflush(stdout) == 0 && !ferror(stdout))
    return code;
  fprintf(stderr, "vfiosim %s: cannot write the output: %s\n", command, errno ? g_strerror(errno) : "write error");
  return code == CLI_PASS ? CLI_USAGE : code;
}
