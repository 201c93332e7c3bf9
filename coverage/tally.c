/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "coverage/tally.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

struct Tally {
  guint64 rules[RULE_COUNT];
  GHashTable *calls; /* "SET_CONTAINER:EINVAL" -> guint64 */
};

Tally *tally_new(void) {
  Tally *tally = g_new0(Tally, 1);

  tally->calls = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  return tally;
}

void tally_free(Tally *tally) {
  if (!tally)
    return;
  g_hash_table_unref(tally->calls);
  g_free(tally);
}

static const char *result_class(const TraceEvent *event) {
  const char *name;

  if (event->object.kind == ABI_GUEST)
    name = abi_hcall_name(event->result);
  else if (event->result < 0)
    name = event->result > -4096 ? abi_errno_name((int)-event->result) : NULL;
  else if (event->call == ABI_OPEN || event->made.kind != ABI_NONE)
    name = "fd";
  else
    name = event->result == 0 ? "0" : ">0";
  return name ? name : "other";
}

static void count_call(Tally *tally, const TraceEvent *event) {
  char key[96];
  guint64 *count;

  g_snprintf(key, sizeof key, "%s:%s%s", abi_call(event->call)->name, result_class(event),
             event->flags & TRACE_INJECTED ? "(injected)" : "");
  count = g_hash_table_lookup(tally->calls, key);
  if (!count) {
    count = g_new0(guint64, 1);
    g_hash_table_insert(tally->calls, g_strdup(key), count);
  }
  (*count)++;
}

void tally_add(Tally *tally, const Trace *trace, const guint32 *met) {
  for (guint i = 0; trace && i < trace_len(trace); i++) {
    const TraceEvent *event = trace_get(trace, i);

    if (event->call > ABI_CALL_NONE && event->call < ABI_N_CALLS)
      count_call(tally, event);
    if (!met && event->rule < RULE_COUNT && !(event->flags & TRACE_INJECTED))
      tally->rules[event->rule]++;
  }
  for (guint i = 0; met && i < RULE_COUNT; i++)
    tally->rules[i] += met[i];
}

static char *to_line(const Tally *tally, const char *name, gsize *len) {
  GString *line = g_string_new(name);
  g_autoptr(GList) keys = g_list_sort(g_hash_table_get_keys(tally->calls), (GCompareFunc)g_strcmp0);

  g_strdelimit(line->str, "\t\r\n", ' ');
  for (guint i = RULE_NONE + 1; i < RULE_COUNT; i++)
    if (tally->rules[i])
      g_string_append_printf(line, "\t%s=%" G_GUINT64_FORMAT, rule_get((RuleId)i)->id, tally->rules[i]);
  for (GList *key = keys; key; key = key->next)
    g_string_append_printf(line, "\t%s=%" G_GUINT64_FORMAT, (const char *)key->data,
                           *(guint64 *)g_hash_table_lookup(tally->calls, key->data));
  g_string_append_c(line, '\n');
  *len = line->len;
  return g_string_free(line, FALSE);
}

static gboolean fail(GError **error, const char *path, int err) {
  g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(err), "cannot append the tally of a run to %s: %s", path,
              g_strerror(err));
  return FALSE;
}

gboolean tally_append(const Tally *tally, const char *path, const char *name, GError **error) {
  gsize len;
  g_autofree char *line = to_line(tally, name, &len);
  int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
  ssize_t written;
  int err;

  if (fd < 0)
    return fail(error, path, errno);
  written = write(fd, line, len);
  err = written < 0 ? errno : ENOSPC; /* a short write to a file is a full disk */
  if (close(fd) < 0 && written == (ssize_t)len)
    return fail(error, path, errno);
  return written == (ssize_t)len ? TRUE : fail(error, path, err);
}
