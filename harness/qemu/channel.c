/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/qemu/channel.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

G_DEFINE_QUARK(qemu - error - quark, qemu_error)

enum { CHANNEL_MAX = 16 << 20 /* bytes that are kept without having been asked for */ };

struct QemuChannel {
  int fd;
  guint timeout_ms;
  GString *input;
};

QemuChannel *qemu_channel_new(int fd, guint timeout_ms) {
  QemuChannel *channel = g_new0(QemuChannel, 1);

  channel->fd = fd;
  channel->timeout_ms = timeout_ms;
  channel->input = g_string_new(NULL);
  return channel;
}

void qemu_channel_free(QemuChannel *channel) {
  if (!channel)
    return;
  close(channel->fd);
  g_string_free(channel->input, TRUE);
  g_free(channel);
}

static gboolean fail_closed(GError **error) {
  g_set_error_literal(error, QEMU_ERROR, QEMU_ERROR_CLOSED, "QEMU has closed its end");
  return FALSE;
}

static gboolean wait_for(QemuChannel *channel, short events, gint64 deadline, GError **error) {
  for (;;) {
    gint64 left = deadline - g_get_monotonic_time();
    struct pollfd pfd = {.fd = channel->fd, .events = events};
    int n = left > 0 ? poll(&pfd, 1, (int)(left / 1000 + 1)) : 0;
    if (n > 0)
      return TRUE;
    if (n == 0) {
      g_set_error(error, QEMU_ERROR, QEMU_ERROR_TIMEOUT, "QEMU did not answer within %u ms", channel->timeout_ms);
      return FALSE;
    }
    if (errno != EINTR)
      return fail_closed(error);
  }
}

static gint64 deadline_of(const QemuChannel *channel) {
  return g_get_monotonic_time() + (gint64)channel->timeout_ms * 1000;
}

static ssize_t send_some(QemuChannel *channel, const char *data, gsize len, int pass_fd) {
  struct iovec iov = {.iov_base = (void *)data, .iov_len = len};
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int))];
  } control = {0};
  struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

  if (pass_fd >= 0) {
    msg.msg_control = &control;
    msg.msg_controllen = sizeof control;
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
    cmsg->cmsg_level = SOL_SOCKET;
    cmsg->cmsg_type = SCM_RIGHTS;
    cmsg->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(cmsg), &pass_fd, sizeof pass_fd);
  }
  return sendmsg(channel->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
}

gboolean qemu_channel_send(QemuChannel *channel, const char *data, gsize len, int pass_fd, GError **error) {
  gint64 deadline = deadline_of(channel);

  while (len) {
    if (!wait_for(channel, POLLOUT, deadline, error))
      return FALSE;
    ssize_t n = send_some(channel, data, len, pass_fd);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
      continue;
    if (n <= 0)
      return fail_closed(error);
    data += n;
    len -= (gsize)n;
    pass_fd = -1;
  }
  return TRUE;
}

char *qemu_channel_receive(QemuChannel *channel, char end, GError **error) {
  gint64 deadline = deadline_of(channel);
  gsize seen = 0;
  char bytes[65536];

  for (;;) {
    const char *at = memchr(channel->input->str + seen, end, channel->input->len - seen);
    if (at) {
      gsize len = (gsize)(at - channel->input->str) + 1;
      char *text = g_strndup(channel->input->str, len);
      g_string_erase(channel->input, 0, (gssize)len);
      return text;
    }
    seen = channel->input->len;
    if (seen > CHANNEL_MAX) {
      g_set_error(error, QEMU_ERROR, QEMU_ERROR_PROTOCOL, "QEMU has sent more than %d bytes without an end",
                  CHANNEL_MAX);
      return NULL;
    }
    if (!wait_for(channel, POLLIN, deadline, error))
      return NULL;
    ssize_t n = recv(channel->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
      continue;
    if (n <= 0) {
      fail_closed(error);
      return NULL;
    }
    g_string_append_len(channel->input, bytes, n);
  }
}
