/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <glib/gstdio.h>

#include "sim/host/host.h"

static SimHost *load_text(const char *text, GError **error) {
  g_autofree char *dir = g_dir_make_tmp("host-XXXXXX", NULL);
  g_autofree char *path = g_build_filename(dir, "h.ini", NULL);
  SimHost *host;

  assert_true(g_file_set_contents(path, text, -1, NULL));
  host = sim_host_load(path, error);
  g_unlink(path);
  g_rmdir(dir);
  return host;
}

static void a_host_file_says_what_the_host_is(void **state) {
  g_autoptr(GError) error = NULL;
  g_autoptr(SimHost) host = load_text("[host]\n"
                                      "page-size=4K\n"
                                      "profile=linux-6.12-powernv\n"
                                      "description=mine\n"
                                      "tce-page-sizes=4K 64K\n"
                                      "memlock=64M\n"
                                      "spapr-v2=off\n"
                                      "[group 9]\n"
                                      "devices=0001:02:03.4\n"
                                      "[group 7]\n"
                                      "devices=0000:01:00.0 0000:01:00.1\n"
                                      "[device 0000:01:00.1]\n"
                                      "vendor=0x8086\n"
                                      "model=e1000e\n"
                                      "device=0x1234\n"
                                      "class=0x020000\n"
                                      "intx=B\n"
                                      "msi=8\n"
                                      "msix=5 bar=4 offset=0x2000\n"
                                      "bar4=mem64 1M prefetch\n"
                                      "bar3=io 32\n"
                                      "driver=host\n",
                                      &error);
  const SimHostDevice *device;

  if (!host)
    fail_msg("%s", error->message);
  assert_string_equal(host->name, "h");
  assert_string_equal(host->description, "mine");
  assert_int_equal(host->page_shift, 12);
  assert_int_equal(host->tce_page_sizes, 0x11000);
  assert_int_equal(host->memlock, 64 << 20);
  assert_false(host->spapr_v2);
  assert_int_equal(host->groups->len, 2);
  assert_int_equal(((SimHostGroup *)g_ptr_array_index(host->groups, 0))->number, 7);
  assert_int_equal(sim_host_group(host, 7)->devices->len, 2);
  assert_int_equal(sim_host_group(host, 9)->devices->len, 1);
  assert_null(sim_host_group(host, 8));
  device = sim_host_device(host, 0x0101);
  assert_non_null(device);
  assert_int_equal(device->group, 7);
  assert_int_equal(device->vendor, 0x8086);
  assert_int_equal(device->device, 0x1234); /* a key refines the model, wherever the model stands */
  assert_true(device->express);
  assert_int_equal(device->intx_pin, 2);
  assert_int_equal(device->msi, 8);
  assert_int_equal(device->msix, 5);
  assert_int_equal(device->msix_bar, 4);
  assert_int_equal(device->bars[4].size, 1 << 20);
  assert_true(device->bars[4].is64 && device->bars[4].prefetch);
  assert_true(device->bars[3].io);
  assert_true(device->host_driver);
  assert_int_equal(sim_host_device(host, 0x100)->vendor, 0x1af4);
  assert_non_null(sim_host_device(host, 1 << 16 | 2 << 8 | 3 << 3 | 4));
}

#define DEVICE(keys) "[host]\n[group 7]\ndevices=0000:01:00.0\n[device 0000:01:00.0]\n" keys
#define RECORDED_DEVICE(keys)                                                                                          \
  "[host]\n[group 7]\ndevices=0000:01:00.0\n[device 0000:01:00.0]\nconfig=" RECORDED "\n" keys

static void a_recorded_device_is_what_lspci_printed(void **state) {
  g_autoptr(SimHost) host = load_text(RECORDED_DEVICE("device=0x9999\nbar4=mem32 128K\n"), NULL);
  g_autoptr(SimHost) copy = NULL;
  const SimHostDevice *device;

  assert_non_null(host);
  copy = sim_host_copy(host);
  sim_host_free(g_steal_pointer(&host));
  device = sim_host_device(copy, 0x100);
  assert_int_equal(g_bytes_get_size(device->recorded), 4096);
  assert_int_equal(device->vendor, 0x1234);
  assert_int_equal(device->device, 0x9999); /* the other keys refine it */
  assert_int_equal(device->class_code, 0x020000);
  assert_int_equal(device->revision, 7);
  assert_int_equal(device->intx_pin, 1);
  assert_int_equal(device->msi, 8);
  assert_int_equal(device->msix, 10);
  assert_int_equal(device->msix_bar, 4);
  assert_int_equal(device->msix_offset, 0x2000);
  assert_true(device->express && device->reset);
  assert_int_equal(device->bars[0].size, 32 << 10);
  assert_true(device->bars[0].is64 && device->bars[0].prefetch);
  assert_int_equal(device->bars[2].size, 32);
  assert_true(device->bars[2].io);
  assert_int_equal(device->bars[4].size, 128 << 10);
  assert_false(device->bars[4].is64 || device->bars[4].prefetch || device->bars[4].io);
  assert_int_equal(device->rom_size, 256 << 10);
}

