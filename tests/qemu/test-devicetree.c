/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A device tree laid out by hand as the Devicetree specification, chapter 5, has it, read whole, cut off everywhere,
 * and with every byte changed: a guest's memory holds any bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "harness/qemu/devicetree.h"

static void cell(GByteArray *tree, guint32 value) {
  guint32 bytes = GUINT32_TO_BE(value);
  g_byte_array_append(tree, (guint8 *)&bytes, sizeof bytes);
}

static void text(GByteArray *tree, const char *text) {
  static const guint8 padding[4];
  gsize len = strlen(text) + 1;

  g_byte_array_append(tree, (const guint8 *)text, len);
  g_byte_array_append(tree, padding, (4 - len % 4) % 4);
}

static void begin(GByteArray *tree, const char *name) {
  cell(tree, 1);
  text(tree, name);
}

static void property(GByteArray *tree, guint32 name, guint32 value) {
  cell(tree, 3);
  cell(tree, 4);
  cell(tree, name);
  cell(tree, value);
}

enum { TOKEN = 0, LONG = 6 }; /* offsets in the strings */

/* / { token = 1; long = "..."; rtas { deep { token = 2; }; token = 0x201a; long = "..."; }; other { token = 3; }; }; */
static GByteArray *make(void) {
  GByteArray *tree = g_byte_array_new();
  guint32 strings, total;

  cell(tree, 0xd00dfeed);
  for (guint i = 1; i < DEVICETREE_HEADER / 4; i++)
    cell(tree, i == 2 ? DEVICETREE_HEADER : 0);
  begin(tree, "");
  property(tree, TOKEN, 1);
  begin(tree, "rtas");
  cell(tree, 3);
  cell(tree, 5);
  cell(tree, LONG);
  text(tree, "five");
  cell(tree, 4);
  property(tree, TOKEN, 0x201a);
  begin(tree, "deep");
  property(tree, TOKEN, 2);
  cell(tree, 2);
  cell(tree, 2);
  begin(tree, "other");
  property(tree, TOKEN, 3);
  cell(tree, 2);
  cell(tree, 2);
  cell(tree, 9);
  strings = GUINT32_TO_BE(tree->len);
  text(tree, "token");
  g_byte_array_set_size(tree, tree->len - 2); /* "token\0" */
  text(tree, "long");
  total = GUINT32_TO_BE(tree->len);
  memcpy(tree->data + 4, &total, 4);
  memcpy(tree->data + 12, &strings, 4);
  return tree;
}

static void test_read(void **state) {
  g_autoptr(GByteArray) tree = make();
  guint32 value = 0;

  assert_int_equal(devicetree_size(tree->data), tree->len);
  assert_true(devicetree_cell(tree->data, tree->len, "rtas", "token", &value));
  assert_int_equal(value, 0x201a);
  assert_true(devicetree_cell(tree->data, tree->len, "other", "token", &value));
  assert_int_equal(value, 3);
  assert_false(devicetree_cell(tree->data, tree->len, "rtas", "long", &value)); /* five bytes are no cell */
  assert_false(devicetree_cell(tree->data, tree->len, "deep", "token", &value));
  assert_false(devicetree_cell(tree->data, tree->len, "rtas", "tok", &value));
}

static void test_broken(void **state) {
  g_autoptr(GByteArray) tree = make();
  guint32 value;

  for (gsize len = 0; len < tree->len; len++) {
    g_autofree guint8 *cut = g_memdup2(tree->data, len); /* so that a step beyond it is found out */
    (void)devicetree_cell(cut, len, "none", "token", &value);
  }
  for (gsize at = 0; at < tree->len; at++)
    for (guint byte = 0; byte < 256; byte += 5) {
      g_autofree guint8 *bad = g_memdup2(tree->data, tree->len);
      bad[at] = (guint8)byte;
      (void)devicetree_cell(bad, tree->len, "none", "token", &value);
    }
  tree->data[0] = 0;
  assert_int_equal(devicetree_size(tree->data), 0);
  assert_false(devicetree_cell(tree->data, tree->len, "rtas", "token", &value));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_read), cmocka_unit_test(test_broken)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
