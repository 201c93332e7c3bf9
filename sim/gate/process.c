/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/gate/process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sim/gate/memory.h"

struct GateMm {
  int mem; /* /proc/PID/mem: keeps naming this address space when the process has left it */
  guint n_processes;
  pid_t pid; /* a process that has it */
};

struct GateProcess {
  pid_t pid;
  int pidfd;
  guint serial;
  GateMm *mm;
  gboolean exiting;
  gboolean shared; /* entered an address space that another process had: exec() is not seen by `mem` alone */
};

struct GateProcesses {
  GHashTable *by_pid; /* pid -> GateProcess*, owned */
  GHashTable *by_tid; /* tid -> GateProcess* */
  GPtrArray *mms;     /* of GateMm*, alive */
  int epoll;          /* holds every pidfd */
  guint serial;
  GateMmExitFunc mm_exit;
  gpointer data;
};

static void mm_free(GateMm *mm) {
  close(mm->mem);
  g_free(mm);
}

static void process_free(GateProcess *process) {
  close(process->pidfd);
  g_free(process);
}

GateProcesses *gate_processes_new(GateMmExitFunc mm_exit, gpointer data, GError **error) {
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) {
    gate_error_set(error, errno, "cannot watch client processes");
    return NULL;
  }
  GateProcesses *processes = g_new0(GateProcesses, 1);
  processes->epoll = epoll;
  processes->by_pid = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)process_free);
  processes->by_tid = g_hash_table_new(NULL, NULL);
  processes->mms = g_ptr_array_new_with_free_func((GDestroyNotify)mm_free);
  processes->mm_exit = mm_exit;
  processes->data = data;
  return processes;
}

void gate_processes_free(GateProcesses *processes) {
  if (!processes)
    return;
  g_hash_table_unref(processes->by_tid);
  g_hash_table_unref(processes->by_pid);
  g_ptr_array_unref(processes->mms);
  close(processes->epoll);
  g_free(processes);
}

int gate_processes_fd(const GateProcesses *processes) {
  return processes->epoll;
}

static pid_t thread_group(pid_t tid) {
  char path[64], text[512];
  g_snprintf(path, sizeof path, "/proc/%d/status", (int)tid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return 0;
  ssize_t n = read(fd, text, sizeof text - 1);
  close(fd);
  if (n <= 0)
    return 0;
  text[n] = 0;
  const char *line = strstr(text, "\nTgid:");
  return line ? (pid_t)strtol(line + 6, NULL, 10) : 0;
}

static gboolean same_mm(pid_t a, pid_t b) {
  return syscall(SYS_kcmp, a, b, KCMP_VM, 0, 0) == 0;
}

/* Reading through `mem` gives 0 bytes once the last user of the address space has left it; an unmapped page of a living
 * one gives EIO. */
static gboolean mm_alive(const GateMm *mm) {
  char byte;
  return pread(mm->mem, &byte, 1, 0) != 0;
}

static GateMm *mm_of(GateProcesses *processes, pid_t pid, gboolean *shared) {
  *shared = FALSE;
  for (guint i = 0; i < processes->mms->len; i++) {
    GateMm *mm = processes->mms->pdata[i];
    if (mm_alive(mm) && same_mm(pid, mm->pid)) {
      *shared = TRUE;
      mm->n_processes++;
      return mm;
    }
  }
  char path[64];
  g_snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
  int mem = open(path, O_RDONLY | O_CLOEXEC);
  if (mem < 0)
    return NULL;
  GateMm *mm = g_new0(GateMm, 1);
  mm->mem = mem;
  mm->n_processes = 1;
  mm->pid = pid;
  g_ptr_array_add(processes->mms, mm);
  return mm;
}

static void mm_leave(GateProcesses *processes, GateProcess *process) {
  GateMm *mm = process->mm;
  if (!mm)
    return;
  process->mm = NULL;
  if (--mm->n_processes == 0) {
    processes->mm_exit(mm, processes->data);
    g_ptr_array_remove_fast(processes->mms, mm);
    return;
  }
  if (mm->pid != process->pid)
    return;
  GHashTableIter iter;
  GateProcess *other;
  g_hash_table_iter_init(&iter, processes->by_pid);
  while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&other))
    if (other->mm == mm)
      mm->pid = other->pid;
}

static GateProcess *process_new(GateProcesses *processes, pid_t pid) {
  int pidfd = syscall(SYS_pidfd_open, pid, 0);
  if (pidfd < 0)
    return NULL;
  struct epoll_event event = {.events = EPOLLIN, .data.fd = pid};
  GateProcess *process = g_new0(GateProcess, 1);
  process->pid = pid;
  process->pidfd = pidfd;
  process->mm = mm_of(processes, pid, &process->shared);
  if (!process->mm || epoll_ctl(processes->epoll, EPOLL_CTL_ADD, pidfd, &event) < 0) {
    mm_leave(processes, process);
    process_free(process);
    return NULL;
  }
  process->serial = ++processes->serial;
  g_hash_table_insert(processes->by_pid, GINT_TO_POINTER(pid), process);
  return process;
}

