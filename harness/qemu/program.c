/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/qemu/program.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "harness/elf-file.h"
#include "harness/fetched.h"
#include "harness/foreign.h"
#include "harness/kernel.h"

struct QemuProgram {
  char *path;
  gboolean power;
  gboolean foreign; /* run as harness/foreign.h says */
  char *loader;     /* of the root that it lies in; NULL: it is at home on this machine */
  char *root;
};

/* ---- where it lies ---- */

/* ROOT of ROOT/usr/bin/NAME, if the loader is below it, too: an unpacked root, as scripts/fetch leaves it. */
static char *root_of(const char *path, const char *loader) {
  g_autofree char *folder = g_path_get_dirname(path);
  g_autofree char *below = NULL;

  if (!loader || !g_str_has_suffix(folder, "/usr/bin") || strlen(folder) == strlen("/usr/bin"))
    return NULL;
  folder[strlen(folder) - strlen("/usr/bin")] = 0;
  below = g_build_filename(folder, loader, NULL);
  return g_file_test(below, G_FILE_TEST_IS_EXECUTABLE) ? g_steal_pointer(&folder) : NULL;
}

static char *search(gboolean kvm, GError **error) {
  g_autofree char *found = g_find_program_in_path("qemu-system-ppc64");
  g_autofree char *fetched = fetched_path(kvm ? "qemu-ppc64el" : "client-qemu-ppc", "usr/bin/qemu-system-ppc64");

  if (found && (!kvm || elf_machine(found) == EM_PPC64))
    return g_steal_pointer(&found);
  if (g_file_test(fetched, G_FILE_TEST_IS_EXECUTABLE))
    return g_steal_pointer(&fetched);
  g_set_error(error, KERNEL_ERROR, KERNEL_ERROR_UNAVAILABLE,
              "there is no qemu-system-ppc64 %s: run scripts/fetch %s, which installs nothing, or name one with "
              "--subject qemu:PATH",
              kvm ? "with KVM for pseries guests" : "in PATH",
              kvm ? "qemu-ppc64el qemu-user toolchain sysroot" : "client-qemu-ppc");
  return NULL;
}

/* ---- the whole ---- */

QemuProgram *qemu_program_find(const char *path, gboolean kvm, GError **error) {
  g_autoptr(QemuProgram) program = g_new0(QemuProgram, 1);
  g_autofree char *loader = NULL;
  guint machine;

  program->path = path ? realpath(path, NULL) : search(kvm, error);
  if (!program->path) {
    if (path)
      g_set_error(error, KERNEL_ERROR, KERNEL_ERROR_FAILED, "%s: %s", path, g_strerror(errno));
    return NULL;
  }
  if (!elf_read(program->path, &machine, &loader, error))
    return NULL;
  program->power = machine == EM_PPC64;
  program->foreign = foreign_program(program->path);
  if (!program->foreign && machine != elf_machine("/proc/self/exe")) {
    g_set_error(error, KERNEL_ERROR, KERNEL_ERROR_UNAVAILABLE,
                "%s is a program for ELF machine %u: what is for this machine or for ppc64le can be run", program->path,
                machine);
    return NULL;
  }
  program->root = program->foreign ? NULL : root_of(program->path, loader);
  program->loader = program->root ? g_build_filename(program->root, loader, NULL) : NULL;
  return g_steal_pointer(&program);
}

void qemu_program_free(QemuProgram *program) {
  if (!program)
    return;
  g_free(program->path);
  g_free(program->loader);
  g_free(program->root);
  g_free(program);
}

const char *qemu_program_path(const QemuProgram *program) {
  return program->path;
}

gboolean qemu_program_is_power(const QemuProgram *program) {
  return program->power;
}

static char *library_path(const char *root) {
  static const char *const folders[] = {"lib", "usr/lib"};
  g_autoptr(GString) path = g_string_new(NULL);

  for (guint i = 0; i < G_N_ELEMENTS(folders); i++) {
    g_autofree char *folder = g_build_filename(root, folders[i], NULL);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;
    while (dir && (name = g_dir_read_name(dir)))
      if (strstr(name, "-linux-gnu"))
        g_string_append_printf(path, "%s%s/%s", path->len ? ":" : "", folder, name);
  }
  return g_string_free(g_steal_pointer(&path), FALSE);
}

char **qemu_program_command(const QemuProgram *program, const SimHost *host, const char *const *options,
                            GError **error) {
  g_autoptr(GStrvBuilder) words = g_strv_builder_new();

  if (program->loader) {
    g_autofree char *libraries = library_path(program->root);
    g_strv_builder_add_many(words, program->loader, "--library-path", libraries, NULL);
  }
  g_strv_builder_add(words, program->path);
  if (program->root) {
    g_autofree char *firmware = g_build_filename(program->root, "usr/share/qemu", NULL);
    g_strv_builder_add_many(words, "-L", firmware, NULL);
  }
  g_strv_builder_addv(words, (const char **)options);
  g_auto(GStrv) argv = g_strv_builder_end(words);
  return program->foreign ? foreign_command(host, (const char *const *)argv, error) : g_steal_pointer(&argv);
}
