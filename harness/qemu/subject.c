/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/qemu/subject.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/foreign.h"
#include "harness/qemu/machine.h"
#include "harness/qemu/monitor.h"
#include "harness/qemu/process.h"

/* PAPR's numbers. arch/powerpc/include/asm/hvcall.h */
enum { H_GET_TCE = 0x1c, H_PUT_TCE = 0x20, H_STUFF_TCE = 0x138 };

typedef struct {
  Subject subject;
  const Scenario *scenario;
  Kernel *kernel;
  QemuProgram *program;
  GPtrArray *cold;     /* of const ScenarioStmt*: what boot finds plugged */
  GHashTable *phbs;    /* name of a device -> index of its PHB + 1 */
  GHashTable *windows; /* name of a dynamic window -> LIOBN */
  GHashTable *shifts;  /* LIOBN of a dynamic window -> page shift */
  QemuRam *ram;
  QemuProcess *process; /* NULL: not booted */
  Qmp *qmp;             /* NULL: not booted, or over */
  QemuGuest *guest;     /* NULL: until its first call */
  SubjectStatus gone;   /* SUBJECT_DONE while it lives */
  char *death;
} Qemu;

/* ---- its end ---- */

static void disconnect(Qemu *qemu) {
  g_clear_pointer(&qemu->guest, qemu_guest_free);
  g_clear_pointer(&qemu->qmp, qmp_free);
}

static void over(Qemu *qemu, SubjectStatus how, char *death) {
  disconnect(qemu);
  qemu->gone = how;
  g_free(qemu->death);
  qemu->death = death;
}

/* What it said last, behind a colon; warnings apart, which QEMU gives of every TCG machine. */
static char *last_words(const QemuProcess *process) {
  g_autofree char *output = qemu_process_output(process);
  g_auto(GStrv) lines = g_strsplit(output, "\n", -1);
  g_autoptr(GString) words = g_string_new(NULL);

  for (char **line = lines; *line; line++)
    if (**line && !strstr(*line, ": warning: "))
      g_string_append_printf(words, "%s%s", words->len ? "\n  " : "", *line);
  return g_string_free(g_steal_pointer(&words), FALSE);
}

static void died(Qemu *qemu) {
  g_autofree char *end = NULL;
  g_autofree char *words = NULL;

  if (!qemu_process_wait(qemu->process, qemu->scenario->timeout_ms))
    qemu_process_kill(qemu->process);
  end = qemu_process_end(qemu->process);
  words = last_words(qemu->process);
  over(qemu, SUBJECT_DEAD, g_strdup_printf("QEMU %s%s%s", end, *words ? ": " : "", words));
}

static void hung(Qemu *qemu, const char *why) {
  qemu_process_kill(qemu->process);
  over(qemu, SUBJECT_HUNG, g_strdup_printf("%s; it was killed", why));
}

/* ---- boot ---- */

static gboolean start(Qemu *qemu, GError **error) {
  const char *ram = qemu_ram_add(qemu->ram, "ram", 0, qemu->scenario->ram, error);
  g_auto(GStrv) argv = NULL;
  int sockets[2];

  if (!ram)
    return FALSE;
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) < 0) {
    g_set_error(error, KERNEL_ERROR, KERNEL_ERROR_FAILED, "cannot make a socket pair for QEMU: %s", g_strerror(errno));
    return FALSE;
  }
  argv = qemu_machine_command(qemu->scenario, qemu->kernel, qemu->program, qemu->cold, ram, sockets[1]);
  if (qemu_program_is_foreign(qemu->program)) {
    char **words = foreign_command(qemu->scenario->host, (const char *const *)argv, error);
    g_strfreev(argv);
    argv = words;
  }
  if (argv)
    qemu->process = qemu_process_new(qemu->kernel, argv, sockets[1], error);
  close(sockets[1]);
  if (qemu->process)
    qemu->qmp = qmp_new(sockets[0], qemu->scenario->timeout_ms, error);
  else
    close(sockets[0]);
  return qemu->qmp != NULL;
}

