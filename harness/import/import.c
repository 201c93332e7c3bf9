/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/import/import.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "harness/import/memory.h"

#define HEX "0x%" G_GINT64_MODIFIER "x"

enum { IRQ_DATA_NONE = 1, IRQ_DATA = 7 }; /* include/uapi/linux/vfio.h: VFIO_IRQ_SET_DATA_* */

/* An open file of the recording. */
typedef struct {
  AbiObject object;
  gint32 fd; /* as recorded; -1: not known */
  char name[32];
} Handle;

typedef struct {
  const GArray *events;
  const SimHost *host;
  ImportMemory *memory;
  ImportCounts *counts;
  GString *out;
  GArray *handles; /* of Handle: those that are open, oldest first */
  guint serial;
} Import;

/* ---- reading ---- */

GArray *import_read(FILE *in, const char *path, GError **error) {
  g_autoptr(GArray) events = g_array_new(FALSE, FALSE, sizeof(TraceEvent));
  g_autofree char *line = NULL;
  size_t room = 0;
  ssize_t len;

  for (guint number = 1; (len = getline(&line, &room, in)) >= 0; number++) {
    TraceEvent event;

    if (len && line[len - 1] == '\n')
      line[--len] = 0;
    if (len == 0)
      continue;
    if (!trace_event_parse_json(line, len, &event, error)) {
      g_prefix_error(error, "%s:%u: ", path, number);
      return NULL;
    }
    g_array_append_val(events, event);
  }
  if (ferror(in)) {
    g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(errno), "%s: %s", path, g_strerror(errno));
    return NULL;
  }
  return g_steal_pointer(&events);
}

/* ---- the host ---- */

static gboolean has_group(const GArray *groups, guint64 number) {
  for (guint i = 0; i < groups->len; i++)
    if (g_array_index(groups, guint64, i) == number)
      return TRUE;
  return FALSE;
}

/* "group 7: 0000:01:00.0 ...": the devices it gave; without one, an invented one, since a group has a device. */
static void print_group(Import *import, guint64 number) {
  g_autoptr(GHashTable) seen = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);

  g_string_append_printf(import->out, "  group %" G_GUINT64_FORMAT ":", number);
  for (guint i = 0; i < import->events->len; i++) {
    const TraceEvent *event = &g_array_index(import->events, TraceEvent, i);

    if (event->call == ABI_GET_DEVICE_FD && event->object.id == number && event->made.kind == ABI_DEVICE &&
        g_hash_table_add(seen, g_memdup2(&event->made.id, sizeof event->made.id))) {
      g_string_append_c(import->out, ' ');
      abi_bdf_print(import->out, event->made.id);
    }
  }
  if (!g_hash_table_size(seen))
    g_string_append_printf(import->out, " %04x:ff:00.0", (guint)number & 0xffff);
  g_string_append_c(import->out, '\n');
}

static void print_groups(Import *import) {
  g_autoptr(GArray) groups = g_array_new(FALSE, FALSE, sizeof(guint64));

  for (guint i = 0; i < import->events->len; i++) {
    const TraceEvent *event = &g_array_index(import->events, TraceEvent, i);
    guint64 number = event->object.id;

    if (event->call == ABI_OPEN && event->object.kind == ABI_GROUP && event->result != -ENOENT &&
        number <= G_MAXINT32 && !sim_host_group(import->host, (guint)number) && !has_group(groups, number)) {
      g_array_append_val(groups, number);
      print_group(import, number);
    }
  }
}

/* ---- handles ---- */

/* The one that is that object by that fd, or else the newest: without it two opens of one object are not told apart.
 * NULL: none. */
static const char *handle_by_fd(const Import *import, AbiObject object, gint32 fd) {
  const char *newest = NULL;

  for (guint i = import->handles->len; i-- > 0;) {
    const Handle *handle = &g_array_index(import->handles, Handle, i);

    if (handle->object.kind != object.kind || handle->object.id != object.id)
      continue;
    if (handle->fd == fd)
      return handle->name;
    if (!newest)
      newest = handle->name;
  }
  return newest;
}

static const char *handle_of(const Import *import, AbiObject object) {
  return handle_by_fd(import, object, -1);
}

static const char *handle_new(Import *import, AbiObject object, gint64 fd) {
  Handle handle = {.object = object, .fd = fd > 0 ? (gint32)fd : -1};

  g_snprintf(handle.name, sizeof handle.name, "%s-%u", abi_kind_name(object.kind), import->serial++);
  g_array_append_val(import->handles, handle);
  return g_array_index(import->handles, Handle, import->handles->len - 1).name;
}

static void handle_close(Import *import, AbiObject object) {
  for (guint i = import->handles->len; i-- > 0;) {
    const Handle *handle = &g_array_index(import->handles, Handle, i);

    if (handle->object.kind == object.kind && handle->object.id == object.id) {
      g_array_remove_index(import->handles, i);
      return;
    }
  }
}

