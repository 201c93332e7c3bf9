/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/cli.h"
#include "sim/host/host.h"

static void print_size(const char *what, guint64 bytes) {
  static const struct {
    guint shift;
    char unit;
  } units[] = {{40, 'T'}, {30, 'G'}, {20, 'M'}, {10, 'K'}};

  printf("  %-22s", what);
  if (bytes == G_MAXUINT64) {
    puts("unlimited");
    return;
  }
  for (guint i = 0; i < G_N_ELEMENTS(units); i++)
    if (bytes && (bytes & (((guint64)1 << units[i].shift) - 1)) == 0) {
      printf("%" G_GUINT64_FORMAT "%c\n", bytes >> units[i].shift, units[i].unit);
      return;
    }
  printf("%" G_GUINT64_FORMAT "\n", bytes);
}

static void print_yes_no(const char *what, gboolean yes) {
  printf("  %-22s%s\n", what, yes ? "yes" : "no");
}

static const char *const kvm_names[] = {
    [SIM_KVM_NONE] = "no", [SIM_KVM_MODEL] = "yes", [SIM_KVM_REAL] = "this machine's"};

static void print_device(const SimHostDevice *device) {
  g_autoptr(GString) address = g_string_new(NULL);

  abi_bdf_print(address, device->id);
  printf("    %s  %04x:%04x class %06x", address->str, device->vendor, device->device, device->class_code);
  if (device->intx_pin)
    printf(" INT%c", 'A' + device->intx_pin - 1);
  if (device->msi)
    printf(" MSI %u", device->msi);
  if (device->msix)
    printf(" MSI-X %u", device->msix);
  if (device->reset)
    fputs(" reset", stdout);
  if (device->host_driver)
    fputs(" (bound to a host driver)", stdout);
  putchar('\n');
}

static void print_host(const SimHost *host) {
  static const char *const platforms[] = {"powernv (bare metal)", "pseries (a guest itself)", "x86"};

  printf("%s: %s\n", host->name, host->description ? host->description : "");
  printf("  %-22s%s\n", "platform", platforms[host->platform]);
  printf("  %-22s%u.%u\n", "kernel", host->version / 1000, host->version % 1000);
  print_size("page size", (guint64)1 << host->page_shift);
  printf("  %-22s0x%" G_GINT64_MODIFIER "x\n", "IOMMU page sizes", host->tce_page_sizes);
  print_size("default window", host->dma32_size);
  printf("  %-22s%u\n", "windows", host->max_windows);
  printf("  %-22s%u\n", "levels", host->max_levels);
  print_size("locked memory limit", host->memlock);
  print_yes_no("SPAPR v2", host->spapr_v2);
  print_yes_no("EEH", host->eeh);
  printf("  %-22s%s\n", "KVM", kvm_names[host->kvm]);
  print_yes_no("SPAPR_TCE_VFIO", host->spapr_tce_vfio);
  print_yes_no("SPAPR_TCE_64", host->spapr_tce_64);
  print_yes_no("SPAPR_MULTITCE", host->spapr_multitce);
  if (host->groups->len == 0)
    puts("  no IOMMU groups: a scenario adds them (`group 7: 0000:01:00.0` below `host`)");
  for (guint i = 0; i < host->groups->len; i++) {
    const SimHostGroup *group = host->groups->pdata[i];
    printf("  group %u", group->number);
    if (group->iommu != SIM_IOMMU_ORDINARY)
      printf(" (iommu %s)", sim_host_iommu_name(group->iommu));
    putchar('\n');
    for (guint j = 0; j < group->devices->len; j++)
      print_device(&g_array_index(group->devices, SimHostDevice, j));
  }
}

static void list_hosts(void) {
  for (const char *const *name = sim_host_builtin_names(); *name; name++) {
    g_autoptr(SimHost) host = sim_host_builtin(*name, NULL);
    printf("%-22s %s\n", *name, host && host->description ? host->description : "");
  }
}

int cmd_hosts(int argc, char **argv) {
  const GOptionEntry options[] = {{NULL}};
  const char *const *names = sim_host_builtin_names();
  g_auto(GStrv) args = NULL;
  int code;

  if (!cli_parse(argc, argv, options, "[NAME|FILE...]", "Lists the built-in hosts, or shows what one of them is.",
                 "  vfiosim hosts\n  vfiosim hosts power9", &args, &code))
    return code;
  if (!args[0])
    list_hosts();
  for (char **arg = args; *arg; arg++) {
    g_autoptr(GError) error = NULL;
    gboolean builtin = g_strv_contains(names, *arg);
    g_autoptr(SimHost) host = builtin ? sim_host_builtin(*arg, &error) : sim_host_load(*arg, &error);
    if (!host) {
      const char *near = cli_suggest(*arg, names, g_strv_length((char **)names));
      return cli_usage("hosts", near ? "%s; did you mean \"%s\"?" : "%s", error->message, near);
    }
    print_host(host);
  }
  return cli_finish("hosts", CLI_PASS);
}
