/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/direct/process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "sim/direct/guard.h"
#include "sim/direct/memory.h"
#include "sim/direct/port.h"

/* Memory of a file that is mapped: it holds the file as an fd does. */
typedef struct {
  void *memory;
  gsize len;
  SimFile *file;
} Mapping;

struct SimProcess {
  SimKernel *kernel;
  const SimHost *host;
  guint serial;
  SimFile *fds[SIM_FD_MAX];
  gboolean readonly[SIM_FD_MAX]; /* as the file was opened; the same for all its fds */
  guint n_open;
  GArray *memory;   /* declared, of MemoryRange */
  GArray *mappings; /* of Mapping */
};

/* How many fds and mappings of all processes hold the file: the last one's end is its close. */
static void hold(SimFile *file) {
  sim_file_set_data(file, GUINT_TO_POINTER(GPOINTER_TO_UINT(sim_file_data(file)) + 1));
}

static void let_go(SimProcess *process, SimFile *file) {
  guint left = GPOINTER_TO_UINT(sim_file_data(file)) - 1;

  sim_file_set_data(file, GUINT_TO_POINTER(left));
  if (left)
    sim_file_unref(file);
  else
    sim_file_close(file, process);
}

SimProcess *sim_process_new(SimKernel *kernel, const SimHost *host, guint serial) {
  SimProcess *process = g_new0(SimProcess, 1);

  guard_install();
  process->kernel = kernel;
  process->host = host;
  process->serial = serial;
  process->memory = memory_new();
  process->mappings = g_array_new(FALSE, FALSE, sizeof(Mapping));
  return process;
}

void sim_process_free(SimProcess *process) {
  if (!process)
    return;
  for (guint i = 0; i < process->mappings->len; i++)
    let_go(process, g_array_index(process->mappings, Mapping, i).file);
  for (int i = 0; i < SIM_FD_MAX; i++)
    if (process->fds[i])
      (void)sim_process_close(process, SIM_FD_BASE + i);
  sim_kernel_mm_exit(process->kernel, process);
  g_array_unref(process->mappings);
  g_array_unref(process->memory);
  g_free(process);
}

SimProcess *sim_process_fork(SimProcess *process, guint serial) {
  SimProcess *child = sim_process_new(process->kernel, process->host, serial);

  for (guint i = 0; i < SIM_FD_MAX; i++) {
    if (process->fds[i]) {
      child->fds[i] = sim_file_ref(process->fds[i]);
      hold(child->fds[i]);
    }
  }
  memcpy(child->readonly, process->readonly, sizeof child->readonly);
  child->n_open = process->n_open;
  g_array_append_vals(child->memory, process->memory->data, process->memory->len);
  for (guint i = 0; i < process->mappings->len; i++) {
    Mapping mapping = g_array_index(process->mappings, Mapping, i);

    hold(sim_file_ref(mapping.file));
    g_array_append_val(child->mappings, mapping);
  }
  return child;
}

void sim_process_map(SimProcess *process, void *memory, gsize size, gboolean writable, guint huge_shift) {
  MemoryRange range = {.start = (guintptr)memory, .size = size, .writable = writable, .huge_shift = huge_shift};

  memory_declare(process->memory, &range);
}

void sim_process_unmap(SimProcess *process, void *memory, gsize size) {
  memory_forget(process->memory, (guintptr)memory, size);
}

const GArray *sim_process_memory(const SimProcess *process) {
  return process->memory;
}

const SimHost *sim_process_host(const SimProcess *process) {
  return process->host;
}

guint sim_process_serial(const SimProcess *process) {
  return process->serial;
}

/* ---- fds -----------------------------------------------------------------------------------------------------------
 */

static int free_slot(const SimProcess *process) {
  for (int i = 0; i < SIM_FD_MAX; i++)
    if (!process->fds[i])
      return i;
  return -EMFILE;
}

int sim_process_install(SimProcess *process, SimFile *file) {
  int slot = free_slot(process);

  if (slot < 0)
    return slot;
  process->fds[slot] = file;
  process->readonly[slot] = FALSE;
  process->n_open++;
  hold(file);
  return SIM_FD_BASE + slot;
}

SimFile *sim_process_file(SimProcess *process, int fd) {
  return fd >= SIM_FD_BASE && fd < SIM_FD_BASE + SIM_FD_MAX ? process->fds[fd - SIM_FD_BASE] : NULL;
}

gpointer sim_process_mm(SimProcess *process) {
  return process;
}

guint sim_process_open_fds(const SimProcess *process) {
  return process->n_open;
}

/* ---- system calls --------------------------------------------------------------------------------------------------
 */

/* The group whose node it is, or NULL. */
static const SimHostGroup *group_of_node(const SimProcess *process, const char *name) {
  for (guint i = 0; i < process->host->groups->len; i++) {
    const SimHostGroup *group = g_ptr_array_index(process->host->groups, i);
    g_autofree char *node = sim_host_group_node(group);

    if (strcmp(node, name) == 0)
      return group;
  }
  return NULL;
}

