/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vfio/internal.h"

static int libc_open(gpointer data, const char *path, int flags) {
  int fd = open(path, flags | O_CLOEXEC);

  return fd < 0 ? -errno : fd;
}

static int libc_close(gpointer data, int fd) {
  return close(fd) < 0 ? -errno : 0;
}

static long libc_ioctl(gpointer data, int fd, unsigned long request, guintptr arg) {
  long ret = ioctl(fd, request, arg);

  return ret < 0 ? -errno : ret;
}

static ssize_t libc_pread(gpointer data, int fd, void *buf, gsize len, guint64 offset) {
  ssize_t ret = pread(fd, buf, len, (off_t)offset);

  return ret < 0 ? -errno : ret;
}

static ssize_t libc_pwrite(gpointer data, int fd, const void *buf, gsize len, guint64 offset) {
  ssize_t ret = pwrite(fd, buf, len, (off_t)offset);

  return ret < 0 ? -errno : ret;
}

static int libc_mmap(gpointer data, int fd, gsize len, int prot, guint64 offset, void **memory) {
  void *p = mmap(NULL, len, prot, MAP_SHARED, fd, (off_t)offset);

  if (p == MAP_FAILED)
    return -errno;
  *memory = p;
  return 0;
}

static int libc_munmap(gpointer data, void *memory, gsize len) {
  return munmap(memory, len) < 0 ? -errno : 0;
}

static ssize_t libc_readlink(gpointer data, const char *path, char *buf, gsize len) {
  ssize_t ret = readlink(path, buf, len);

  return ret < 0 ? -errno : ret;
}

static int libc_eventfd(gpointer data) {
  int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

  return fd < 0 ? -errno : fd;
}

static int libc_eventfd_read(gpointer data, int fd, guint64 *count) {
  *count = 0;
  if (read(fd, count, sizeof *count) < 0 && errno != EAGAIN)
    return -errno;
  return 0;
}

static gsize libc_page_size(gpointer data) {
  return (gsize)sysconf(_SC_PAGESIZE);
}

static const VfioSys libc_sys = {
    .open = libc_open,
    .close = libc_close,
    .ioctl = libc_ioctl,
    .pread = libc_pread,
    .pwrite = libc_pwrite,
    .mmap = libc_mmap,
    .munmap = libc_munmap,
    .readlink = libc_readlink,
    .eventfd = libc_eventfd,
    .eventfd_read = libc_eventfd_read,
    .eventfd_close = libc_close,
    .page_size = libc_page_size,
};

const VfioSys *vfio_sys_libc(void) {
  return &libc_sys;
}

gboolean vfio_sys_call(const VfioSys *sys, int fd, unsigned long request, const void *arg, const char *call,
                       GError **error) {
  long ret = sys->ioctl(sys->data, fd, request, (guintptr)arg);

  if (ret == 0)
    return TRUE;
  if (ret < 0)
    vfio_error_set(error, VFIO_ERROR_SYSTEM, (int)-ret, "%s", call);
  else
    vfio_error_set(error, VFIO_ERROR_SYSTEM, EINVAL, "%s: returned %ld instead of 0", call, ret);
  return FALSE;
}

int vfio_sys_open(const VfioSys *sys, const char *path, GError **error) {
  int fd = sys->open(sys->data, path, O_RDWR);

  if (fd >= 0)
    return fd;
  vfio_error_set(error, VFIO_ERROR_SYSTEM, -fd, "open %s", path);
  return -1;
}
