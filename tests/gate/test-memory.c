/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The memory and the fds of a process, seen from outside; here it is this one. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "sim/gate/fdinfo.h"
#include "sim/gate/maps.h"
#include "sim/gate/memory.h"

enum { PAGE = 4096, PAGES = 8, HOST_SHIFT = 16 };

static guint8 *map_pages(void) {
  guint8 *pages = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  assert_true(pages != MAP_FAILED);
  return pages;
}

static void a_bad_pointer_is_efault(void **state) {
  guint8 *pages = map_pages(), bytes[16] = {1, 2, 3};
  munmap(pages + PAGE, PAGE);
  mprotect(pages + 2 * PAGE, PAGE, PROT_READ);

  assert_int_equal(gate_memory_write(getpid(), (guintptr)pages, bytes, sizeof bytes), 0);
  assert_memory_equal(pages, bytes, sizeof bytes);
  assert_int_equal(gate_memory_read(getpid(), (guintptr)pages + PAGE - sizeof bytes, bytes, sizeof bytes), 0);
  assert_int_equal(gate_memory_read(getpid(), (guintptr)pages + PAGE - 8, bytes, sizeof bytes), -EFAULT);
  assert_int_equal(gate_memory_read(getpid(), (guintptr)pages + 2 * PAGE, bytes, sizeof bytes), 0);
  assert_int_equal(gate_memory_write(getpid(), (guintptr)pages + 2 * PAGE, bytes, sizeof bytes), -EFAULT);
  assert_int_equal(gate_memory_read(getpid(), G_MAXUINT64 - 4, bytes, sizeof bytes), -EFAULT);
  assert_int_equal(gate_memory_read(getpid(), 0, bytes, 0), 0);
  munmap(pages, PAGES * PAGE);
}

static guint64 pin_for(const void *addr, guint64 len, gboolean write) {
  guint shift = 30;
  guint64 bytes = gate_memory_pin(getpid(), (guintptr)addr, len, write, HOST_SHIFT, &shift);
  assert_int_equal(shift, HOST_SHIFT); /* the simulated host's normal page, whatever this machine's is */
  return bytes;
}

static guint64 pin(const void *addr, guint64 len) {
  return pin_for(addr, len, TRUE);
}

/* MM-6, MM-7: pinning stops at a hole and at memory that cannot be written. */
static void pinning_stops_at_a_hole_and_at_readonly_memory(void **state) {
  guint8 *pages = map_pages();
  assert_int_equal(pin(pages, PAGES * PAGE), PAGES * PAGE);
  assert_int_equal(pin(pages + 100, PAGE), PAGE);
  /* Neighbours of other kinds make one range of several mappings. */
  mprotect(pages + PAGE, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
  assert_int_equal(pin(pages, PAGES * PAGE), PAGES * PAGE);
  mprotect(pages + 3 * PAGE, PAGE, PROT_READ);
  assert_int_equal(pin(pages, PAGES * PAGE), 3 * PAGE);
  assert_int_equal(pin(pages + 3 * PAGE, PAGE), 0);
  assert_int_equal(pin_for(pages, PAGES * PAGE, FALSE), PAGES * PAGE); /* T1-38 */
  munmap(pages + 2 * PAGE, PAGE);
  assert_int_equal(pin(pages, PAGES * PAGE), 2 * PAGE);
  assert_int_equal(pin(pages + 2 * PAGE, PAGE), 0);
  assert_true(pin(pages, G_MAXUINT64) == 2 * PAGE);
  munmap(pages, PAGES * PAGE);
}

/* Both ways of looking say the same of every page, and of huge ones. */
static void asking_and_reading_agree(void **state) {
  enum { HUGE = 2 << 20 };
  guint8 *pages = map_pages();
  mprotect(pages + PAGE, PAGE, PROT_NONE);
  mprotect(pages + 3 * PAGE, PAGE, PROT_READ);
  munmap(pages + 5 * PAGE, PAGE);
  g_autoptr(GateMaps) asked = gate_maps_open(getpid(), FALSE), read = gate_maps_open(getpid(), TRUE);
  assert_true(asked && read);
  for (guint i = 0; i < PAGES; i++) {
    guint64 addr = (guintptr)pages + i * PAGE;
    GateMapping a, b;
    gboolean there = gate_maps_at(asked, addr, &a);
    assert_int_equal(there, i != 5);
    assert_int_equal(gate_maps_at(read, addr, &b), there);
    if (!there)
      continue;
    assert_true(a.start == b.start && a.end == b.end && a.readable == b.readable && a.writable == b.writable);
    assert_true(a.readable == (i != 1) && a.writable == (i != 1 && i != 3));
  }
  munmap(pages, PAGES * PAGE);
  assert_null(gate_maps_open(G_MAXINT, FALSE));

  guint8 *huge = mmap(NULL, HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
  if (huge == MAP_FAILED)
    return; /* this machine has none free */
  for (int text = 0; text < 2; text++) {
    g_autoptr(GateMaps) maps = gate_maps_open(getpid(), text);
    GateMapping mapping;
    assert_true(gate_maps_at(maps, (guintptr)huge, &mapping));
    assert_int_equal(gate_maps_page_shift(maps, (guintptr)huge, HUGE), 21);
  }
  munmap(huge, HUGE);
}

static void fds_are_told_apart(void **state) {
  GateFdInfo info;
  struct stat st;
  int event = eventfd(0, 0), file = open("/proc/self/exe", O_RDONLY), path = open("/proc/self/exe", O_PATH);

  assert_int_equal(gate_fdinfo(getpid(), event, &info), 0);
  assert_true(info.eventfd);
  assert_int_equal(gate_fdinfo(getpid(), file, &info), 0);
  assert_false(info.eventfd);
  assert_int_equal(fstat(file, &st), 0);
  assert_true(info.ino == st.st_ino);
  assert_int_equal(gate_fdinfo(getpid(), path, &info), -EBADF);
  close(file);
  assert_int_equal(gate_fdinfo(getpid(), file, &info), -EBADF);
  assert_int_equal(gate_fdinfo(getpid(), -1, &info), -EBADF);
  close(path);
  close(event);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_bad_pointer_is_efault),
      cmocka_unit_test(pinning_stops_at_a_hole_and_at_readonly_memory),
      cmocka_unit_test(asking_and_reading_agree),
      cmocka_unit_test(fds_are_told_apart),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
