/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/pseries/builtin.h"

#include <errno.h>
#include <string.h>

#include "harness/pseries/engine.h"
#include "harness/pseries/error.h"
#include "harness/pseries/hcall.h"
#include "harness/pseries/machine.h"

typedef struct {
  Subject subject;
  const Scenario *scenario;
  VfioSys sys; /* the caller's, until the subject is killed */
  VfioAttachOrder order;
  BuiltinMapped mapped;
  gpointer mapped_data;
  GPtrArray *cold;         /* of const ScenarioStmt*: what boot finds plugged */
  GHashTable *windows;     /* name of a dynamic DMA window -> LIOBN (guint64*) */
  PseriesMachine *machine; /* NULL: not booted, or over */
} Builtin;

/* ---- machine events ---- */

static PseriesPhbConfig phb_config(const ScenarioPhb *phb) {
  return (PseriesPhbConfig){.index = phb->index,
                            .liobn = phb->liobn ? phb->liobn : 0x80000000 + ((guint64)phb->index << 8),
                            .window_start = phb->window_start,
                            .window_size = phb->window_size,
                            .page_shift = phb->page_shift};
}

static gboolean plug(PseriesMachine *machine, const ScenarioStmt *stmt, gboolean running, GError **error) {
  PseriesPhb *phb = pseries_machine_phb(machine, stmt->phb.index, error);
  g_autoptr(GString) address = g_string_new(NULL);

  if (!phb)
    return FALSE;
  abi_bdf_print(address, stmt->device);
  return pseries_phb_plug(phb, stmt->name, address->str, running, error);
}

static gboolean boot(Builtin *builtin, GError **error) {
  const Scenario *scenario = builtin->scenario;
  PseriesConfig config = {.sys = &builtin->sys,
                          .order = builtin->order,
                          .kvm = scenario->kvm,
                          .ram = scenario->ram,
                          .mapped = builtin->mapped,
                          .mapped_data = builtin->mapped_data};
  g_autoptr(PseriesMachine) machine = pseries_machine_new(&config, error);

  if (!machine)
    return FALSE;
  for (guint i = 0; i < scenario->phbs->len; i++) {
    PseriesPhbConfig phb = phb_config(&g_array_index(scenario->phbs, ScenarioPhb, i));
    if (!pseries_machine_add_phb(machine, &phb, FALSE, error))
      return FALSE;
  }
  for (guint i = 0; i < builtin->cold->len; i++)
    if (!plug(machine, builtin->cold->pdata[i], FALSE, error))
      return FALSE;
  if (!pseries_machine_reset(machine, error))
    return FALSE;
  builtin->machine = g_steal_pointer(&machine);
  return TRUE;
}

static gboolean unplug(Builtin *builtin, const ScenarioStmt *stmt, GError **error) {
  PseriesPhb *phb = pseries_machine_device_phb(builtin->machine, stmt->name, error);

  if (!phb)
    return FALSE;
  pseries_phb_unplug(phb, stmt->name);
  return TRUE;
}

static gboolean plug_phb(Builtin *builtin, const ScenarioStmt *stmt, GError **error) {
  PseriesPhbConfig config = phb_config(&stmt->phb);

  return pseries_machine_add_phb(builtin->machine, &config, TRUE, error);
}

static gboolean ddw_create(Builtin *builtin, const ScenarioStmt *stmt, GError **error) {
  PseriesPhb *phb = pseries_machine_phb(builtin->machine, stmt->phb.index, error);
  guint64 liobn;

  if (!phb || !phb_windows_create(pseries_phb_windows(phb), stmt->page_shift, stmt->size, &liobn, error))
    return FALSE;
  g_hash_table_insert(builtin->windows, g_strdup(stmt->name), g_memdup2(&liobn, sizeof liobn));
  return TRUE;
}

static gboolean ddw_remove(Builtin *builtin, const ScenarioStmt *stmt, GError **error) {
  const guint64 *named = stmt->name ? g_hash_table_lookup(builtin->windows, stmt->name) : NULL;
  guint64 liobn = named ? *named : stmt->liobn;
  PseriesPhb *phb = pseries_machine_liobn_phb(builtin->machine, liobn, error);

  return phb && phb_windows_remove(pseries_phb_windows(phb), liobn, error);
}

static gboolean ddw_reset(Builtin *builtin, const ScenarioStmt *stmt, GError **error) {
  PseriesPhb *phb = pseries_machine_phb(builtin->machine, stmt->phb.index, error);

  return phb && phb_windows_reset(pseries_phb_windows(phb), error);
}

