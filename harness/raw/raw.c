/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/raw/internal.h"
#include "harness/subject-proxy.h"

typedef struct {
  Subject subject;
  const Scenario *scenario;
  RawMemory *memory;
  RawProcess *processes[SCENARIO_MAX_PROCESSES];
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

static void serve_child(Raw *raw, guint serial, int fd) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  raw->served = TRUE;
  raw->current = serial;
  raw->processes[serial] = raw_process_inherit(raw->processes[0], raw->processes[0]->raw);
  subject_serve(fd, &raw->subject, raw->scenario);
  _exit(0);
}

static gboolean process_fork(Raw *raw, guint serial, SubjectReply *reply) {
  const RawSys *parent = raw->processes[0]->raw;
  g_autoptr(GError) error = NULL;
  int pair[2];

  if (parent->fork) {
    raw->processes[serial] = raw_process_inherit(raw->processes[0], parent->fork(parent, serial));
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
  raw->processes[serial] = raw_process_new(parent);
  raw->processes[serial]->proxy = proxy;
  return TRUE;
}

/* ---- memory ---- */

static void raw_buffer(Raw *raw, RawProcess *process, const ScenarioStmt *stmt, SubjectReply *reply) {
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

static void raw_free_buffer(Raw *raw, RawProcess *process, const ScenarioStmt *stmt, SubjectReply *reply) {
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
  RawProcess *process = raw->processes[raw->current];
  if (process->proxy) {
    process->proxy->perform(process->proxy, stmt, reply);
    return;
  }
  switch (stmt->kind) {
  case STMT_RAW_OPEN:
    raw_open(raw->scenario, process, stmt, reply);
    break;
  case STMT_RAW_CALL:
    raw_call(process, raw->memory, stmt, reply);
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
      raw_process_free(raw->processes[i]);
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
  raw->processes[0] = raw_process_new(sys);
  return &raw->subject;
}
