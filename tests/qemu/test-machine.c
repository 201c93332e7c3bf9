/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which scenarios a QEMU carries and by which options, as its manual and its sources have them: LIOBNs and windows of
 * include/hw/pci-host/spapr.h, blocks of memory of hw/ppc/spapr.c. And which files are a QEMU at all.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <glib/gstdio.h>

#include "harness/kernel.h"
#include "harness/qemu/machine.h"

#define HOST "host power9\n  group 7: 0000:01:00.0\n"

typedef struct {
  const char *text, *reason; /* NULL: it is carried */
} Case;

static const Case cases[] = {
    {HOST "guest pseries tcg\nboot\n", NULL},
    {HOST "guest pseries tcg\n  ram 512M\n  phb 3: liobn 0x80000300 window 0..2G page 4K\nboot\n", NULL},
    {HOST "guest pseries tcg\nboot\nplug-ram 256M at 1G as d\n", NULL},
    {HOST "guest pseries tcg\nboot\nplug-phb 1: liobn 0x90000000 window 0..1G page 4K fails\n", NULL},
    {HOST "open container as c\n", "raw calls"},
    {HOST "guest pseries kvm\nboot\n", "no KVM for pseries"},
    {HOST "guest pseries tcg\norder pre-2017\nboot\n", "attach order"},
    {HOST "guest pseries tcg\n  ram 128M\nboot\n", "blocks of 256M"},
    {HOST "guest pseries tcg\n  phb 1: liobn 0x90000000 window 0..1G page 4K\nboot\n", "LIOBN 0x80000100"},
    {HOST "guest pseries tcg\n  phb 0: liobn 0x80000000 window 0..2G page 4K\nboot\n", "window 0..1G"},
    {HOST "guest pseries tcg\n  phb 0: liobn 0x80000000 window 0..1G page 64K\nboot\n", "4K pages"},
    {HOST "guest pseries tcg\nboot\nplug-phb 1: liobn 0x80000100 window 0..1G page 64K\n", "a.scn:5:1"},
    {HOST "guest pseries tcg\nboot\nplug-ram 256M at 1024M as d\nplug-ram 64M at 2G as e\n", "a.scn:6:1"},
    {HOST "guest pseries tcg\n  ram 256M\nboot\nplug-ram 256M at 256M as d\n", "from 0x40000000 on"},
    {HOST "guest pseries tcg\nboot\nplug 0000:01:00.0 phb 0 as n\nassert interrupt n intx 0 reaches subject\n",
     "interrupts"},
};

static Scenario *parse(const char *text) {
  g_autoptr(GError) error = NULL;
  Scenario *scenario = scenario_parse("a.scn", text, &error);

  if (!scenario)
    fail_msg("%s", error->message);
  return scenario;
}

static void test_carries(void **state) {
  g_autoptr(QemuProgram) program = qemu_program_find("/proc/self/exe", FALSE, NULL);

  assert_non_null(program);
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(Scenario) scenario = parse(cases[i].text);
    g_autoptr(GError) error = NULL;
    gboolean carries = qemu_machine_carries(scenario, program, &error);
    assert_int_equal(carries, !cases[i].reason);
    if (carries)
      continue;
    assert_true(g_error_matches(error, KERNEL_ERROR, KERNEL_ERROR_UNAVAILABLE));
    if (!strstr(error->message, cases[i].reason))
      fail_msg("\"%s\" does not say \"%s\"", error->message, cases[i].reason);
  }
}

