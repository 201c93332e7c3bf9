/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/raw.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/raw-memory.h"
#include "harness/subject-proxy.h"

enum {
  RAW_PAYLOAD = 4096,    /* what follows a struct reads as 0, and an answer longer than the struct has room */
  RAW_TRANSFER = 1 << 20 /* largest read or write */
};

/* One process of the scenario. */
typedef struct {
  const RawSys *raw;
  const VfioSys *sys;
  GHashTable *handles; /* char* -> GINT fd */
  Subject *proxy;      /* a real child: it is asked instead */
} Process;

typedef struct {
  Subject subject;
  const Scenario *scenario;
  RawMemory *memory;
  Process *processes[SCENARIO_MAX_PROCESSES];
  guint current;
  gboolean served; /* this is a child: `process` statements are its parent's business */
} Raw;

/* ---- libc ---- */

static int libc_dup(const RawSys *raw, int fd) {
  int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  return copy < 0 ? -errno : copy;
}

const RawSys *raw_sys_libc(void) {
  static const RawSys libc = {.dup = libc_dup};
  return &libc;
}

/* ---- processes ---- */

static Process *process_new(const RawSys *raw) {
  Process *process = g_new0(Process, 1);
  process->raw = raw;
  process->sys = raw->sys ? raw->sys : vfio_sys_libc();
  process->handles = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  return process;
}

static void process_free(Process *process) {
  if (process->proxy)
    process->proxy->free(process->proxy);
  g_hash_table_unref(process->handles);
  g_free(process);
}

/* A fork takes the handles along: the numbers are the same. */
static Process *process_inherit(const Process *parent, const RawSys *raw) {
  Process *process = process_new(raw);
  GHashTableIter iter;
  gpointer name, fd;

  g_hash_table_iter_init(&iter, parent->handles);
  while (g_hash_table_iter_next(&iter, &name, &fd))
    g_hash_table_insert(process->handles, g_strdup(name), fd);
  return process;
}

static void serve_child(Raw *raw, guint serial, int fd) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  raw->served = TRUE;
  raw->current = serial;
  raw->processes[serial] = process_inherit(raw->processes[0], raw->processes[0]->raw);
  subject_serve(fd, &raw->subject, raw->scenario);
  _exit(0);
}

static gboolean process_fork(Raw *raw, guint serial, SubjectReply *reply) {
  const RawSys *parent = raw->processes[0]->raw;
  g_autoptr(GError) error = NULL;
  int pair[2];

  if (parent->fork) {
    raw->processes[serial] = process_inherit(raw->processes[0], parent->fork(parent, serial));
    return TRUE;
  }
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
    g_snprintf(reply->message, sizeof reply->message, "cannot make a socket pair: %s", g_strerror(errno));
    return FALSE;
  }
  pid_t pid = fork();
  if (pid == 0) {
    close(pair[0]);
    serve_child(raw, serial, pair[1]);
  }
  close(pair[1]);
  if (pid < 0) {
    g_snprintf(reply->message, sizeof reply->message, "cannot fork: %s", g_strerror(errno));
    close(pair[0]);
    return FALSE;
  }
  Subject *proxy = subject_proxy_new(pair[0], pid, raw->scenario, raw->scenario->timeout_ms, &error);
  if (!proxy) {
    g_strlcpy(reply->message, error->message, sizeof reply->message);
    return FALSE;
  }
  raw->processes[serial] = process_new(parent);
  raw->processes[serial]->proxy = proxy;
  return TRUE;
}

/* ---- the arguments of a call ---- */

/* A handle that was not made is fd -1 to a call whose answer is not judged. */
static gboolean handle_fd(const Process *process, const ScenarioStmt *stmt, const char *name, int *fd,
                          SubjectReply *reply) {
  gpointer value;

  if (!g_hash_table_lookup_extended(process->handles, name, NULL, &value)) {
    *fd = -1;
    if (stmt->match.any_result)
      return TRUE;
    g_snprintf(reply->message, sizeof reply->message, "this process has no handle %s: the call that makes it failed",
               name);
    return FALSE;
  }
  *fd = GPOINTER_TO_INT(value);
  return TRUE;
}

