/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guest memory: which addresses are RAM, and that who maps the path sees the same bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <unistd.h>

#include "harness/qemu/ram.h"

static void test_blocks(void **state) {
  g_autoptr(QemuRam) ram = qemu_ram_new();
  guint64 gpa, size;

  assert_non_null(qemu_ram_add(ram, "ram", 0, 1 << 20, NULL));
  assert_non_null(qemu_ram_add(ram, "dimm0", 1ull << 40, 1 << 16, NULL));
  assert_non_null(qemu_ram_at(ram, 0, 1 << 20));
  assert_non_null(qemu_ram_at(ram, (1 << 20) - 1, 1));
  assert_null(qemu_ram_at(ram, (1 << 20) - 1, 2));
  assert_null(qemu_ram_at(ram, 1 << 20, 1));
  assert_null(qemu_ram_at(ram, (1ull << 40) - 1, 2));
  assert_null(qemu_ram_at(ram, G_MAXUINT64, 2));
  assert_null(qemu_ram_at(ram, 0, G_MAXSIZE));
  assert_true(qemu_ram_find(ram, "dimm0", &gpa, &size));
  assert_int_equal(gpa, 1ull << 40);
  assert_int_equal(size, 1 << 16);
  qemu_ram_remove(ram, "dimm0");
  assert_null(qemu_ram_at(ram, 1ull << 40, 1));
  assert_false(qemu_ram_find(ram, "dimm0", &gpa, &size));
}

static void test_shared(void **state) {
  g_autoptr(QemuRam) ram = qemu_ram_new();
  const char *path = qemu_ram_add(ram, "ram", 0, 1 << 20, NULL);
  int fd = open(path, O_RDWR | O_CLOEXEC);
  char seen[6] = "";

  assert_true(fd >= 0);
  memcpy(qemu_ram_at(ram, 0x1000, 6), "hello", 6);
  assert_int_equal(pread(fd, seen, sizeof seen, 0x1000), sizeof seen);
  assert_string_equal(seen, "hello");
  close(fd);
}

static void test_too_large(void **state) {
  g_autoptr(QemuRam) ram = qemu_ram_new();
  g_autoptr(GError) error = NULL;

  assert_null(qemu_ram_add(ram, "ram", 0, G_MAXINT64, &error));
  assert_non_null(error);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_blocks),
      cmocka_unit_test(test_shared),
      cmocka_unit_test(test_too_large),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
