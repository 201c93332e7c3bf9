/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an event's payloads say, field by field. Private to sim/trace. */
#pragma once

#include "sim/trace/trace.h"

G_BEGIN_DECLS

/* The event's row; NULL if the event names no call. */
const AbiCall *decode_call(const TraceEvent *event);

/* Whether the answer is a success: hypercalls H_SUCCESS, others >= 0. */
gboolean decode_succeeded(const TraceEvent *event);

/* Whether the payload of that direction (ABI_IN, ABI_OUT) is there and reaches over the field. */
gboolean decode_has(const TraceEvent *event, const AbiField *field, int dir);
guint64 decode_value(const TraceEvent *event, const AbiField *field, int dir);

/* A string field: at most what the payload holds, with everything that is not printable ASCII written \xNN. */
char *decode_string(const TraceEvent *event, const AbiField *field);

/* The object that an ABI_FD field names; kind ABI_NONE if none. */
AbiObject decode_object(const TraceEvent *event, const AbiField *field);

G_END_DECLS
