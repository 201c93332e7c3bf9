/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/qemu/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OUTPUT_SHOWN = 4096 /* bytes */ };

struct QemuProcess {
  pid_t pid; /* 0: waited for */
  int pidfd, output, status;
};

typedef struct {
  char *const *argv;
  char output[64]; /* path; the fd itself is not inherited */
} Start;

static int run(gpointer data, int keep_fd) {
  const Start *start = data;
  int output = open(start->output, O_WRONLY | O_APPEND | O_CLOEXEC);
  int empty = open("/dev/null", O_RDONLY | O_CLOEXEC);

  if (output < 0 || empty < 0 || dup2(empty, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
      dup2(output, STDERR_FILENO) < 0 || fcntl(keep_fd, F_SETFD, 0) < 0)
    return 126;
  execv(start->argv[0], start->argv);
  dprintf(STDERR_FILENO, "%s: %s\n", start->argv[0], strerror(errno));
  return 127;
}

QemuProcess *qemu_process_new(Kernel *kernel, char *const *argv, int keep_fd, GError **error) {
  g_autoptr(QemuProcess) process = g_new0(QemuProcess, 1);
  Start start = {.argv = argv};

  process->pidfd = -1;
  process->output = memfd_create("vfiosim-output", MFD_CLOEXEC);
  if (process->output < 0) {
    g_set_error(error, KERNEL_ERROR, KERNEL_ERROR_FAILED, "cannot make a file for QEMU's output: %s",
                g_strerror(errno));
    return NULL;
  }
  g_snprintf(start.output, sizeof start.output, "/proc/%d/fd/%d", getpid(), process->output);
  process->pid = kernel_fork_client(kernel, run, &start, keep_fd, error);
  if (process->pid < 0) {
    process->pid = 0;
    return NULL;
  }
  process->pidfd = (int)syscall(SYS_pidfd_open, process->pid, 0);
  if (process->pidfd < 0) {
    g_set_error(error, KERNEL_ERROR, KERNEL_ERROR_FAILED, "cannot watch QEMU: %s", g_strerror(errno));
    return NULL;
  }
  return g_steal_pointer(&process);
}

static void reap(QemuProcess *process) {
  while (waitpid(process->pid, &process->status, 0) < 0 && errno == EINTR)
    ;
  process->pid = 0;
}

gboolean qemu_process_wait(QemuProcess *process, guint timeout_ms) {
  gint64 deadline = g_get_monotonic_time() + (gint64)timeout_ms * 1000;
  struct pollfd pfd = {.fd = process->pidfd, .events = POLLIN};

  while (process->pid) {
    gint64 left = deadline - g_get_monotonic_time();
    int n = poll(&pfd, 1, left > 0 ? (int)(left / 1000 + 1) : 0);
    if (n == 0)
      return FALSE;
    if (n > 0)
      reap(process);
  }
  return TRUE;
}

void qemu_process_kill(QemuProcess *process) {
  if (!process->pid)
    return;
  kill(process->pid, SIGKILL);
  reap(process);
}

void qemu_process_free(QemuProcess *process) {
  if (!process)
    return;
  qemu_process_kill(process);
  if (process->pidfd >= 0)
    close(process->pidfd);
  if (process->output >= 0)
    close(process->output);
  g_free(process);
}

gboolean qemu_process_exited(const QemuProcess *process, int *status) {
  *status = WEXITSTATUS(process->status);
  return !process->pid && WIFEXITED(process->status);
}

char *qemu_process_end(const QemuProcess *process) {
  if (WIFSIGNALED(process->status))
    return g_strdup_printf("was killed by signal %d (%s)", WTERMSIG(process->status),
                           strsignal(WTERMSIG(process->status)));
  return g_strdup_printf("exited with status %d", WEXITSTATUS(process->status));
}

char *qemu_process_output(const QemuProcess *process) {
  off_t end = lseek(process->output, 0, SEEK_END);
  off_t begin = end > OUTPUT_SHOWN ? end - OUTPUT_SHOWN : 0;
  g_autofree char *bytes = g_malloc(OUTPUT_SHOWN);
  ssize_t n = pread(process->output, bytes, OUTPUT_SHOWN, begin);

  return g_strstrip(g_utf8_make_valid(bytes, n > 0 ? n : 0));
}
