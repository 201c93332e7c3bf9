/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/gate/filter.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sim/abi/abi.h"
#include "sim/preload/message.h"

struct GateFilter {
  struct sock_filter *code;
  gsize n;
};

static guint32 native_number(const AbiCall *call) {
#if defined(__powerpc__)
  return call->nr_powerpc;
#else
  return call->nr_x86;
#endif
}

/* The kernel looks at 32 bits of the command; libcs differ in what they leave above. */
static int add_rule(scmp_filter_ctx context, guint32 number) {
  int err =
      seccomp_rule_add(context, SCMP_ACT_NOTIFY, SCMP_SYS(ioctl), 1, SCMP_A1(SCMP_CMP_MASKED_EQ, G_MAXUINT32, number));
  return err == -EEXIST ? 0 : err;
}

static int add_rules(scmp_filter_ctx context, gboolean exits) {
  int err = seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ALLOW);
  if (!err)
    err = add_rule(context, CARRIER);
  if (!err && exits)
    err = seccomp_rule_add(context, SCMP_ACT_NOTIFY, SCMP_SYS(exit_group), 0);
  for (int id = ABI_CALL_NONE + 1; !err && id < ABI_N_CALLS; id++) {
    const AbiCall *call = abi_call(id);
    if (call->returns != ABI_NONE && native_number(call) != 0)
      err = add_rule(context, native_number(call));
  }
  return err;
}

GateFilter *gate_filter_new(gboolean exits, GError **error) {
  scmp_filter_ctx context = seccomp_init(SCMP_ACT_ALLOW);
  int memfd = memfd_create("filter", MFD_CLOEXEC);
  int err = !context ? -ENOMEM : memfd < 0 ? -errno : add_rules(context, exits);
  if (!err)
    err = seccomp_export_bpf(context, memfd);
  seccomp_release(context);
  off_t size = err ? 0 : lseek(memfd, 0, SEEK_END);
  GateFilter *filter = NULL;
  if (size > 0) {
    filter = g_new0(GateFilter, 1);
    filter->code = g_malloc(size);
    filter->n = size / sizeof *filter->code;
    if (pread(memfd, filter->code, size, 0) != size) {
      err = -EIO;
      g_clear_pointer(&filter, gate_filter_free);
    }
  }
  if (memfd >= 0)
    close(memfd);
  if (!filter)
    gate_error_set(error, -err, "cannot build the seccomp filter");
  return filter;
}

void gate_filter_free(GateFilter *filter) {
  if (!filter)
    return;
  g_free(filter->code);
  g_free(filter);
}

int gate_filter_install(const GateFilter *filter) {
  struct sock_fprog program = {.len = filter->n, .filter = filter->code};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
    return -errno;
  /* SPEC_ALLOW: the filter confines nobody, so the client's speculation need not be slowed down, as kernels before 5.16
   * do by default. Without WAIT_KILLABLE_RECV (Linux 5.19) a signal restarts a call that has been answered already: a
   * second VM, say. */
  const unsigned flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
  long fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &program);
  if (fd < 0 && errno == EINVAL)
    fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
  return fd < 0 ? -errno : (int)fd;
}

gboolean gate_listener_send(int socket, int listener) {
  char byte = 0, control[CMSG_SPACE(sizeof(int))] = {0};
  struct iovec iov = {&byte, 1};
  struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(header), &listener, sizeof listener);
  return sendmsg(socket, &message, MSG_NOSIGNAL) == 1;
}

int gate_listener_receive(int socket, GError **error) {
  char byte, control[CMSG_SPACE(sizeof(int))];
  struct iovec iov = {&byte, 1};
  struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  ssize_t n;
  do
    n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  while (n < 0 && errno == EINTR);
  struct cmsghdr *header = n > 0 ? CMSG_FIRSTHDR(&message) : NULL;
  int listener;
  if (!header || header->cmsg_type != SCM_RIGHTS) {
    g_set_error(error, GATE_ERROR, GATE_ERROR_UNAVAILABLE,
                "a client could not be put under a seccomp filter: another supervisor (a container's, a sandbox's) may "
                "have taken that place; use --kernel direct here, or run outside of it");
    return -1;
  }
  memcpy(&listener, CMSG_DATA(header), sizeof listener);
  return listener;
}
