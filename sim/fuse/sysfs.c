/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/fuse/sysfs.h"

#include "sim/fuse/procfs.h"
#include "sim/kernel/kernel.h"

/* include/linux/ioport.h; drivers/pci/probe.c, pci_read_bases() */
enum {
  IORESOURCE_IO = 0x100,
  IORESOURCE_MEM = 0x200,
  IORESOURCE_PREFETCH = 0x2000,
  IORESOURCE_READONLY = 0x4000,
  IORESOURCE_SIZEALIGN = 0x40000,
  IORESOURCE_MEM_64 = 0x100000,
};
enum { N_RESOURCES = 13, ROM_RESOURCE = 6 }; /* lines of a device's "resource" without SR-IOV: PCI_NUM_RESOURCES */

const SimSysfsPlace *sim_sysfs_places(void) {
  static const SimSysfsPlace places[] = {
      {"dev-vfio", "/dev/vfio"},
      {"own", SIM_OWN_PLACE},
      {"bus-pci", "/sys/bus/pci"},
      {"iommu-groups", "/sys/kernel/iommu_groups"},
      {NULL, NULL},
  };
  return places;
}

const char *const *sim_sysfs_modules(void) {
  static const char *const modules[] = {"vfio", "vfio_pci", "vfio_pci_core", "vfio_iommu_spapr_tce", NULL};
  return modules;
}

typedef struct {
  guint64 start, end, flags;
} Resource;

/* A memory window of the simulated bridge: addresses only need to be aligned, distinct and alike on every run. */
static Resource resource_at(guint64 *next, guint64 size, guint64 flags) {
  if (size == 0)
    return (Resource){0};
  guint64 start = (*next + size - 1) & ~(size - 1);
  *next = start + size;
  return (Resource){start, start + size - 1, flags | IORESOURCE_SIZEALIGN};
}

static void resources_of(const SimHostDevice *device, Resource resources[N_RESOURCES]) {
  guint64 memory = 0x3fe000000000 + (device->id << 32), io = 0x1000;
  memset(resources, 0, N_RESOURCES * sizeof *resources);
  for (guint i = 0; i < G_N_ELEMENTS(device->bars); i++) {
    const SimBar *bar = &device->bars[i];
    /* The low bits repeat the BAR register's. */
    guint64 flags = bar->io ? IORESOURCE_IO | 1
                            : IORESOURCE_MEM | (bar->is64 ? IORESOURCE_MEM_64 | 4 : 0) |
                                  (bar->prefetch ? IORESOURCE_PREFETCH | 8 : 0);
    resources[i] = resource_at(bar->io ? &io : &memory, bar->size, flags);
  }
  resources[ROM_RESOURCE] =
      resource_at(&memory, device->rom_size, IORESOURCE_MEM | IORESOURCE_PREFETCH | IORESOURCE_READONLY);
}

/* Who the device is bound to, as its own directory and the driver's tell it. */
static void link_driver(SimTree *tree, SimEntry *dir, SimEntry *driver, const SimHostDevice *device, guint bound) {
  sim_entry_follow(sim_tree_link(tree, dir, "driver", "../../drivers/%s", driver->name), device->id, bound);
  sim_entry_follow(sim_tree_link(tree, driver, dir->name, "../../devices/%s", dir->name), device->id, bound);
}

static SimEntry *fill_device(SimTree *tree, SimEntry *devices, const SimHostDevice *device, const char *name) {
  SimEntry *dir = sim_tree_directory(tree, devices, name);
  Resource resources[N_RESOURCES];
  g_autoptr(GString) lines = g_string_new(NULL);
  const char *driver = device->host_driver ? "pci-stub" : "vfio-pci";

  sim_tree_file(tree, dir, "vendor", "0x%04x\n", device->vendor);
  sim_tree_file(tree, dir, "device", "0x%04x\n", device->device);
  sim_tree_file(tree, dir, "subsystem_vendor", "0x%04x\n", device->subsystem_vendor);
  sim_tree_file(tree, dir, "subsystem_device", "0x%04x\n", device->subsystem_device);
  sim_tree_file(tree, dir, "class", "0x%06x\n", device->class_code);
  sim_tree_file(tree, dir, "revision", "0x%02x\n", device->revision);
  sim_tree_file(tree, dir, "irq", "0\n");
  sim_tree_file(tree, dir, "enable", "1\n");
  sim_tree_file(tree, dir, "numa_node", "0\n");
  sim_tree_file(tree, dir, "max_vfs", "0\n");
  sim_tree_file(tree, dir, "driver_override", "%s\n", driver);
  sim_tree_file(tree, dir, "modalias", "pci:v%08Xd%08Xsv%08Xsd%08Xbc%02Xsc%02Xi%02X\n", device->vendor, device->device,
                device->subsystem_vendor, device->subsystem_device, device->class_code >> 16,
                (device->class_code >> 8) & 0xff, device->class_code & 0xff);
  sim_tree_file(tree, dir, "uevent",
                "DRIVER=%s\nPCI_CLASS=%X\nPCI_ID=%04X:%04X\nPCI_SUBSYS_ID=%04X:%04X\nPCI_SLOT_NAME=%s\n", driver,
                device->class_code, device->vendor, device->device, device->subsystem_vendor, device->subsystem_device,
                name);
  resources_of(device, resources);
  for (guint i = 0; i < N_RESOURCES; i++)
    g_string_append_printf(lines,
                           "0x%016" G_GINT64_MODIFIER "x 0x%016" G_GINT64_MODIFIER "x 0x%016" G_GINT64_MODIFIER "x\n",
                           resources[i].start, resources[i].end, resources[i].flags);
  sim_tree_file(tree, dir, "resource", "%s", lines->str);
  sim_tree_link(tree, dir, "iommu_group", "../../../../kernel/iommu_groups/%u", device->group);
  sim_tree_link(tree, dir, "subsystem", "../../../pci");
  return dir;
}