int sim_process_open(SimProcess *process, const char *path, int flags) {
  static const char vfio[] = "/dev/vfio/";
  const char *name = g_str_has_prefix(path, vfio) ? path + strlen(vfio) : NULL;
  const SimHostGroup *group;
  SimFile *file = NULL;
  guint64 number;
  int result;

  if (free_slot(process) < 0)
    return -EMFILE;
  if (strcmp(path, "/dev/kvm") == 0)
    result = sim_open_kvm(process->kernel, process, &file);
  else if (name && strcmp(name, "vfio") == 0)
    result = sim_open_container(process->kernel, process, &file);
  else if (name && (group = group_of_node(process, name)))
    result = sim_open_group(process->kernel, process, group->number, &file);
  else if (name && g_ascii_string_to_unsigned(name, 10, 0, G_MAXINT, &number, NULL) &&
           !sim_host_group(process->host, (guint)number))
    result = sim_open_group(process->kernel, process, (guint)number, &file); /* traced, and refused */
  else
    result = -ENOENT;
  if (result < 0)
    return result;
  result = sim_process_install(process, file);
  process->readonly[result - SIM_FD_BASE] = (flags & O_ACCMODE) == O_RDONLY;
  return result;
}

int sim_process_close(SimProcess *process, int fd) {
  SimFile *file = sim_process_file(process, fd);

  if (!file)
    return -EBADF;
  process->fds[fd - SIM_FD_BASE] = NULL;
  process->n_open--;
  let_go(process, file);
  return 0;
}

int sim_process_dup(SimProcess *process, int fd) {
  SimFile *file = sim_process_file(process, fd);
  int copy;

  if (!file)
    return -EBADF;
  copy = sim_process_install(process, file);
  if (copy < 0)
    return copy;
  process->readonly[copy - SIM_FD_BASE] = process->readonly[fd - SIM_FD_BASE];
  sim_file_ref(file);
  return copy;
}

long sim_process_ioctl(SimProcess *process, int fd, guint32 number, guint64 arg) {
  SimFile *file = sim_process_file(process, fd);

  return file ? sim_ioctl(file, process, number, arg) : -EBADF;
}

/* What a call made has no position, unless it asked for one as a device does: pread() and pwrite() are refused before
 * its driver is asked. fs/read_write.c: ksys_pread64() */
static gboolean has_position(const SimFile *file) {
  switch (sim_file_object(file).kind) {
  case ABI_CONTAINER:
  case ABI_GROUP:
  case ABI_KVM:
  case ABI_DEVICE:
    return TRUE;
  default:
    return FALSE;
  }
}

/* The model reads and writes its own buffer: the caller's may be a bad pointer. */
ssize_t sim_process_pread(SimProcess *process, int fd, void *buf, gsize len, guint64 offset) {
  SimFile *file = sim_process_file(process, fd);
  g_autofree guint8 *own = NULL;
  ssize_t result;

  if (!file)
    return -EBADF;
  if (!has_position(file))
    return -ESPIPE;
  own = g_malloc0(len);
  result = sim_pread(file, process, own, len, offset);
  if (result > 0 && guard_write((guintptr)buf, own, (gsize)result))
    return -EFAULT;
  return result;
}

ssize_t sim_process_pwrite(SimProcess *process, int fd, const void *buf, gsize len, guint64 offset) {
  SimFile *file = sim_process_file(process, fd);
  g_autofree guint8 *own = NULL;

  if (!file)
    return -EBADF;
  if (!has_position(file))
    return -ESPIPE;
  if (process->readonly[fd - SIM_FD_BASE]) /* fs/read_write.c: vfs_write() */
    return -EBADF;
  own = g_malloc0(len);
  if (guard_read((guintptr)buf, own, len))
    return -EFAULT;
  return sim_pwrite(file, process, own, len, offset);
}

int sim_process_mmap(SimProcess *process, int fd, gsize len, int prot, gboolean shared, guint64 offset, void **memory) {
  SimFile *file = sim_process_file(process, fd);
  int result;

  *memory = NULL;
  if (!file)
    return -EBADF;
  if (shared && (prot & PROT_WRITE) && process->readonly[fd - SIM_FD_BASE]) /* mm/mmap.c: do_mmap() */
    return -EACCES;
  result = sim_mmap(file, process, len, prot, shared, offset, memory);
  if (result >= 0) {
    Mapping mapping = {.memory = *memory, .len = len, .file = sim_file_ref(file)};

    hold(file);
    g_array_append_val(process->mappings, mapping);
  }
  return result;
}

int sim_process_munmap(SimProcess *process, void *memory, gsize len) {
  for (guint i = 0; i < process->mappings->len; i++) {
    Mapping mapping = g_array_index(process->mappings, Mapping, i);

    if (mapping.memory == memory && mapping.len == len) {
      g_array_remove_index(process->mappings, i);
      let_go(process, mapping.file);
      return 0;
    }
  }
  return -EINVAL;
}

ssize_t sim_process_readlink(SimProcess *process, const char *path, char *buf, gsize len) {
  static const char devices[] = "/sys/bus/pci/devices/", link[] = "/iommu_group";
  g_autofree char *address = NULL, *target = NULL;
  const SimHostDevice *device;
  guint64 id;

  if (!g_str_has_prefix(path, devices) || !g_str_has_suffix(path, link))
    return -ENOENT;
  path += strlen(devices);
  address = g_strndup(path, strlen(path) - MIN(strlen(path), strlen(link)));
  device = abi_bdf_parse(address, &id) ? sim_host_device(process->host, id) : NULL;
  if (!device)
    return -ENOENT;
  target = g_strdup_printf("../../../../kernel/iommu_groups/%u", device->group);
  len = MIN(len, strlen(target));
  memcpy(buf, target, len);
  return (ssize_t)len;
}