/* Not reaped: until then its pid is nobody else's. */
static gboolean process_alive(const GateProcess *process) {
  return syscall(SYS_pidfd_send_signal, process->pidfd, 0, NULL, 0) == 0 || errno == EPERM;
}

/* A thread id is soon another's. Of the process itself the address space tells whether it is still that one, unless
 * others have it, too: mm_current(). */
static gboolean owns_thread(const GateProcess *process, pid_t tid) {
  return (tid == process->pid || syscall(SYS_tgkill, process->pid, tid, 0) == 0 || errno == EPERM) &&
         (process->mm->n_processes == 1 || process_alive(process));
}

static gboolean mm_current(const GateProcess *process) {
  if (process->shared && process->pid != process->mm->pid)
    return same_mm(process->pid, process->mm->pid);
  return mm_alive(process->mm);
}

static gboolean belongs_to(gpointer tid, gpointer process, gpointer dead) {
  return process == dead;
}

static void process_gone(GateProcesses *processes, GateProcess *process) {
  g_hash_table_foreach_remove(processes->by_tid, belongs_to, process);
  mm_leave(processes, process);
  epoll_ctl(processes->epoll, EPOLL_CTL_DEL, process->pidfd, NULL);
  g_hash_table_remove(processes->by_pid, GINT_TO_POINTER(process->pid));
}

/* The process that the thread belongs to now; NULL: there is no such thread. */
static GateProcess *process_of(GateProcesses *processes, pid_t tid) {
  pid_t pid = thread_group(tid);
  if (!pid)
    return NULL;
  GateProcess *process = g_hash_table_lookup(processes->by_pid, GINT_TO_POINTER(pid));
  if (process && !process_alive(process)) {
    process_gone(processes, process);
    process = NULL;
  }
  if (!process)
    process = process_new(processes, pid);
  if (process)
    g_hash_table_insert(processes->by_tid, GINT_TO_POINTER(tid), process);
  return process;
}

GateProcess *gate_processes_enter(GateProcesses *processes, pid_t tid) {
  GateProcess *process = g_hash_table_lookup(processes->by_tid, GINT_TO_POINTER(tid));
  if (process && owns_thread(process, tid) && mm_current(process))
    return process;
  process = process_of(processes, tid);
  if (!process)
    return NULL;
  if (!mm_current(process)) {
    gboolean shared;
    GateMm *mm = mm_of(processes, process->pid, &shared);
    if (!mm)
      return process;
    mm_leave(processes, process);
    process->mm = mm;
    process->shared = shared;
  }
  return process;
}

GateProcess *gate_processes_known(GateProcesses *processes, pid_t tid) {
  GateProcess *process = g_hash_table_lookup(processes->by_tid, GINT_TO_POINTER(tid));
  if (process && owns_thread(process, tid) && process_alive(process))
    return process;
  if (g_hash_table_size(processes->by_pid) == 0)
    return NULL;
  process = g_hash_table_lookup(processes->by_pid, GINT_TO_POINTER(thread_group(tid)));
  return process && process_alive(process) ? process : NULL;
}

void gate_process_exit(GateProcess *process) {
  process->exiting = TRUE;
}

/* Readable: it is a zombie, or reaped. */
static gboolean dead(const GateProcess *process) {
  struct pollfd poll_fd = {.fd = process->pidfd, .events = POLLIN};
  return poll(&poll_fd, 1, 0) != 0;
}

static gboolean has_serial(gpointer pid, gpointer process, gpointer serial) {
  return ((GateProcess *)process)->serial == GPOINTER_TO_UINT(serial);
}

gboolean gate_processes_exiting(const GateProcesses *processes, guint serial) {
  const GateProcess *process = g_hash_table_find(processes->by_pid, has_serial, GUINT_TO_POINTER(serial));
  return !process || process->exiting || dead(process);
}

void gate_processes_reap(GateProcesses *processes) {
  struct epoll_event event;
  while (epoll_wait(processes->epoll, &event, 1, 0) == 1) {
    process_gone(processes, g_hash_table_lookup(processes->by_pid, GINT_TO_POINTER(event.data.fd)));
  }
}

guint gate_process_serial(const GateProcess *process) {
  return process->serial;
}

GateMm *gate_process_mm(const GateProcess *process) {
  return process->mm;
}

int gate_process_get_fd(const GateProcess *process, int fd) {
  int got = syscall(SYS_pidfd_getfd, process->pidfd, fd, 0);
  return got < 0 ? -errno : got;
}

int gate_mm_read(GateMm *mm, guint64 addr, void *buf, gsize len) {
  return mm_alive(mm) ? gate_memory_read(mm->pid, addr, buf, len) : -EFAULT;
}

int gate_mm_write(GateMm *mm, guint64 addr, const void *buf, gsize len) {
  return mm_alive(mm) ? gate_memory_write(mm->pid, addr, buf, len) : -EFAULT;
}
