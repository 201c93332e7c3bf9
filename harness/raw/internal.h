/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The seams between the parts of the subject of raw calls. Private to harness/raw. */
#pragma once

#include "harness/raw/memory.h"
#include "harness/raw/raw.h"

G_BEGIN_DECLS

/* What follows a struct reads as 0, and an answer longer than the struct has room. */
enum { RAW_PAYLOAD = 4096 };

/* ---- process.c: one process of the scenario ---- */

typedef struct {
  const RawSys *raw;
  const VfioSys *sys;
  GHashTable *handles; /* char* -> GINT fd */
  Subject *proxy;      /* owned: a real child, it is asked instead; NULL: the calls are made here */
} RawProcess;

RawProcess *raw_process_new(const RawSys *raw);
void raw_process_free(RawProcess *process);
/* A fork takes the handles along: the numbers are the same. */
RawProcess *raw_process_inherit(const RawProcess *parent, const RawSys *raw);

/* The fd of a handle. One that was not made is -1 to a call whose answer is not judged; else FALSE, and the reply says
 * so. */
gboolean raw_process_fd(const RawProcess *process, const ScenarioStmt *stmt, const char *name, int *fd,
                        SubjectReply *reply);
/* Remembers the fd under the name; nothing if there is no name or no fd. */
void raw_process_keep(RawProcess *process, const char *name, int fd);
void raw_process_forget(RawProcess *process, const char *name);

/* ---- call.c: ioctls ---- */

/* The value of an argument as the caller has it. FALSE: the reply says what is missing. */
gboolean raw_arg_value(const RawProcess *process, RawMemory *memory, const ScenarioStmt *stmt, const ScenarioArg *arg,
                       guint64 *value, SubjectReply *reply);
void raw_call(RawProcess *process, RawMemory *memory, const ScenarioStmt *stmt, SubjectReply *reply);

/* ---- file.c: calls that are no ioctl ---- */

void raw_open(const Scenario *scenario, RawProcess *process, const ScenarioStmt *stmt, SubjectReply *reply);
void raw_close(RawProcess *process, const ScenarioStmt *stmt, SubjectReply *reply);
void raw_dup(RawProcess *process, const ScenarioStmt *stmt, SubjectReply *reply);
void raw_transfer(RawProcess *process, const ScenarioStmt *stmt, SubjectReply *reply);
void raw_mmap(RawProcess *process, const ScenarioStmt *stmt, SubjectReply *reply);

/* ---- answer.c: what was answered against what the statement says ---- */

/* Judges the result; FALSE: the reply says what is wrong. */
gboolean raw_answer_judge(const ScenarioStmt *stmt, gint64 result, SubjectReply *reply);
/* Judges the out-fields of a call whose result is right. */
void raw_answer_judge_fields(const RawProcess *process, RawMemory *memory, const ScenarioStmt *stmt,
                             const guint8 payload[RAW_PAYLOAD], SubjectReply *reply);

G_END_DECLS
