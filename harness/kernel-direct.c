/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The simulator in this process: system calls are function calls on a SimProcess; eventfds are real. */
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "harness/kernel-internal.h"
#include "harness/pseries/builtin.h"
#include "harness/raw/raw.h"
#include "sim/direct/process.h"

typedef struct Direct Direct;

/* A process of the simulated host, as the subject sees it. */
typedef struct {
  Direct *direct;
  SimProcess *process;
  VfioSys sys;
  RawSys raw;
} Task;

struct Direct {
  Kernel kernel;
  const SimHost *host;
  SimKernel *model;
  GPtrArray *tasks; /* of Task*, by serial - 1; empty once the subject is gone */
};

/* ---- system calls ---- */

static int sys_open(gpointer data, const char *path, int flags) {
  return sim_process_open(((Task *)data)->process, path, flags);
}

static int sys_close(gpointer data, int fd) {
  return sim_process_close(((Task *)data)->process, fd);
}

static long sys_ioctl(gpointer data, int fd, unsigned long request, guintptr arg) {
  return sim_process_ioctl(((Task *)data)->process, fd, (guint32)request, arg);
}

static ssize_t sys_pread(gpointer data, int fd, void *buf, gsize len, guint64 offset) {
  return sim_process_pread(((Task *)data)->process, fd, buf, len, offset);
}

static ssize_t sys_pwrite(gpointer data, int fd, const void *buf, gsize len, guint64 offset) {
  return sim_process_pwrite(((Task *)data)->process, fd, buf, len, offset);
}

static int sys_mmap(gpointer data, int fd, gsize len, int prot, guint64 offset, void **memory) {
  return sim_process_mmap(((Task *)data)->process, fd, len, prot, TRUE, offset, memory);
}

static int sys_munmap(gpointer data, void *memory, gsize len) {
  return sim_process_munmap(((Task *)data)->process, memory, len);
}

static ssize_t sys_readlink(gpointer data, const char *path, char *buf, gsize len) {
  return sim_process_readlink(((Task *)data)->process, path, buf, len);
}

static int sys_eventfd(gpointer data) {
  int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  return fd < 0 ? -errno : fd;
}

static int sys_eventfd_read(gpointer data, int fd, guint64 *count) {
  *count = 0;
  if (read(fd, count, sizeof *count) < 0 && errno != EAGAIN)
    return -errno;
  return 0;
}

static int sys_eventfd_close(gpointer data, int fd) {
  return close(fd) < 0 ? -errno : 0;
}

static gsize sys_page_size(gpointer data) {
  return (gsize)1 << ((Task *)data)->direct->host->page_shift;
}

static int raw_dup(const RawSys *raw, int fd) {
  return sim_process_dup(((Task *)raw->data)->process, fd);
}

static void raw_map(const RawSys *raw, void *memory, gsize size, gboolean writable) {
  sim_process_map(((Task *)raw->data)->process, memory, size, writable, 0);
}

static void raw_unmap(const RawSys *raw, void *memory, gsize size) {
  sim_process_unmap(((Task *)raw->data)->process, memory, size);
}

static const RawSys *raw_fork(const RawSys *raw, guint serial);

static Task *task_new(Direct *direct, SimProcess *process) {
  Task *task = g_new0(Task, 1);

  task->direct = direct;
  task->process = process;
  task->sys = (VfioSys){.data = task,
                        .open = sys_open,
                        .close = sys_close,
                        .ioctl = sys_ioctl,
                        .pread = sys_pread,
                        .pwrite = sys_pwrite,
                        .mmap = sys_mmap,
                        .munmap = sys_munmap,
                        .readlink = sys_readlink,
                        .eventfd = sys_eventfd,
                        .eventfd_read = sys_eventfd_read,
                        .eventfd_close = sys_eventfd_close,
                        .page_size = sys_page_size};
  task->raw =
      (RawSys){.sys = &task->sys, .dup = raw_dup, .map = raw_map, .unmap = raw_unmap, .fork = raw_fork, .data = task};
  g_ptr_array_add(direct->tasks, task);
  return task;
}

static void task_free(gpointer data) {
  Task *task = data;
  sim_process_free(task->process);
  g_free(task);
}

static const RawSys *raw_fork(const RawSys *raw, guint serial) {
  Task *parent = raw->data;
  return &task_new(parent->direct, sim_process_fork(parent->process, serial + 1))->raw;
}

/* ---- the subject: the builtin one, and the end of its processes ---- */

