/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Open file descriptions, and the system calls that are made on them. */
#include "sim/kernel/internal.h"

struct SimFile {
  guint refs;
  SimKernel *kernel;
  const SimFileOps *ops;
  guint64 id;
  gpointer object;
  gpointer data; /* the gate's */
};

SimFile *sim_file_new(SimKernel *kernel, const SimFileOps *ops, guint64 id, gpointer object) {
  SimFile *file = g_new(SimFile, 1);

  *file = (SimFile){.refs = 1, .kernel = kernel, .ops = ops, .id = id, .object = object};
  return file;
}

SimFile *sim_file_ref(SimFile *file) {
  file->refs++;
  return file;
}

void sim_file_unref(SimFile *file) {
  if (--file->refs)
    return;
  if (file->ops->release)
    file->ops->release(file, file->object);
  g_free(file);
}

AbiKind sim_file_kind(const SimFile *file) {
  return file->ops->kind;
}

gpointer sim_file_get(const SimFile *file, AbiKind kind) {
  return file->ops->kind == kind ? file->object : NULL;
}

AbiObject sim_file_object(const SimFile *file) {
  return (AbiObject){.kind = file->ops->kind, .id = file->id};
}

SimKernel *sim_file_kernel(const SimFile *file) {
  return file->kernel;
}

void sim_file_set_data(SimFile *file, gpointer data) {
  file->data = data;
}

gpointer sim_file_data(const SimFile *file) {
  return file->data;
}

void sim_file_close(SimFile *file, gpointer task) {
  SimCall call;

  sim_call_begin(&call, file->kernel, file, task, sim_file_object(file));
  call.event->call = ABI_CLOSE;
  if (file->kernel->port->exiting && file->kernel->port->exiting(file->kernel->port_data, task))
    call.event->flags |= TRACE_AT_EXIT;
  sim_call_end(&call, 0);
  if (file->refs > 1 && file->ops->kept)
    file->ops->kept(file, file->object);
  sim_file_unref(file);
}

long sim_ioctl(SimFile *file, gpointer task, guint32 number, guint64 arg) {
  SimCall call;

  sim_call_begin(&call, file->kernel, file, task, sim_file_object(file));
  call.number = number;
  call.arg = arg;
  call.event->arg = arg;
  return sim_call_end(&call, file->ops->ioctl(&call, file->object));
}

/* The payload of READ, WRITE and MMAP as the ABI table lays it out. */
static long begin_transfer(SimCall *call, SimFile *file, gpointer task, AbiCallId id, guint64 offset, gsize len) {
  guint64 payload[2] = {offset, len};

  sim_call_begin(call, file->kernel, file, task, sim_file_object(file));
  sim_call_payload(call, payload, sizeof payload);
  return sim_call_is(call, id);
}

ssize_t sim_pread(SimFile *file, gpointer task, void *buf, gsize len, guint64 offset) {
  SimCall call;
  long result = begin_transfer(&call, file, task, ABI_READ, offset, len);

  if (!result)
    result = file->ops->pread ? file->ops->pread(&call, file->object, buf, len, offset) : -EINVAL;
  return sim_call_end(&call, result);
}

ssize_t sim_pwrite(SimFile *file, gpointer task, const void *buf, gsize len, guint64 offset) {
  SimCall call;
  long result = begin_transfer(&call, file, task, ABI_WRITE, offset, len);

  if (!result)
    result = file->ops->pwrite ? file->ops->pwrite(&call, file->object, buf, len, offset) : -EINVAL;
  return sim_call_end(&call, result);
}

int sim_mmap(SimFile *file, gpointer task, gsize len, int prot, gboolean shared, guint64 offset, void **memory) {
  SimCall call;
  long result = begin_transfer(&call, file, task, ABI_MMAP, offset, len);

  *memory = NULL;
  if (!result)
    result = file->ops->mmap ? file->ops->mmap(&call, file->object, len, prot, shared, offset, memory) : -ENODEV;
  return (int)sim_call_end(&call, result);
}
