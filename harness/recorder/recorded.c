/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The library that is preloaded into a program on the machine's own kernel: the program's calls go to the kernel as
 * they are, and each that is about VFIO leaves an event in the file that recorder.c has made, as a raw TraceEvent.
 *
 * It is of the same build as what reads the file, so that an event is the same bytes to both.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "harness/recorder/recorder.h"
#include "harness/sys-tracer.h"

/* ---- the calls themselves: not through libc, whose functions are the ones below ---- */

static long answer(long result) {
  return result < 0 ? -errno : result;
}

static int real_open(gpointer data, const char *path, int flags) {
  return (int)answer(syscall(SYS_openat, AT_FDCWD, path, flags, 0));
}

static int real_close(gpointer data, int fd) {
  return (int)answer(syscall(SYS_close, fd));
}

static long real_ioctl(gpointer data, int fd, unsigned long request, guintptr arg) {
  return answer(syscall(SYS_ioctl, fd, request, arg));
}

static ssize_t real_pread(gpointer data, int fd, void *buf, gsize len, guint64 offset) {
  return answer(syscall(SYS_pread64, fd, buf, len, offset));
}

static ssize_t real_pwrite(gpointer data, int fd, const void *buf, gsize len, guint64 offset) {
  return answer(syscall(SYS_pwrite64, fd, buf, len, offset));
}

static int real_mmap(gpointer data, int fd, gsize len, int prot, guint64 offset, void **memory) {
  long at = syscall(SYS_mmap, NULL, len, prot, MAP_SHARED, fd, offset);
  if (at == -1)
    return -errno;
  *memory = (void *)at; /* NOLINT(performance-no-int-to-ptr): that is what mmap() returns */
  return 0;
}

static int real_munmap(gpointer data, void *memory, gsize len) {
  return (int)answer(syscall(SYS_munmap, memory, len));
}

static const VfioSys real = {.open = real_open,
                             .close = real_close,
                             .ioctl = real_ioctl,
                             .pread = real_pread,
                             .pwrite = real_pwrite,
                             .mmap = real_mmap,
                             .munmap = real_munmap};

/* ---- the trace ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static __thread gboolean inside; /* this thread holds the lock: what GLib calls is not the program's */
static SysTracer *tracer;        /* NULL: the program is not recorded */
static Trace *trace;
static int file = -1;

static void start(void) {
  const char *path = g_getenv(RECORDER_VARIABLE);
  int fd = path ? real_open(NULL, path, O_WRONLY | O_APPEND | O_CLOEXEC) : -1;

  if (fd < 0)
    return;
  /* Out of the way of programs that close what they do not know, or count on the lowest number. */
  file = fcntl(fd, F_DUPFD_CLOEXEC, RECORDER_FD);
  real_close(NULL, fd);
  if (file < 0)
    return;
  trace = trace_new();
  tracer = sys_tracer_new(&real, NULL, trace);
}

/* The tracer's table with the lock held, or NULL: nobody records, or it is GLib that calls. Constructors of other
 * libraries call before one of this library's would run. */
static const VfioSys *enter(void) {
  static gboolean started;

  if (inside)
    return NULL;
  inside = TRUE;
  pthread_mutex_lock(&lock);
  if (!started) {
    started = TRUE;
    start();
  }
  if (tracer)
    return sys_tracer_sys(tracer);
  pthread_mutex_unlock(&lock);
  inside = FALSE;
  return NULL;
}

static void leave(void) {
  for (guint i = 0; i < trace_len(trace); i++)
    if (write(file, trace_get(trace, i), sizeof(TraceEvent)) != sizeof(TraceEvent))
      abort(); /* a trace with a hole would be a lie */
  trace_clear(trace);
  pthread_mutex_unlock(&lock);
  inside = FALSE;
}

/* The same for a call on an fd; NULL also for one that is not traced, which the program makes without the lock: it may
 * take its time, as KVM_RUN does. */
static const VfioSys *enter_fd(int fd) {
  const VfioSys *sys = fd >= 0 ? enter() : NULL;

  if (!sys || sys_tracer_has(tracer, fd))
    return sys;
  leave();
  return NULL;
}

static const VfioSys *enter_ioctl(int fd, unsigned long request) {
  const VfioSys *sys = enter_fd(fd);

  if (!sys || sys_tracer_wants(tracer, fd, (guint32)request))
    return sys;
  leave();
  return NULL;
}

/* libc's way to say it. */
static long told(long result) {
  if (result >= 0)
    return result;
  errno = (int)-result;
  return -1;
}

/* ---- what the program calls ---- */