typedef struct {
  Subject subject;
  Subject *inner;
  Direct *direct;
  gboolean dead;
} DirectSubject;

static void direct_perform(Subject *subject, const ScenarioStmt *stmt, SubjectReply *reply) {
  DirectSubject *self = (DirectSubject *)subject;

  if (!self->dead) {
    self->inner->perform(self->inner, stmt, reply);
    return;
  }
  memset(reply, 0, sizeof *reply);
  reply->status = SUBJECT_DEAD;
  g_strlcpy(reply->message, "the subject was killed before", sizeof reply->message);
}

static gboolean direct_peek(Subject *subject, guint64 gpa, void *buf, gsize len) {
  DirectSubject *self = (DirectSubject *)subject;
  return !self->dead && self->inner->peek(self->inner, gpa, buf, len);
}

static gboolean direct_poke(Subject *subject, guint64 gpa, const void *buf, gsize len) {
  DirectSubject *self = (DirectSubject *)subject;
  return !self->dead && self->inner->poke(self->inner, gpa, buf, len);
}

static guint64 direct_interrupts(Subject *subject, const char *name, guint index, guint vector) {
  DirectSubject *self = (DirectSubject *)subject;
  return self->dead ? 0 : self->inner->interrupts(self->inner, name, index, vector);
}

static void direct_kill(Subject *subject) {
  DirectSubject *self = (DirectSubject *)subject;

  if (self->dead)
    return;
  self->dead = TRUE;
  self->inner->kill(self->inner);
  g_ptr_array_set_size(self->direct->tasks, 0);
}

static void direct_subject_free(Subject *subject) {
  DirectSubject *self = (DirectSubject *)subject;

  /* A killed subject's fds were closed before its memory goes; a living one takes its machine down first. */
  self->inner->free(self->inner);
  g_ptr_array_set_size(self->direct->tasks, 0);
  g_free(self);
}

static void ram_mapped(gpointer data, void *memory, gsize size, gboolean mapped) {
  Task *task = data;

  if (mapped)
    sim_process_map(task->process, memory, size, TRUE, 0);
  else
    sim_process_unmap(task->process, memory, size);
}

static Subject *direct_start(Kernel *kernel, const Scenario *scenario, VfioAttachOrder order, GError **error) {
  Direct *direct = (Direct *)kernel;
  Task *task = task_new(direct, sim_process_new(direct->model, direct->host, 1));
  Subject *inner = scenario->guest ? builtin_subject_new(scenario, &task->sys, order, ram_mapped, task, error)
                                   : raw_subject_new(&task->raw, scenario);
  if (!inner) {
    g_ptr_array_set_size(direct->tasks, 0);
    return NULL;
  }
  DirectSubject *self = g_new0(DirectSubject, 1);
  self->subject = (Subject){.perform = direct_perform,
                            .peek = direct_peek,
                            .poke = direct_poke,
                            .interrupts = direct_interrupts,
                            .kill = direct_kill,
                            .free = direct_subject_free};
  self->inner = inner;
  self->direct = direct;
  return &self->subject;
}

/* ---- the kernel ---- */

static void direct_set_fault(Kernel *kernel, SimFaultFunc fault, gpointer data) {
  sim_kernel_set_fault(((Direct *)kernel)->model, fault, data);
}

static gboolean direct_with_model(Kernel *kernel, KernelModelFunc func, gpointer data) {
  func(((Direct *)kernel)->model, data);
  return TRUE;
}

static void direct_free(Kernel *kernel) {
  Direct *direct = (Direct *)kernel;

  g_ptr_array_unref(direct->tasks);
  sim_kernel_free(direct->model);
  g_free(direct);
}

Kernel *kernel_direct_new(const Scenario *scenario, Trace *trace, GError **error) {
  Direct *direct;

  if (scenario->host->kvm == SIM_KVM_REAL) {
    g_set_error(error, KERNEL_ERROR, KERNEL_ERROR_UNAVAILABLE,
                "the host's KVM is this machine's own (kvm=real), which answers real system calls only: --kernel fuse");
    return NULL;
  }
  direct = g_new0(Direct, 1);

  direct->kernel = (Kernel){
      .start = direct_start, .set_fault = direct_set_fault, .with_model = direct_with_model, .free = direct_free};
  direct->host = scenario->host;
  direct->model = sim_kernel_new(scenario->host, sim_direct_port(), NULL, trace);
  direct->tasks = g_ptr_array_new_with_free_func(task_free);
  return &direct->kernel;
}
