/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The gdbstub's client against a peer whose packets are written down: GDB's manual, "Remote Protocol", with the answers
 * as QEMU 7.2 gives them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/qemu/gdb.h"

#define READY "+$l<?xml version=\"1.0\"?>#00+$T05thread:01;#07"

static Gdb *connect_to(const char *packets, int *peer, GError **error) {
  int ends[2];

  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  assert_int_equal(write(ends[1], packets, strlen(packets)), strlen(packets));
  *peer = ends[1];
  return gdb_new(ends[0], 100, error);
}

static void test_requests(void **state) {
  const guint8 sc[4] = {0x44, 0, 0, 0x22};
  guint8 code[4];
  guint64 value;
  char sent[1000] = {0};
  int peer;
  g_autoptr(Gdb) gdb =
      connect_to(READY "+$000000000fe00000#00+$OK#9a+$48003f00#00+$OK#9a+$T05thread:01;#07", &peer, NULL);

  assert_non_null(gdb);
  assert_true(gdb_get_register(gdb, 3, &value, NULL));
  assert_int_equal(value, 0xfe00000);
  assert_true(gdb_set_register(gdb, 64, 0x100, NULL));
  assert_true(gdb_read(gdb, 0x100, code, sizeof code, NULL));
  assert_int_equal(code[0], 0x48);
  assert_int_equal(code[2], 0x3f);
  assert_true(gdb_write(gdb, 0x100, sc, sizeof sc, NULL));
  assert_true(gdb_step(gdb, NULL));
  assert_true(read(peer, sent, sizeof sent - 1) > 0);
  /* Sums: of the data's bytes, modulo 256. */
  assert_string_equal(sent, "$qXfer:features:read:target.xml:0,10#ac+$?#3f+$p3#a3+$P40=0000000000000100#f2+$m100,4#5e+"
                            "$M100,4:44000022#04+$s#73+");
  close(peer);
}

static void test_refusals(void **state) {
  guint8 code[4];
  guint64 value;
  int peer;
  g_autoptr(Gdb) gdb = connect_to(READY "+$E14#aa+$#00+$E14#aa+$zz003f00#00+$W00#b7", &peer, NULL);
  g_autoptr(GError) error = NULL;

  assert_false(gdb_get_register(gdb, 3, &value, NULL));
  assert_false(gdb_set_register(gdb, 3, 0, NULL));
  assert_false(gdb_read(gdb, 0, code, sizeof code, NULL));
  assert_false(gdb_read(gdb, 0, code, sizeof code, NULL));
  assert_false(gdb_step(gdb, &error));
  assert_true(g_error_matches(error, QEMU_ERROR, QEMU_ERROR_PROTOCOL));
  g_clear_error(&error);
  assert_false(gdb_step(gdb, &error)); /* nothing comes any more */
  assert_true(g_error_matches(error, QEMU_ERROR, QEMU_ERROR_TIMEOUT));
  g_clear_error(&error);
  close(peer);
  assert_false(gdb_step(gdb, &error));
  assert_true(g_error_matches(error, QEMU_ERROR, QEMU_ERROR_CLOSED));
}

static void test_no_packet(void **state) {
  g_autoptr(GError) error = NULL;
  int peer;

  assert_null(connect_to("++++#00", &peer, &error));
  assert_true(g_error_matches(error, QEMU_ERROR, QEMU_ERROR_PROTOCOL));
  close(peer);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_requests),
      cmocka_unit_test(test_refusals),
      cmocka_unit_test(test_no_packet),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