static gboolean arg_value(Raw *raw, const ScenarioStmt *stmt, const ScenarioArg *arg, guint64 *value,
                          SubjectReply *reply) {
  guint64 base = 0;
  int fd = -1;

  switch (arg->kind) {
  case ARG_HANDLE:
    if (!handle_fd(raw->processes[raw->current], stmt, arg->name, &fd, reply))
      return FALSE;
    *value = (guint64)(gint64)fd;
    return TRUE;
  case ARG_STDIN:
    *value = STDIN_FILENO;
    return TRUE;
  case ARG_BUFFER:
    if (!raw_memory_address(raw->memory, arg->name, &base)) {
      g_snprintf(reply->message, sizeof reply->message, "there is no buffer %s", arg->name);
      return FALSE;
    }
    *value = base + arg->value;
    return TRUE;
  case ARG_BAD_ADDRESS:
    *value = raw_memory_bad_address(raw->memory) + arg->value;
    return TRUE;
  case ARG_NUMBER:
  case ARG_OBJECT:
  case ARG_TEXT:
    break;
  }
  *value = arg->value;
  return TRUE;
}

/* Fills the payload from the statement. */
static gboolean payload_fill(Raw *raw, const ScenarioStmt *stmt, const AbiCall *call, guint8 *payload,
                             const char **text, SubjectReply *reply) {
  const AbiField *argsz = abi_field(call, "argsz");
  guint64 value;

  if (argsz)
    abi_set(argsz, payload, RAW_PAYLOAD, call->size);
  for (guint i = 0; i < stmt->match.args->len; i++) {
    const ScenarioArg *arg = &g_array_index(stmt->match.args, ScenarioArg, i);
    if (arg->after)
      continue;
    if (arg->kind == ARG_TEXT) {
      *text = arg->name;
      continue;
    }
    if (!arg_value(raw, stmt, arg, &value, reply))
      return FALSE;
    abi_set(arg->field, payload, RAW_PAYLOAD, value);
  }
  return TRUE;
}

/* GROUP_ADD and its like are one ioctl, told apart by the attribute. include/uapi/linux/kvm.h: KVM_DEV_VFIO_GROUP */
static guint64 vfio_attribute(AbiCallId id) {
  switch (id) {
  case ABI_GROUP_ADD:
    return 1;
  case ABI_GROUP_DEL:
    return 2;
  case ABI_SET_SPAPR_TCE:
    return 3;
  default:
    return 0;
  }
}

static guint32 call_number(const AbiCall *call) {
#ifdef __powerpc__
  return call->nr_powerpc;
#else
  return call->nr_x86;
#endif
}

/* ---- answers ---- */

static gboolean result_expected(const ScenarioExpect *match, gint64 result) {
  if (match->any_result)
    return TRUE;
  return match->result_fd ? result >= 0 : result == match->result;
}

static void print_result(char *out, gsize size, gint64 result) {
  const char *name = result < 0 ? abi_errno_name((int)-result) : NULL;

  if (name)
    g_snprintf(out, size, "-1 %s", name);
  else
    g_snprintf(out, size, "%" G_GINT64_FORMAT, result);
}

/* Judges the result; FALSE: reply says what is wrong. */
static gboolean judge(const ScenarioStmt *stmt, gint64 result, SubjectReply *reply) {
  char got[32], wanted[32] = "a result >= 0";

  reply->result = result;
  if (result_expected(&stmt->match, result))
    return TRUE;
  reply->status = SUBJECT_REFUSED;
  reply->err = result < 0 ? (int)-result : 0;
  print_result(got, sizeof got, result);
  if (!stmt->match.result_fd)
    print_result(wanted, sizeof wanted, stmt->match.result);
  g_snprintf(reply->message, sizeof reply->message, "the answer is %s; expected is %s", got, wanted);
  return FALSE;
}