static void assert_recording_refused(const char *text, const char *message) {
  g_autofree char *path = g_strdup_printf("%s/vfiosim-recording-%d", g_get_tmp_dir(), getpid());
  g_autofree char *ini =
      g_strdup_printf("[host]\n[group 7]\ndevices=0000:01:00.0\n[device 0000:01:00.0]\nconfig=%s\n", path);
  g_autoptr(GError) error = NULL;

  assert_true(g_file_set_contents(path, text, -1, NULL));
  assert_null(load_text(ini, &error));
  assert_int_equal(unlink(path), 0);
  assert_int_equal(error->domain, SIM_HOST_ERROR);
  if (!strstr(error->message, message) || !strstr(error->message, "h.ini:5: [device 0000:01:00.0] key 'config': "))
    fail_msg("says \"%s\", not \"%s\"", error->message, message);
}

static void a_bad_recording_is_refused_with_its_line(void **state) {
  g_autoptr(GString) bridge = g_string_new("00:01.0 PCI bridge\n");

  for (guint i = 0; i < 256; i += 16)
    g_string_append_printf(bridge, "%02x: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 %s 00\n", i, i ? "00" : "81");
  assert_recording_refused(bridge->str, "its header is of type 1: a bridge");
  assert_recording_refused("", "0 bytes of config space, not 256 or 4096; `lspci -vvvxxxx`, as root, prints all");
  assert_recording_refused("00: 86 80\n", "line 1: '00: 86 80' is not the 16 bytes at 00");
  assert_recording_refused("x\n10: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00\n", "line 2: ");
  assert_recording_refused("00: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 zz\n", "is not the 16 bytes at 00");
}