/* A machine that cannot be built makes QEMU exit with status 1 and a line of why: that is its refusal. */
static gboolean boot(Qemu *qemu, GError **error) {
  g_autoptr(GError) why = NULL;
  int status;

  if (start(qemu, &why))
    return TRUE;
  if (!g_error_matches(why, QEMU_ERROR, QEMU_ERROR_CLOSED) ||
      !qemu_process_wait(qemu->process, qemu->scenario->timeout_ms) || !qemu_process_exited(qemu->process, &status) ||
      status != 1) {
    g_propagate_error(error, g_steal_pointer(&why));
    return FALSE;
  }
  g_autofree char *words = last_words(qemu->process);
  g_set_error(error, QEMU_ERROR, QEMU_ERROR_REFUSED, "QEMU exited with status 1: %s", words);
  return FALSE;
}

static gboolean quit(Qemu *qemu, GError **error) {
  g_autofree char *end = NULL;
  g_autofree char *words = NULL;
  int status;

  if (!qmp_command(qemu->qmp, "quit", NULL, error))
    return FALSE;
  if (!qemu_process_wait(qemu->process, qemu->scenario->timeout_ms)) {
    g_set_error(error, QEMU_ERROR, QEMU_ERROR_TIMEOUT, "QEMU did not quit within %u ms", qemu->scenario->timeout_ms);
    return FALSE;
  }
  end = qemu_process_end(qemu->process);
  words = last_words(qemu->process);
  over(qemu, SUBJECT_DEAD, g_strdup("the machine was quit"));
  if (qemu_process_exited(qemu->process, &status) && status == 0)
    return TRUE;
  g_set_error(error, QEMU_ERROR, QEMU_ERROR_REFUSED, "QEMU was told to quit and %s: %s", end, words);
  return FALSE;
}

/* ---- the guest ---- */

/* With KVM the vCPU runs from now on, or rather waits for what it is given to do. */
static QemuCpu *new_cpu(Qemu *qemu, GError **error) {
  Gdb *gdb;
  int fd;

  if (qemu->scenario->kvm && !kernel_is_model(qemu->kernel)) {
    g_set_error_literal(error, QEMU_ERROR, QEMU_ERROR_UNSUPPORTED,
                        "the guest would have to do its part, and a real KVM runs what code it has: none");
    return NULL;
  }
  if (qemu->scenario->kvm)
    return qmp_command(qemu->qmp, "cont", NULL, error)
               ? qemu_cpu_kvm_new(qemu->kernel, qemu->scenario->timeout_ms, error)
               : NULL;
  fd = monitor_open_gdb(qemu->qmp, error);
  gdb = fd >= 0 ? gdb_new(fd, qemu->scenario->timeout_ms, error) : NULL;
  return gdb ? qemu_cpu_gdb_new(gdb) : NULL;
}

static QemuGuest *get_guest(gpointer data, GError **error) {
  Qemu *qemu = data;
  QemuCpu *cpu;

  if (qemu->guest)
    return qemu->guest;
  cpu = new_cpu(qemu, error);
  if (cpu)
    qemu->guest = qemu_guest_new(cpu, qemu->ram, qemu->scenario->ram - 4096);
  return qemu->guest;
}

static gboolean put_list(Qemu *qemu, const ScenarioStmt *stmt, gint64 *result, GError **error) {
  QemuGuest *guest = get_guest(qemu, error);
  const guint *shift = g_hash_table_lookup(qemu->shifts, &stmt->liobn);
  guint64 tces[512];

  if (!guest)
    return FALSE;
  for (guint i = 0; i < MIN(stmt->count, G_N_ELEMENTS(tces)); i++)
    tces[i] = (stmt->addr + ((guint64)i << (shift ? *shift : 12))) | stmt->perm;
  return qemu_guest_put_list(guest, stmt->liobn, stmt->ioba, tces, (guint)stmt->count, result, error);
}

