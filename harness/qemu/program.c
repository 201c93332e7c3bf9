/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/qemu/program.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/kernel.h"

struct QemuProgram {
  char *path;
  guint machine; /* EM_* */
  gboolean foreign;
  char *loader; /* of the root that it lies in; NULL: it is at home on this machine */
  char *root;
};

/* ---- its ELF header ---- */

static gboolean read_at(int fd, void *buf, gsize len, guint64 offset) {
  return pread(fd, buf, len, (off_t)offset) == (ssize_t)len;
}

/* The loader it asks for, in a fresh string; NULL: it is static, or not to be read. */
static char *interpreter(int fd, const Elf64_Ehdr *header) {
  for (guint i = 0; i < header->e_phnum && header->e_phentsize == sizeof(Elf64_Phdr); i++) {
    Elf64_Phdr segment;
    char name[PATH_MAX];
    if (!read_at(fd, &segment, sizeof segment, header->e_phoff + i * sizeof segment))
      return NULL;
    if (segment.p_type != PT_INTERP)
      continue;
    if (segment.p_filesz == 0 || segment.p_filesz > sizeof name ||
        !read_at(fd, name, segment.p_filesz, segment.p_offset) || name[segment.p_filesz - 1] != 0)
      return NULL;
    return g_strdup(name);
  }
  return NULL;
}

/* 64 bits, little-endian: all that can be at home here. */
static gboolean read_header(const char *path, Elf64_Ehdr *header, char **loader, GError **error) {
  int fd = open(path, O_RDONLY | O_CLOEXEC), err = errno;
  gboolean elf = fd >= 0 && read_at(fd, header, sizeof *header, 0) && memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 &&
                 header->e_ident[EI_CLASS] == ELFCLASS64 && header->e_ident[EI_DATA] == ELFDATA2LSB;

  if (elf)
    *loader = interpreter(fd, header);
  if (fd < 0)
    g_set_error(error, KERNEL_ERROR, KERNEL_ERROR_FAILED, "%s: %s", path, g_strerror(err));
  else
    close(fd);
  if (fd >= 0 && !elf)
    g_set_error(error, KERNEL_ERROR, KERNEL_ERROR_FAILED, "%s is no program: an ELF file of 64 bits, little-endian, is",
                path);
  return elf;
}

static guint own_machine(void) {
  g_autofree char *loader = NULL;
  Elf64_Ehdr header;

  return read_header("/proc/self/exe", &header, &loader, NULL) ? header.e_machine : EM_NONE;
}

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

static char *cache_path(const char *set) {
  const char *cache = g_getenv("VFIOSIM_CACHE");

  if (cache)
    return g_build_filename(cache, set, "usr/bin/qemu-system-ppc64", NULL);
  return g_build_filename(g_get_user_cache_dir(), "vfiosim", set, "usr/bin/qemu-system-ppc64", NULL);
}

/* With KVM for POWER, on a machine of another kind. */
static char *search_foreign(GError **error) {
  char *fetched = cache_path("qemu-ppc64el");

  if (g_file_test(fetched, G_FILE_TEST_IS_EXECUTABLE))
    return fetched;
  g_free(fetched);
  g_set_error_literal(
      error, KERNEL_ERROR, KERNEL_ERROR_UNAVAILABLE,
      "there is no QEMU with KVM for POWER: run scripts/fetch qemu-ppc64el qemu-user toolchain sysroot, "
      "which installs nothing, or name one with --subject qemu:PATH");
  return NULL;
}

static char *search(GError **error) {
  g_autofree char *found = g_find_program_in_path("qemu-system-ppc64");
  g_autofree char *fetched = cache_path("client-qemu-ppc");

  if (found)
    return g_steal_pointer(&found);
  if (g_file_test(fetched, G_FILE_TEST_IS_EXECUTABLE))
    return g_steal_pointer(&fetched);
  g_set_error_literal(
      error, KERNEL_ERROR, KERNEL_ERROR_UNAVAILABLE,
      "there is no qemu-system-ppc64: install qemu-system-ppc, or run scripts/fetch client-qemu-ppc, which "
      "installs nothing, or name one with --subject qemu:PATH");
  return NULL;
}

/* ---- the whole ---- */

QemuProgram *qemu_program_find(const char *path, gboolean kvm, GError **error) {
  g_autoptr(QemuProgram) program = g_new0(QemuProgram, 1);
  g_autofree char *loader = NULL;
  Elf64_Ehdr header;

  if (path)
    program->path = realpath(path, NULL);
  else
    program->path = kvm && own_machine() != EM_PPC64 ? search_foreign(error) : search(error);
  if (!program->path) {
    if (path)
      g_set_error(error, KERNEL_ERROR, KERNEL_ERROR_FAILED, "%s: %s", path, g_strerror(errno));
    return NULL;
  }
  if (!read_header(program->path, &header, &loader, error))
    return NULL;
  program->machine = header.e_machine;
  program->foreign = program->machine == EM_PPC64 && own_machine() != EM_PPC64;
  if (program->foreign)
    return g_steal_pointer(&program);
  if (program->machine != own_machine()) {
    g_set_error(error, KERNEL_ERROR, KERNEL_ERROR_UNAVAILABLE,
                "%s is a program for another machine (ELF machine %u): one for this machine or for ppc64le can be run",
                program->path, program->machine);
    return NULL;
  }
  program->root = root_of(program->path, loader);
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
  return program->machine == EM_PPC64;
}

gboolean qemu_program_is_foreign(const QemuProgram *program) {
  return program->foreign;
}

static void append_libraries(const char *root, GPtrArray *argv) {
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
  g_ptr_array_add(argv, g_strdup("--library-path"));
  g_ptr_array_add(argv, g_strdup(path->str));
}

void qemu_program_append_start(const QemuProgram *program, GPtrArray *argv) {
  if (program->loader) {
    g_ptr_array_add(argv, g_strdup(program->loader));
    append_libraries(program->root, argv);
  }
  g_ptr_array_add(argv, g_strdup(program->path));
  if (program->root) {
    g_ptr_array_add(argv, g_strdup("-L"));
    g_ptr_array_add(argv, g_build_filename(program->root, "usr/share/qemu", NULL));
  }
}
