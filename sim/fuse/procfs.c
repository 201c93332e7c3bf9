/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/fuse/procfs.h"

#include <string.h>

#include "sim/kernel/cpu.h"

enum { TIMEBASE_HZ = 512000000, CLOCK_MHZ = 3800, CPU = 0x20 };

typedef struct {
  const char *name, *node, *model;
  guint32 i_cache, d_cache; /* bytes */
  guint32 dec_bits;         /* of the large decrementer; 0: it has none */
} Processor;

static const Processor power8 = {"POWER8", "PowerPC,POWER8", "8247-22L", 0x8000, 0x10000, 0};
static const Processor power9 = {"POWER9", "PowerPC,POWER9", "8335-GTH", 0x8000, 0x8000, 56};

static const Processor *processor_of(const SimHost *host) {
  return sim_cpu_is_power9(host) ? &power9 : &power8;
}

/* ---- /proc/device-tree: properties are big-endian cells, or texts with their NUL ---- */

static void cell(SimTree *tree, SimEntry *node, const char *name, guint32 value) {
  value = GUINT32_TO_BE(value);
  sim_tree_data(tree, node, name, &value, sizeof value);
}

static void text(SimTree *tree, SimEntry *node, const char *name, const char *value) {
  sim_tree_data(tree, node, name, value, strlen(value) + 1);
}

/* skiboot's core/cpu.c and hdata/cpu-common.c, arch/powerpc/kernel/prom.c: what programs ask for of a processor's node.
 */
static void fill_cpu(SimTree *tree, SimEntry *cpus, const SimHost *host, const Processor *processor) {
  g_autofree char *unit = g_strdup_printf("%s@%x", processor->node, CPU);
  SimEntry *cpu = sim_tree_directory(tree, cpus, unit);

  text(tree, cpu, "name", processor->node);
  text(tree, cpu, "device_type", "cpu");
  cell(tree, cpu, "reg", CPU);
  cell(tree, cpu, "ibm,ppc-interrupt-server#s", CPU);
  cell(tree, cpu, "cpu-version", sim_cpu_pvr(host));
  cell(tree, cpu, "clock-frequency", CLOCK_MHZ * 1000000u);
  cell(tree, cpu, "timebase-frequency", TIMEBASE_HZ);
  cell(tree, cpu, "i-cache-size", processor->i_cache);
  cell(tree, cpu, "d-cache-size", processor->d_cache);
  cell(tree, cpu, "ibm,vmx", 2);
  cell(tree, cpu, "ibm,dfp", 1);
  if (processor->dec_bits)
    cell(tree, cpu, "ibm,dec-bits", processor->dec_bits);
}

static void fill_device_tree(SimTree *tree, SimEntry *proc, const SimHost *host, const Processor *processor) {
  SimEntry *root = sim_tree_directory(tree, proc, "device-tree");
  SimEntry *cpus = sim_tree_directory(tree, root, "cpus");

  text(tree, root, "model", processor->model);
  text(tree, root, "compatible", host->platform == SIM_POWERNV ? "ibm,powernv" : "IBM,pseries");
  text(tree, root, "system-id", "SIMULATED");
  cell(tree, cpus, "#address-cells", 1);
  cell(tree, cpus, "#size-cells", 0);
  fill_cpu(tree, cpus, host, processor);
}

/* arch/powerpc/kernel/setup-common.c: show_cpuinfo(); pnv_show_cpuinfo(), pSeries_show_cpuinfo() */
static void fill_cpuinfo(SimTree *tree, SimEntry *proc, const SimHost *host, const Processor *processor) {
  gboolean powernv = host->platform == SIM_POWERNV;
  guint32 pvr = sim_cpu_pvr(host);
  sim_tree_file(tree, proc, "cpuinfo",
                "processor\t: 0\ncpu\t\t: %s, altivec supported\nclock\t\t: %u.000000MHz\n"
                "revision\t: %u.%u (pvr %04x %04x)\n\ntimebase\t: %u\nplatform\t: %s\nmodel\t\t: %s\n"
                "machine\t\t: %s %s\n%sMMU\t\t: %s\n",
                processor->name, CLOCK_MHZ, pvr >> 8 & 0xf, pvr & 0xff, pvr >> 16, pvr & 0xffff, TIMEBASE_HZ,
                powernv ? "PowerNV" : "pSeries", processor->model, powernv ? "PowerNV" : "CHRP", processor->model,
                powernv ? "firmware\t: OPAL\n" : "", processor == &power8 ? "Hash" : "Radix");
}

void sim_procfs_fill(SimTree *tree, SimEntry *parent, const SimHost *host) {
  SimEntry *proc = sim_tree_directory(tree, parent, "proc");
  const Processor *processor = processor_of(host);
  if (host->platform == SIM_X86)
    return;
  fill_cpuinfo(tree, proc, host, processor);
  fill_device_tree(tree, proc, host, processor);
}
