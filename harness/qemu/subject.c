/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/qemu/subject.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/qemu/internal.h"
#include "harness/qemu/machine.h"
#include "harness/qemu/monitor.h"

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

/* What it said last: without warnings, which QEMU gives of every TCG machine, and the registers behind a fatal error.
 */
static char *last_words(const QemuProcess *process) {
  g_autofree char *output = qemu_process_output(process);
  g_auto(GStrv) lines = g_strsplit(output, "\n", -1);
  g_autoptr(GString) words = g_string_new(NULL);

  for (char **line = lines; *line && !g_str_has_prefix(*line, "CPU #"); line++)
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

/* It does not answer, or what it says makes no sense. */
static void put_down(Qemu *qemu, SubjectStatus how, const char *why) {
  if (qemu_process_wait(qemu->process, 0)) {
    died(qemu);
    return;
  }
  qemu_process_kill(qemu->process);
  over(qemu, how, g_strdup_printf("%s; it was killed", why));
}

/* ---- boot ---- */

static gboolean start(Qemu *qemu, GError **error) {
  const char *ram = qemu_ram_add(qemu->ram, "ram", 0, qemu->scenario->ram, error);
  g_auto(GStrv) options = NULL;
  g_auto(GStrv) argv = NULL;
  int sockets[2];

  if (!ram)
    return FALSE;
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) < 0) {
    g_set_error(error, KERNEL_ERROR, KERNEL_ERROR_FAILED, "cannot make a socket pair for QEMU: %s", g_strerror(errno));
    return FALSE;
  }
  options = qemu_machine_options(qemu->scenario, qemu->kernel, qemu->cold, ram, sockets[1]);
  argv = qemu_program_command(qemu->program, qemu->scenario->host, (const char *const *)options, error);
  qemu->process = argv ? qemu_process_new(qemu->kernel, argv, sockets[1], error) : NULL;
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
  guint timeout_ms = qemu->scenario->timeout_ms;
  Gdb *gdb;
  int fd;

  if (qemu->scenario->kvm && !kernel_is_model(qemu->kernel)) {
    g_set_error_literal(error, QEMU_ERROR, QEMU_ERROR_UNSUPPORTED,
                        "the guest would have to do its part, and a real KVM runs what code it has: none");
    return NULL;
  }
  if (qemu->scenario->kvm)
    return qmp_command(qemu->qmp, "cont", NULL, error) ? qemu_cpu_kvm_new(qemu->kernel, timeout_ms, error) : NULL;
  fd = monitor_open_gdb(qemu->qmp, error);
  gdb = fd >= 0 ? gdb_new(fd, timeout_ms, error) : NULL;
  return gdb ? qemu_cpu_gdb_new(gdb) : NULL;
}

QemuGuest *qemu_get_guest(Qemu *qemu, GError **error) {
  QemuCpu *cpu;

  if (qemu->guest)
    return qemu->guest;
  cpu = new_cpu(qemu, error);
  if (cpu)
    qemu->guest = qemu_guest_new(cpu, qemu->ram, qemu->scenario->ram - 4096);
  return qemu->guest;
}

/* ---- statements ---- */

static gboolean perform_event(Qemu *qemu, const ScenarioStmt *stmt, SubjectReply *reply, GError **error) {
  switch (stmt->kind) {
  case STMT_RESET:
    return monitor_reset(qemu->qmp, error);
  case STMT_QUIT:
    return quit(qemu, error);
  case STMT_PLUG:
    return qemu_plug(qemu, stmt, error);
  case STMT_UNPLUG:
    return qemu_unplug(qemu, stmt, error);
  case STMT_PLUG_PHB:
    return qemu_plug_phb(qemu, stmt, error);
  case STMT_UNPLUG_PHB:
    return qemu_unplug_phb(qemu, stmt, error);
  case STMT_PLUG_RAM:
    return qemu_plug_ram(qemu, stmt, error);
  case STMT_UNPLUG_RAM:
    return qemu_unplug_ram(qemu, stmt, error);
  case STMT_DDW_CREATE:
    return qemu_ddw_create(qemu, stmt, error);
  case STMT_DDW_REMOVE:
    return qemu_ddw_remove(qemu, stmt, error);
  case STMT_DDW_RESET:
    return qemu_ddw_reset(qemu, stmt, error);
  case STMT_DDW_QUERY:
    return qemu_ddw_query(qemu, stmt, &reply->value, error);
  case STMT_CONFIG_READ:
    return qemu_config_read(qemu, stmt, &reply->value, error);
  case STMT_CONFIG_WRITE:
    return qemu_config_write(qemu, stmt, error);
  case STMT_GUEST_PUT:
  case STMT_GUEST_GET:
  case STMT_GUEST_STUFF:
  case STMT_GUEST_INDIRECT:
    return qemu_hypercall(qemu, stmt, reply, error);
  default:
    g_set_error(error, QEMU_ERROR, QEMU_ERROR_UNSUPPORTED, "QEMU cannot be asked to do: %s", stmt->text);
    return FALSE;
  }
}

static void explain(Qemu *qemu, const GError *why, SubjectReply *reply) {
  if (g_error_matches(why, QEMU_ERROR, QEMU_ERROR_TIMEOUT))
    put_down(qemu, SUBJECT_HUNG, why->message);
  else if (g_error_matches(why, QEMU_ERROR, QEMU_ERROR_PROTOCOL))
    put_down(qemu, SUBJECT_DEAD, why->message);
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
  reply->err = SUBJECT_NO_ERRNO;
  g_strlcpy(reply->message, why->message, sizeof reply->message);
}

static void qemu_perform(Subject *subject, const ScenarioStmt *stmt, SubjectReply *reply) {
  Qemu *qemu = (Qemu *)subject;
  g_autoptr(GError) error = NULL;
  gboolean ok;

  memset(reply, 0, sizeof *reply);
  if (stmt->kind == STMT_COLD) {
    g_ptr_array_add(qemu->cold, (gpointer)stmt);
    qemu_note_device(qemu, stmt);
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
  g_autoptr(QemuProgram) program = qemu_program_find(path, scenario->guest && scenario->kvm, error);
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
