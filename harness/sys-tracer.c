/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/sys-tracer.h"

#include <errno.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

typedef struct {
  guint refs; /* fds */
  AbiObject object;
  AbiDriver driver; /* containers: as SET_IOMMU chose it */
} File;

struct SysTracer {
  VfioSys sys; /* what the subject is given */
  const VfioSys *kernel;
  const SysNames *names;
  Trace *trace;
  SimFaultFunc fault;
  gpointer fault_data;
  GHashTable *files;                       /* GINT fd -> File* */
  GHashTable *mappings;                    /* address -> File*: it stays open for them */
  guint64 n_containers, n_vms, n_kvm_vfio; /* serials given out */
};

/* ---- fds ---- */

static void file_unref(gpointer data) {
  File *file = data;
  if (--file->refs == 0)
    g_free(file);
}

static File *file_of(const SysTracer *tracer, int fd) {
  return g_hash_table_lookup(tracer->files, GINT_TO_POINTER(fd));
}

static void file_add(SysTracer *tracer, int fd, AbiObject object) {
  File *file = g_new0(File, 1);
  file->refs = 1;
  file->object = object;
  g_hash_table_replace(tracer->files, GINT_TO_POINTER(fd), file);
}

gboolean sys_tracer_has(const SysTracer *tracer, int fd) {
  return file_of(tracer, fd) != NULL;
}

gboolean sys_tracer_wants(const SysTracer *tracer, int fd, guint32 number) {
  const File *file = file_of(tracer, fd);
  const AbiCall *call;

  if (!file)
    return FALSE;
  switch (file->object.kind) {
  case ABI_KVM:
  case ABI_VM:
  case ABI_VCPU:
    call = abi_find(file->object.kind, file->driver, number);
    return call && call->id != ABI_RUN;
  default:
    return TRUE;
  }
}

void sys_tracer_dup(SysTracer *tracer, int fd, int copy) {
  File *file = file_of(tracer, fd);
  if (!file)
    return;
  file->refs++;
  g_hash_table_replace(tracer->files, GINT_TO_POINTER(copy), file);
}

int sys_tracer_fd(const SysTracer *tracer, AbiObject object) {
  GHashTableIter iter;
  gpointer fd, value;

  g_hash_table_iter_init(&iter, tracer->files);
  while (g_hash_table_iter_next(&iter, &fd, &value)) {
    const File *file = value;
    if (file->object.kind == object.kind && file->object.id == object.id)
      return GPOINTER_TO_INT(fd);
  }
  return -1;
}

/* ---- the caller's memory: a bad pointer is the kernel's to refuse, not a crash here ---- */

static gsize copy_from(guint64 address, void *buf, gsize len) {
  struct iovec local = {.iov_base = buf, .iov_len = len};
  struct iovec remote = {.iov_base = (void *)(guintptr)address, .iov_len = len};
  ssize_t n = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
  return n < 0 ? 0 : (gsize)n;
}

/* ---- events ---- */

static TraceEvent *event_new(SysTracer *tracer, AbiCallId call, AbiObject object) {
  TraceEvent *event = trace_add(tracer->trace);

  event->process = 1;
  event->call = call;
  event->object = object;
  return event;
}

static void event_payload(TraceEvent *event, const void *payload, gsize len) {
  event->in_len = (guint8)MIN(len, TRACE_PAYLOAD);
  memcpy(event->in, payload, event->in_len);
}

/* The fault's -errno, or 0. */
static int ask_fault(SysTracer *tracer, TraceEvent *event) {
  int answer = tracer->fault ? tracer->fault(event, tracer->fault_data) : 0;

  if (answer) {
    event->flags |= TRACE_INJECTED;
    event->result = answer;
  }
  return answer;
}

/* ---- open, close, links ---- */

/* What a path opens; kind ABI_NONE: nothing that is traced. */
static AbiObject path_object(SysTracer *tracer, const char *path) {
  AbiObject object = {ABI_NONE, 0};
  const char *rest;
  char *end;

  if (strcmp(path, "/dev/vfio/vfio") == 0)
    return (AbiObject){ABI_CONTAINER, tracer->n_containers + 1};
  if (strcmp(path, "/dev/kvm") == 0)
    return (AbiObject){ABI_KVM, 0};
  if (g_str_has_prefix(path, "/dev/vfio/")) {
    rest = path + strlen("/dev/vfio/");
    if (g_str_has_prefix(rest, "noiommu-"))
      rest += strlen("noiommu-");
    object.id = g_ascii_strtoull(rest, &end, 10);
    object.kind = end != rest && *end == 0 ? ABI_GROUP : ABI_NONE;
  }
  return object;
}

