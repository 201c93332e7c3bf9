/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A client of the QEMU Machine Protocol: JSON, a message a line; answers carry their command's id, events come between
 * them. QEMU: docs/interop/qmp-spec.txt, qapi/.
 */
#pragma once

#include <json-glib/json-glib.h>

#include "harness/qemu/error.h"

G_BEGIN_DECLS

typedef struct Qmp Qmp;

/* Takes the greeting and leaves the negotiation. fd (consumed, also on failure): connected to a monitor in control
 * mode. timeout_ms: the limit of every command and of every wait for an event. Errors: error.h. */
Qmp *qmp_new(int fd, guint timeout_ms, GError **error);
void qmp_free(Qmp *qmp);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Qmp, qmp_free)

/* Carries out a command. arguments: consumed, NULL: none. pass_fd: sent along (getfd), -1: none. What it returns, or
 * NULL: QEMU_ERROR_REFUSED has QEMU's own description, with its class in front unless that is GenericError. */
JsonNode *qmp_execute(Qmp *qmp, const char *command, JsonObject *arguments, int pass_fd, GError **error);
/* The same where nothing is returned that is of interest. */
gboolean qmp_command(Qmp *qmp, const char *command, JsonObject *arguments, GError **error);

/* Whether an event has come, and with `member` of its data being `value` (member NULL: whatever its data); it is taken
 * off the queue, with those before it. */
gboolean qmp_take_event(Qmp *qmp, const char *name, const char *member, const char *value);
/* Waits until it has. */
gboolean qmp_await_event(Qmp *qmp, const char *name, const char *member, const char *value, GError **error);

G_END_DECLS
