/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "harness/raw/internal.h"

enum { RAW_TRANSFER = 1 << 20 /* largest read or write */, PATH_SIZE = 32 };

static void group_path(const Scenario *scenario, guint number, char path[PATH_SIZE]) {
  const SimHostGroup *group = sim_host_group(scenario->host, number);
  g_autofree char *node = group ? sim_host_group_node(group) : g_strdup_printf("%u", number);

  g_snprintf(path, PATH_SIZE, "/dev/vfio/%s", node);
}

void raw_open(const Scenario *scenario, RawProcess *process, const ScenarioStmt *stmt, SubjectReply *reply) {
  const VfioSys *sys = process->sys;
  char path[PATH_SIZE];

  switch (stmt->match.object.kind) {
  case ABI_GROUP:
    group_path(scenario, (guint)stmt->match.object.id, path);
    break;
  case ABI_KVM:
    g_strlcpy(path, "/dev/kvm", sizeof path);
    break;
  default:
    g_strlcpy(path, "/dev/vfio/vfio", sizeof path);
    break;
  }
  int fd = sys->open(sys->data, path, (stmt->readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC);
  if (raw_answer_judge(stmt, fd, reply))
    raw_process_keep(process, stmt->as, fd);
}

void raw_close(RawProcess *process, const ScenarioStmt *stmt, SubjectReply *reply) {
  const VfioSys *sys = process->sys;
  int fd = -1;

  reply->status = SUBJECT_REFUSED;
  if (!raw_process_fd(process, stmt, stmt->name, &fd, reply))
    return;
  reply->status = SUBJECT_DONE;
  raw_process_forget(process, stmt->name);
  raw_answer_judge(stmt, sys->close(sys->data, fd), reply);
}

void raw_dup(RawProcess *process, const ScenarioStmt *stmt, SubjectReply *reply) {
  int fd = -1;

  reply->status = SUBJECT_REFUSED;
  if (!raw_process_fd(process, stmt, stmt->name, &fd, reply))
    return;
  reply->status = SUBJECT_DONE;
  fd = process->raw->dup(process->raw, fd);
  if (raw_answer_judge(stmt, fd, reply))
    raw_process_keep(process, stmt->as, fd);
}

void raw_transfer(RawProcess *process, const ScenarioStmt *stmt, SubjectReply *reply) {
  const VfioSys *sys = process->sys;
  g_autofree guint8 *data = NULL;
  guint64 value = 0;
  ssize_t result;
  int fd = -1;

  reply->status = SUBJECT_REFUSED;
  if (stmt->size > RAW_TRANSFER) {
    g_snprintf(reply->message, sizeof reply->message, "a transfer has at most 1M bytes");
    return;
  }
  if (!raw_process_fd(process, stmt, stmt->name, &fd, reply))
    return;
  reply->status = SUBJECT_DONE;
  data = g_malloc0(stmt->size + sizeof value);
  if (stmt->kind == STMT_RAW_WRITE) {
    value = GUINT64_TO_LE(stmt->value); /* PCI's byte order, whatever this machine's is */
    memcpy(data, &value, sizeof value);
    result = sys->pwrite(sys->data, fd, data, stmt->size, stmt->offset);
  } else {
    result = sys->pread(sys->data, fd, data, stmt->size, stmt->offset);
  }
  if (!raw_answer_judge(stmt, result, reply) || stmt->kind == STMT_RAW_WRITE || !stmt->has_value)
    return;
  memcpy(&value, data, MIN(stmt->size, sizeof value));
  reply->value = GUINT64_FROM_LE(value);
  if (reply->value != stmt->value) {
    reply->status = SUBJECT_REFUSED;
    g_snprintf(reply->message, sizeof reply->message,
               "what was read is 0x%" G_GINT64_MODIFIER "x; expected is 0x%" G_GINT64_MODIFIER "x", reply->value,
               stmt->value);
  }
}

void raw_mmap(RawProcess *process, const ScenarioStmt *stmt, SubjectReply *reply) {
  const VfioSys *sys = process->sys;
  void *memory = NULL;
  int fd = -1;

  reply->status = SUBJECT_REFUSED;
  if (!raw_process_fd(process, stmt, stmt->name, &fd, reply))
    return;
  reply->status = SUBJECT_DONE;
  int result =
      sys->mmap(sys->data, fd, stmt->size, stmt->readonly ? PROT_READ : PROT_READ | PROT_WRITE, stmt->offset, &memory);
  raw_answer_judge(stmt, result < 0 ? result : 0, reply);
}
