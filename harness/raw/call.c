/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "harness/raw/internal.h"

gboolean raw_arg_value(const RawProcess *process, RawMemory *memory, const ScenarioStmt *stmt, const ScenarioArg *arg,
                       guint64 *value, SubjectReply *reply) {
  guint64 base = 0;
  int fd = -1;

  switch (arg->kind) {
  case ARG_HANDLE:
    if (!raw_process_fd(process, stmt, arg->name, &fd, reply))
      return FALSE;
    *value = (guint64)(gint64)fd;
    return TRUE;
  case ARG_STDIN:
    *value = STDIN_FILENO;
    return TRUE;
  case ARG_BUFFER:
    if (!raw_memory_address(memory, arg->name, &base)) {
      g_snprintf(reply->message, sizeof reply->message, "there is no buffer %s", arg->name);
      return FALSE;
    }
    *value = base + arg->value;
    return TRUE;
  case ARG_BAD_ADDRESS:
    *value = raw_memory_bad_address(memory) + arg->value;
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
static gboolean payload_fill(const RawProcess *process, RawMemory *memory, const ScenarioStmt *stmt,
                             const AbiCall *call, guint8 *payload, const char **text, SubjectReply *reply) {
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
    if (!raw_arg_value(process, memory, stmt, arg, &value, reply))
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

void raw_call(RawProcess *process, RawMemory *memory, const ScenarioStmt *stmt, SubjectReply *reply) {
  const AbiCall *call = abi_call(stmt->match.call);
  const VfioSys *sys = process->sys;
  guint8 payload[RAW_PAYLOAD] = {0};
  guint64 bad = raw_memory_bad_address(memory);
  guint32 number = call_number(call);
  const char *text = "";
  guintptr arg = 0;
  int fd = -1;

  reply->status = SUBJECT_REFUSED;
  if (!raw_process_fd(process, stmt, stmt->name, &fd, reply) ||
      !payload_fill(process, memory, stmt, call, payload, &text, reply))
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
  if (!raw_answer_judge(stmt, result, reply))
    return;
  if (result >= 0 && call->returns != ABI_NONE)
    raw_process_keep(process, stmt->as, made_fd(call, payload, result));
  raw_answer_judge_fields(process, memory, stmt, payload, reply);
}
