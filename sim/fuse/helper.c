/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/fuse/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/fuse/sysfs.h"
#include "sim/gate/client.h"
#include "sim/gate/mounts.h"

struct SimHelper {
  pid_t pid;
  int socket; /* SOCK_SEQPACKET */
};

typedef enum { HELPER_OPEN, HELPER_REFRESH } HelperOp;

typedef struct {
  HelperOp op;
  char name[32];
} HelperRequest;

typedef struct {
  int code; /* GateError + 1, or 0 */
  guint64 ino;
  char message[256];
} HelperAnswer;

/* ---- the socket ---- */

static gboolean send_message(int socket, const void *data, gsize len, int fd) {
  char control[CMSG_SPACE(sizeof(int))] = {0};
  struct iovec iov = {(void *)data, len};
  struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
  if (fd >= 0) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
  }
  return TEMP_FAILURE_RETRY(sendmsg(socket, &message, MSG_NOSIGNAL)) == (ssize_t)len;
}

/* *fd: the one that came with it, or -1. */
static gboolean receive_message(int socket, void *data, gsize len, int *fd) {
  char control[CMSG_SPACE(sizeof(int))];
  struct iovec iov = {data, len};
  struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  ssize_t n = TEMP_FAILURE_RETRY(recvmsg(socket, &message, MSG_CMSG_CLOEXEC));
  struct cmsghdr *header = n > 0 ? CMSG_FIRSTHDR(&message) : NULL;
  *fd = -1;
  if (header && header->cmsg_type == SCM_RIGHTS)
    memcpy(fd, CMSG_DATA(header), sizeof *fd);
  return n == (ssize_t)len;
}

/* ---- the helper ---- */

static gboolean place_nodes(GateMounts *mounts, const char *path, SimHostKvm kvm, GError **error) {
  if (!gate_mounts_mirror(mounts, "/dev", error))
    return FALSE;
  /* The machine's own /dev/kvm must not answer in a simulated host's place. */
  if (kvm != SIM_KVM_REAL && !gate_mounts_hide(mounts, "/dev/kvm", error))
    return FALSE;
  for (const SimSysfsPlace *place = sim_sysfs_places(); place->name; place++) {
    g_autofree char *source = g_build_filename(path, place->name, NULL);
    if (!gate_mounts_bind(mounts, source, place->target, error))
      return FALSE;
  }
  /* /dev/kvm itself cannot be a bound file: nobody would look it up by name, and so two opens of it would be one inode.
   */
  if (kvm == SIM_KVM_MODEL && symlink(SIM_OWN_PLACE "/kvm", "/dev/kvm") < 0)
    return gate_error_set(error, errno, "cannot make /dev/kvm");
  for (const char *const *module = sim_sysfs_modules(); *module; module++) {
    g_autofree char *target = g_build_filename("/sys/module", *module, NULL);
    if (!gate_mounts_directory_at(mounts, target, error))
      return FALSE;
  }
  if (access("/proc/bus/pci/devices", F_OK) == 0) {
    g_autofree char *source = g_build_filename(path, "proc-pci-devices", NULL);
    if (!gate_mounts_bind(mounts, source, "/proc/bus/pci/devices", error))
      return FALSE;
  }
  return TRUE;
}

/* Mounts the session at a path of the workshop, which it returns. */
static char *mount_nodes(GateMounts *mounts, int fuse_fd, GError **error) {
  g_autofree char *path = gate_mounts_directory(mounts, "nodes", error);
  g_autofree char *options =
      g_strdup_printf("fd=%d,rootmode=40000,user_id=%u,group_id=%u,allow_other", fuse_fd, geteuid(), getegid());
  if (!path)
    return NULL;
  if (mount("vfiosim", path, "fuse", MS_NOSUID | MS_NODEV, options) < 0) {
    gate_error_set(error, errno, "cannot mount the nodes");
    return NULL;
  }
  return g_steal_pointer(&path);
}

/* O_PATH of the mount's root, or -1. */
static int open_root(const char *path, GError **error) {
  int root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (root < 0) {
    gate_error_set(error, errno, "cannot open the nodes' root");
    return -1;
  }
  /* The first close of a file asks the server whether it wants to hear of flushes. It does not; and once that is known
   * the server can close such files without waiting for itself. */
  int fd = openat(root, "proc-pci-devices", O_RDONLY | O_CLOEXEC);
  if (fd >= 0)
    close(fd);
  return root;
}