/* ---- what cannot be said ---- */

static gboolean has_field(const TraceEvent *event, const AbiField *field) {
  return field && field->offset + field->size <= event->in_len;
}

static guint64 in_field(const TraceEvent *event, const char *name) {
  const AbiField *field = abi_field(abi_call(event->call), name);
  return has_field(event, field) ? abi_get(field, event->in, event->in_len) : 0;
}

static gboolean is_plain_text(const TraceEvent *event) {
  gsize len = strnlen((const char *)event->in, event->in_len);

  for (gsize i = 0; i < len; i++)
    if (!g_ascii_isprint(event->in[i]) || event->in[i] == '"')
      return FALSE;
  return len > 0 && len < event->in_len;
}

/* NULL: it can be said. */
static const char *trouble(const Import *import, const TraceEvent *event) {
  const AbiCall *call = abi_call(event->call);

  if (event->object.kind == ABI_GUEST)
    return "a guest's call";
  if (event->process != 1)
    return "made by another process than the first";
  if (event->flags & TRACE_INJECTED)
    return "answered by a fault, not by the kernel";
  if (event->result < 0 && (event->result <= -4096 || !abi_errno_name((int)-event->result)))
    return "an errno without a name";
  if (event->call != ABI_OPEN && event->made.kind != ABI_NONE && event->made.kind != call->returns)
    return "no such call makes what it is said to have made";
  if (event->call != ABI_OPEN && !handle_of(import, event->object))
    return "on what was opened before the recording began";
  if (event->call == ABI_OPEN && event->object.kind != ABI_CONTAINER && event->object.kind != ABI_GROUP &&
      event->object.kind != ABI_KVM)
    return "a node of another kind";
  if (event->call == ABI_WRITE)
    return "what was written is not in a recording";
  if (event->call == ABI_READ && in_field(event, "size") > 1 << 20)
    return "too long for a line";
  if (event->call == ABI_MMAP && in_field(event, "size") == 0)
    return "a mapping of nothing";
  if (event->call == ABI_SET_IRQS && in_field(event, "count") && (in_field(event, "flags") & IRQ_DATA) != IRQ_DATA_NONE)
    return "what follows the struct is not in a recording";
  if ((event->call == ABI_HOT_RESET && in_field(event, "count")) || event->call == ABI_DEVICE_FEATURE ||
      event->call == ABI_DIRTY_PAGES)
    return "what follows the struct is not in a recording";
  if (event->call == ABI_IOEVENTFD && event->result >= 0)
    return "an eventfd is no handle";
  if (call->arg == ABI_ARG_STRING && event->result != -EFAULT && !is_plain_text(event))
    return "a name that cannot be written";
  return NULL;
}

/* ---- lines ---- */

static void print_fd(Import *import, const TraceEvent *event, const AbiField *field, guint ref) {
  AbiObject object = ref < TRACE_REFS ? event->refs[ref] : (AbiObject){ABI_NONE, 0};
  gint32 fd = (gint32)abi_get(field, event->in, event->in_len);
  const char *handle = object.kind != ABI_NONE ? handle_by_fd(import, object, fd) : NULL;

  if (handle)
    g_string_append(import->out, handle);
  else if (fd < 0)
    g_string_append_printf(import->out, "%d", fd);
  else /* an fd that was not open, or a file of another kind */
    g_string_append(import->out, event->result == -EBADF ? "none" : "stdin");
}

static void print_number(GString *out, const AbiField *field, guint64 value) {
  g_string_append_printf(out, field->format == ABI_DEC ? "%" G_GUINT64_FORMAT : HEX, value);
}

/* The fields as the call was made: those that are 0 are left out. */
static void print_in_fields(Import *import, const TraceEvent *event, const AbiCall *call) {
  guint ref = 0;

  for (guint i = 0; i < call->n_fields; i++) {
    const AbiField *field = &call->fields[i];
    guint64 value;

    if (field->format == ABI_FD && !(field->dir & ABI_IN))
      continue;
    if (field->format == ABI_STR) {
      g_string_append_printf(import->out, " %s \"%s\"", field->name, (const char *)event->in);
      continue;
    }
    if (!has_field(event, field))
      continue;
    value = abi_get(field, event->in, event->in_len);
    if (field->format == ABI_FD) {
      g_string_append_printf(import->out, " %s ", field->name);
      print_fd(import, event, field, ref++);
    } else if (value || strcmp(field->name, "argsz") == 0) {
      g_string_append_printf(import->out, " %s ", field->name);
      if (import_is_address(field))
        import_memory_print_address(import->memory, value, event->result == -EFAULT, import->out);
      else
        print_number(import->out, field, value);
    }
  }
}