static void test_options(void **state) {
  g_autoptr(Scenario) scenario =
      parse(HOST "guest pseries kvm\n  ram 512M\n  phb 0\n  phb 2\ncold 0000:01:00.0 phb 2 as nic0\nboot\n"
                 "plug-ram 256M at 2G as d\n");
  g_autoptr(GPtrArray) cold = g_ptr_array_new();
  g_ptr_array_add(cold, scenario->stmts->pdata[0]);
  g_autoptr(Trace) trace = trace_new();
  g_autoptr(Kernel) kernel = kernel_direct_new(scenario, trace, NULL);
  g_auto(GStrv) options = qemu_machine_options(scenario, kernel, cold, "/proc/1/fd/9", 8);
  g_autofree char *line = g_strjoinv(" ", options);

  assert_string_equal(line,
                      "-machine pseries,memory-backend=ram,accel=kvm "
                      "-machine kernel-irqchip=off,cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off "
                      "-m size=512M,slots=1,maxmem=1792M "
                      "-object memory-backend-file,id=ram,size=536870912,align=65536,share=on,mem-path=/proc/1/fd/9 "
                      "-nodefaults -no-user-config -S -display none -chardev socket,id=monitor,fd=8 -mon "
                      "chardev=monitor,mode=control "
                      "-device spapr-pci-host-bridge,index=2,id=phb2,dma_win_addr=0,dma_win_size=1073741824 "
                      "-device vfio-pci,host=0000:01:00.0,bus=phb2.0,id=nic0");
}

static void test_names(void **state) {
  g_autofree char *first = qemu_machine_bus(0);
  g_autofree char *other = qemu_machine_bus(30);

  assert_string_equal(first, "pci.0");
  assert_string_equal(other, "phb30.0");
  assert_int_equal(qemu_machine_liobn(0x1e, 1), 0x80001e01);
  assert_int_equal(qemu_machine_buid(1), 0x800000020000001);
}

/* ---- files that are none ---- */

static void write_elf(const char *path, guint8 data, guint16 machine) {
  guint8 header[64] = {0x7f, 'E', 'L', 'F', 2, data, 1};

  memcpy(header + 18, &machine, sizeof machine);
  assert_true(g_file_set_contents(path, (const char *)header, sizeof header, NULL));
}

static void test_programs(void **state) {
  g_autofree char *folder = g_dir_make_tmp("vfiosim-test-XXXXXX", NULL);
  g_autofree char *path = g_build_filename(folder, "qemu", NULL);
  g_autoptr(GError) error = NULL;

  assert_null(qemu_program_find(path, FALSE, &error)); /* nothing there */
  assert_true(g_error_matches(error, KERNEL_ERROR, KERNEL_ERROR_FAILED));
  g_clear_error(&error);
  assert_true(g_file_set_contents(path, "#!/bin/sh\n", -1, NULL));
  assert_null(qemu_program_find(path, FALSE, &error));
  assert_true(g_error_matches(error, KERNEL_ERROR, KERNEL_ERROR_FAILED));
  g_clear_error(&error);
  write_elf(path, 2, 21); /* big-endian */
  assert_null(qemu_program_find(path, FALSE, &error));
  assert_true(g_error_matches(error, KERNEL_ERROR, KERNEL_ERROR_FAILED));
  g_clear_error(&error);
  write_elf(path, 1, 243); /* RISC-V */
  assert_null(qemu_program_find(path, FALSE, &error));
  assert_true(g_error_matches(error, KERNEL_ERROR, KERNEL_ERROR_UNAVAILABLE));
  g_clear_error(&error);
  assert_int_equal(g_unlink(path), 0);
  assert_int_equal(g_rmdir(folder), 0);
}

static void test_search(void **state) {
  g_autoptr(GError) error = NULL;

  g_setenv("PATH", "/nowhere", TRUE);
  g_setenv("VFIOSIM_CACHE", "/nowhere", TRUE);
  assert_null(qemu_program_find(NULL, FALSE, &error));
  assert_true(g_error_matches(error, KERNEL_ERROR, KERNEL_ERROR_UNAVAILABLE));
  assert_non_null(strstr(error->message, "scripts/fetch client-qemu-ppc"));
  g_clear_error(&error);
  assert_null(qemu_program_find(NULL, TRUE, &error));
  assert_non_null(strstr(error->message, "scripts/fetch qemu-ppc64el"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_carries),  cmocka_unit_test(test_options), cmocka_unit_test(test_names),
      cmocka_unit_test(test_programs), cmocka_unit_test(test_search),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
