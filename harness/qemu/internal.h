/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A QEMU as the subject: what subject.c, parts.c, hypercall.c and firmware.c share. Private to harness/qemu. */
#pragma once

#include "harness/qemu/guest.h"
#include "harness/qemu/process.h"
#include "harness/qemu/program.h"
#include "harness/qemu/qmp.h"
#include "harness/subject.h"

G_BEGIN_DECLS

typedef struct {
  Subject subject;
  const Scenario *scenario;
  Kernel *kernel;
  QemuProgram *program;
  GPtrArray *cold;     /* of const ScenarioStmt*: what boot finds plugged */
  GHashTable *phbs;    /* name of a device -> index of its PHB + 1 */
  GHashTable *windows; /* name of a dynamic window -> LIOBN (guint64*) */
  GHashTable *shifts;  /* LIOBN of a dynamic window (guint64*) -> page shift (guint*) */
  QemuRam *ram;
  QemuProcess *process; /* NULL: not booted */
  Qmp *qmp;             /* NULL: not booted, or over */
  QemuGuest *guest;     /* NULL: until its first call */
  SubjectStatus gone;   /* SUBJECT_DONE while it lives */
  char *death;
} Qemu;

/* ---- subject.c */

/* The guest, made at its first call. */
QemuGuest *qemu_get_guest(Qemu *qemu, GError **error);

/* ---- parts.c: devices, bridges and memory that come and go; FALSE: errors of error.h */

void qemu_note_device(Qemu *qemu, const ScenarioStmt *stmt);
guint qemu_device_phb(const Qemu *qemu, const char *name); /* index of the PHB that it is behind */
gboolean qemu_plug(Qemu *qemu, const ScenarioStmt *stmt, GError **error);
gboolean qemu_unplug(Qemu *qemu, const ScenarioStmt *stmt, GError **error);
gboolean qemu_plug_phb(Qemu *qemu, const ScenarioStmt *stmt, GError **error);
gboolean qemu_unplug_phb(Qemu *qemu, const ScenarioStmt *stmt, GError **error);
gboolean qemu_plug_ram(Qemu *qemu, const ScenarioStmt *stmt, GError **error);
gboolean qemu_unplug_ram(Qemu *qemu, const ScenarioStmt *stmt, GError **error);

/* ---- hypercall.c: what the guest asks for */

gboolean qemu_ddw_create(Qemu *qemu, const ScenarioStmt *stmt, GError **error);
gboolean qemu_ddw_remove(Qemu *qemu, const ScenarioStmt *stmt, GError **error);
gboolean qemu_ddw_reset(Qemu *qemu, const ScenarioStmt *stmt, GError **error);
/* STMT_GUEST_*: the result, and the value of H_GET_TCE, in *reply. */
gboolean qemu_hypercall(Qemu *qemu, const ScenarioStmt *stmt, SubjectReply *reply, GError **error);

/* ---- firmware.c: what the guest is told */

gboolean qemu_config_read(Qemu *qemu, const ScenarioStmt *stmt, guint64 *value, GError **error);
gboolean qemu_config_write(Qemu *qemu, const ScenarioStmt *stmt, GError **error);
gboolean qemu_ddw_query(Qemu *qemu, const ScenarioStmt *stmt, guint64 *left, GError **error);

G_END_DECLS