static int tracer_open(gpointer data, const char *path, int flags) {
  SysTracer *tracer = data;
  const SysNames *names = tracer->names;
  g_autofree char *real = names ? names->path(names->data, path) : g_strdup(path);
  AbiObject object = path_object(tracer, path);

  if (object.kind == ABI_NONE)
    return tracer->kernel->open(tracer->kernel->data, real, flags);
  TraceEvent *event = event_new(tracer, ABI_OPEN, object);
  int fd = ask_fault(tracer, event);
  if (!fd)
    fd = tracer->kernel->open(tracer->kernel->data, real, flags);
  event->result = MIN(fd, 0);
  if (fd >= 0) {
    event->made = object;
    file_add(tracer, fd, object);
    tracer->n_containers += object.kind == ABI_CONTAINER;
  }
  return fd;
}

/* The model traces a close when the open file goes, not when one of its fds or mappings does. */
static void note_last(SysTracer *tracer, const File *file) {
  if (file && file->refs == 1)
    event_new(tracer, ABI_CLOSE, file->object);
}

static int tracer_close(gpointer data, int fd) {
  SysTracer *tracer = data;

  note_last(tracer, file_of(tracer, fd));
  g_hash_table_remove(tracer->files, GINT_TO_POINTER(fd));
  return tracer->kernel->close(tracer->kernel->data, fd);
}

static ssize_t tracer_readlink(gpointer data, const char *path, char *buf, gsize len) {
  SysTracer *tracer = data;
  const SysNames *names = tracer->names;
  char text[4096];

  if (!names)
    return tracer->kernel->readlink(tracer->kernel->data, path, buf, len);
  g_autofree char *real = names->path(names->data, path);
  ssize_t n = tracer->kernel->readlink(tracer->kernel->data, real, text, sizeof text - 1);
  if (n < 0)
    return n;
  text[n] = 0;
  g_autofree char *seen = names->link(names->data, text);
  const char *answer = seen ? seen : text;
  gsize size = MIN(strlen(answer), len);
  memcpy(buf, answer, size);
  return (ssize_t)size;
}

/* ---- ioctl ---- */

/* kvm_device_attr of group KVM_DEV_VFIO_GROUP: which call it is, and where that one's payload lies. */
static AbiCallId attribute_call(const guint8 *attr, guint64 *address) {
  static const AbiCallId calls[] = {ABI_SET_DEVICE_ATTR, ABI_GROUP_ADD, ABI_GROUP_DEL, ABI_SET_SPAPR_TCE};
  const AbiCall *set = abi_call(ABI_SET_DEVICE_ATTR);
  guint64 which = abi_get(abi_field(set, "attr"), attr, set->size);

  if (abi_get(abi_field(set, "group"), attr, set->size) != 1 || which == 0 || which >= G_N_ELEMENTS(calls))
    return ABI_SET_DEVICE_ATTR;
  *address = abi_get(abi_field(set, "addr"), attr, set->size);
  return calls[which];
}

/* Fills what is known before the call is made. Returns where the payload lies, 0: nowhere. */
static guint64 describe(SysTracer *tracer, File *file, TraceEvent *event, guint32 number, guint64 arg) {
  const AbiCall *call = abi_find(file->object.kind, file->driver, number);
  guint8 payload[TRACE_PAYLOAD];
  guint64 address = 0;
  guint ref = 0;

  event->arg = arg;
  event->call = call ? call->id : ABI_UNKNOWN;
  if (!call) {
    event_payload(event, &number, sizeof number);
    return 0;
  }
  if (call->arg == ABI_ARG_STRUCT) {
    address = arg;
    event_payload(event, payload, copy_from(address, payload, MIN(call->size, TRACE_PAYLOAD)));
    if (call->id == ABI_SET_DEVICE_ATTR && event->in_len == call->size) {
      event->call = attribute_call(event->in, &address);
      call = abi_call(event->call);
      if (call->id != ABI_SET_DEVICE_ATTR)
        event_payload(event, payload, copy_from(address, payload, call->size));
    }
  } else if (call->arg == ABI_ARG_VALUE) {
    event_payload(event, &arg, sizeof arg);
  } else if (call->arg == ABI_ARG_STRING) {
    memset(payload, 0, sizeof payload);
    const gsize len = strnlen((const char *)payload, copy_from(arg, payload, sizeof payload));
    event_payload(event, payload, MIN(len + 1, sizeof payload));
  }
  for (guint i = 0; i < call->n_fields && ref < TRACE_REFS; i++)
    if (call->fields[i].format == ABI_FD && (call->fields[i].dir & ABI_IN)) {
      File *named = file_of(tracer, (gint32)abi_get(&call->fields[i], event->in, event->in_len));
      if (named)
        event->refs[ref] = named->object;
      ref++;
    }
  return address;
}

