/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The simulator behind nodes: the builtin subject is a child that makes real system calls on them. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/kernel-internal.h"
#include "harness/pseries/builtin.h"
#include "harness/raw/raw.h"
#include "harness/subject-proxy.h"
#include "sim/fuse/fuse.h"

typedef struct {
  Kernel kernel;
  SimFuse *fuse;
} FuseKernel;

/* The caller learns whether the machine cannot or something failed; which layer said so is not its business. */
static gboolean take_error(GError **error, GError *why) {
  int code = g_error_matches(why, GATE_ERROR, GATE_ERROR_UNAVAILABLE) ? KERNEL_ERROR_UNAVAILABLE : KERNEL_ERROR_FAILED;
  g_set_error_literal(error, KERNEL_ERROR, code, why->message);
  g_error_free(why);
  return FALSE;
}

/* ---- the subject's process ---- */

typedef struct {
  const Scenario *scenario;
  VfioAttachOrder order;
} Start;

static gsize host_page_size(gpointer data) {
  return (gsize)1 << ((const Start *)data)->scenario->host->page_shift;
}

static int subject_main(gpointer data, int socket) {
  const Start *start = data;
  VfioSys sys = *vfio_sys_libc();
  RawSys raw = *raw_sys_libc();
  g_autoptr(GError) error = NULL;

  sys.data = data;
  sys.page_size = host_page_size;
  raw.sys = &sys;
  Subject *subject = start->scenario->guest
                         ? builtin_subject_new(start->scenario, &sys, start->order, NULL, NULL, &error)
                         : raw_subject_new(&raw, start->scenario);
  if (subject)
    subject_serve(socket, subject, start->scenario);
  else
    subject_serve_error(socket, error);
  return 0;
}

static pid_t fuse_fork_client(Kernel *kernel, KernelClientFunc func, gpointer data, int keep_fd, GError **error) {
  GError *why = NULL;
  pid_t pid = sim_fuse_fork_client(((FuseKernel *)kernel)->fuse, func, data, keep_fd, &why);

  if (pid < 0)
    take_error(error, why);
  return pid;
}

static Subject *fuse_start(Kernel *kernel, const Scenario *scenario, VfioAttachOrder order, GError **error) {
  Start start = {scenario, order};
  int sockets[2];

  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0) {
    g_set_error(error, KERNEL_ERROR, KERNEL_ERROR_FAILED, "cannot make a socket pair for the subject: %s",
                g_strerror(errno));
    return NULL;
  }
  pid_t pid = fuse_fork_client(kernel, subject_main, &start, sockets[1], error);
  close(sockets[1]);
  if (pid < 0) {
    close(sockets[0]);
    return NULL;
  }
  return subject_proxy_new(sockets[0], pid, scenario, scenario->timeout_ms, error);
}

/* ---- the kernel ---- */

typedef struct {
  SimFaultFunc fault;
  gpointer data;
} Fault;

static void set_fault(SimKernel *model, gpointer data) {
  const Fault *fault = data;
  sim_kernel_set_fault(model, fault->fault, fault->data);
}

static void fuse_set_fault(Kernel *kernel, SimFaultFunc func, gpointer data) {
  Fault fault = {func, data};
  sim_fuse_with_model(((FuseKernel *)kernel)->fuse, set_fault, &fault);
}

static gboolean fuse_with_model(Kernel *kernel, KernelModelFunc func, gpointer data) {
  sim_fuse_with_model(((FuseKernel *)kernel)->fuse, func, data);
  return TRUE;
}

static void fuse_settle(Kernel *kernel) {
  sim_fuse_settle(((FuseKernel *)kernel)->fuse);
}

static void fuse_free(Kernel *kernel) {
  sim_fuse_free(((FuseKernel *)kernel)->fuse);
  g_free(kernel);
}

Kernel *kernel_fuse_new(const Scenario *scenario, Trace *trace, GError **error) {
  GError *why = NULL;

  sim_fuse_stay_on_one_processor();
  SimFuse *fuse = sim_fuse_new(scenario->host, trace, &why);

  if (!fuse) {
    take_error(error, why);
    return NULL;
  }
  FuseKernel *self = g_new0(FuseKernel, 1);
  self->kernel = (Kernel){.start = fuse_start,
                          .fork_client = fuse_fork_client,
                          .set_fault = fuse_set_fault,
                          .with_model = fuse_with_model,
                          .settle = fuse_settle,
                          .free = fuse_free};
  self->fuse = fuse;
  return &self->kernel;
}
