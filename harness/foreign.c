/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/foreign.h"

#include <elf.h>
#include <unistd.h>

#include "harness/elf-file.h"
#include "harness/fetched.h"
#include "harness/foreign-paths.h"
#include "harness/kernel.h"
#include "sim/fuse/fuse.h"
#include "sim/kernel/cpu.h"

/* Where the loader of ppc64le programs is in their root. */
static const char loader[] = "lib64/ld64.so.2";

static gboolean unavailable(GError **error, const char *what, const char *remedy) {
  g_set_error(error, KERNEL_ERROR, KERNEL_ERROR_UNAVAILABLE, "%s: %s", what, remedy);
  return FALSE;
}

/* ---- the program ---- */

gboolean foreign_program(const char *program) {
#if defined(__powerpc64__)
  return FALSE;
#else
  g_autofree char *path = g_find_program_in_path(program);
  return path && elf_machine(path) == EM_PPC64;
#endif
}

static gboolean has_loader(const char *program) {
  g_autofree char *path = g_find_program_in_path(program);
  g_autofree char *interpreter = NULL;
  guint machine;
  return path && elf_read(path, &machine, &interpreter, NULL) && interpreter;
}

/* ---- what it takes to run it ---- */

static char *find_emulator(GError **error) {
  char *path = fetched_path("qemu-user", "usr/bin/qemu-ppc64le-static");
  if (access(path, X_OK) == 0)
    return path;
  g_free(path);
  path = g_find_program_in_path("qemu-ppc64le-static");
  if (!path)
    path = g_find_program_in_path("qemu-ppc64le");
  if (!path)
    unavailable(error, "there is no qemu-ppc64le, which runs programs for ppc64le", "run scripts/fetch qemu-user");
  return path;
}

static const char *find_library(GError **error) {
  static const char *const paths[] = {FOREIGN_LIBRARY_BUILT, FOREIGN_LIBRARY_INSTALLED};
  for (guint i = 0; i < G_N_ELEMENTS(paths); i++)
    if (access(paths[i], R_OK) == 0)
      return paths[i];
  unavailable(error, "the library that carries the calls of programs for ppc64le has not been built",
              "run scripts/fetch toolchain sysroot, then meson setup --reconfigure in the build folder, and build");
  return NULL;
}

/* The nearest folder above the program that has the loader; else the one that scripts/fetch made of Debian's QEMU. */
static char *find_root(const char *program, GError **error) {
  g_autofree char *found = g_find_program_in_path(program);
  g_autofree char *folder = g_canonicalize_filename(found ? found : program, NULL);
  while (!g_str_equal(folder, "/")) {
    char *parent = g_path_get_dirname(folder);
    g_free(folder);
    folder = parent;
    g_autofree char *path = g_build_filename(folder, loader, NULL);
    if (access(path, F_OK) == 0)
      return g_steal_pointer(&folder);
  }
  g_autofree char *fetched = fetched_path("qemu-ppc64el", loader);
  if (access(fetched, F_OK) == 0)
    return fetched_path("qemu-ppc64el", NULL);
  unavailable(error, "there is no C library for ppc64le", "run scripts/fetch qemu-ppc64el");
  return NULL;
}

char **foreign_command(const SimHost *host, const char *const *argv, GError **error) {
  if (!has_loader(argv[0])) {
    g_set_error(error, KERNEL_ERROR, KERNEL_ERROR_FAILED,
                "%s is statically linked: the library that carries its calls cannot be loaded into it; link it "
                "dynamically",
                argv[0]);
    return NULL;
  }
  const char *library = find_library(error);
  g_autofree char *emulator = library ? find_emulator(error) : NULL;
  g_autofree char *root = emulator ? find_root(argv[0], error) : NULL;
  g_autofree char *program = g_find_program_in_path(argv[0]);
  GError *why = NULL;
  if (!root)
    return NULL;
  g_autofree char *overlaid = sim_fuse_root(root, &why);
  if (!overlaid) {
    g_set_error_literal(error, KERNEL_ERROR, KERNEL_ERROR_FAILED, why->message);
    g_error_free(why);
    return NULL;
  }
  g_autoptr(GStrvBuilder) words = g_strv_builder_new();
  g_autofree char *preload = g_strdup_printf("LD_PRELOAD=%s", library);
  g_autofree char *page = g_strdup_printf("VFIOSIM_PAGE_SIZE=%u", 1u << host->page_shift);
  g_strv_builder_add_many(words, emulator, "-L", overlaid, "-cpu",
                          sim_cpu_is_power9(host) ? "power9_v2.0" : "power8_v2.0", "-E", preload, "-E", page, "-0",
                          argv[0], program, NULL);
  g_strv_builder_addv(words, (const char **)&argv[1]);
  return g_strv_builder_end(words);
}
