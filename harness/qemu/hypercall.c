/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guest's TCE hypercalls, and its dynamic DMA windows. */
#include "harness/qemu/internal.h"
#include "harness/qemu/machine.h"

/* PAPR's numbers. arch/powerpc/include/asm/hvcall.h */
enum { H_GET_TCE = 0x1c, H_PUT_TCE = 0x20, H_STUFF_TCE = 0x138 };

static gboolean put_list(Qemu *qemu, QemuGuest *guest, const ScenarioStmt *stmt, gint64 *result, GError **error) {
  const guint *shift = g_hash_table_lookup(qemu->shifts, &stmt->liobn);
  guint64 tces[512];

  for (guint i = 0; i < MIN(stmt->count, G_N_ELEMENTS(tces)); i++)
    tces[i] = (stmt->addr + ((guint64)i << (shift ? *shift : 12))) | stmt->perm;
  return qemu_guest_put_list(guest, stmt->liobn, stmt->ioba, tces, (guint)stmt->count, result, error);
}

gboolean qemu_hypercall(Qemu *qemu, const ScenarioStmt *stmt, SubjectReply *reply, GError **error) {
  QemuGuest *guest = qemu_get_guest(qemu, error);
  guint64 args[4] = {stmt->liobn, stmt->ioba};

  if (!guest)
    return FALSE;
  switch (stmt->kind) {
  case STMT_GUEST_INDIRECT:
    return put_list(qemu, guest, stmt, &reply->result, error);
  case STMT_GUEST_GET:
    return qemu_guest_hypercall(guest, H_GET_TCE, args, 2, &reply->result, &reply->value, error);
  case STMT_GUEST_STUFF:
    args[2] = stmt->value;
    args[3] = stmt->count;
    return qemu_guest_hypercall(guest, H_STUFF_TCE, args, 4, &reply->result, NULL, error);
  default:
    args[2] = stmt->addr | stmt->perm;
    return qemu_guest_hypercall(guest, H_PUT_TCE, args, 3, &reply->result, NULL, error);
  }
}

/* ---- dynamic DMA windows: LoPAPR 7.3.16; the configuration address of a PHB's devices is 0 ---- */

static void phb_args(guint phb, guint32 *args) {
  guint64 buid = qemu_machine_buid(phb);

  args[0] = 0;
  args[1] = (guint32)(buid >> 32);
  args[2] = (guint32)buid;
}

gboolean qemu_ddw_create(Qemu *qemu, const ScenarioStmt *stmt, GError **error) {
  QemuGuest *guest = qemu_get_guest(qemu, error);
  guint32 args[5], rets[4]; /* status, LIOBN, where it starts */
  guint64 liobn;

  phb_args(stmt->phb.index, args);
  args[3] = stmt->page_shift;
  args[4] = (guint32)g_bit_storage(stmt->size) - 1;
  if (!guest || !qemu_guest_rtas(guest, "ibm,create-pe-dma-window", args, 5, rets, 4, error))
    return FALSE;
  liobn = rets[1];
  g_hash_table_insert(qemu->windows, g_strdup(stmt->name), g_memdup2(&liobn, sizeof liobn));
  g_hash_table_insert(qemu->shifts, g_memdup2(&liobn, sizeof liobn),
                      g_memdup2(&stmt->page_shift, sizeof stmt->page_shift));
  return TRUE;
}

gboolean qemu_ddw_remove(Qemu *qemu, const ScenarioStmt *stmt, GError **error) {
  QemuGuest *guest = qemu_get_guest(qemu, error);
  const guint64 *named = stmt->name ? g_hash_table_lookup(qemu->windows, stmt->name) : NULL;
  guint64 liobn = named ? *named : stmt->liobn;
  const guint32 arg = (guint32)liobn;
  guint32 status;

  if (!guest || !qemu_guest_rtas(guest, "ibm,remove-pe-dma-window", &arg, 1, &status, 1, error))
    return FALSE;
  g_hash_table_remove(qemu->shifts, &liobn);
  return TRUE;
}

gboolean qemu_ddw_reset(Qemu *qemu, const ScenarioStmt *stmt, GError **error) {
  QemuGuest *guest = qemu_get_guest(qemu, error);
  guint32 args[3], status;

  phb_args(stmt->phb.index, args);
  return guest && qemu_guest_rtas(guest, "ibm,reset-pe-dma-window", args, 3, &status, 1, error);
}