static void what_is_wrong_is_named_with_its_place(void **state) {
  static const struct {
    const char *text, *message;
    SimHostError code;
  } cases[] = {
      {"page-size=4K\n", "h.ini: ", SIM_HOST_ERROR_SYNTAX},
      {"[group 1]\ndevices=0000:01:00.0\n", "no [host] section", SIM_HOST_ERROR_SYNTAX},
      {"[host]\n\nsize=4K\n", "h.ini:3: [host] unknown key 'size'; known: profile", SIM_HOST_ERROR_NOT_FOUND},
      {"[host]\npage-size=8K\n", "h.ini:2: [host] key 'page-size': '8K' is not a page size", SIM_HOST_ERROR_VALUE},
      {"[host]\nprofile=linux-1.0\n", "h.ini:2: [host] key 'profile': 'linux-1.0' is not a kernel profile",
       SIM_HOST_ERROR_VALUE},
      {"[host]\nplatform=sparc\n", "h.ini:2: [host] key 'platform'", SIM_HOST_ERROR_VALUE},
      {"[host]\neeh=maybe\n", "'maybe' is not on or off", SIM_HOST_ERROR_VALUE},
      {"[host]\n[group seven]\n", "h.ini:2: [group seven] a group is named by its number", SIM_HOST_ERROR_SYNTAX},
      {"[host]\n[group 7]\n", "h.ini:2: [group 7] a group has at least one device", SIM_HOST_ERROR_VALUE},
      {"[host]\n[group 7]\niommu=some\ndevices=0000:01:00.0\n",
       "h.ini:3: [group 7] key 'iommu': 'some' is not a kind of group: ordinary, none, ", SIM_HOST_ERROR_VALUE},
      {"[host]\n[group 7]\niova-bits=31\ndevices=0000:01:00.0\n", "'31' is not a number of address bits, 32 to 64",
       SIM_HOST_ERROR_VALUE},
      {"[host]\n[group 7]\ndevices=1:0\n", "h.ini:3: [group 7] group 7: '1:0' is no PCI address", SIM_HOST_ERROR_VALUE},
      {"[host]\n[group 7]\ndevices=0000:01:00.0\n[group 8]\ndevices=0000:01:00.0\n",
       "h.ini:5: [group 8] group 8: device 0000:01:00.0 is in group 7 already", SIM_HOST_ERROR_CONFLICT},
      {"[host]\n[group 7]\nname=x\ndevices=0000:01:00.0\n",
       "h.ini:3: [group 7] unknown key 'name'; known: iommu, iova-bits, devices", SIM_HOST_ERROR_NOT_FOUND},
      {"[host]\n[device 0000:01:00.0]\n", "h.ini:2: [device 0000:01:00.0] no group has a device",
       SIM_HOST_ERROR_NOT_FOUND},
      {"[host]\n[bridge]\n", "h.ini:2: [bridge] unknown section", SIM_HOST_ERROR_SYNTAX},
      {"[host]\n[group 7]\ndevices=0000:01:00.0\n[device 0000:01:00.0]\nbar0=mem32 48K\n",
       "h.ini:5: [device 0000:01:00.0] key 'bar0': '48K' is not a BAR size: a BAR is a power of two",
       SIM_HOST_ERROR_VALUE},
      {"[host]\n[group 7]\ndevices=0000:01:00.0\n[device 0000:01:00.0]\nbar0=io 4K\n", "I/O BARs are 4 to 256 bytes",
       SIM_HOST_ERROR_VALUE},
      {"[host]\n[group 7]\ndevices=0000:01:00.0\n[device 0000:01:00.0]\nbar0=mem64 64K\nbar1=mem32 4K\n",
       "h.ini:4: [device 0000:01:00.0] key 'bar0': a mem64 BAR takes the next BAR's slot", SIM_HOST_ERROR_CONFLICT},
      {"[host]\n[group 7]\ndevices=0000:01:00.0\n[device 0000:01:00.0]\nmsix=4 bar=2\n",
       "a table of 4 vectors at offset 0x0 does not fit into bar2", SIM_HOST_ERROR_CONFLICT},
      {"[host]\n[group 7]\ndevices=0000:01:00.0\n[device 0000:01:00.0]\nmsi=3\n", "key 'msi': 3 is no number of MSI",
       SIM_HOST_ERROR_VALUE},
      {"[host]\n[group 7]\ndevices=0000:01:00.0\n[device 0000:01:00.0]\nmsix=4 bar=9\n",
       "'bar=9' is not bar=0 to bar=5", SIM_HOST_ERROR_VALUE},
      {DEVICE("mmap=on\nbar0=mem64 1G\n"), "key 'mmap': bar0 is larger than 256M", SIM_HOST_ERROR_CONFLICT},
      {DEVICE("mmap=on\nmodel=engine\n"), "key 'mmap': an engine acts when", SIM_HOST_ERROR_CONFLICT},
      {DEVICE("physfn=0000:02:00.0\nrom=64K\n"), "key 'rom': a virtual function (physfn) has none",
       SIM_HOST_ERROR_CONFLICT},
      {DEVICE("physfn=2\n"), "'2' is not the address of a physical function", SIM_HOST_ERROR_VALUE},
      {DEVICE("opregion=on\n"), "key 'opregion': only Intel graphics have one", SIM_HOST_ERROR_CONFLICT},
      {DEVICE("atomics=16\n"), "'16' is not some of 32, 64 and 128", SIM_HOST_ERROR_VALUE},
      {DEVICE("claimed=bar6\n"), "'bar6' is not some of bar0 to bar5", SIM_HOST_ERROR_VALUE},
      {DEVICE("wake=off\n"), "'off' is not on, once or never", SIM_HOST_ERROR_VALUE},
      {DEVICE("intx-line=none\n"), "'none' is not routed, unrouted or taken", SIM_HOST_ERROR_VALUE},
      {DEVICE("vectors=few\n"), "'few' is not a number, or 'unlimited'", SIM_HOST_ERROR_VALUE},
      {RECORDED_DEVICE("model=e1000e\n"), "key 'config': a recorded device has no model", SIM_HOST_ERROR_CONFLICT},
      {RECORDED_DEVICE("bar4=none\n"), "key 'msix': a table of 10 vectors", SIM_HOST_ERROR_CONFLICT},
      {"[host]\n[group 7]\ndevices=0000:01:00.0\n[device 0000:01:00.0]\nconfig=nowhere.txt\n",
       "/nowhere.txt: ", SIM_HOST_ERROR_VALUE},
      {"[host]\n[group 7]\ndevices=0000:01:00.0\n[device 0000:01:00.0]\nmodel=engine\nbar0=io 128\n",
       "key 'bar0': an engine has its registers there: it is memory", SIM_HOST_ERROR_CONFLICT},
      {"[host]\n[group 7]\ndevices=0000:01:00.0\n[device 0000:01:00.0]\nmodel=engine\nbar0=mem32 32\n",
       "memory of at least 64 bytes", SIM_HOST_ERROR_CONFLICT},
      {"[host]\n[group 7]\ndevices=0000:01:00.0\n[device 0000:01:00.0]\nmodel=engine\nmsix=4 bar=0\n",
       "key 'msix': an engine has its registers in the first 64 bytes of bar0", SIM_HOST_ERROR_CONFLICT},
  };

  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;

    if (load_text(cases[i].text, &error))
      fail_msg("case %u loads", i);
    assert_int_equal(error->domain, SIM_HOST_ERROR);
    if (!strstr(error->message, cases[i].message) || error->code != (int)cases[i].code)
      fail_msg("case %u says (%d) \"%s\", not \"%s\"", i, error->code, error->message, cases[i].message);
  }
}

