/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/qemu/machine.h"

/* QEMU: include/hw/ppc/spapr.h, SPAPR_DEVICE_MEM_ALIGN. */
static const guint64 plugged_align = 1 << 30;

static const guint64 window_size = 1 << 30; /* of a PHB's default window, from 0: dma_win_addr, dma_win_size */

char *qemu_machine_bus(guint phb) {
  return phb == 0 ? g_strdup("pci.0") : g_strdup_printf("phb%u.0", phb);
}

guint64 qemu_machine_liobn(guint phb, guint window) {
  return G_GUINT64_CONSTANT(0x80000000) | phb << 8 | window;
}

guint64 qemu_machine_buid(guint phb) {
  return G_GUINT64_CONSTANT(0x800000020000000) + phb;
}

/* ---- what it can carry ---- */

/* In fresh strings; NULL: nothing keeps it. */
static char *phb_reason(const ScenarioPhb *phb) {
  guint64 liobn = qemu_machine_liobn(phb->index, 0);

  if (phb->liobn && phb->liobn != liobn)
    return g_strdup_printf("QEMU's PHB %u has LIOBN 0x%" G_GINT64_MODIFIER "x, not 0x%" G_GINT64_MODIFIER "x",
                           phb->index, liobn, phb->liobn);
  if (phb->page_shift != 12)
    return g_strdup_printf("QEMU's default windows have 4K pages; PHB %u is to have others", phb->index);
  if (phb->index == 0 && (phb->window_start != 0 || phb->window_size != window_size))
    return g_strdup("QEMU's PHB 0 has the window 0..1G");
  return NULL;
}

/* Where memory that is plugged begins. */
static guint64 plugged_base(const Scenario *scenario) {
  return (scenario->ram + plugged_align - 1) / plugged_align * plugged_align;
}

static char *plug_ram_reason(const Scenario *scenario, const ScenarioStmt *stmt) {
  guint64 base = plugged_base(scenario);

  if (stmt->size % QEMU_MEMORY_BLOCK || stmt->addr % QEMU_MEMORY_BLOCK)
    return g_strdup("QEMU plugs memory in blocks of 256M");
  if (stmt->addr < base)
    return g_strdup_printf("QEMU plugs memory from 0x%" G_GINT64_MODIFIER "x on", base);
  return NULL;
}

static char *stmt_reason(const Scenario *scenario, const ScenarioStmt *stmt) {
  switch (stmt->kind) {
  case STMT_PLUG_PHB:
    return stmt->fails ? NULL : phb_reason(&stmt->phb);
  case STMT_PLUG_RAM:
    return plug_ram_reason(scenario, stmt);
  case STMT_ENGINE:
    return g_strdup("QEMU's guest has no driver for the DMA engine");
  case STMT_ASSERT_INTERRUPT:
    return g_strdup("QEMU takes its interrupts itself, and nobody else sees that they came");
  default:
    return NULL;
  }
}

static char *header_reason(const Scenario *scenario, const QemuProgram *program) {
  if (!scenario->guest)
    return g_strdup("raw calls are not a QEMU's to make");
  if (g_strcmp0(scenario->order, "shipped") != 0)
    return g_strdup("the attach order is the builtin subject's: QEMU has one of its own");
  if (scenario->kvm && !qemu_program_is_power(program))
    return g_strdup_printf("%s is a build for this machine, which has no KVM for pseries guests: it carries `guest "
                           "pseries tcg`",
                           qemu_program_path(program));
  if (scenario->ram % QEMU_MEMORY_BLOCK)
    return g_strdup("QEMU's pseries machine has RAM in blocks of 256M");
  for (guint i = 0; i < scenario->phbs->len; i++) {
    char *reason = phb_reason(&g_array_index(scenario->phbs, ScenarioPhb, i));
    if (reason)
      return reason;
  }
  return NULL;
}

gboolean qemu_machine_carries(const Scenario *scenario, const QemuProgram *program, GError **error) {
  g_autofree char *reason = header_reason(scenario, program);
  g_autofree char *message = reason ? g_strdup_printf("%s: %s", scenario->path, reason) : NULL;

  for (guint i = 0; !message && i < scenario->stmts->len; i++) {
    const ScenarioStmt *stmt = scenario->stmts->pdata[i];
    reason = stmt_reason(scenario, stmt);
    if (reason)
      message = scenario_message(scenario, stmt->place, "%s", reason);
  }
  if (message)
    g_set_error_literal(error, KERNEL_ERROR, KERNEL_ERROR_UNAVAILABLE, message);
  return !message;
}

