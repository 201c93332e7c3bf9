/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/qemu/monitor.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- what is freed later ---- */

/* A device that has gone is finalized when RCU's grace period has ended, on a thread of its own; so is one whose
 * realize failed. qmp_device_add() drains that queue when it has refused a device, and a model that does not exist is
 * always refused. What is freed may queue something in turn, once: a device its bus master address space's view. */
static gboolean settle(Qmp *qmp, GError **error) {
  for (guint i = 0; i < 2; i++) {
    JsonObject *nothing = json_object_new();
    g_autoptr(GError) refused = NULL;
    json_object_set_string_member(nothing, "driver", "vfiosim-none");
    if (qmp_command(qmp, "device_add", nothing, &refused) || g_error_matches(refused, QEMU_ERROR, QEMU_ERROR_REFUSED))
      continue;
    g_propagate_error(error, g_steal_pointer(&refused));
    return FALSE;
  }
  return TRUE;
}

/* ---- plug, unplug ---- */

gboolean monitor_plug(Qmp *qmp, JsonObject *options, GError **error) {
  return qmp_command(qmp, "device_add", options, error);
}

gboolean monitor_unplug(Qmp *qmp, const char *id, gboolean *waits, GError **error) {
  JsonObject *options = json_object_new();

  json_object_set_string_member(options, "id", id);
  if (!qmp_command(qmp, "device_del", options, error))
    return FALSE;
  /* What the guest has not configured yet is gone with the answer; but the event may come behind that. */
  if (!settle(qmp, error))
    return FALSE;
  *waits = !qmp_take_event(qmp, "DEVICE_DELETED", "device", id);
  return TRUE;
}

gboolean monitor_unplugged(Qmp *qmp, const char *id, gboolean waited, GError **error) {
  return (!waited || qmp_await_event(qmp, "DEVICE_DELETED", "device", id, error)) && settle(qmp, error);
}

gboolean monitor_reset(Qmp *qmp, GError **error) {
  return qmp_command(qmp, "system_reset", NULL, error) && qmp_await_event(qmp, "RESET", NULL, NULL, error);
}

/* ---- what it looks like ---- */

/* The slot of a device, from query-pci's list of buses. */
static gboolean find_slot(JsonNode *buses, const char *id, guint *devfn) {
  JsonArray *list = JSON_NODE_HOLDS_ARRAY(buses) ? json_node_get_array(buses) : NULL;

  for (guint i = 0; list && i < json_array_get_length(list); i++) {
    JsonArray *devices = json_object_get_array_member(json_array_get_object_element(list, i), "devices");
    for (guint j = 0; devices && j < json_array_get_length(devices); j++) {
      JsonObject *device = json_array_get_object_element(devices, j);
      if (g_strcmp0(json_object_get_string_member_with_default(device, "qdev_id", ""), id) != 0)
        continue;
      *devfn =
          (guint)(json_object_get_int_member(device, "slot") << 3 | json_object_get_int_member(device, "function"));
      return TRUE;
    }
  }
  return FALSE;
}

gboolean monitor_devfn(Qmp *qmp, const char *id, guint *devfn, GError **error) {
  g_autoptr(JsonNode) buses = qmp_execute(qmp, "query-pci", NULL, -1, error);

  if (!buses)
    return FALSE;
  if (find_slot(buses, id, devfn))
    return TRUE;
  g_set_error(error, QEMU_ERROR, QEMU_ERROR_REFUSED, "QEMU's machine has no PCI device %s", id);
  return FALSE;
}

/* ---- gdbstub ---- */

static JsonObject *socket_backend(const char *fdname) {
  JsonObject *backend = json_object_new(), *data = json_object_new(), *address = json_object_new();
  JsonObject *fd = json_object_new();

  json_object_set_string_member(fd, "str", fdname);
  json_object_set_string_member(address, "type", "fd");
  json_object_set_object_member(address, "data", fd);
  json_object_set_object_member(data, "addr", address);
  json_object_set_boolean_member(data, "server", FALSE);
  json_object_set_string_member(backend, "type", "socket");
  json_object_set_object_member(backend, "data", data);
  return backend;
}

static gboolean give_fd(Qmp *qmp, int fd, GError **error) {
  JsonObject *arguments = json_object_new();
  g_autoptr(JsonNode) result = NULL;

  json_object_set_string_member(arguments, "fdname", "gdb");
  result = qmp_execute(qmp, "getfd", arguments, fd, error);
  return result != NULL;
}

int monitor_open_gdb(Qmp *qmp, GError **error) {
  JsonObject *chardev = json_object_new(), *line = json_object_new();
  int ends[2];
  gboolean ok;

  json_object_set_string_member(chardev, "id", "gdb");
  json_object_set_object_member(chardev, "backend", socket_backend("gdb"));
  json_object_set_string_member(line, "command-line", "gdbserver chardev:gdb");
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
    g_set_error(error, QEMU_ERROR, QEMU_ERROR_CLOSED, "cannot make a socket pair: %s", g_strerror(errno));
    json_object_unref(chardev);
    json_object_unref(line);
    return -1;
  }
  ok = give_fd(qmp, ends[1], error);
  close(ends[1]);
  if (!ok || !qmp_command(qmp, "chardev-add", chardev, error)) {
    if (!ok)
      json_object_unref(chardev);
    json_object_unref(line);
    close(ends[0]);
    return -1;
  }
  if (qmp_command(qmp, "human-monitor-command", line, error))
    return ends[0];
  close(ends[0]);
  return -1;
}
