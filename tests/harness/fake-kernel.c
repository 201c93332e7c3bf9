/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/harness/fake-kernel.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct {
  Kernel kernel;
  Trace *trace;
} FakeKernel;

typedef struct {
  Subject subject;
  FakeKernel *kernel;
} FakeSubject;

static void make_call(FakeKernel *kernel, AbiCallId call, AbiKind kind, guint64 id) {
  TraceEvent *event = trace_add(kernel->trace);
  event->process = 1;
  event->call = call;
  event->object = (AbiObject){kind, id};
}

static void crash_child(SubjectReply *reply) {
  int status = 0;
  pid_t pid = fork();

  if (pid == 0) {
    raise(SIGSEGV);
    _exit(0);
  }
  waitpid(pid, &status, 0);
  if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSEGV)
    reply->status = SUBJECT_REFUSED;
}

static void fake_perform(Subject *subject, const ScenarioStmt *stmt, SubjectReply *reply) {
  FakeSubject *self = (FakeSubject *)subject;

  memset(reply, 0, sizeof *reply);
  switch (stmt->kind) {
  case STMT_BOOT:
    make_call(self->kernel, ABI_OPEN, ABI_CONTAINER, 1);
    make_call(self->kernel, ABI_OPEN, ABI_GROUP, 7);
    break;
  case STMT_RESET:
    make_call(self->kernel, ABI_DEVICE_RESET, ABI_DEVICE, 0x100);
    for (;;)
      pause();
  case STMT_PLUG:
    reply->status = SUBJECT_REFUSED;
    reply->err = EBUSY;
    g_strlcpy(reply->message, "the group is busy", sizeof reply->message);
    break;
  case STMT_PLUG_RAM:
    crash_child(reply);
    break;
  case STMT_UNPLUG_PHB:
    reply->status = SUBJECT_UNSUPPORTED;
    g_strlcpy(reply->message, "nothing can be unplugged", sizeof reply->message);
    break;
  default:
    make_call(self->kernel, ABI_CLOSE, ABI_GROUP, 7);
    raise(SIGSEGV);
    break;
  }
}

static gboolean fake_peek(Subject *subject, guint64 gpa, void *buf, gsize len) {
  return FALSE;
}

static gboolean fake_poke(Subject *subject, guint64 gpa, const void *buf, gsize len) {
  return FALSE;
}

static guint64 fake_interrupts(Subject *subject, const char *name, guint index, guint vector) {
  return 0;
}

static void fake_kill(Subject *subject) {
}

static void fake_subject_free(Subject *subject) {
  g_free(subject);
}

static Subject *fake_start(Kernel *kernel, const Scenario *scenario, VfioAttachOrder order, GError **error) {
  FakeSubject *self = g_new0(FakeSubject, 1);
  self->subject = (Subject){fake_perform, fake_peek, fake_poke, fake_interrupts, fake_kill, fake_subject_free};
  self->kernel = (FakeKernel *)kernel;
  return &self->subject;
}

static void fake_set_fault(Kernel *kernel, SimFaultFunc fault, gpointer data) {
}

static void fake_free(Kernel *kernel) {
  g_free(kernel);
}

Kernel *fake_kernel_new(const Scenario *scenario, Trace *trace, GError **error) {
  FakeKernel *self = g_new0(FakeKernel, 1);
  self->kernel = (Kernel){.start = fake_start, .set_fault = fake_set_fault, .free = fake_free};
  self->trace = trace;
  return &self->kernel;
}

Kernel *fake_kernel_missing(const Scenario *scenario, Trace *trace, GError **error) {
  g_set_error_literal(error, KERNEL_ERROR, KERNEL_ERROR_UNAVAILABLE, "there is none: buy one");
  return NULL;
}
