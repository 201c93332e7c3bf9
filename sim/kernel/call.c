/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One call being answered: its event, its faults, its rules, its way to the caller's memory and fds. */
#include <string.h>

#include "sim/kernel/internal.h"

void sim_call_begin(SimCall *call, SimKernel *kernel, SimFile *file, gpointer task, AbiObject object) {
  TraceEvent *event = &kernel->scratch;

  if (kernel->trace)
    event = trace_add(kernel->trace);
  else
    memset(event, 0, sizeof *event);
  *call = (SimCall){.kernel = kernel, .file = file, .task = task, .event = event};
  event->object = object;
  if (object.kind != ABI_GUEST)
    event->process = (guint16)kernel->port->process(kernel->port_data, task);
}

long sim_call_end(SimCall *call, long result) {
  call->event->result = result;
  if (call->event->rule == RULE_NONE && result >= 0)
    call->event->rule = (guint16)call->met;
  if (call->kernel->trace)
    trace_answered(call->kernel->trace);
  return result;
}

/* A fault is asked for before the handler has read anything: shows the call as it was made all the same. */
static void describe(SimCall *call, const AbiCall *row) {
  guint ref = 0;

  if (row->arg != ABI_ARG_STRUCT)
    return;
  if (!call->event->in_len &&
      (!row->nr_x86 || sim_read(call, call->arg, call->event->in, MIN(row->size, TRACE_PAYLOAD))))
    return;
  for (guint i = 0; i < row->n_fields && ref < TRACE_REFS; i++) {
    SimFile *file;

    if (row->fields[i].format == ABI_FD && row->fields[i].dir & ABI_IN)
      (void)sim_call_file(call, (gint32)abi_get(&row->fields[i], call->event->in, call->event->in_len), ref++, &file);
  }
}

long sim_call_is(SimCall *call, AbiCallId id) {
  TraceEvent *event = call->event;
  guint8 in_len = event->in_len;
  AbiObject refs[TRACE_REFS];
  int fault;

  event->call = id;
  if (!call->kernel->fault)
    return 0;
  memcpy(refs, event->refs, sizeof refs);
  describe(call, abi_call(id));
  fault = call->kernel->fault(event, call->kernel->fault_data);
  if (fault) {
    event->flags |= TRACE_INJECTED;
  } else {
    event->in_len = in_len; /* from here on the event shows what the handler reads */
    memcpy(event->refs, refs, sizeof refs);
  }
  return fault;
}

AbiCallId sim_call_find(SimCall *call, AbiKind kind) {
  const AbiCall *row = abi_find(kind, ABI_DRIVER_ANY, call->number);

  if (row)
    return row->id;
  sim_call_payload(call, &call->number, sizeof call->number);
  return ABI_UNKNOWN;
}

void sim_kernel_met(SimKernel *kernel, RuleId rule) {
  kernel->met[rule]++;
}

long sim_refuse(SimCall *call, int err, RuleId rule) {
  call->event->rule = (guint16)rule;
  call->kernel->met[rule]++;
  return -err;
}

void sim_met(SimCall *call, RuleId rule) {
  call->met = rule;
  call->kernel->met[rule]++;
}

long sim_notable(SimCall *call, long result, RuleId rule) {
  call->event->rule = (guint16)rule;
  call->event->flags |= TRACE_NOTABLE;
  call->kernel->met[rule]++;
  return result;
}

int sim_read(SimCall *call, guint64 addr, void *buf, gsize len) {
  SimKernel *kernel = call->kernel;

  if (kernel->port->read(kernel->port_data, call->task, addr, buf, len))
    return -EFAULT;
  if (addr == call->arg)
    sim_call_payload(call, buf, len);
  return 0;
}

int sim_write(SimCall *call, guint64 addr, const void *buf, gsize len) {
  SimKernel *kernel = call->kernel;

  if (kernel->port->write(kernel->port_data, call->task, addr, buf, len))
    return -EFAULT;
  if (addr == call->arg) {
    call->event->out_len = (guint8)MIN(len, TRACE_PAYLOAD);
    memcpy(call->event->out, buf, call->event->out_len);
  }
  return 0;
}

void sim_call_payload(SimCall *call, const void *payload, gsize len) {
  call->event->in_len = (guint8)MIN(len, TRACE_PAYLOAD);
  memmove(call->event->in, payload, call->event->in_len);
}

int sim_call_file(SimCall *call, int fd, guint ref, SimFile **file) {
  SimKernel *kernel = call->kernel;

  *file = NULL;
  if (kernel->port->file(kernel->port_data, call->task, fd, file))
    return -EBADF;
  if (*file)
    call->event->refs[ref] = sim_file_object(*file);
  return 0;
}

long sim_call_install(SimCall *call, SimFile *file) {
  SimKernel *kernel = call->kernel;
  AbiObject object = sim_file_object(file);
  int fd = kernel->port->install(kernel->port_data, call->task, file);

  if (fd < 0)
    sim_file_unref(file);
  else
    call->event->made = object;
  return fd;
}

gboolean sim_call_capable(SimCall *call, int cap) {
  return call->kernel->port->capable(call->kernel->port_data, call->task, cap);
}

gboolean sim_since(const SimKernel *kernel, guint major, guint minor) {
  return kernel->host->version >= SIM_VERSION(major, minor);
}

const SimHost *sim_host_of(const SimKernel *kernel) {
  return kernel->host;
}

const SimPort *sim_port_of(const SimKernel *kernel, gpointer *port_data) {
  *port_data = kernel->port_data;
  return kernel->port;
}

guint sim_page_shift(const SimKernel *kernel) {
  return kernel->host->page_shift;
}