static gboolean ddw_query(Builtin *builtin, const ScenarioStmt *stmt, SubjectReply *reply, GError **error) {
  PseriesPhb *phb = pseries_machine_phb(builtin->machine, stmt->phb.index, error);

  if (phb)
    reply->value = phb_windows_left(pseries_phb_windows(phb));
  return phb != NULL;
}

/* ---- config space: LoPAPR 7.3.4 ---- */

static VfioPciDevice *find_device(Builtin *builtin, const ScenarioStmt *stmt, GError **error) {
  PseriesPhb *phb = pseries_machine_device_phb(builtin->machine, stmt->name, error);

  return phb ? pseries_phb_device(phb, stmt->name) : NULL;
}

static gboolean config_read(Builtin *builtin, const ScenarioStmt *stmt, SubjectReply *reply, GError **error) {
  VfioPciDevice *device = find_device(builtin, stmt, error);
  guint32 value = 0;

  if (!device || !vfio_pci_device_config_read(device, (guint)stmt->offset, &value, stmt->size, error))
    return FALSE;
  reply->value = GUINT32_FROM_LE(value);
  return TRUE;
}

static gboolean config_write(Builtin *builtin, const ScenarioStmt *stmt, GError **error) {
  VfioPciDevice *device = find_device(builtin, stmt, error);
  guint32 value = GUINT32_TO_LE((guint32)stmt->value);

  return device && vfio_pci_device_config_write(device, (guint)stmt->offset, &value, stmt->size, error);
}

/* ---- hypercalls ---- */

static gint64 put_list(Builtin *builtin, const ScenarioStmt *stmt) {
  TceTable *table = pseries_machine_find_table(builtin->machine, stmt->liobn);
  g_autoptr(GArray) tces = g_array_new(FALSE, FALSE, sizeof(guint64));

  if (!table)
    return H_PARAMETER;
  for (guint64 i = 0; i < stmt->count; i++) {
    guint64 tce = (stmt->addr + (i << tce_table_page_shift(table))) | stmt->perm;
    g_array_append_val(tces, tce);
  }
  return pseries_h_put_tce_indirect(builtin->machine, stmt->liobn, stmt->ioba, (const guint64 *)tces->data,
                                    stmt->count);
}

/* ---- the guest's driver of an engine ---- */

static gboolean run_engine(Builtin *builtin, const ScenarioStmt *stmt, SubjectReply *reply, GError **error) {
  PseriesPhb *phb = pseries_machine_device_phb(builtin->machine, stmt->name, error);
  const EngineJob job = {.command = stmt->command,
                         .source = stmt->ioba,
                         .destination = stmt->destination,
                         .length = (guint32)stmt->size,
                         .pattern = (guint32)stmt->value};
  EngineEnd end;

  if (!phb || !pseries_engine_run(phb, stmt->name, &job, &end, error))
    return FALSE;
  reply->result = end.error;
  reply->value = end.error ? end.fault : end.crc;
  return TRUE;
}

/* ---- the subject ---- */

static gboolean perform_event(Builtin *builtin, const ScenarioStmt *stmt, SubjectReply *reply, GError **error) {
  PseriesMachine *machine = builtin->machine;

  switch (stmt->kind) {
  case STMT_RESET:
    return pseries_machine_reset(machine, error);
  case STMT_QUIT:
    g_clear_pointer(&builtin->machine, pseries_machine_free);
    return TRUE;
  case STMT_PLUG:
    return plug(machine, stmt, TRUE, error);
  case STMT_UNPLUG:
    return unplug(builtin, stmt, error);
  case STMT_PLUG_PHB:
    return plug_phb(builtin, stmt, error);
  case STMT_UNPLUG_PHB:
    return pseries_machine_remove_phb(machine, stmt->phb.index, error);
  case STMT_PLUG_RAM:
    return pseries_machine_add_ram(machine, stmt->name, stmt->addr, stmt->size, error);
  case STMT_UNPLUG_RAM:
    return pseries_machine_remove_ram(machine, stmt->name, error);
  case STMT_DDW_CREATE:
    return ddw_create(builtin, stmt, error);
  case STMT_DDW_REMOVE:
    return ddw_remove(builtin, stmt, error);
  case STMT_DDW_RESET:
    return ddw_reset(builtin, stmt, error);
  case STMT_DDW_QUERY:
    return ddw_query(builtin, stmt, reply, error);
  case STMT_CONFIG_READ:
    return config_read(builtin, stmt, reply, error);
  case STMT_CONFIG_WRITE:
    return config_write(builtin, stmt, error);
  case STMT_ENGINE:
    return run_engine(builtin, stmt, reply, error);
  case STMT_GUEST_PUT:
    reply->result = pseries_h_put_tce(machine, stmt->liobn, stmt->ioba, stmt->addr | stmt->perm);
    return TRUE;
  case STMT_GUEST_GET:
    reply->result = pseries_h_get_tce(machine, stmt->liobn, stmt->ioba, &reply->value);
    return TRUE;
  case STMT_GUEST_STUFF:
    reply->result = pseries_h_stuff_tce(machine, stmt->liobn, stmt->ioba, stmt->value, stmt->count);
    return TRUE;
  case STMT_GUEST_INDIRECT:
    reply->result = put_list(builtin, stmt);
    return TRUE;
  default:
    reply->status = SUBJECT_UNSUPPORTED;
    return TRUE;
  }
}

