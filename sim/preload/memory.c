/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pages of the simulated host's size, where the machine's are smaller: what says their size, and mmap(). Memory that
 * the C library maps for itself is not aligned to them.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sim/preload/carry.h"

static long next_sysconf(int name) {
  static long (*next)(int);
  if (!next)
    next = (long (*)(int))dlsym(RTLD_NEXT, "sysconf");
  return next(name);
}

static size_t machine_page(void) {
  static size_t size;
  if (!size) {
    long page = next_sysconf(_SC_PAGESIZE);
    size = page > 0 ? (size_t)page : 4096;
  }
  return size;
}

static size_t host_page(void) {
  static size_t size;
  if (!size) {
    const char *text = getenv("VFIOSIM_PAGE_SIZE");
    size_t wanted = text ? strtoul(text, NULL, 0) : 0;
    size = wanted > machine_page() ? wanted : machine_page();
  }
  return size;
}

int getpagesize(void) {
  return (int)host_page();
}

long sysconf(int name) {
  long value = name == _SC_PAGESIZE ? (long)host_page() : next_sysconf(name);
  if (name == _SC_PHYS_PAGES || name == _SC_AVPHYS_PAGES)
    return value / (long)(host_page() / machine_page());
  return value;
}

static void *map(void *addr, size_t length, int prot, int flags, int fd, off_t offset) {
  return (void *)syscall(SYS_mmap, addr, length, prot, flags, fd, offset);
}

/* Where `length` bytes fit at a page of the host: nothing can be accessed there, and it is the caller's. */
static char *reserve(size_t length) {
  size_t slack = host_page() - machine_page(), whole = (length + machine_page() - 1) & -machine_page();
  if (whole < length || whole + slack < whole) {
    errno = ENOMEM;
    return MAP_FAILED;
  }
  char *start = map(NULL, whole + slack, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (start == MAP_FAILED)
    return start;
  char *aligned = start + (-(uintptr_t)start & (host_page() - 1));
  if (aligned > start)
    munmap(start, (size_t)(aligned - start));
  if (aligned < start + slack)
    munmap(aligned + whole, (size_t)(start + slack - aligned));
  return aligned;
}

/* MAP_FIXED_NOREPLACE, too: the address is the caller's. */
static int is_fixed(int flags) {
  return (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) != 0;
}

static void *map_aligned(void *addr, size_t length, int prot, int flags, int fd, off_t offset) {
  if (is_fixed(flags))
    return map(addr, length, prot, flags, fd, offset);
  char *at = length ? reserve(length) : NULL;
  if (at == MAP_FAILED)
    return at;
  void *got = map(at, length, prot, at ? flags | MAP_FIXED : flags, fd, offset);
  if (got == MAP_FAILED && at) {
    int err = errno;
    munmap(at, length);
    errno = err;
  }
  return got;
}

/* An fd of the simulator's memory behind fd; -1 with errno. */
static int shared_memory(int fd, size_t length, int prot, int flags, off_t offset) {
  CarriedMessage message = {.op = CARRIED_MMAP,
                            .length = length,
                            .offset = (uint64_t)offset,
                            .prot = (uint32_t)prot,
                            .flags = (uint32_t)flags & MAP_TYPE};
  return carry(fd, &message);
}

void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset) {
  if ((is_fixed(flags) && ((uintptr_t)addr & (host_page() - 1))) || (offset & (off_t)(host_page() - 1))) {
    errno = EINVAL;
    return MAP_FAILED;
  }
  if ((flags & MAP_ANONYMOUS) || !length)
    return map_aligned(addr, length, prot, flags, fd, offset);
  int memory = shared_memory(fd, length, prot, flags, offset);
  if (memory < 0 && (errno == ENOTTY || errno == EBADF))
    return map_aligned(addr, length, prot, flags, fd, offset);
  if (memory < 0)
    return MAP_FAILED;
  void *got = map_aligned(addr, length, prot, flags, memory, offset);
  int err = errno;
  close(memory);
  errno = err;
  return got;
}

void *mmap64(void *addr, size_t length, int prot, int flags, int fd, off64_t offset) __attribute__((alias("mmap")));