/* Tells the server how a stage went. TRUE: go on. */
static gboolean report(int socket, gboolean ok, const GError *error) {
  HelperAnswer answer = {0};
  if (!ok) {
    answer.code = error->code + 1;
    g_strlcpy(answer.message, error->message, sizeof answer.message);
  }
  return send_message(socket, &answer, sizeof answer, -1) && ok;
}

static void answer_requests(int socket, int root) {
  HelperRequest request;
  int fd;
  while (receive_message(socket, &request, sizeof request, &fd)) {
    HelperAnswer answer = {0};
    struct stat st = {0};
    if (request.op == HELPER_OPEN)
      fd = openat(root, request.name, O_RDWR | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &st) == 0)
      answer.ino = st.st_ino;
    gboolean sent = request.op != HELPER_OPEN || send_message(socket, &answer, sizeof answer, fd);
    if (fd >= 0)
      close(fd);
    /* Only now is the file the server's alone, and a close of the client's the last one. */
    sent = sent && send_message(socket, &answer, sizeof answer, -1);
    if (!sent)
      break;
  }
}

static G_GNUC_NORETURN void helper_main(int socket, int fuse_fd, SimHostKvm kvm, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent)
    _exit(EXIT_FAILURE);
  int low = MIN(socket, fuse_fd), high = MAX(socket, fuse_fd);
  if (low > 3)
    syscall(SYS_close_range, 3, low - 1, 0);
  if (high > low + 1)
    syscall(SYS_close_range, low + 1, high - 1, 0);
  syscall(SYS_close_range, high + 1, ~0u, 0);

  g_autoptr(GError) error = NULL;
  g_autoptr(GateMounts) mounts = gate_mounts_new(&error);
  g_autofree char *path = mounts ? mount_nodes(mounts, fuse_fd, &error) : NULL;
  close(fuse_fd); /* or the mount would outlive its server */
  if (!report(socket, path != NULL, error))
    gate_client_exit(EXIT_FAILURE);
  /* From here on the session is served. */
  int root = open_root(path, &error);
  gboolean placed = root >= 0 && place_nodes(mounts, path, kvm, &error) && gate_mounts_finish(mounts, &error);
  if (report(socket, placed, error))
    answer_requests(socket, root);
  gate_client_exit(EXIT_SUCCESS);
}

/* ---- the server's side ---- */

gboolean sim_helper_wait(SimHelper *helper, GError **error) {
  HelperAnswer answer;
  int none;
  if (!receive_message(helper->socket, &answer, sizeof answer, &none))
    return gate_error_set(error, EPIPE, "the helper that mounts the nodes died");
  if (answer.code == 0)
    return TRUE;
  g_set_error_literal(error, GATE_ERROR, answer.code - 1, answer.message);
  return FALSE;
}

SimHelper *sim_helper_new(int fuse_fd, SimHostKvm kvm, GError **error) {
  int sockets[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0) {
    gate_error_set(error, errno, "cannot make a socket pair for the helper");
    return NULL;
  }
  fflush(NULL); /* or the helper would write it again */
  pid_t parent = getpid(), pid = fork();
  if (pid == 0)
    helper_main(sockets[1], fuse_fd, kvm, parent);
  int err = errno;
  close(sockets[1]);
  if (pid < 0) {
    close(sockets[0]);
    gate_error_set(error, err, "cannot fork the helper");
    return NULL;
  }
  SimHelper *helper = g_new0(SimHelper, 1);
  helper->pid = pid;
  helper->socket = sockets[0];
  /* A session that is served before it is mounted finds its device broken. */
  if (!sim_helper_wait(helper, error))
    g_clear_pointer(&helper, sim_helper_free);
  return helper;
}

void sim_helper_free(SimHelper *helper) {
  if (!helper)
    return;
  close(helper->socket);
  (void)!TEMP_FAILURE_RETRY(waitpid(helper->pid, NULL, 0));
  g_free(helper);
}

int sim_helper_open(SimHelper *helper, const char *name, guint64 *ino) {
  HelperRequest request = {.op = HELPER_OPEN};
  HelperAnswer answer = {0};
  int fd = -1, none;
  g_strlcpy(request.name, name, sizeof request.name);
  if (send_message(helper->socket, &request, sizeof request, -1) &&
      receive_message(helper->socket, &answer, sizeof answer, &fd))
    receive_message(helper->socket, &answer, sizeof answer, &none);
  *ino = answer.ino;
  return fd;
}

void sim_helper_refresh(SimHelper *helper, int fd) {
  HelperRequest request = {.op = HELPER_REFRESH};
  HelperAnswer answer;
  int none;
  if (send_message(helper->socket, &request, sizeof request, fd))
    receive_message(helper->socket, &answer, sizeof answer, &none);
}
