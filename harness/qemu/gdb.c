/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/qemu/gdb.h"

#include <string.h>

#include "harness/qemu/channel.h"

struct Gdb {
  QemuChannel *channel;
};

/* ---- packets: $DATA#SUM, each answered with + ---- */

static guint8 sum_of(const char *data) {
  guint8 sum = 0;

  while (*data)
    sum = (guint8)(sum + (guint8)*data++);
  return sum;
}

static gboolean send_packet(Gdb *gdb, const char *data, GError **error) {
  g_autofree char *packet = g_strdup_printf("$%s#%02x", data, sum_of(data));

  return qemu_channel_send(gdb->channel, packet, strlen(packet), -1, error);
}

/* The data of the next packet. What comes before its `$` is passed over: the sum of the packet before, which is not
 * looked at since the socket loses nothing, and the stub's `+`. */
static char *receive_packet(Gdb *gdb, GError **error) {
  g_autofree char *text = qemu_channel_receive(gdb->channel, '#', error);
  const char *begin;

  if (!text)
    return NULL;
  begin = strchr(text, '$');
  if (!begin) {
    g_set_error(error, QEMU_ERROR, QEMU_ERROR_PROTOCOL, "QEMU's gdbstub said what is no packet: %.100s", text);
    return NULL;
  }
  return qemu_channel_send(gdb->channel, "+", 1, -1, error) ? g_strndup(begin + 1, strlen(begin) - 2) : NULL;
}

static char *ask(Gdb *gdb, const char *request, GError **error) {
  return send_packet(gdb, request, error) ? receive_packet(gdb, error) : NULL;
}

static gboolean fail_answer(const char *request, const char *answer, GError **error) {
  g_set_error(error, QEMU_ERROR, QEMU_ERROR_PROTOCOL, "QEMU's gdbstub answered %.60s with \"%.60s\"", request, answer);
  return FALSE;
}

static gboolean command(Gdb *gdb, const char *request, GError **error) {
  g_autofree char *answer = ask(gdb, request, error);

  return answer && (strcmp(answer, "OK") == 0 || fail_answer(request, answer, error));
}

static gboolean ask_bytes(Gdb *gdb, const char *request, guint8 *bytes, gsize len, GError **error) {
  g_autofree char *answer = ask(gdb, request, error);

  if (!answer)
    return FALSE;
  if (strlen(answer) != 2 * len)
    return fail_answer(request, answer, error);
  for (gsize i = 0; i < len; i++) {
    int high = g_ascii_xdigit_value(answer[2 * i]), low = g_ascii_xdigit_value(answer[2 * i + 1]);
    if (high < 0 || low < 0)
      return fail_answer(request, answer, error);
    bytes[i] = (guint8)(high << 4 | low);
  }
  return TRUE;
}

/* ---- what it is for ---- */

gboolean gdb_get_register(Gdb *gdb, guint number, guint64 *value, GError **error) {
  g_autofree char *request = g_strdup_printf("p%x", number);

  if (!ask_bytes(gdb, request, (guint8 *)value, sizeof *value, error))
    return FALSE;
  *value = GUINT64_FROM_BE(*value);
  return TRUE;
}

gboolean gdb_set_register(Gdb *gdb, guint number, guint64 value, GError **error) {
  g_autofree char *request = g_strdup_printf("P%x=%016" G_GINT64_MODIFIER "x", number, value);

  return command(gdb, request, error);
}

gboolean gdb_read(Gdb *gdb, guint64 address, guint8 *bytes, gsize len, GError **error) {
  g_autofree char *request = g_strdup_printf("m%" G_GINT64_MODIFIER "x,%x", address, (guint)len);

  return ask_bytes(gdb, request, bytes, len, error);
}

gboolean gdb_write(Gdb *gdb, guint64 address, const guint8 *bytes, gsize len, GError **error) {
  g_autoptr(GString) request = g_string_new(NULL);

  g_string_printf(request, "M%" G_GINT64_MODIFIER "x,%x:", address, (guint)len);
  for (gsize i = 0; i < len; i++)
    g_string_append_printf(request, "%02x", bytes[i]);
  return command(gdb, request->str, error);
}

gboolean gdb_step(Gdb *gdb, GError **error) {
  g_autofree char *answer = ask(gdb, "s", error);

  return answer && (g_str_has_prefix(answer, "T05") || fail_answer("s", answer, error));
}

Gdb *gdb_new(int fd, guint timeout_ms, GError **error) {
  g_autoptr(Gdb) gdb = g_new0(Gdb, 1);
  g_autofree char *stopped = NULL;
  g_autofree char *features = NULL;

  gdb->channel = qemu_channel_new(fd, timeout_ms);
  /* The stub knows single registers once it was asked for the target's description. */
  features = ask(gdb, "qXfer:features:read:target.xml:0,10", error);
  if (!features)
    return NULL;
  stopped = ask(gdb, "?", error);
  return stopped ? g_steal_pointer(&gdb) : NULL;
}

void gdb_free(Gdb *gdb) {
  if (!gdb)
    return;
  qemu_channel_free(gdb->channel);
  g_free(gdb);
}
