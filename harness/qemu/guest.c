/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/qemu/guest.h"

#include <string.h>

#include "harness/qemu/devicetree.h"

/* arch/powerpc/include/asm/hvcall.h; QEMU: include/hw/ppc/spapr.h, KVMPPC_H_RTAS. */
enum { H_PUT_TCE_INDIRECT = 0x13c, H_RTAS = 0xf000 };

enum {
  SCRATCH = 4096, /* bytes */
  MAX_ARGS = 16,
};

struct QemuGuest {
  QemuCpu *cpu;
  const QemuRam *ram;
  guint64 scratch;
};

QemuGuest *qemu_guest_new(QemuCpu *cpu, const QemuRam *ram, guint64 scratch) {
  QemuGuest *guest = g_new0(QemuGuest, 1);

  guest->cpu = cpu;
  guest->ram = ram;
  guest->scratch = scratch;
  return guest;
}

void qemu_guest_free(QemuGuest *guest) {
  if (guest)
    qemu_cpu_free(guest->cpu);
  g_free(guest);
}

/* ---- hypercalls ---- */

gboolean qemu_guest_hypercall(QemuGuest *guest, guint64 nr, const guint64 *args, guint n, gint64 *result,
                              guint64 *value, GError **error) {
  guint64 regs[QEMU_CPU_REGS] = {nr};

  g_return_val_if_fail(n < QEMU_CPU_REGS, FALSE);
  memcpy(regs + 1, args, n * sizeof *args);
  if (!guest->cpu->hypercall(guest->cpu, regs, MAX(n + 1, 2), error))
    return FALSE;
  *result = (gint64)regs[0];
  if (value)
    *value = regs[1];
  return TRUE;
}

/* The scratch page, its content put aside. NULL: there is no RAM. */
static guint8 *scratch_begin(QemuGuest *guest, guint8 *saved, GError **error) {
  guint8 *page = qemu_ram_at(guest->ram, guest->scratch, SCRATCH);

  if (page)
    memcpy(saved, page, SCRATCH);
  else
    g_set_error(error, QEMU_ERROR, QEMU_ERROR_UNSUPPORTED, "the guest has no RAM at 0x%" G_GINT64_MODIFIER "x",
                guest->scratch);
  return page;
}

gboolean qemu_guest_put_list(QemuGuest *guest, guint64 liobn, guint64 ioba, const guint64 *tces, guint n,
                             gint64 *result, GError **error) {
  const guint64 args[] = {liobn, ioba, guest->scratch, n};
  guint8 saved[SCRATCH];
  guint8 *page = scratch_begin(guest, saved, error);

  if (!page)
    return FALSE;
  for (guint i = 0; i < MIN(n, SCRATCH / sizeof *tces); i++) {
    guint64 tce = GUINT64_TO_BE(tces[i]);
    memcpy(page + i * sizeof tce, &tce, sizeof tce);
  }
  gboolean ok = qemu_guest_hypercall(guest, H_PUT_TCE_INDIRECT, args, G_N_ELEMENTS(args), result, NULL, error);
  memcpy(page, saved, SCRATCH);
  return ok;
}

/* ---- RTAS ---- */

/* The token of a service, from the machine's device tree. */
static gboolean find_token(QemuGuest *guest, const char *service, guint32 *token, GError **error) {
  const guint8 *tree;
  guint64 at;
  gsize len;

  if (!guest->cpu->entry(guest->cpu, &at, error))
    return FALSE;
  tree = qemu_ram_at(guest->ram, at, DEVICETREE_HEADER);
  len = tree ? devicetree_size(tree) : 0;
  if (qemu_ram_at(guest->ram, at, len) && devicetree_cell(tree, len, "rtas", service, token))
    return TRUE;
  g_set_error(error, QEMU_ERROR, QEMU_ERROR_UNSUPPORTED, "the machine's device tree has no RTAS service %s", service);
  return FALSE;
}

static gboolean call_rtas(QemuGuest *guest, guint32 *cells, guint n, GError **error) {
  const guint64 arg = guest->scratch;
  guint8 saved[SCRATCH];
  guint8 *page = scratch_begin(guest, saved, error);
  gint64 result = 0;
  gboolean ok;

  if (!page)
    return FALSE;
  for (guint i = 0; i < n; i++)
    cells[i] = GUINT32_TO_BE(cells[i]);
  memcpy(page, cells, n * sizeof *cells);
  ok = qemu_guest_hypercall(guest, H_RTAS, &arg, 1, &result, NULL, error);
  memcpy(cells, page, n * sizeof *cells);
  for (guint i = 0; i < n; i++)
    cells[i] = GUINT32_FROM_BE(cells[i]);
  memcpy(page, saved, SCRATCH);
  if (ok && result != 0) {
    g_set_error(error, QEMU_ERROR, QEMU_ERROR_REFUSED, "H_RTAS returned %" G_GINT64_FORMAT, result);
    return FALSE;
  }
  return ok;
}

gboolean qemu_guest_rtas(QemuGuest *guest, const char *service, const guint32 *args, guint n_args, guint32 *rets,
                         guint n_rets, GError **error) {
  guint32 cells[3 + MAX_ARGS] = {0, n_args, n_rets};

  g_return_val_if_fail(n_rets >= 1 && n_args + n_rets <= MAX_ARGS, FALSE);
  memcpy(cells + 3, args, n_args * sizeof *args);
  if (!find_token(guest, service, &cells[0], error) || !call_rtas(guest, cells, 3 + n_args + n_rets, error))
    return FALSE;
  memcpy(rets, cells + 3 + n_args, n_rets * sizeof *rets);
  if (rets[0] == 0)
    return TRUE;
  g_set_error(error, QEMU_ERROR, QEMU_ERROR_REFUSED, "RTAS %s returned status %d", service, (int)rets[0]);
  return FALSE;
}
