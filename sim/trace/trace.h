/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The trace: one typed event per call, whoever answered it. Expectations match on it, checks read it, coverage counts
 * it, fault points are named in it. Events hold raw payloads; they are decoded by the ABI table when they are printed.
 */
#pragma once

#include <glib.h>

#include "sim/abi/abi.h"
#include "sim/rules/rules.h"

G_BEGIN_DECLS

enum {
  TRACE_PAYLOAD =
      104,        /* bytes of a payload that are kept: all of kvm_enable_cap, the start of larger sets of registers */
  TRACE_REFS = 2, /* fd fields of one call: SET_SPAPR_TCE has two */
};

enum {
  TRACE_INJECTED = 1, /* the answer is a scenario's fault, not the kernel's */
  TRACE_NOTABLE =
      2, /* an answer that succeeds but is a trap (positive return, silent leak): its rule is printed, too */
  TRACE_AT_EXIT = 4, /* a close that the process which opened did not make: its end did. Known only where exits are
                        watched */
};

typedef struct {
  guint32 seq;            /* from 1 */
  guint16 process;        /* serial of the calling process, from 1; 0: the guest */
  guint16 rule;           /* RuleId that decided, successes included, or RULE_NONE */
  guint8 flags;           /* TRACE_* */
  guint8 in_len, out_len; /* bytes held of the payload as the call was made / as it was left */
  AbiCallId call;
  AbiObject object; /* that the call was made on; for OPEN what was opened */
  AbiObject made;   /* that the call returned an fd of, or kind ABI_NONE */
  AbiObject
      refs[TRACE_REFS]; /* the objects named by ABI_FD fields, in the table's order; kind ABI_NONE: fd names none */
  guint64 arg;          /* third argument of ioctl(); hypercalls: unused */
  gint64 result;        /* >= 0, or -errno; for calls that make an fd the fd. Hypercalls: H_* as a signed number */
  guint8 in[TRACE_PAYLOAD];
  guint8 out[TRACE_PAYLOAD];
} TraceEvent;

typedef struct Trace Trace;

Trace *trace_new(void);
void trace_free(Trace *trace);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Trace, trace_free)

/* An event to be filled in place, zeroed but for its seq and for the bytes of the payloads, which nobody reads past
 * in_len and out_len; it counts from now on. Its address is stable until trace_free() or trace_clear(). */
TraceEvent *trace_add(Trace *trace);

/* Takes back the newest event (a call that turned out to be none). */
void trace_drop_last(Trace *trace);

guint trace_len(const Trace *trace);
const TraceEvent *trace_get(const Trace *trace, guint index); /* 0 <= index < len */
void trace_clear(Trace *trace);                               /* the next event is number 1 again */

/* Has func called with each event from now on, once its call has been answered, by whoever answered it and under its
 * locks: it may look at nothing but the event. Such a trace keeps no event that it has shown; its length stays 0,
 * however long the run. */
typedef void (*TraceFunc)(const TraceEvent *event, gpointer data);
void trace_follow(Trace *trace, TraceFunc func, gpointer data);
/* The newest event's call has been answered. */
void trace_answered(Trace *trace);

/* One line, no newline, stable and greppable:
 *   "group 7       SET_CONTAINER container 1 = 0"
 *   "kvm-vfio 1    GROUP_DEL group 7 = -1 ENOENT [KV-37 fd's file is not in the list ...]"
 *   "kvm           CREATE_VM type 0 = fd vm 1"
 *   "vm 1          CREATE_DEVICE type 4 = 0 kvm-vfio 1"
 *   "guest         H_PUT_TCE liobn 0x80000000 ioba 0x1000 tce 0x200003 = H_SUCCESS"
 * In-fields are printed before "=", out-fields of a successful call after it. argsz and zero flags are left out, and
 * fields that the call did not get to read or write. An fd that names no object of the model is written "group fd 17".
 * Injected answers end in "(injected)". */
void trace_event_print(GString *out, const TraceEvent *event);

/* One JSON object a line; the same facts plus raw numbers. */
void trace_event_print_json(GString *out, const TraceEvent *event);

#define TRACE_ERROR (trace_error_quark())
GQuark trace_error_quark(void);
enum { TRACE_ERROR_JSON };

/* Reads one line of trace_event_print_json(); members it does not know are skipped, "fields" and "errno" are not looked
 * at. FALSE with an error that names the byte, from 1, and *event untouched, whatever the line holds. */
gboolean trace_event_parse_json(const char *line, gssize len, TraceEvent *event, GError **error);

/* The value of the named field as the event shows it: out-fields from `out` if the call succeeded, others from `in`.
 * FD fields give the id of the object, a device's name its packed address. FALSE: the call has no such field, the
 * payload ends before it, its fd names no object, or the name is no address. */
gboolean trace_event_field(const TraceEvent *event, const char *field, guint64 *value);

G_END_DECLS