static void builtin_perform(Subject *subject, const ScenarioStmt *stmt, SubjectReply *reply) {
  Builtin *builtin = (Builtin *)subject;
  g_autoptr(GError) error = NULL;
  gboolean ok;

  memset(reply, 0, sizeof *reply);
  reply->status = SUBJECT_DONE;
  if (stmt->kind == STMT_COLD) {
    g_ptr_array_add(builtin->cold, (gpointer)stmt);
    return;
  }
  if (stmt->kind == STMT_BOOT && !builtin->machine) {
    ok = boot(builtin, &error);
  } else if (stmt->kind == STMT_BOOT || !builtin->machine) {
    g_set_error_literal(&error, PSERIES_ERROR, 0,
                        builtin->machine ? "the machine runs already" : "no machine runs: boot it first");
    ok = FALSE;
  } else {
    ok = perform_event(builtin, stmt, reply, &error);
  }
  if (ok) {
    if (reply->status == SUBJECT_UNSUPPORTED)
      g_snprintf(reply->message, sizeof reply->message, "the builtin pseries machine cannot do: %s", stmt->text);
    return;
  }
  reply->status = SUBJECT_REFUSED;
  reply->err = pseries_error_errno(error);
  g_strlcpy(reply->message, error->message, sizeof reply->message);
}

static gboolean builtin_peek(Subject *subject, guint64 gpa, void *buf, gsize len) {
  Builtin *builtin = (Builtin *)subject;
  void *memory = builtin->machine ? pseries_machine_ram(builtin->machine, gpa, len) : NULL;

  if (memory)
    memcpy(buf, memory, len);
  return memory != NULL;
}

static gboolean builtin_poke(Subject *subject, guint64 gpa, const void *buf, gsize len) {
  Builtin *builtin = (Builtin *)subject;
  void *memory = builtin->machine ? pseries_machine_ram(builtin->machine, gpa, len) : NULL;

  if (memory)
    memcpy(memory, buf, len);
  return memory != NULL;
}

static guint64 builtin_interrupts(Subject *subject, const char *name, guint index, guint vector) {
  Builtin *builtin = (Builtin *)subject;
  PseriesPhb *phb = builtin->machine ? pseries_machine_device_phb(builtin->machine, name, NULL) : NULL;

  return phb ? pseries_phb_interrupts(phb, name, index, vector) : 0;
}

/* ---- death: what the process owned is freed, and no call is made ---- */

static int dead_close(gpointer data, int fd) {
  return 0;
}

static long dead_ioctl(gpointer data, int fd, unsigned long request, guintptr arg) {
  return 0;
}

static int dead_munmap(gpointer data, void *memory, gsize len) {
  return 0;
}

/* The eventfds are this process's own, which lives on. */
static void builtin_kill(Subject *subject) {
  Builtin *builtin = (Builtin *)subject;

  builtin->sys.close = dead_close;
  builtin->sys.ioctl = dead_ioctl;
  builtin->sys.munmap = dead_munmap;
  g_clear_pointer(&builtin->machine, pseries_machine_free);
}

static void builtin_free(Subject *subject) {
  Builtin *builtin = (Builtin *)subject;

  pseries_machine_free(builtin->machine);
  g_ptr_array_unref(builtin->cold);
  g_hash_table_unref(builtin->windows);
  g_free(builtin);
}

Subject *builtin_subject_new(const Scenario *scenario, const VfioSys *sys, VfioAttachOrder order, BuiltinMapped mapped,
                             gpointer data, GError **error) {
  Builtin *builtin = g_new0(Builtin, 1);

  builtin->subject = (Subject){.perform = builtin_perform,
                               .peek = builtin_peek,
                               .poke = builtin_poke,
                               .interrupts = builtin_interrupts,
                               .kill = builtin_kill,
                               .free = builtin_free};
  builtin->scenario = scenario;
  builtin->sys = *sys;
  builtin->order = order;
  builtin->mapped = mapped;
  builtin->mapped_data = data;
  builtin->cold = g_ptr_array_new();
  builtin->windows = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  return &builtin->subject;
}