/* ---- its command line ---- */

static void add(GPtrArray *argv, const char *option, const char *format, ...) G_GNUC_PRINTF(3, 4);
static void add(GPtrArray *argv, const char *option, const char *format, ...) {
  va_list args;

  g_ptr_array_add(argv, g_strdup(option));
  va_start(args, format);
  g_ptr_array_add(argv, g_strdup_vprintf(format, args));
  va_end(args);
}

/* No more room than the scenario's plug-ram lines need: the guest's page table grows with it. */
static void add_memory(const Scenario *scenario, GPtrArray *argv) {
  guint64 room = 0;
  guint slots = 0;

  for (guint i = 0; i < scenario->stmts->len; i++) {
    const ScenarioStmt *stmt = scenario->stmts->pdata[i];
    if (stmt->kind != STMT_PLUG_RAM)
      continue;
    slots++;
    room = MAX(room, stmt->addr + stmt->size - plugged_base(scenario));
  }
  if (slots)
    add(argv, "-m", "size=%" G_GUINT64_FORMAT "M,slots=%u,maxmem=%" G_GUINT64_FORMAT "M", scenario->ram >> 20, slots,
        (scenario->ram + room) >> 20);
  else
    add(argv, "-m", "size=%" G_GUINT64_FORMAT "M", scenario->ram >> 20);
}

/* A host whose firmware says nothing of the processor's flaws, as emulated ones do, cannot give a guest what QEMU asks
 * for unless told. The guest's pages are no larger than the host's, by which its RAM is backed. */
static void add_kvm(const Scenario *scenario, GPtrArray *argv) {
  add(argv, "-machine", "kernel-irqchip=off,cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off");
  if (scenario->host->page_shift < 16)
    add(argv, "-machine", "cap-hpt-max-page-size=%u", 1u << scenario->host->page_shift);
}

static void add_phbs(const Scenario *scenario, GPtrArray *argv) {
  for (guint i = 0; i < scenario->phbs->len; i++) {
    const ScenarioPhb *phb = &g_array_index(scenario->phbs, ScenarioPhb, i);
    if (phb->index != 0) /* the machine brings PHB 0 itself */
      add(argv, "-device",
          "spapr-pci-host-bridge,index=%u,id=phb%u,dma_win_addr=%" G_GUINT64_FORMAT ",dma_win_size=%" G_GUINT64_FORMAT,
          phb->index, phb->index, phb->window_start, phb->window_size);
  }
}

static void add_cold(Kernel *kernel, const GPtrArray *cold, GPtrArray *argv) {
  for (guint i = 0; i < cold->len; i++) {
    const ScenarioStmt *stmt = cold->pdata[i];
    g_autofree char *bus = qemu_machine_bus(stmt->phb.index);
    g_autofree char *address = kernel_device_address(kernel, stmt->device);
    add(argv, "-device", "vfio-pci,host=%s,bus=%s,id=%s", address, bus, stmt->name);
  }
}

char **qemu_machine_options(const Scenario *scenario, Kernel *kernel, const GPtrArray *cold, const char *ram_path,
                            int monitor) {
  GPtrArray *argv = g_ptr_array_new();

  add(argv, "-machine", "pseries,memory-backend=ram,accel=%s", scenario->kvm ? "kvm" : "tcg");
  if (scenario->kvm)
    add_kvm(scenario, argv);
  add_memory(scenario, argv);
  /* QEMU itself aligns to its own pages; the simulated host's are larger. */
  add(argv, "-object",
      "memory-backend-file,id=ram,size=%" G_GUINT64_FORMAT ",align=%" G_GUINT64_FORMAT ",share=on,mem-path=%s",
      scenario->ram, (guint64)1 << scenario->host->page_shift, ram_path);
  g_ptr_array_add(argv, g_strdup("-nodefaults"));
  g_ptr_array_add(argv, g_strdup("-no-user-config"));
  g_ptr_array_add(argv, g_strdup("-S"));
  add(argv, "-display", "none");
  add(argv, "-chardev", "socket,id=monitor,fd=%d", monitor);
  add(argv, "-mon", "chardev=monitor,mode=control");
  add_phbs(scenario, argv);
  add_cold(kernel, cold, argv);
  g_ptr_array_add(argv, NULL);
  return (char **)g_ptr_array_free(argv, FALSE);
}
