/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/elf-file.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "harness/kernel.h"

static gboolean read_at(int fd, void *buf, gsize len, guint64 offset) {
  return pread(fd, buf, len, (off_t)offset) == (ssize_t)len;
}

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

gboolean elf_read(const char *path, guint *machine, char **loader, GError **error) {
  Elf64_Ehdr header;
  int fd = open(path, O_RDONLY | O_CLOEXEC), err = errno;
  gboolean elf = fd >= 0 && read_at(fd, &header, sizeof header, 0) && memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 &&
                 header.e_ident[EI_CLASS] == ELFCLASS64 && header.e_ident[EI_DATA] == ELFDATA2LSB;

  if (elf) {
    *machine = header.e_machine;
    *loader = interpreter(fd, &header);
  }
  if (fd < 0)
    g_set_error(error, KERNEL_ERROR, KERNEL_ERROR_FAILED, "%s: %s", path, g_strerror(err));
  else
    close(fd);
  if (fd >= 0 && !elf)
    g_set_error(error, KERNEL_ERROR, KERNEL_ERROR_FAILED, "%s is no program: an ELF file of 64 bits, little-endian, is",
                path);
  return elf;
}

guint elf_machine(const char *path) {
  g_autofree char *loader = NULL;
  guint machine = EM_NONE;

  return elf_read(path, &machine, &loader, NULL) ? machine : EM_NONE;
}
