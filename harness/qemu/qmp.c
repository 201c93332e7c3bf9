/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/qemu/qmp.h"

#include <string.h>

#include "harness/qemu/channel.h"

enum { QMP_MAX_EVENTS = 1000 /* kept: the oldest goes when one more comes */ };

struct Qmp {
  QemuChannel *channel;
  guint timeout_ms;
  gint64 last_id;
  GQueue events; /* of JsonObject*, the oldest first */
};

/* ---- messages ---- */

static JsonObject *receive(Qmp *qmp, GError **error) {
  g_autofree char *line = qemu_channel_receive(qmp->channel, '\n', error);
  g_autoptr(JsonParser) parser = json_parser_new();
  g_autoptr(GError) why = NULL;
  JsonNode *root;

  if (!line)
    return NULL;
  if (!json_parser_load_from_data(parser, line, -1, &why) || !(root = json_parser_get_root(parser)) ||
      !JSON_NODE_HOLDS_OBJECT(root)) {
    g_set_error(error, QEMU_ERROR, QEMU_ERROR_PROTOCOL, "QEMU's monitor said what is no JSON object: %.200s (%s)", line,
                why ? why->message : "another value");
    return NULL;
  }
  return json_object_ref(json_node_get_object(root));
}

static const char *text_member(JsonObject *object, const char *name) {
  JsonNode *node = object ? json_object_get_member(object, name) : NULL;

  return node && JSON_NODE_HOLDS_VALUE(node) ? json_node_get_string(node) : NULL;
}

static JsonObject *object_member(JsonObject *object, const char *name) {
  JsonNode *node = json_object_get_member(object, name);

  return node && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
}

/* FALSE: it is no event. Takes message over then. */
static gboolean queue_event(Qmp *qmp, JsonObject *message) {
  if (!text_member(message, "event"))
    return FALSE;
  if (qmp->events.length >= QMP_MAX_EVENTS)
    json_object_unref(g_queue_pop_head(&qmp->events));
  g_queue_push_tail(&qmp->events, message);
  return TRUE;
}

/* ---- commands ---- */

static void set_refused(JsonObject *failure, const char *command, GError **error) {
  const char *class = text_member(failure, "class"), *text = text_member(failure, "desc");
  gboolean generic = !class || strcmp(class, "GenericError") == 0;

  g_set_error(error, QEMU_ERROR, QEMU_ERROR_REFUSED, "%s%s%s", generic ? "" : class, generic ? "" : ": ",
              text ? text : command);
}

static gboolean is_answer(JsonObject *message, gint64 id) {
  JsonNode *node = json_object_get_member(message, "id");

  /* What QEMU cannot parse it answers without an id. */
  return node ? JSON_NODE_HOLDS_VALUE(node) && json_node_get_int(node) == id : json_object_has_member(message, "error");
}

static JsonNode *await_answer(Qmp *qmp, const char *command, gint64 id, GError **error) {
  gint64 deadline = g_get_monotonic_time() + (gint64)qmp->timeout_ms * 1000;

  while (g_get_monotonic_time() < deadline) {
    JsonObject *message = receive(qmp, error);
    JsonNode *result = NULL;
    if (!message) {
      g_prefix_error(error, "%s: ", command);
      return NULL;
    }
    if (queue_event(qmp, message))
      continue;
    if (!is_answer(message, id)) {
      json_object_unref(message);
      continue;
    }
    if (json_object_has_member(message, "return"))
      result = json_node_copy(json_object_get_member(message, "return"));
    else
      set_refused(object_member(message, "error"), command, error);
    json_object_unref(message);
    return result;
  }
  g_set_error(error, QEMU_ERROR, QEMU_ERROR_TIMEOUT, "%s: QEMU sends events, but no answer within %u ms", command,
              qmp->timeout_ms);
  return NULL;
}

JsonNode *qmp_execute(Qmp *qmp, const char *command, JsonObject *arguments, int pass_fd, GError **error) {
  g_autoptr(JsonObject) request = json_object_new();
  g_autoptr(JsonNode) root = json_node_new(JSON_NODE_OBJECT);
  g_autofree char *text = NULL;
  g_autofree char *line = NULL;
  gint64 id = ++qmp->last_id;

  json_object_set_string_member(request, "execute", command);
  json_object_set_int_member(request, "id", id);
  if (arguments)
    json_object_set_object_member(request, "arguments", arguments);
  json_node_set_object(root, request);
  text = json_to_string(root, FALSE);
  line = g_strconcat(text, "\n", NULL);
  if (!qemu_channel_send(qmp->channel, line, strlen(line), pass_fd, error)) {
    g_prefix_error(error, "%s: ", command);
    return NULL;
  }
  return await_answer(qmp, command, id, error);
}

gboolean qmp_command(Qmp *qmp, const char *command, JsonObject *arguments, GError **error) {
  g_autoptr(JsonNode) result = qmp_execute(qmp, command, arguments, -1, error);

  return result != NULL;
}

/* ---- events ---- */

static gboolean event_is(JsonObject *event, const char *name, const char *member, const char *value) {
  JsonObject *data = object_member(event, "data");

  return g_strcmp0(text_member(event, "event"), name) == 0 &&
         (!member || (data && g_strcmp0(text_member(data, member), value) == 0));
}

gboolean qmp_take_event(Qmp *qmp, const char *name, const char *member, const char *value) {
  GList *found = qmp->events.head;

  while (found && !event_is(found->data, name, member, value))
    found = found->next;
  if (!found)
    return FALSE;
  while (qmp->events.head != found)
    json_object_unref(g_queue_pop_head(&qmp->events));
  json_object_unref(g_queue_pop_head(&qmp->events));
  return TRUE;
}

gboolean qmp_await_event(Qmp *qmp, const char *name, const char *member, const char *value, GError **error) {
  gint64 deadline = g_get_monotonic_time() + (gint64)qmp->timeout_ms * 1000;

  while (!qmp_take_event(qmp, name, member, value)) {
    JsonObject *message = g_get_monotonic_time() < deadline ? receive(qmp, error) : NULL;
    if (!message) {
      if (error && !*error)
        g_set_error(error, QEMU_ERROR, QEMU_ERROR_TIMEOUT, "other events, but none within %u ms", qmp->timeout_ms);
      g_prefix_error(error, "waiting for the event %s: ", name);
      return FALSE;
    }
    if (!queue_event(qmp, message))
      json_object_unref(message);
  }
  return TRUE;
}

/* ---- the whole ---- */

Qmp *qmp_new(int fd, guint timeout_ms, GError **error) {
  g_autoptr(Qmp) qmp = g_new0(Qmp, 1);
  g_autoptr(JsonObject) greeting = NULL;

  qmp->channel = qemu_channel_new(fd, timeout_ms);
  qmp->timeout_ms = timeout_ms;
  g_queue_init(&qmp->events);
  greeting = receive(qmp, error);
  if (!greeting)
    return NULL;
  if (!json_object_has_member(greeting, "QMP")) {
    g_set_error_literal(error, QEMU_ERROR, QEMU_ERROR_PROTOCOL, "QEMU's monitor begins without a greeting");
    return NULL;
  }
  return qmp_command(qmp, "qmp_capabilities", NULL, error) ? g_steal_pointer(&qmp) : NULL;
}

void qmp_free(Qmp *qmp) {
  if (!qmp)
    return;
  qemu_channel_free(qmp->channel);
  g_queue_clear_full(&qmp->events, (GDestroyNotify)json_object_unref);
  g_free(qmp);
}