static void judge_fields(Raw *raw, const ScenarioStmt *stmt, const guint8 *payload, SubjectReply *reply) {
  guint64 wanted;

  for (guint i = 0; i < stmt->match.args->len; i++) {
    const ScenarioArg *arg = &g_array_index(stmt->match.args, ScenarioArg, i);
    if (!arg->after || arg->kind == ARG_TEXT)
      continue;
    reply->status = SUBJECT_REFUSED;
    if (!arg_value(raw, stmt, arg, &wanted, reply))
      return;
    guint64 got = abi_get(arg->field, payload, RAW_PAYLOAD);
    if (arg->field->size < 8)
      wanted &= ((guint64)1 << (arg->field->size * 8)) - 1;
    if (got != wanted) {
      reply->value = got;
      g_snprintf(reply->message, sizeof reply->message,
                 "the kernel left %s 0x%" G_GINT64_MODIFIER "x; expected is 0x%" G_GINT64_MODIFIER "x",
                 arg->field->name, got, wanted);
      return;
    }
    reply->status = SUBJECT_DONE;
  }
}

/* The fd that a call made: its result, or the struct's out-field; -1: none, as KVM_CREATE_DEVICE_TEST (flags 1) only
 * asks. */
static int made_fd(const AbiCall *call, const guint8 *payload, gint64 result) {
  if (call->id == ABI_CREATE_DEVICE && abi_get(abi_field(call, "flags"), payload, RAW_PAYLOAD) & 1)
    return -1;
  for (guint i = 0; i < call->n_fields; i++)
    if (call->fields[i].format == ABI_FD && call->fields[i].dir == ABI_OUT)
      return (int)abi_get(&call->fields[i], payload, RAW_PAYLOAD);
  return (int)result;
}

static void keep(Process *process, const char *name, int fd) {
  if (name && fd >= 0)
    g_hash_table_replace(process->handles, g_strdup(name), GINT_TO_POINTER(fd));
}

/* ---- statements ---- */

