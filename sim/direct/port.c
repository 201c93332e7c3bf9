/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The direct gate's SimPort: the task is the SimProcess, which is its address space, too; memory is this process's own.
 */
#include "sim/direct/port.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sim/direct/guard.h"
#include "sim/direct/memory.h"

static int port_read(gpointer port, gpointer task, guint64 addr, void *buf, gsize len) {
  return guard_read(addr, buf, len);
}

static int port_write(gpointer port, gpointer task, guint64 addr, const void *buf, gsize len) {
  return guard_write(addr, buf, len);
}

static gpointer port_mm(gpointer port, gpointer task) {
  return task;
}

static guint port_process(gpointer port, gpointer task) {
  return task ? sim_process_serial(task) : 0;
}

static guint64 port_pin(gpointer port, gpointer task, guint64 addr, guint64 len, gboolean write, guint host_page_shift,
                        guint *page_shift) {
  return memory_pin(sim_process_memory(task), addr, len, write, host_page_shift, page_shift);
}

static guint64 port_memlock(gpointer port, gpointer task) {
  return sim_process_host(task)->memlock;
}

static gboolean port_capable(gpointer port, gpointer task, int cap) {
  return sim_host_capable(sim_process_host(task), cap);
}

static int port_file(gpointer port, gpointer task, int fd, SimFile **file) {
  *file = sim_process_file(task, fd);
  if (*file)
    return 0;
  /* Fds of this process are the simulated one's, too: stdin is no VFIO file, but it is open. */
  return fd >= 0 && fd < SIM_FD_BASE && fcntl(fd, F_GETFD) >= 0 ? 0 : -EBADF;
}

static gboolean port_has_free_fd(gpointer port, gpointer task) {
  return sim_process_open_fds(task) < SIM_FD_MAX;
}

static int port_install(gpointer port, gpointer task, SimFile *file) {
  return sim_process_install(task, file);
}

static int port_event_get(gpointer port, gpointer task, int fd, gpointer *event) {
  char link[64], target[64] = "";
  int copy;

  if (sim_process_file(task, fd))
    return -EINVAL;
  if (fd < 0 || fcntl(fd, F_GETFD) < 0)
    return -EBADF;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  if (readlink(link, target, sizeof target - 1) < 0 || !strstr(target, "[eventfd]"))
    return -EINVAL;
  copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (copy < 0)
    return -errno;
  *event = GINT_TO_POINTER(copy);
  return 0;
}

static void port_event_signal(gpointer port, gpointer event) {
  (void)eventfd_write(GPOINTER_TO_INT(event), 1); /* a counter at its limit says enough */
}

static void port_event_put(gpointer port, gpointer event) {
  close(GPOINTER_TO_INT(event));
}

/* Small tables come from the heap: a fresh mapping costs a page fault for every page that a replay looks at, which is
 * most of a short run. Large ones are mapped, since most of their pages are never touched. */
enum { SHARED_HEAP = 1 << 20 };

static void *port_shared_new(gpointer port, gsize size) {
  void *memory;

  if (size <= SHARED_HEAP)
    return calloc(1, size);
  memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return memory == MAP_FAILED ? NULL : memory;
}

static void port_shared_free(gpointer port, void *memory, gsize size) {
  if (size <= SHARED_HEAP)
    free(memory);
  else
    munmap(memory, size);
}

const SimPort *sim_direct_port(void) {
  static const SimPort port = {
      .read = port_read,
      .write = port_write,
      .mm = port_mm,
      .process = port_process,
      .mm_read = port_read,
      .mm_write = port_write,
      .pin = port_pin,
      .memlock = port_memlock,
      .capable = port_capable,
      .file = port_file,
      .has_free_fd = port_has_free_fd,
      .install = port_install,
      .event_get = port_event_get,
      .event_signal = port_event_signal,
      .event_put = port_event_put,
      .shared_new = port_shared_new,
      .shared_free = port_shared_free,
  };

  return &port;
}
