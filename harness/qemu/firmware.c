/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Firmware calls of the guest's that answer with values: config space of a device (LoPAPR 7.3.4), what windows a PHB
 * may still have (7.3.16). */
#include "harness/qemu/internal.h"
#include "harness/qemu/machine.h"
#include "harness/qemu/monitor.h"

enum { CONFIG_ARGS = 4 };

/* The device's configuration address, with the register's upper bits on top, its PHB's unit id, and the size. */
static gboolean config_args(Qemu *qemu, const ScenarioStmt *stmt, guint32 *args, GError **error) {
  guint phb = qemu_device_phb(qemu, stmt->name), devfn;
  guint64 buid = qemu_machine_buid(phb);

  if (!monitor_devfn(qemu->qmp, stmt->name, &devfn, error))
    return FALSE;
  args[0] = (guint32)((stmt->offset & 0xf00) << 20 | devfn << 8 | (stmt->offset & 0xff));
  args[1] = (guint32)(buid >> 32);
  args[2] = (guint32)buid;
  args[3] = (guint32)stmt->size;
  return TRUE;
}

gboolean qemu_config_read(Qemu *qemu, const ScenarioStmt *stmt, guint64 *value, GError **error) {
  QemuGuest *guest = qemu_get_guest(qemu, error);
  guint32 args[CONFIG_ARGS], rets[2]; /* status, value */

  if (!guest || !config_args(qemu, stmt, args, error) ||
      !qemu_guest_rtas(guest, "ibm,read-pci-config", args, CONFIG_ARGS, rets, 2, error))
    return FALSE;
  *value = rets[1];
  return TRUE;
}

gboolean qemu_config_write(Qemu *qemu, const ScenarioStmt *stmt, GError **error) {
  QemuGuest *guest = qemu_get_guest(qemu, error);
  guint32 args[CONFIG_ARGS + 1], status;

  args[CONFIG_ARGS] = (guint32)stmt->value;
  return guest && config_args(qemu, stmt, args, error) &&
         qemu_guest_rtas(guest, "ibm,write-pci-config", args, CONFIG_ARGS + 1, &status, 1, error);
}

gboolean qemu_ddw_query(Qemu *qemu, const ScenarioStmt *stmt, guint64 *left, GError **error) {
  QemuGuest *guest = qemu_get_guest(qemu, error);
  guint64 buid = qemu_machine_buid(stmt->phb.index);
  const guint32 args[] = {0, (guint32)(buid >> 32), (guint32)buid};
  guint32 rets[5]; /* status, windows, the largest one, page sizes, migration */

  if (!guest ||
      !qemu_guest_rtas(guest, "ibm,query-pe-dma-window", args, G_N_ELEMENTS(args), rets, G_N_ELEMENTS(rets), error))
    return FALSE;
  *left = rets[1];
  return TRUE;
}