static void raw_open(Process *process, const ScenarioStmt *stmt, SubjectReply *reply) {
  const VfioSys *sys = process->sys;
  char path[32];

  switch (stmt->match.object.kind) {
  case ABI_GROUP:
    g_snprintf(path, sizeof path, "/dev/vfio/%" G_GUINT64_FORMAT, stmt->match.object.id);
    break;
  case ABI_KVM:
    g_strlcpy(path, "/dev/kvm", sizeof path);
    break;
  default:
    g_strlcpy(path, "/dev/vfio/vfio", sizeof path);
    break;
  }
  int fd = sys->open(sys->data, path, (stmt->readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC);
  if (judge(stmt, fd, reply))
    keep(process, stmt->as, fd);
}

static void raw_call(Raw *raw, Process *process, const ScenarioStmt *stmt, SubjectReply *reply) {
  const AbiCall *call = abi_call(stmt->match.call);
  const VfioSys *sys = process->sys;
  guint8 payload[RAW_PAYLOAD] = {0};
  guint64 bad = raw_memory_bad_address(raw->memory);
  guint32 number = call_number(call);
  const char *text = "";
  guintptr arg = 0;
  int fd = -1;

  reply->status = SUBJECT_REFUSED;
  if (!handle_fd(process, stmt, stmt->name, &fd, reply) || !payload_fill(raw, stmt, call, payload, &text, reply))
    return;
  reply->status = SUBJECT_DONE;

  struct {
    guint32 flags, group;
    guint64 attr, addr;
  } attr = {0, 1, vfio_attribute(call->id), 0};
  switch (call->arg) {
  case ABI_ARG_NONE:
    break;
  case ABI_ARG_VALUE:
    memcpy(&arg, payload, sizeof arg);
    break;
  case ABI_ARG_STRUCT:
    arg = stmt->bad_pointer ? (guintptr)bad : (guintptr)payload;
    break;
  case ABI_ARG_STRING:
    arg = stmt->bad_pointer ? (guintptr)bad : (guintptr)text;
    break;
  }
  if (attr.attr) {
    attr.addr = arg;
    arg = (guintptr)&attr;
    number = call_number(abi_call(ABI_SET_DEVICE_ATTR));
  }
  g_autofree guint8 *blank = NULL;
  if (call->id == ABI_UNKNOWN) {
    number = (guint32)abi_get(&call->fields[0], payload, RAW_PAYLOAD);
    /* FUSE copies what the number says before the kernel's side sees the call: a null pointer would be EFAULT there. */
    blank = g_malloc0(_IOC_SIZEMASK + 1);
    arg = (guintptr)blank;
  }

  gint64 result = sys->ioctl(sys->data, fd, number, arg);
  if (!judge(stmt, result, reply))
    return;
  if (result >= 0 && call->returns != ABI_NONE)
    keep(process, stmt->as, made_fd(call, payload, result));
  judge_fields(raw, stmt, payload, reply);
}

static void raw_close(Process *process, const ScenarioStmt *stmt, SubjectReply *reply) {
  const VfioSys *sys = process->sys;
  int fd = -1;

  reply->status = SUBJECT_REFUSED;
  if (!handle_fd(process, stmt, stmt->name, &fd, reply))
    return;
  reply->status = SUBJECT_DONE;
  g_hash_table_remove(process->handles, stmt->name);
  judge(stmt, sys->close(sys->data, fd), reply);
}

static void raw_dup(Process *process, const ScenarioStmt *stmt, SubjectReply *reply) {
  int fd = -1;

  reply->status = SUBJECT_REFUSED;
  if (!handle_fd(process, stmt, stmt->name, &fd, reply))
    return;
  reply->status = SUBJECT_DONE;
  fd = process->raw->dup(process->raw, fd);
  if (judge(stmt, fd, reply))
    keep(process, stmt->as, fd);
}

static void raw_transfer(Process *process, const ScenarioStmt *stmt, SubjectReply *reply) {
  const VfioSys *sys = process->sys;
  g_autofree guint8 *data = NULL;
  guint64 value = 0;
  ssize_t result;
  int fd = -1;

  reply->status = SUBJECT_REFUSED;
  if (stmt->size > RAW_TRANSFER) {
    g_snprintf(reply->message, sizeof reply->message, "a transfer has at most 1M bytes");
    return;
  }
  if (!handle_fd(process, stmt, stmt->name, &fd, reply))
    return;
  reply->status = SUBJECT_DONE;
  data = g_malloc0(stmt->size + sizeof value);
  if (stmt->kind == STMT_RAW_WRITE) {
    value = GUINT64_TO_LE(stmt->value); /* PCI's byte order, whatever this machine's is */
    memcpy(data, &value, sizeof value);
    result = sys->pwrite(sys->data, fd, data, stmt->size, stmt->offset);
  } else {
    result = sys->pread(sys->data, fd, data, stmt->size, stmt->offset);
  }
  if (!judge(stmt, result, reply) || stmt->kind == STMT_RAW_WRITE || !stmt->has_value)
    return;
  memcpy(&value, data, MIN(stmt->size, sizeof value));
  reply->value = GUINT64_FROM_LE(value);
  if (reply->value != stmt->value) {
    reply->status = SUBJECT_REFUSED;
    g_snprintf(reply->message, sizeof reply->message,
               "what was read is 0x%" G_GINT64_MODIFIER "x; expected is 0x%" G_GINT64_MODIFIER "x", reply->value,
               stmt->value);
  }
}

static void raw_mmap(Process *process, const ScenarioStmt *stmt, SubjectReply *reply) {
  const VfioSys *sys = process->sys;
  void *memory = NULL;
  int fd = -1;

  reply->status = SUBJECT_REFUSED;
  if (!handle_fd(process, stmt, stmt->name, &fd, reply))
    return;
  reply->status = SUBJECT_DONE;
  int result =
      sys->mmap(sys->data, fd, stmt->size, stmt->readonly ? PROT_READ : PROT_READ | PROT_WRITE, stmt->offset, &memory);
  judge(stmt, result < 0 ? result : 0, reply);
}

static void raw_buffer(Raw *raw, Process *process, const ScenarioStmt *stmt, SubjectReply *reply) {
  const VfioSys *sys = process->sys;
  gsize align = stmt->align ? stmt->align : sys->page_size(sys->data);
  void *memory = raw_memory_new_buffer(raw->memory, stmt->name, stmt->size, align, !stmt->readonly);

  if (!memory) {
    reply->status = SUBJECT_REFUSED;
    g_snprintf(reply->message, sizeof reply->message, "this machine has no memory for buffer %s", stmt->name);
  } else if (process->raw->map) {
    process->raw->map(process->raw, memory, stmt->size, !stmt->readonly);
  }
}

static void raw_free_buffer(Raw *raw, Process *process, const ScenarioStmt *stmt, SubjectReply *reply) {
  gsize size = stmt->size;
  void *memory = raw_memory_hole(raw->memory, stmt->name, stmt->offset, &size);

  if (!memory) {
    reply->status = SUBJECT_REFUSED;
    g_snprintf(reply->message, sizeof reply->message, "buffer %s does not hold these bytes", stmt->name);
  } else if (process->raw->unmap) {
    process->raw->unmap(process->raw, memory, size);
  }
}

static void raw_perform(Subject *subject, const ScenarioStmt *stmt, SubjectReply *reply) {
  Raw *raw = (Raw *)subject;

  memset(reply, 0, sizeof *reply);
  if (stmt->kind == STMT_RAW_PROCESS && !raw->served) {
    raw->current = (guint)stmt->value;
    if (!raw->processes[raw->current] && !process_fork(raw, raw->current, reply)) {
      raw->current = 0;
      reply->status = SUBJECT_REFUSED;
    }
    return;
  }
  Process *process = raw->processes[raw->current];
  if (process->proxy) {
    process->proxy->perform(process->proxy, stmt, reply);
    return;
  }
  switch (stmt->kind) {
  case STMT_RAW_OPEN:
    raw_open(process, stmt, reply);
    break;
  case STMT_RAW_CALL:
    raw_call(raw, process, stmt, reply);
    break;
  case STMT_RAW_CLOSE:
    raw_close(process, stmt, reply);
    break;
  case STMT_RAW_DUP:
    raw_dup(process, stmt, reply);
    break;
  case STMT_RAW_READ:
  case STMT_RAW_WRITE:
    raw_transfer(process, stmt, reply);
    break;
  case STMT_RAW_MMAP:
    raw_mmap(process, stmt, reply);
    break;
  case STMT_RAW_BUFFER:
    raw_buffer(raw, process, stmt, reply);
    break;
  case STMT_RAW_FREE:
    raw_free_buffer(raw, process, stmt, reply);
    break;
  default:
    reply->status = SUBJECT_UNSUPPORTED;
    g_strlcpy(reply->message, "there is no machine: the scenario has no `guest` line", sizeof reply->message);
    break;
  }
}

/* ---- the rest of a subject ---- */

static gboolean raw_peek(Subject *subject, guint64 gpa, void *buf, gsize len) {
  return FALSE;
}

static gboolean raw_poke(Subject *subject, guint64 gpa, const void *buf, gsize len) {
  return FALSE;
}

static guint64 raw_interrupts(Subject *subject, const char *name, guint index, guint vector) {
  return 0;
}

/* The kernel's owner closes what the processes held; real children are killed here. */
static void raw_kill(Subject *subject) {
  Raw *raw = (Raw *)subject;

  for (guint i = 0; i < SCENARIO_MAX_PROCESSES; i++)
    if (raw->processes[i] && raw->processes[i]->proxy)
      raw->processes[i]->proxy->kill(raw->processes[i]->proxy);
}

static void raw_free(Subject *subject) {
  Raw *raw = (Raw *)subject;

  for (guint i = 0; i < SCENARIO_MAX_PROCESSES; i++)
    if (raw->processes[i])
      process_free(raw->processes[i]);
  raw_memory_free(raw->memory);
  g_free(raw);
}

Subject *raw_subject_new(const RawSys *sys, const Scenario *scenario) {
  Raw *raw = g_new0(Raw, 1);

  raw->subject = (Subject){.perform = raw_perform,
                           .peek = raw_peek,
                           .poke = raw_poke,
                           .interrupts = raw_interrupts,
                           .kill = raw_kill,
                           .free = raw_free};
  raw->scenario = scenario;
  raw->memory = raw_memory_new();
  raw->processes[0] = process_new(sys);
  return &raw->subject;
}