static gboolean is_node(const char *path) {
  return path && (g_str_has_prefix(path, "/dev/vfio/") || strcmp(path, "/dev/kvm") == 0);
}

static int note_open(int dir, const char *path, int flags, mode_t mode) {
  const VfioSys *sys = is_node(path) ? enter() : NULL;
  int fd;

  if (!sys)
    return (int)syscall(SYS_openat, dir, path, flags, mode);
  fd = sys->open(sys->data, path, flags);
  leave();
  return (int)told(fd);
}

#define OPEN(name, parameters, dir)                                                                                    \
  int name parameters {                                                                                                \
    mode_t mode = 0;                                                                                                   \
    if (flags & (O_CREAT | __O_TMPFILE)) {                                                                             \
      va_list args;                                                                                                    \
      va_start(args, flags);                                                                                           \
      mode = va_arg(args, mode_t);                                                                                     \
      va_end(args);                                                                                                    \
    }                                                                                                                  \
    return note_open(dir, path, flags, mode);                                                                          \
  }

OPEN(open, (const char *path, int flags, ...), AT_FDCWD)
OPEN(open64, (const char *path, int flags, ...), AT_FDCWD)
OPEN(openat, (int dir, const char *path, int flags, ...), dir)
OPEN(openat64, (int dir, const char *path, int flags, ...), dir)

/* What programs that were built with _FORTIFY_SOURCE call when there is no mode. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int dir, const char *path, int flags);
int __openat64_2(int dir, const char *path, int flags);

int __open_2(const char *path, int flags) {
  return note_open(AT_FDCWD, path, flags, 0);
}

int __open64_2(const char *path, int flags) {
  return note_open(AT_FDCWD, path, flags, 0);
}

int __openat_2(int dir, const char *path, int flags) {
  return note_open(dir, path, flags, 0);
}

int __openat64_2(int dir, const char *path, int flags) {
  return note_open(dir, path, flags, 0);
}

int close(int fd) {
  const VfioSys *sys = enter_fd(fd);
  int result;

  if (!sys)
    return (int)syscall(SYS_close, fd);
  result = sys->close(sys->data, fd);
  leave();
  return (int)told(result);
}

int ioctl(int fd, unsigned long request, ...) {
  const VfioSys *sys = enter_ioctl(fd, request);
  va_list args;
  guintptr arg;
  long result;

  va_start(args, request);
  arg = va_arg(args, guintptr);
  va_end(args);
  if (!sys)
    return (int)syscall(SYS_ioctl, fd, request, arg);
  result = sys->ioctl(sys->data, fd, request, arg);
  leave();
  return (int)told(result);
}

ssize_t pread64(int fd, void *buf, size_t len, off64_t offset) {
  const VfioSys *sys = enter_fd(fd);
  ssize_t result;

  if (!sys)
    return syscall(SYS_pread64, fd, buf, len, offset);
  result = sys->pread(sys->data, fd, buf, len, (guint64)offset);
  leave();
  return told(result);
}

ssize_t pread(int fd, void *buf, size_t len, off_t offset) {
  return pread64(fd, buf, len, offset);
}

ssize_t pwrite64(int fd, const void *buf, size_t len, off64_t offset) {
  const VfioSys *sys = enter_fd(fd);
  ssize_t result;

  if (!sys)
    return syscall(SYS_pwrite64, fd, buf, len, offset);
  result = sys->pwrite(sys->data, fd, buf, len, (guint64)offset);
  leave();
  return told(result);
}

ssize_t pwrite(int fd, const void *buf, size_t len, off_t offset) {
  return pwrite64(fd, buf, len, offset);
}

/* A mapping that asks for no place of its own and no more than sharing, as those of tables, vcpus and BARs do. */
void *mmap64(void *addr, size_t len, int prot, int flags, int fd, off64_t offset) {
  const VfioSys *sys = !addr && flags == MAP_SHARED ? enter_fd(fd) : NULL;
  void *memory;
  int result;

  if (!sys)
    return (void *)syscall(SYS_mmap, addr, len, prot, flags, fd, offset); /* NOLINT(performance-no-int-to-ptr) */
  result = sys->mmap(sys->data, fd, len, prot, (guint64)offset, &memory);
  leave();
  return told(result) < 0 ? MAP_FAILED : memory;
}

void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset) {
  return mmap64(addr, len, prot, flags, fd, offset);
}

int munmap(void *addr, size_t len) {
  const VfioSys *sys = enter();
  int result;

  if (!sys)
    return (int)syscall(SYS_munmap, addr, len);
  result = sys->munmap(sys->data, addr, len);
  leave();
  return (int)told(result);
}