/* A line of /proc/bus/pci/devices: drivers/pci/proc.c, show_device(). */
static void fill_proc(GString *out, const SimHostDevice *device) {
  Resource resources[N_RESOURCES];
  resources_of(device, resources);
  g_string_append_printf(out, "%02x%02x\t%04x%04x\t0", (guint)(device->id >> 8) & 0xff, (guint)device->id & 0xff,
                         device->vendor, device->device);
  for (guint i = 0; i <= ROM_RESOURCE; i++)
    g_string_append_printf(out, "\t%16" G_GINT64_MODIFIER "x", resources[i].start | (resources[i].flags & 0xf));
  for (guint i = 0; i <= ROM_RESOURCE; i++)
    g_string_append_printf(out, "\t%16" G_GINT64_MODIFIER "x",
                           resources[i].flags ? resources[i].end - resources[i].start + 1 : 0);
  g_string_append_printf(out, "\t%s\n", device->host_driver ? "pci-stub" : "vfio-pci");
}

void sim_sysfs_fill(SimTree *tree, const SimHost *host) {
  SimEntry *dev_vfio = sim_tree_directory(tree, NULL, "dev-vfio");
  SimEntry *own = sim_tree_directory(tree, NULL, "own");
  SimEntry *pci = sim_tree_directory(tree, NULL, "bus-pci");
  SimEntry *devices = sim_tree_directory(tree, pci, "devices");
  SimEntry *drivers = sim_tree_directory(tree, pci, "drivers");
  SimEntry *vfio_pci = sim_tree_directory(tree, drivers, "vfio-pci");
  SimEntry *pci_stub = sim_tree_directory(tree, drivers, "pci-stub");
  SimEntry *groups = sim_tree_directory(tree, NULL, "iommu-groups");
  g_autoptr(GString) proc = g_string_new(NULL);

  sim_tree_node(tree, dev_vfio, "vfio", ABI_CONTAINER, 0);
  if (host->kvm == SIM_KVM_MODEL)
    sim_tree_node(tree, own, "kvm", ABI_KVM, 0);
  sim_procfs_fill(tree, own, host);
  for (guint i = 0; i < host->groups->len; i++) {
    const SimHostGroup *group = host->groups->pdata[i];
    g_autofree char *number = g_strdup_printf("%u", group->number);
    g_autofree char *node = sim_host_group_node(group);
    sim_tree_node(tree, dev_vfio, node, ABI_GROUP, group->number);
    SimEntry *dir = sim_tree_directory(tree, groups, number);
    SimEntry *members = sim_tree_directory(tree, dir, "devices");
    for (guint j = 0; j < group->devices->len; j++) {
      const SimHostDevice *device = &g_array_index(group->devices, SimHostDevice, j);
      g_autoptr(GString) name = g_string_new(NULL);
      abi_bdf_print(name, device->id);
      SimEntry *entry = fill_device(tree, devices, device, name->str);
      link_driver(tree, entry, vfio_pci, device, SIM_DRIVER_VFIO);
      link_driver(tree, entry, pci_stub, device, SIM_DRIVER_HOST);
      fill_proc(proc, device);
      sim_tree_link(tree, members, name->str, "../../../../bus/pci/devices/%s", name->str);
    }
  }
  sim_tree_file(tree, NULL, "proc-pci-devices", "%s", proc->str);
}