static AbiObject made_object(SysTracer *tracer, const AbiCall *call, const TraceEvent *event, const char *device) {
  AbiObject made = {call->returns, 0};

  switch (call->returns) {
  case ABI_DEVICE:
    if (!device || !abi_bdf_parse(device, &made.id))
      made.kind = ABI_NONE;
    break;
  case ABI_VM:
    made.id = ++tracer->n_vms;
    break;
  case ABI_VCPU:
    made.id = event->arg;
    break;
  case ABI_KVM_VFIO:
    made.id = ++tracer->n_kvm_vfio;
    break;
  case ABI_TABLE:
    made.id = abi_get(abi_field(call, "liobn"), event->in, event->in_len);
    break;
  default:
    break;
  }
  return made;
}

/* KVM_CREATE_DEVICE_TEST asks whether a device could be made; and KVM has devices of other types. */
static gboolean makes_nothing(const TraceEvent *event) {
  guint64 type, flags;
  return event->call == ABI_CREATE_DEVICE && trace_event_field(event, "type", &type) &&
         trace_event_field(event, "flags", &flags) && (type != KVM_DEV_TYPE_VFIO || (flags & KVM_CREATE_DEVICE_TEST));
}

/* What the call changed: its payload, the fd it made, the container's driver. */
static void note_answer(SysTracer *tracer, File *file, TraceEvent *event, guint64 address, const char *device) {
  const AbiCall *call = abi_call(event->call);
  gint32 fd = (gint32)event->result;

  if (address && call->arg == ABI_ARG_STRUCT)
    event->out_len = (guint8)copy_from(address, event->out, MIN(call->size, TRACE_PAYLOAD));
  if (event->result < 0)
    return;
  if (call->id == ABI_SET_IOMMU)
    file->driver = event->arg == 2 || event->arg == 7 ? ABI_DRIVER_SPAPR : ABI_DRIVER_TYPE1;
  if (call->returns == ABI_NONE || makes_nothing(event))
    return;
  if (abi_field(call, "fd"))
    fd = (gint32)abi_get(abi_field(call, "fd"), event->out, event->out_len);
  event->made = made_object(tracer, call, event, device);
  if (event->made.kind != ABI_NONE)
    file_add(tracer, fd, event->made);
}

static long tracer_ioctl(gpointer data, int fd, unsigned long request, guintptr arg) {
  SysTracer *tracer = data;
  File *file = file_of(tracer, fd);
  g_autofree char *device = NULL;
  g_autofree char *real = NULL;
  char name[64] = "";

  if (!file)
    return tracer->kernel->ioctl(tracer->kernel->data, fd, request, arg);
  TraceEvent *event = event_new(tracer, ABI_UNKNOWN, file->object);
  guint64 address = describe(tracer, file, event, (guint32)request, arg);
  if (ask_fault(tracer, event))
    return (long)event->result;
  if (event->call == ABI_GET_DEVICE_FD && copy_from(arg, name, sizeof name - 1) > 0) {
    device = g_strndup(name, sizeof name - 1);
    real = tracer->names ? tracer->names->device(tracer->names->data, device) : NULL;
  }
  event->result = tracer->kernel->ioctl(tracer->kernel->data, fd, request, real ? (guintptr)real : arg);
  note_answer(tracer, file, event, address, device);
  return (long)event->result;
}

/* ---- hypercalls ---- */

void sys_tracer_hypercall(SysTracer *tracer, guint vm, guint64 nr, const guint64 args[4], guint64 value, long result) {
  const AbiCallId id = abi_hcall(nr);
  TraceEvent *event = event_new(tracer, id, (AbiObject){ABI_GUEST, vm});

  event->process = 0; /* a guest's */
  event_payload(event, args, 4 * sizeof args[0]);
  event->result = result;
  if (id == ABI_H_GET_TCE && result == 0) {
    memcpy(event->out, event->in, event->in_len);
    memcpy(event->out + abi_field(abi_call(id), "value")->offset, &value, sizeof value);
    event->out_len = event->in_len;
  }
}

/* ---- the rest ---- */

