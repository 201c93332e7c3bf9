/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/run/world-message.h"

#include <errno.h>
#include <unistd.h>

static void send_bytes(int fd, const void *data, gsize len) {
  const char *at = data;

  while (len) {
    ssize_t n = write(fd, at, len);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      _exit(1); /* the parent is gone */
    at += n;
    len -= (gsize)n;
  }
}

void world_msg_send(int fd, WorldMsgKind kind, const void *data, gsize len) {
  WorldMsgHeader header = {.kind = kind, .len = (guint32)len};

  send_bytes(fd, &header, sizeof header);
  send_bytes(fd, data, len);
}

static gsize msg_size(const WorldMsgHeader *header) {
  switch ((WorldMsgKind)header->kind) {
  case WORLD_STMT:
    return sizeof(WorldBeginning);
  case WORLD_LOST:
    return sizeof(gint32);
  case WORLD_RESULT:
    return sizeof(WorldResult);
  case WORLD_EVENT:
    return sizeof(TraceEvent);
  case WORLD_RULES:
    return sizeof(guint32) * RULE_COUNT;
  case WORLD_MESSAGE:
  case WORLD_STRETCH:
    return MIN(header->len, WORLD_MAX_TEXT);
  default:
    return 0;
  }
}

gboolean world_msg_is_sane(const WorldMsgHeader *header) {
  return header->len == msg_size(header);
}