static gboolean hypercall(Qemu *qemu, const ScenarioStmt *stmt, SubjectReply *reply, GError **error) {
  QemuGuest *guest = get_guest(qemu, error);
  guint64 args[4] = {stmt->liobn, stmt->ioba};

  if (!guest)
    return FALSE;
  switch (stmt->kind) {
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

static gboolean ddw_create(Qemu *qemu, const ScenarioStmt *stmt, GError **error) {
  QemuGuest *guest = get_guest(qemu, error);
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

static gboolean ddw_remove(Qemu *qemu, const ScenarioStmt *stmt, GError **error) {
  QemuGuest *guest = get_guest(qemu, error);
  const guint64 *named = stmt->name ? g_hash_table_lookup(qemu->windows, stmt->name) : NULL;
  guint64 liobn = named ? *named : stmt->liobn;
  const guint32 arg = (guint32)liobn;
  guint32 status;

  if (!guest || !qemu_guest_rtas(guest, "ibm,remove-pe-dma-window", &arg, 1, &status, 1, error))
    return FALSE;
  g_hash_table_remove(qemu->shifts, &liobn);
  return TRUE;
}

static gboolean ddw_reset(Qemu *qemu, const ScenarioStmt *stmt, GError **error) {
  QemuGuest *guest = get_guest(qemu, error);
  guint32 args[3], status;

  phb_args(stmt->phb.index, args);
  return guest && qemu_guest_rtas(guest, "ibm,reset-pe-dma-window", args, 3, &status, 1, error);
}

/* ---- what comes and goes ---- */

static void note_phb(Qemu *qemu, const ScenarioStmt *stmt) {
  g_hash_table_insert(qemu->phbs, g_strdup(stmt->name), GUINT_TO_POINTER(stmt->phb.index + 1));
}

static gboolean plug(Qemu *qemu, const ScenarioStmt *stmt, GError **error) {
  JsonObject *options = json_object_new();
  g_autofree char *bus = qemu_machine_bus(stmt->phb.index);
  g_autofree char *address = kernel_device_address(qemu->kernel, stmt->device);

  json_object_set_string_member(options, "driver", "vfio-pci");
  json_object_set_string_member(options, "id", stmt->name);
  json_object_set_string_member(options, "bus", bus);
  json_object_set_string_member(options, "host", address);
  if (!monitor_plug(qemu->qmp, options, error))
    return FALSE;
  note_phb(qemu, stmt);
  return TRUE;
}

static gboolean unplug(Qemu *qemu, const ScenarioStmt *stmt, GError **error) {
  guint phb = GPOINTER_TO_UINT(g_hash_table_lookup(qemu->phbs, stmt->name)) - 1;
  guint32 drc;

  return monitor_device_drc(qemu->qmp, phb, stmt->name, &drc, error) &&
         monitor_unplug(qemu->qmp, get_guest, qemu, stmt->name, drc, 1, FALSE, error);
}

static gboolean plug_phb(Qemu *qemu, const ScenarioStmt *stmt, GError **error) {
  JsonObject *options = json_object_new();
  g_autofree char *id = g_strdup_printf("phb%u", stmt->phb.index);

  json_object_set_string_member(options, "driver", "spapr-pci-host-bridge");
  json_object_set_string_member(options, "id", id);
  json_object_set_int_member(options, "index", stmt->phb.index);
  json_object_set_int_member(options, "dma_win_addr", (gint64)stmt->phb.window_start);
  json_object_set_int_member(options, "dma_win_size", (gint64)stmt->phb.window_size);
  return monitor_plug(qemu->qmp, options, error);
}

static gboolean unplug_phb(Qemu *qemu, const ScenarioStmt *stmt, GError **error) {
  g_autofree char *id = g_strdup_printf("phb%u", stmt->phb.index);

  return monitor_unplug(qemu->qmp, get_guest, qemu, id, monitor_phb_drc(stmt->phb.index), 1, TRUE, error);
}

static gboolean delete_memory(Qemu *qemu, const char *id, GError **error) {
  JsonObject *options = json_object_new();

  json_object_set_string_member(options, "id", id);
  return qmp_command(qemu->qmp, "object-del", options, error);
}

static gboolean plug_ram(Qemu *qemu, const ScenarioStmt *stmt, GError **error) {
  const char *path = qemu_ram_add(qemu->ram, stmt->name, stmt->addr, stmt->size, error);
  g_autofree char *backend = g_strdup_printf("%s-memory", stmt->name);
  JsonObject *memory, *dimm;

  if (!path)
    return FALSE;
  memory = json_object_new();
  json_object_set_string_member(memory, "qom-type", "memory-backend-file");
  json_object_set_string_member(memory, "id", backend);
  json_object_set_int_member(memory, "size", (gint64)stmt->size);
  json_object_set_int_member(memory, "align", (gint64)1 << qemu->scenario->host->page_shift);
  json_object_set_boolean_member(memory, "share", TRUE);
  json_object_set_string_member(memory, "mem-path", path);
  dimm = json_object_new();
  json_object_set_string_member(dimm, "driver", "pc-dimm");
  json_object_set_string_member(dimm, "id", stmt->name);
  json_object_set_string_member(dimm, "memdev", backend);
  json_object_set_int_member(dimm, "addr", (gint64)stmt->addr);
  if (!qmp_command(qemu->qmp, "object-add", memory, error)) {
    json_object_unref(dimm);
    qemu_ram_remove(qemu->ram, stmt->name);
    return FALSE;
  }
  if (monitor_plug(qemu->qmp, dimm, error))
    return TRUE;
  delete_memory(qemu, backend, NULL);
  qemu_ram_remove(qemu->ram, stmt->name);
  return FALSE;
}

static gboolean unplug_ram(Qemu *qemu, const ScenarioStmt *stmt, GError **error) {
  g_autofree char *backend = g_strdup_printf("%s-memory", stmt->name);
  guint64 gpa = 0, size = 0;

  if (!qemu_ram_find(qemu->ram, stmt->name, &gpa, &size) ||
      !monitor_unplug(qemu->qmp, get_guest, qemu, stmt->name, monitor_memory_drc(gpa), (guint)(size >> 28), TRUE,
                      error) ||
      !delete_memory(qemu, backend, error))
    return FALSE;
  qemu_ram_remove(qemu->ram, stmt->name);
  return TRUE;
}

/* ---- statements ---- */

static gboolean perform_event(Qemu *qemu, const ScenarioStmt *stmt, SubjectReply *reply, GError **error) {
  switch (stmt->kind) {
  case STMT_RESET:
    return monitor_reset(qemu->qmp, error);
  case STMT_QUIT:
    return quit(qemu, error);
  case STMT_PLUG:
    return plug(qemu, stmt, error);
  case STMT_UNPLUG:
    return unplug(qemu, stmt, error);
  case STMT_PLUG_PHB:
    return plug_phb(qemu, stmt, error);
  case STMT_UNPLUG_PHB:
    return unplug_phb(qemu, stmt, error);
  case STMT_PLUG_RAM:
    return plug_ram(qemu, stmt, error);
  case STMT_UNPLUG_RAM:
    return unplug_ram(qemu, stmt, error);
  case STMT_DDW_CREATE:
    return ddw_create(qemu, stmt, error);
  case STMT_DDW_REMOVE:
    return ddw_remove(qemu, stmt, error);
  case STMT_DDW_RESET:
    return ddw_reset(qemu, stmt, error);
  case STMT_GUEST_INDIRECT:
    return put_list(qemu, stmt, &reply->result, error);
  case STMT_GUEST_PUT:
  case STMT_GUEST_GET:
  case STMT_GUEST_STUFF:
    return hypercall(qemu, stmt, reply, error);
  default:
    g_set_error(error, QEMU_ERROR, QEMU_ERROR_UNSUPPORTED, "QEMU cannot be asked to do: %s", stmt->text);
    return FALSE;
  }
}

/* The errno that QEMU's error_setg_errno() puts at the end of a message, or -errno in brackets behind it; 0: none. */
static int errno_of(const char *message) {
  static const int known[] = {EPERM, ENOENT, EIO,    ENXIO,  EBADF,  EAGAIN, ENOMEM, EACCES, EFAULT,
                              EBUSY, EEXIST, ENODEV, EINVAL, ENOTTY, EMFILE, ENOSPC, ERANGE, EOPNOTSUPP};

  for (guint i = 0; i < G_N_ELEMENTS(known); i++) {
    g_autofree char *number = g_strdup_printf("(-%d)", known[i]);
    const char *text = strstr(message, g_strerror(known[i]));
    if (text || strstr(message, number))
      return known[i];
  }
  return 0;
}

static void explain(Qemu *qemu, const GError *why, SubjectReply *reply) {
  if (g_error_matches(why, QEMU_ERROR, QEMU_ERROR_TIMEOUT))
    hung(qemu, why->message);
  else if (g_error_matches(why, QEMU_ERROR, QEMU_ERROR_CLOSED))
    died(qemu);
  if (qemu->gone != SUBJECT_DONE && why->domain == QEMU_ERROR && why->code != QEMU_ERROR_REFUSED) {
    reply->status = qemu->gone;
    g_strlcpy(reply->message, qemu->death, sizeof reply->message);
    return;
  }
  reply->status = g_error_matches(why, QEMU_ERROR, QEMU_ERROR_UNSUPPORTED) ||
                          g_error_matches(why, KERNEL_ERROR, KERNEL_ERROR_UNAVAILABLE)
                      ? SUBJECT_UNSUPPORTED
                      : SUBJECT_REFUSED;
  reply->err = errno_of(why->message);
  g_strlcpy(reply->message, why->message, sizeof reply->message);
}

static void qemu_perform(Subject *subject, const ScenarioStmt *stmt, SubjectReply *reply) {
  Qemu *qemu = (Qemu *)subject;
  g_autoptr(GError) error = NULL;
  gboolean ok;

  memset(reply, 0, sizeof *reply);
  if (stmt->kind == STMT_COLD) {
    g_ptr_array_add(qemu->cold, (gpointer)stmt);
    note_phb(qemu, stmt);
    return;
  }
  if (qemu->gone != SUBJECT_DONE) {
    reply->status = qemu->gone;
    g_strlcpy(reply->message, qemu->death, sizeof reply->message);
    return;
  }
  if (stmt->kind == STMT_BOOT)
    ok = boot(qemu, &error);
  else
    ok = perform_event(qemu, stmt, reply, &error);
  if (!ok)
    explain(qemu, error, reply);
}

/* ---- the subject ---- */

static gboolean qemu_peek(Subject *subject, guint64 gpa, void *buf, gsize len) {
  const void *memory = qemu_ram_at(((Qemu *)subject)->ram, gpa, len);

  if (memory)
    memcpy(buf, memory, len);
  return memory != NULL;
}

static gboolean qemu_poke(Subject *subject, guint64 gpa, const void *buf, gsize len) {
  void *memory = qemu_ram_at(((Qemu *)subject)->ram, gpa, len);

  if (memory)
    memcpy(memory, buf, len);
  return memory != NULL;
}

static void qemu_kill(Subject *subject) {
  Qemu *qemu = (Qemu *)subject;

  if (qemu->process)
    qemu_process_kill(qemu->process);
  over(qemu, SUBJECT_DEAD, g_strdup("QEMU was killed"));
}

static void qemu_free(Subject *subject) {
  Qemu *qemu = (Qemu *)subject;

  if (qemu->qmp)
    quit(qemu, NULL);
  disconnect(qemu);
  qemu_process_free(qemu->process);
  qemu_ram_free(qemu->ram);
  qemu_program_free(qemu->program);
  g_ptr_array_unref(qemu->cold);
  g_hash_table_unref(qemu->phbs);
  g_hash_table_unref(qemu->windows);
  g_hash_table_unref(qemu->shifts);
  g_free(qemu->death);
  g_free(qemu);
}

Subject *qemu_subject_new(const Scenario *scenario, Kernel *kernel, const char *path, GError **error) {
  g_autoptr(QemuProgram) program = qemu_program_find(path, scenario->kvm, error);
  Qemu *qemu;

  if (!program || !qemu_machine_carries(scenario, program, error))
    return NULL;
  qemu = g_new0(Qemu, 1);
  qemu->subject = (Subject){.perform = qemu_perform,
                            .peek = qemu_peek,
                            .poke = qemu_poke,
                            .kill = qemu_kill,
                            .free = qemu_free,
                            .guest_calls = TRUE};
  qemu->scenario = scenario;
  qemu->kernel = kernel;
  qemu->program = g_steal_pointer(&program);
  qemu->cold = g_ptr_array_new();
  qemu->phbs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  qemu->windows = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  qemu->shifts = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
  qemu->ram = qemu_ram_new();
  return &qemu->subject;
}
