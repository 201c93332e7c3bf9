/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/raw/internal.h"

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

gboolean raw_answer_judge(const ScenarioStmt *stmt, gint64 result, SubjectReply *reply) {
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

void raw_answer_judge_fields(const RawProcess *process, RawMemory *memory, const ScenarioStmt *stmt,
                             const guint8 payload[RAW_PAYLOAD], SubjectReply *reply) {
  guint64 wanted;

  for (guint i = 0; i < stmt->match.args->len; i++) {
    const ScenarioArg *arg = &g_array_index(stmt->match.args, ScenarioArg, i);
    if (!arg->after || arg->kind == ARG_TEXT)
      continue;
    reply->status = SUBJECT_REFUSED;
    if (!raw_arg_value(process, memory, stmt, arg, &wanted, reply))
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
