/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A device's DMA through the tables of its group. */
#include <string.h>

#include "tests/kernel/rig.h"

enum { READ = 1, WRITE = 2, DEVICE = 0x100, OTHER = 0x200 };

static void two_groups(SimHost *host) {
  assert_true(sim_host_add_device(host, 0, "0000:01:00.0", NULL));
  assert_true(sim_host_add_device(host, 1, "0000:02:00.0", NULL));
}

static void pseries(SimHost *host) {
  two_groups(host);
  host->platform = SIM_PSERIES;
}

static int attach(Rig *rig) {
  int container = -1;

  rig_attach(rig, 0, &container);
  rig_register(rig, container, rig->ram, RIG_RAM);
  rig_remove_window(rig, container, 0);
  rig_create_window(rig, container, 12, 1 << 30);
  return container;
}

/* Across pages that lie elsewhere in memory, and back. */
static void test_reaches(void **state) {
  g_autoptr(Rig) rig = rig_new(two_groups);
  int container = attach(rig);
  guint8 out[0x2000], in[0x2000];

  for (gsize i = 0; i < sizeof out; i++)
    out[i] = (guint8)(i * 13 + i / 256);
  assert_int_equal(rig_map(rig, container, 0x5000, rig->ram + 0x20000, 0x1000, READ | WRITE), 0);
  assert_int_equal(rig_map(rig, container, 0x6000, rig->ram + 0x10000, 0x1000, READ | WRITE), 0);
  assert_int_equal(rig_map(rig, container, 0x7000, rig->ram + 0x30000, 0x1000, READ | WRITE), 0);
  assert_int_equal(sim_dma(rig->kernel, DEVICE, 0x5800, out, sizeof out, TRUE), 0);
  assert_memory_equal(rig->ram + 0x20800, out, 0x800);
  assert_memory_equal(rig->ram + 0x10000, out + 0x800, 0x1000);
  assert_memory_equal(rig->ram + 0x30000, out + 0x1800, 0x800);
  assert_int_equal(sim_dma(rig->kernel, DEVICE, 0x5800, in, sizeof in, FALSE), 0);
  assert_memory_equal(in, out, sizeof in);
  assert_int_equal(sim_dma(rig->kernel, DEVICE, 0x123, NULL, 0, FALSE), 0);
}

static void test_refused(void **state) {
  g_autoptr(Rig) rig = rig_new(two_groups);
  int container = attach(rig);
  guint32 word = 0;

  assert_int_equal(sim_dma(rig->kernel, 0x999, 0, &word, 4, FALSE), -ENODEV);
  assert_int_equal(sim_dma(rig->kernel, DEVICE, 0, &word, 4, FALSE), -ENXIO);
  assert_int_equal(sim_dma(rig->kernel, DEVICE, 1 << 30, &word, 4, FALSE), -ENXIO);
  assert_int_equal(sim_dma(rig->kernel, OTHER, 0, &word, 4, FALSE), -ENXIO); /* the host's own table */
  assert_int_equal(rig_map(rig, container, 0, rig->ram, 0x1000, READ), 0);
  assert_int_equal(rig_map(rig, container, 0x1000, rig->ram, 0x1000, WRITE), 0);
  assert_int_equal(sim_dma(rig->kernel, DEVICE, 0, &word, 4, FALSE), 0);
  assert_int_equal(sim_dma(rig->kernel, DEVICE, 0, &word, 4, TRUE), -EPERM);
  assert_int_equal(sim_dma(rig->kernel, DEVICE, 0x1000, &word, 4, TRUE), 0);
  assert_int_equal(sim_dma(rig->kernel, DEVICE, 0x1000, &word, 4, FALSE), 0); /* TCE-85 */
  assert_int_equal(sim_dma(rig->kernel, DEVICE, 0x1ffe, &word, 4, TRUE), -ENXIO);
  rig_remove_window(rig, container, 0);
  assert_int_equal(sim_dma(rig->kernel, DEVICE, 0, &word, 4, FALSE), -ENXIO);
}

static void test_write_only_on_pseries(void **state) {
  g_autoptr(Rig) rig = rig_new(pseries);
  int container = attach(rig);
  guint32 word = 0;

  assert_int_equal(rig_map(rig, container, 0x1000, rig->ram, 0x1000, WRITE), 0);
  assert_int_equal(sim_dma(rig->kernel, DEVICE, 0x1000, &word, 4, FALSE), -EPERM);
}

/* PNV-3: the second window starts at 1 << 59 */
static void test_second_window(void **state) {
  const guint64 start = G_GUINT64_CONSTANT(1) << 59;
  g_autoptr(Rig) rig = rig_new(two_groups);
  int container = attach(rig);
  guint32 word = 0x5eed, back = 0;

  assert_int_equal(rig_create_window(rig, container, 16, G_GUINT64_CONSTANT(1) << 32), start);
  assert_int_equal(rig_map(rig, container, start + 0x30000, rig->ram + 0x40000, 0x10000, READ | WRITE), 0);
  assert_int_equal(sim_dma(rig->kernel, DEVICE, start + 0x3fffc, &word, 4, TRUE), 0);
  memcpy(&back, rig->ram + 0x4fffc, sizeof back);
  assert_int_equal(back, word);
}

/* The tables outlive the process that filled them; its memory does not. */
static void test_memory_gone(void **state) {
  g_autoptr(Rig) rig = rig_new(two_groups);
  int container = attach(rig);
  SimProcess *child = sim_process_fork(rig->process, 2);
  guint32 word = 0;

  assert_int_equal(rig_map(rig, container, 0, rig->ram, 0x1000, READ | WRITE), 0);
  sim_process_free(rig->process);
  rig->process = child;
  assert_int_equal(sim_dma(rig->kernel, DEVICE, 0, &word, 4, FALSE), -EFAULT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_reaches),
      cmocka_unit_test(test_refused),
      cmocka_unit_test(test_write_only_on_pseries),
      cmocka_unit_test(test_second_window),
      cmocka_unit_test(test_memory_gone),
  };

  return cmocka_run_group_tests_name("dma", tests, NULL, NULL);
}