/* What the kernel left, as far as argsz let it. */
static void print_out_fields(Import *import, const TraceEvent *event, const AbiCall *call) {
  const AbiField *argsz = abi_field(call, "argsz");
  guint64 limit = argsz ? MIN(in_field(event, "argsz"), event->out_len) : event->out_len;

  for (guint i = 0; i < call->n_fields; i++) {
    const AbiField *field = &call->fields[i];

    if (!(field->dir & ABI_OUT) || field->format == ABI_FD || field->offset + field->size > limit)
      continue;
    g_string_append_printf(import->out, " %s ", field->name);
    print_number(import->out, field, abi_get(field, event->out, event->out_len));
  }
}

static void print_result(GString *out, const TraceEvent *event, gboolean fd) {
  if (event->result < 0)
    g_string_append_printf(out, " = -1 %s", abi_errno_name((int)-event->result));
  else if (fd)
    g_string_append(out, " = fd");
  else
    g_string_append_printf(out, " = %" G_GINT64_FORMAT, event->result);
}

static void print_open(Import *import, const TraceEvent *event) {
  GString *out = import->out;

  g_string_append_printf(out, "open %s", abi_kind_name(event->object.kind));
  if (event->object.kind == ABI_GROUP)
    g_string_append_printf(out, " %" G_GUINT64_FORMAT, event->object.id);
  g_string_append_printf(out, " as %s",
                         event->result < 0 ? "refused" : handle_new(import, event->object, event->result));
  print_result(out, event, TRUE);
}

static void print_ioctl(Import *import, const TraceEvent *event, const AbiCall *call) {
  gboolean pointer = call->arg == ABI_ARG_STRUCT || call->arg == ABI_ARG_STRING;
  GString *out = import->out;

  g_string_append_printf(out, "%s %s", handle_of(import, event->object), call->name);
  if (pointer && event->result == -EFAULT && (!event->in_len || call->arg == ABI_ARG_STRING)) {
    g_string_append(out, " at bad-pointer");
  } else if (call->arg == ABI_ARG_VALUE) {
    g_string_append_printf(out, " %s ", call->fields[0].name);
    print_number(out, &call->fields[0], event->arg);
  } else if (pointer && event->in_len) {
    print_in_fields(import, event, call);
  }
  if (event->made.kind != ABI_NONE)
    g_string_append_printf(out, " as %s", handle_new(import, event->made, event->result));
  print_result(out, event, event->made.kind != ABI_NONE && !abi_field(call, "fd"));
  if (event->result >= 0)
    print_out_fields(import, event, call);
}

static void print_call(Import *import, const TraceEvent *event) {
  const AbiCall *call = abi_call(event->call);
  GString *out = import->out;

  switch (event->call) {
  case ABI_OPEN:
    print_open(import, event);
    break;
  case ABI_CLOSE:
    g_string_append_printf(out, "close %s", handle_of(import, event->object));
    handle_close(import, event->object);
    break;
  case ABI_UNKNOWN:
    g_string_append_printf(out, "%s ioctl " HEX, handle_of(import, event->object), in_field(event, "number"));
    print_result(out, event, FALSE);
    break;
  case ABI_READ:
  case ABI_MMAP:
    g_string_append_printf(out, "%s %s", handle_of(import, event->object), event->call == ABI_READ ? "read" : "mmap");
    if (event->call == ABI_READ)
      g_string_append_printf(out, " offset " HEX, in_field(event, "offset"));
    g_string_append_printf(out, " size " HEX, in_field(event, "size"));
    if (event->call == ABI_MMAP)
      g_string_append_printf(out, " offset " HEX, in_field(event, "offset"));
    print_result(out, event, FALSE);
    break;
  default:
    print_ioctl(import, event, call);
    break;
  }
  g_string_append_c(out, '\n');
}

static void print_event(Import *import, const TraceEvent *event) {
  const char *why = trouble(import, event);

  if (why) {
    g_string_append_printf(import->out, "# left out, %s: ", why);
    abi_object_print(import->out, event->object);
    g_string_append_printf(import->out, " %s\n", abi_call(event->call)->name);
    import->counts->n_left_out++;
    return;
  }
  import_memory_print_hole(import->memory, event, import->out);
  print_call(import, event);
  import->counts->n_calls++;
}

char *import_scenario(const GArray *events, const char *host_name, const SimHost *host, ImportCounts *counts) {
  g_autoptr(ImportMemory) memory = import_memory_new(events, G_GUINT64_CONSTANT(1) << host->page_shift);
  g_autoptr(GArray) handles = g_array_new(FALSE, FALSE, sizeof(Handle));
  Import import = {.events = events, .host = host, .memory = memory, .counts = counts, .handles = handles};

  *counts = (ImportCounts){0};
  import.out = g_string_new("# Recorded calls and their answers.\n");
  g_string_append_printf(import.out, strpbrk(host_name, " #\"") ? "host \"%s\"\n" : "host %s\n", host_name);
  print_groups(&import);
  import_memory_print_buffers(memory, import.out);
  for (guint i = 0; i < events->len; i++)
    print_event(&import, &g_array_index(events, TraceEvent, i));
  return g_string_free(import.out, FALSE);
}