/* The event of a READ, WRITE or MMAP, or NULL if the fd is none of ours. */
static TraceEvent *begin_transfer(SysTracer *tracer, int fd, AbiCallId call, guint64 offset, gsize len) {
  const guint64 payload[2] = {offset, len};
  File *file = file_of(tracer, fd);
  TraceEvent *event;

  if (!file)
    return NULL;
  event = event_new(tracer, call, file->object);
  event_payload(event, payload, sizeof payload);
  return event;
}

static ssize_t tracer_pread(gpointer data, int fd, void *buf, gsize len, guint64 offset) {
  SysTracer *tracer = data;
  TraceEvent *event = begin_transfer(tracer, fd, ABI_READ, offset, len);

  if (event && ask_fault(tracer, event))
    return (ssize_t)event->result;
  ssize_t n = tracer->kernel->pread(tracer->kernel->data, fd, buf, len, offset);
  if (event)
    event->result = n;
  return n;
}

static ssize_t tracer_pwrite(gpointer data, int fd, const void *buf, gsize len, guint64 offset) {
  SysTracer *tracer = data;
  TraceEvent *event = begin_transfer(tracer, fd, ABI_WRITE, offset, len);

  if (event && ask_fault(tracer, event))
    return (ssize_t)event->result;
  ssize_t n = tracer->kernel->pwrite(tracer->kernel->data, fd, buf, len, offset);
  if (event)
    event->result = n;
  return n;
}

static int tracer_mmap(gpointer data, int fd, gsize len, int prot, guint64 offset, void **memory) {
  SysTracer *tracer = data;
  TraceEvent *event = begin_transfer(tracer, fd, ABI_MMAP, offset, len);

  *memory = NULL;
  if (event && ask_fault(tracer, event))
    return (int)event->result;
  int result = tracer->kernel->mmap(tracer->kernel->data, fd, len, prot, offset, memory);
  if (event)
    event->result = result;
  if (event && result >= 0) {
    File *file = file_of(tracer, fd);
    file->refs++;
    g_hash_table_replace(tracer->mappings, *memory, file);
  }
  return result;
}

static int tracer_munmap(gpointer data, void *memory, gsize len) {
  SysTracer *tracer = data;

  note_last(tracer, g_hash_table_lookup(tracer->mappings, memory));
  g_hash_table_remove(tracer->mappings, memory);
  return tracer->kernel->munmap(tracer->kernel->data, memory, len);
}

static int tracer_eventfd(gpointer data) {
  SysTracer *tracer = data;
  return tracer->kernel->eventfd(tracer->kernel->data);
}

static int tracer_eventfd_read(gpointer data, int fd, guint64 *count) {
  SysTracer *tracer = data;
  return tracer->kernel->eventfd_read(tracer->kernel->data, fd, count);
}

static int tracer_eventfd_close(gpointer data, int fd) {
  SysTracer *tracer = data;
  return tracer->kernel->eventfd_close(tracer->kernel->data, fd);
}

static gsize tracer_page_size(gpointer data) {
  SysTracer *tracer = data;
  return tracer->kernel->page_size(tracer->kernel->data);
}

SysTracer *sys_tracer_new(const VfioSys *sys, const SysNames *names, Trace *trace) {
  SysTracer *tracer = g_new0(SysTracer, 1);

  tracer->sys = (VfioSys){.data = tracer,
                          .open = tracer_open,
                          .close = tracer_close,
                          .ioctl = tracer_ioctl,
                          .pread = tracer_pread,
                          .pwrite = tracer_pwrite,
                          .mmap = tracer_mmap,
                          .munmap = tracer_munmap,
                          .readlink = tracer_readlink,
                          .eventfd = tracer_eventfd,
                          .eventfd_read = tracer_eventfd_read,
                          .eventfd_close = tracer_eventfd_close,
                          .page_size = tracer_page_size};
  tracer->kernel = sys;
  tracer->names = names;
  tracer->trace = trace;
  tracer->files = g_hash_table_new_full(NULL, NULL, NULL, file_unref);
  tracer->mappings = g_hash_table_new_full(NULL, NULL, NULL, file_unref);
  return tracer;
}

void sys_tracer_free(SysTracer *tracer) {
  if (!tracer)
    return;
  g_hash_table_unref(tracer->files);
  g_hash_table_unref(tracer->mappings);
  g_free(tracer);
}

const VfioSys *sys_tracer_sys(SysTracer *tracer) {
  return &tracer->sys;
}

void sys_tracer_set_fault(SysTracer *tracer, SimFaultFunc fault, gpointer data) {
  tracer->fault = fault;
  tracer->fault_data = data;
}
