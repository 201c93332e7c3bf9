/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/raw/internal.h"

RawProcess *raw_process_new(const RawSys *raw) {
  RawProcess *process = g_new0(RawProcess, 1);
  process->raw = raw;
  process->sys = raw->sys ? raw->sys : vfio_sys_libc();
  process->handles = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  return process;
}

void raw_process_free(RawProcess *process) {
  if (process->proxy)
    process->proxy->free(process->proxy);
  g_hash_table_unref(process->handles);
  g_free(process);
}

RawProcess *raw_process_inherit(const RawProcess *parent, const RawSys *raw) {
  RawProcess *process = raw_process_new(raw);
  GHashTableIter iter;
  gpointer name, fd;

  g_hash_table_iter_init(&iter, parent->handles);
  while (g_hash_table_iter_next(&iter, &name, &fd))
    g_hash_table_insert(process->handles, g_strdup(name), fd);
  return process;
}

gboolean raw_process_fd(const RawProcess *process, const ScenarioStmt *stmt, const char *name, int *fd,
                        SubjectReply *reply) {
  gpointer value;

  if (!g_hash_table_lookup_extended(process->handles, name, NULL, &value)) {
    *fd = -1;
    if (stmt->match.any_result)
      return TRUE;
    g_snprintf(reply->message, sizeof reply->message, "this process has no handle %s: the call that makes it failed",
               name);
    return FALSE;
  }
  *fd = GPOINTER_TO_INT(value);
  return TRUE;
}

void raw_process_keep(RawProcess *process, const char *name, int fd) {
  if (name && fd >= 0)
    g_hash_table_replace(process->handles, g_strdup(name), GINT_TO_POINTER(fd));
}

void raw_process_forget(RawProcess *process, const char *name) {
  g_hash_table_remove(process->handles, name);
}
