/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The system calls that the attach code makes, as one small table. The default is libc; a simulator, a tracer or a test
 * puts its own in place. Nothing else in vfio/ touches an fd.
 */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* Every function returns >= 0 or -errno. `data` is VfioSys.data. */
typedef struct {
  gpointer data;
  int (*open)(gpointer data, const char *path, int flags);
  int (*close)(gpointer data, int fd);
  long (*ioctl)(gpointer data, int fd, unsigned long request, guintptr arg);
  ssize_t (*pread)(gpointer data, int fd, void *buf, gsize len, guint64 offset);
  ssize_t (*pwrite)(gpointer data, int fd, const void *buf, gsize len, guint64 offset);
  int (*mmap)(gpointer data, int fd, gsize len, int prot, guint64 offset, void **memory); /* MAP_SHARED */
  int (*munmap)(gpointer data, void *memory, gsize len);
  ssize_t (*readlink)(gpointer data, const char *path, char *buf, gsize len); /* not NUL-terminated */
  int (*eventfd)(gpointer data);                              /* a non-blocking close-on-exec eventfd, 0 at first */
  int (*eventfd_read)(gpointer data, int fd, guint64 *count); /* takes the count; 0 if it was not signalled */
  int (*eventfd_close)(gpointer data, int fd);
  gsize (*page_size)(gpointer data); /* of the host kernel that answers, bytes */
} VfioSys;

/* libc's, for the machine's own kernel. */
const VfioSys *vfio_sys_libc(void);

G_END_DECLS