static void every_built_in_host_loads(void **state) {
  const char *const *names = sim_host_builtin_names();
  g_autoptr(GError) error = NULL;

  for (guint i = 0; names[i]; i++) {
    g_autoptr(SimHost) host = sim_host_load(names[i], &error);

    if (!host)
      fail_msg("%s", error->message);
    assert_string_equal(host->name, names[i]);
    assert_true(*host->description != '\0');
    assert_int_equal(host->groups->len, 0);
    if (strcmp(names[i], "x86") == 0) {
      assert_int_equal(host->platform, SIM_X86);
      assert_int_equal(host->page_shift, 12);
      continue;
    }
    assert_int_equal(host->page_shift, strcmp(names[i], "power9-4k") == 0 ? 12 : 16);
    /* PNV-2, as recorded on POWER9 and POWER8 */
    assert_int_equal(host->tce_page_sizes, strcmp(names[i], "power8") == 0 ? 0x11011000 : 0x40211000);
  }
  assert_null(sim_host_builtin("power7", &error));
  assert_int_equal(error->code, SIM_HOST_ERROR_NOT_FOUND);
  g_clear_error(&error);
  assert_null(sim_host_load("/nowhere/host.ini", &error));
  assert_int_equal(error->code, SIM_HOST_ERROR_NOT_FOUND);
  assert_non_null(strstr(error->message, "power9-no-tce-vfio"));
}

static void a_copy_is_its_own(void **state) {
  g_autoptr(SimHost) host = sim_host_new();
  g_autoptr(SimHost) copy = NULL;

  assert_true(sim_host_add_device(host, 7, "0000:01:00.0", NULL));
  copy = sim_host_copy(host);
  assert_true(sim_host_add_device(copy, 7, "0000:01:00.1", NULL));
  assert_true(sim_host_set(copy, "description", "other", NULL));
  assert_int_equal(sim_host_group(host, 7)->devices->len, 1);
  assert_string_equal(host->description, "");
}

static void the_machines_own_kvm_goes_with_x86(void **state) {
  g_autoptr(GError) error = NULL;
  g_autoptr(SimHost) x86 = load_text("[host]\nkvm=real\nplatform=x86\n", NULL);
  g_autoptr(SimHost) power = load_text("[host]\npage-size=4K\nkvm=real\n", &error);

  assert_non_null(x86);
  assert_int_equal(x86->kvm, SIM_KVM_REAL);
  assert_null(power);
  assert_true(g_error_matches(error, SIM_HOST_ERROR, SIM_HOST_ERROR_CONFLICT));
  assert_non_null(strstr(error->message, ":3: [host] key 'kvm': "));
}

static void a_group_says_what_stands_behind_it(void **state) {
  g_autoptr(SimHost) host = load_text("[host]\nsys-rawio=on\nnoiommu=yes\ninterrupt-remapping=off\n"
                                      "[group 7]\niova-bits=39\ndevices=0000:01:00.0\niommu=none\n"
                                      "[group 8]\ndevices=0000:02:00.0\n",
                                      NULL);
  g_autoptr(SimHost) copy = sim_host_copy(host);
  g_autofree char *seven = sim_host_group_node(sim_host_group(copy, 7));
  g_autofree char *eight = sim_host_group_node(sim_host_group(copy, 8));

  assert_true(host->noiommu);
  assert_false(host->interrupt_remapping);
  assert_true(sim_host_capable(host, SIM_CAP_SYS_RAWIO));
  assert_false(sim_host_capable(host, SIM_CAP_IPC_LOCK) || sim_host_capable(host, 21));
  assert_int_equal(sim_host_group(copy, 7)->iommu, SIM_IOMMU_NONE);
  assert_int_equal(sim_host_group(copy, 7)->iova_bits, 39);
  assert_int_equal(sim_host_group(copy, 8)->iommu, SIM_IOMMU_ORDINARY);
  assert_int_equal(sim_host_group(copy, 8)->iova_bits, 48);
  assert_string_equal(seven, "noiommu-7");
  assert_string_equal(eight, "8");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_host_file_says_what_the_host_is),
      cmocka_unit_test(a_recorded_device_is_what_lspci_printed),
      cmocka_unit_test(a_bad_recording_is_refused_with_its_line),
      cmocka_unit_test(what_is_wrong_is_named_with_its_place),
      cmocka_unit_test(every_built_in_host_loads),
      cmocka_unit_test(a_copy_is_its_own),
      cmocka_unit_test(a_group_says_what_stands_behind_it),
      cmocka_unit_test(the_machines_own_kvm_goes_with_x86),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
