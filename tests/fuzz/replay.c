/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gives a fuzz target every file of its corpus, where there is no libFuzzer to do so. usage: replay-TARGET DIRECTORY */
#include <stdio.h>

#include <glib.h>

#include "tests/fuzz/target.h"

int main(int argc, char **argv) {
  g_autoptr(GError) error = NULL;
  g_autoptr(GDir) dir = argc == 2 ? g_dir_open(argv[1], 0, &error) : NULL;
  const char *name;
  guint n = 0;

  if (!dir) {
    fprintf(stderr, "usage: replay DIRECTORY: %s\n", error ? error->message : "no directory given");
    return 2;
  }
  while ((name = g_dir_read_name(dir))) {
    g_autofree char *path = g_build_filename(argv[1], name, NULL), *data = NULL;
    gsize size;

    if (!g_file_get_contents(path, &data, &size, &error)) {
      fprintf(stderr, "%s\n", error->message);
      return 2;
    }
    fprintf(stderr, "%s\n", name);
    LLVMFuzzerTestOneInput((const uint8_t *)data, size);
    n++;
  }
  printf("%u inputs\n", n);
  return n == 0;
}
