/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/gate/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <seccomp.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

struct GateCall {
  int listener;
  guint64 id;
};

struct GateSupervisor {
  const GateSupervisorOps *ops;
  gpointer data;
  int poll_fd;
  int wake;      /* eventfd: `added` or `stop` has changed */
  GMutex lock;   /* of the two */
  GArray *added; /* of int: listeners that the thread has not taken yet */
  gboolean stop;
  GArray *polls; /* of struct pollfd: wake, poll_fd, listeners; the thread's own */
  struct seccomp_notif *request;
  struct seccomp_notif_resp *response;
  GThread *thread;
};

enum { POLL_WAKE, POLL_OTHER, POLL_LISTENERS };

gboolean gate_call_valid(const GateCall *call) {
  return seccomp_notify_id_valid(call->listener, call->id) == 0;
}

int gate_call_add_fd(GateCall *call, int fd) {
  struct seccomp_notif_addfd add = {.id = call->id, .srcfd = fd, .newfd_flags = O_CLOEXEC};
  int got = ioctl(call->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add);
  return got < 0 ? -errno : got;
}

static void serve(GateSupervisor *supervisor, int listener) {
  struct seccomp_notif *request = supervisor->request;
  struct seccomp_notif_resp *response = supervisor->response;
  memset(request, 0, sizeof *request);
  if (seccomp_notify_receive(listener, request) < 0)
    return; /* the caller died meanwhile */
  GateCall call = {listener, request->id};
  long result = 0;
  gboolean answered = FALSE;
  if (request->data.nr == SYS_exit_group)
    supervisor->ops->exiting(supervisor->data, request->pid);
  else
    answered = supervisor->ops->answer(supervisor->data, &call, request->pid, (int)request->data.args[0],
                                       (guint32)request->data.args[1], request->data.args[2], &result);
  memset(response, 0, sizeof *response);
  response->id = request->id;
  if (!answered)
    response->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  else if (result < 0)
    response->error = result;
  else
    response->val = result;
  seccomp_notify_respond(listener, response);
}

static gboolean take_added(GateSupervisor *supervisor) {
  guint64 count;
  if (read(supervisor->wake, &count, sizeof count) < 0)
    count = 0;
  g_mutex_lock(&supervisor->lock);
  for (guint i = 0; i < supervisor->added->len; i++) {
    struct pollfd poll = {.fd = g_array_index(supervisor->added, int, i), .events = POLLIN};
    g_array_append_val(supervisor->polls, poll);
  }
  g_array_set_size(supervisor->added, 0);
  gboolean stop = supervisor->stop;
  g_mutex_unlock(&supervisor->lock);
  return !stop;
}

static gpointer run(gpointer data) {
  GateSupervisor *supervisor = data;
  for (;;) {
    GArray *polls = supervisor->polls;
    if (poll((struct pollfd *)(gpointer)polls->data, polls->len, -1) < 0)
      continue;
    /* Calls first: a client that died after its last call must have had it answered. */
    for (guint i = polls->len; i-- > POLL_LISTENERS;) {
      struct pollfd *poll = &g_array_index(polls, struct pollfd, i);
      if (poll->revents & POLLIN) {
        serve(supervisor, poll->fd);
      } else if (poll->revents) {
        close(poll->fd);
        g_array_remove_index_fast(polls, i);
      }
    }
    if (g_array_index(polls, struct pollfd, POLL_OTHER).revents)
      supervisor->ops->wakened(supervisor->data);
    if (g_array_index(polls, struct pollfd, POLL_WAKE).revents && !take_added(supervisor))
      return NULL;
  }
}

GateSupervisor *gate_supervisor_new(const GateSupervisorOps *ops, gpointer data, int poll_fd, GError **error) {
  GateSupervisor *supervisor = g_new0(GateSupervisor, 1);
  g_mutex_init(&supervisor->lock);
  supervisor->ops = ops;
  supervisor->data = data;
  supervisor->poll_fd = poll_fd;
  supervisor->added = g_array_new(FALSE, FALSE, sizeof(int));
  supervisor->polls = g_array_new(FALSE, FALSE, sizeof(struct pollfd));
  supervisor->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (supervisor->wake < 0 || seccomp_notify_alloc(&supervisor->request, &supervisor->response) != 0) {
    gate_error_set(error, errno, "cannot make a supervisor of client programs");
    gate_supervisor_free(supervisor);
    return NULL;
  }
  struct pollfd polls[] = {{supervisor->wake, POLLIN, 0}, {poll_fd, POLLIN, 0}};
  g_array_append_vals(supervisor->polls, polls, G_N_ELEMENTS(polls));
  supervisor->thread = g_thread_new("supervisor", run, supervisor);
  return supervisor;
}

static void wake(GateSupervisor *supervisor) {
  guint64 one = 1;
  if (write(supervisor->wake, &one, sizeof one) < 0)
    g_assert_not_reached(); /* an eventfd blocks only at 2^64 - 2 */
}

void gate_supervisor_add(GateSupervisor *supervisor, int listener) {
  g_mutex_lock(&supervisor->lock);
  g_array_append_val(supervisor->added, listener);
  g_mutex_unlock(&supervisor->lock);
  wake(supervisor);
}

void gate_supervisor_free(GateSupervisor *supervisor) {
  if (!supervisor)
    return;
  if (supervisor->thread) {
    g_mutex_lock(&supervisor->lock);
    supervisor->stop = TRUE;
    g_mutex_unlock(&supervisor->lock);
    wake(supervisor);
    g_thread_join(supervisor->thread);
  }
  for (guint i = POLL_LISTENERS; i < supervisor->polls->len; i++)
    close(g_array_index(supervisor->polls, struct pollfd, i).fd);
  for (guint i = 0; i < supervisor->added->len; i++)
    close(g_array_index(supervisor->added, int, i));
  g_array_unref(supervisor->added);
  g_array_unref(supervisor->polls);
  if (supervisor->wake >= 0)
    close(supervisor->wake);
  seccomp_notify_free(supervisor->request, supervisor->response);
  g_mutex_clear(&supervisor->lock);
  g_free(supervisor);
}
