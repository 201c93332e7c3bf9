/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/subject-proxy.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/kernel.h"

typedef enum { OP_PERFORM, OP_PEEK, OP_POKE, OP_INTERRUPTS, OP_FREE } Op;

enum { PROXY_CHUNK = 16384 }; /* bytes of guest memory in one message; well below the socket's default buffer */

typedef struct {
  guint32 op, stmt, index, vector, len;
  guint64 gpa;
  guint8 data[PROXY_CHUNK]; /* POKE: bytes; INTERRUPTS: the device's name; only `len` of it travel */
} Request;

typedef struct {
  guint32 ok, len;
  guint64 value;
  SubjectReply reply;
  guint8 data[PROXY_CHUNK];
} Answer;

/* ---- child ---- */

static gboolean send_all(int fd, const void *data, gsize len) {
  ssize_t n;
  do
    n = send(fd, data, len, MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);
  return n == (ssize_t)len;
}

static gboolean send_answer(int fd, const Answer *answer) {
  return send_all(fd, answer, offsetof(Answer, data) + answer->len);
}

static gboolean receive_request(int fd, Request *request) {
  ssize_t n;
  do
    n = recv(fd, request, sizeof *request, 0);
  while (n < 0 && errno == EINTR);
  return n >= (ssize_t)offsetof(Request, data);
}

static void answer_request(Subject *subject, const Scenario *scenario, Request *request, Answer *answer) {
  answer->ok = TRUE;
  answer->len = 0;
  answer->value = 0;
  switch ((Op)request->op) {
  case OP_PERFORM:
    memset(&answer->reply, 0, sizeof answer->reply);
    g_return_if_fail(request->stmt < scenario->stmts->len);
    subject->perform(subject, scenario->stmts->pdata[request->stmt], &answer->reply);
    break;
  case OP_PEEK:
    answer->ok = subject->peek(subject, request->gpa, answer->data, request->len);
    answer->len = answer->ok ? request->len : 0;
    break;
  case OP_POKE:
    answer->ok = subject->poke(subject, request->gpa, request->data, request->len);
    break;
  case OP_INTERRUPTS:
    request->data[MIN(request->len, PROXY_CHUNK - 1)] = 0;
    answer->value = subject->interrupts(subject, (const char *)request->data, request->index, request->vector);
    break;
  case OP_FREE:
    subject->free(subject);
    break;
  }
}

void subject_serve(int fd, Subject *subject, const Scenario *scenario) {
  g_autofree Request *request = g_new(Request, 1);
  g_autofree Answer *answer = g_new0(Answer, 1);

  answer->ok = TRUE;
  if (send_answer(fd, answer))
    while (receive_request(fd, request)) {
      answer_request(subject, scenario, request, answer);
      gboolean sent = send_answer(fd, answer);
      if (request->op == OP_FREE)
        return;
      if (!sent)
        break;
    }
  subject->kill(subject); /* nobody is there any more: nothing is owed to the kernel either */
  subject->free(subject);
}

void subject_serve_error(int fd, const GError *error) {
  g_autofree Answer *answer = g_new0(Answer, 1);
  answer->reply.status =
      error->domain == KERNEL_ERROR && error->code == KERNEL_ERROR_UNAVAILABLE ? SUBJECT_UNSUPPORTED : SUBJECT_REFUSED;
  g_strlcpy(answer->reply.message, error->message, sizeof answer->reply.message);
  (void)send_answer(fd, answer);
}

/* ---- parent ---- */

typedef struct {
  Subject subject;
  const Scenario *scenario;
  int fd;
  pid_t pid; /* 0: waited for */
  guint timeout_ms;
  SubjectStatus gone; /* SUBJECT_DONE while it lives */
  char death[128];    /* how it went */
} Proxy;

/* Notes how the child went; waits for it, since it is dying or dead. */
static void reap(Proxy *proxy) {
  int status = 0;
  pid_t pid;

  if (proxy->pid <= 0)
    return;
  do
    pid = waitpid(proxy->pid, &status, 0);
  while (pid < 0 && errno == EINTR);
  proxy->pid = 0;
  if (proxy->death[0])
    return;
  if (pid > 0 && WIFSIGNALED(status))
    g_snprintf(proxy->death, sizeof proxy->death, "the subject was killed by signal %d (%s)", WTERMSIG(status),
               strsignal(WTERMSIG(status)));
  else if (pid > 0)
    g_snprintf(proxy->death, sizeof proxy->death, "the subject exited with status %d", WEXITSTATUS(status));
  else
    g_strlcpy(proxy->death, "the subject is gone", sizeof proxy->death);
}

static void proxy_end(Proxy *proxy, SubjectStatus how) {
  if (proxy->gone != SUBJECT_DONE)
    return;
  proxy->gone = how;
  if (how == SUBJECT_HUNG)
    g_snprintf(proxy->death, sizeof proxy->death, "the subject did not answer within %u ms and was killed",
               proxy->timeout_ms);
  if (proxy->pid > 0)
    kill(proxy->pid, SIGKILL);
  reap(proxy);
}

/* A socket that closed means that the child is dying by itself: its own status is what counts, so it is given a moment
 * before it is killed. */
static void proxy_closed(Proxy *proxy) {
  for (guint i = 0; i < 200 && proxy->pid > 0; i++) {
    siginfo_t info = {0};
    if (waitid(P_PID, (id_t)proxy->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid != 0)
      break;
    g_usleep(5000);
  }
  proxy_end(proxy, SUBJECT_DEAD);
}

static gboolean await_answer(Proxy *proxy, Answer *answer) {
  gint64 deadline = g_get_monotonic_time() + (gint64)proxy->timeout_ms * 1000;

  for (;;) {
    gint64 left = deadline - g_get_monotonic_time();
    struct pollfd pfd = {.fd = proxy->fd, .events = POLLIN};
    int n = left > 0 ? poll(&pfd, 1, (int)(left / 1000 + 1)) : 0;
    if (n < 0 && errno == EINTR)
      continue;
    if (n == 0) {
      proxy_end(proxy, SUBJECT_HUNG);
      return FALSE;
    }
    ssize_t got = recv(proxy->fd, answer, sizeof *answer, 0);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < (ssize_t)offsetof(Answer, data)) {
      proxy_closed(proxy);
      return FALSE;
    }
    return TRUE;
  }
}

static gboolean ask(Proxy *proxy, const Request *request, Answer *answer) {
  if (proxy->gone != SUBJECT_DONE)
    return FALSE;
  if (!send_all(proxy->fd, request, offsetof(Request, data) + (request->op == OP_PEEK ? 0 : request->len))) {
    proxy_closed(proxy);
    return FALSE;
  }
  return await_answer(proxy, answer);
}

static void proxy_perform(Subject *subject, const ScenarioStmt *stmt, SubjectReply *reply) {
  Proxy *proxy = (Proxy *)subject;
  g_autofree Request *request = g_new0(Request, 1);
  g_autofree Answer *answer = g_new(Answer, 1);

  memset(reply, 0, sizeof *reply);
  request->op = OP_PERFORM;
  g_return_if_fail(g_ptr_array_find(proxy->scenario->stmts, stmt, &request->stmt));
  if (ask(proxy, request, answer)) {
    *reply = answer->reply;
    return;
  }
  reply->status = proxy->gone;
  g_strlcpy(reply->message, proxy->death, sizeof reply->message);
}

static gboolean transfer(Proxy *proxy, Op op, guint64 gpa, guint8 *out, const guint8 *in, gsize len) {
  g_autofree Request *request = g_new0(Request, 1);
  g_autofree Answer *answer = g_new(Answer, 1);

  for (gsize done = 0; done < len; done += request->len) {
    request->op = op;
    request->gpa = gpa + done;
    request->len = (guint32)MIN(len - done, PROXY_CHUNK);
    if (in)
      memcpy(request->data, in + done, request->len);
    if (!ask(proxy, request, answer) || !answer->ok)
      return FALSE;
    if (out)
      memcpy(out + done, answer->data, request->len);
  }
  return TRUE;
}

static gboolean proxy_peek(Subject *subject, guint64 gpa, void *buf, gsize len) {
  return transfer((Proxy *)subject, OP_PEEK, gpa, buf, NULL, len);
}

static gboolean proxy_poke(Subject *subject, guint64 gpa, const void *buf, gsize len) {
  return transfer((Proxy *)subject, OP_POKE, gpa, NULL, buf, len);
}

static guint64 proxy_interrupts(Subject *subject, const char *name, guint index, guint vector) {
  Proxy *proxy = (Proxy *)subject;
  g_autofree Request *request = g_new0(Request, 1);
  g_autofree Answer *answer = g_new(Answer, 1);

  request->op = OP_INTERRUPTS;
  request->index = index;
  request->vector = vector;
  request->len = (guint32)g_strlcpy((char *)request->data, name, PROXY_CHUNK);
  return ask(proxy, request, answer) ? answer->value : 0;
}

static void proxy_kill(Subject *subject) {
  Proxy *proxy = (Proxy *)subject;
  proxy_end(proxy, SUBJECT_DEAD);
}

static void proxy_free(Subject *subject) {
  Proxy *proxy = (Proxy *)subject;
  g_autofree Request *request = g_new0(Request, 1);
  g_autofree Answer *answer = g_new(Answer, 1);

  request->op = OP_FREE;
  if (ask(proxy, request, answer))
    proxy_closed(proxy);
  proxy_end(proxy, SUBJECT_DEAD);
  close(proxy->fd);
  g_free(proxy);
}

Subject *subject_proxy_new(int fd, pid_t pid, const Scenario *scenario, guint timeout_ms, GError **error) {
  Proxy *proxy = g_new0(Proxy, 1);
  g_autofree Answer *answer = g_new0(Answer, 1);

  proxy->subject = (Subject){.perform = proxy_perform,
                             .peek = proxy_peek,
                             .poke = proxy_poke,
                             .interrupts = proxy_interrupts,
                             .kill = proxy_kill,
                             .free = proxy_free};
  proxy->scenario = scenario;
  proxy->fd = fd;
  proxy->pid = pid;
  proxy->timeout_ms = timeout_ms;
  if (await_answer(proxy, answer) && answer->ok)
    return &proxy->subject;

  if (proxy->gone != SUBJECT_DONE)
    g_set_error(error, KERNEL_ERROR, KERNEL_ERROR_FAILED, "%s before it was ready", proxy->death);
  else
    g_set_error_literal(error, KERNEL_ERROR,
                        answer->reply.status == SUBJECT_UNSUPPORTED ? KERNEL_ERROR_UNAVAILABLE : KERNEL_ERROR_FAILED,
                        answer->reply.message);
  proxy_end(proxy, SUBJECT_DEAD);
  close(proxy->fd);
  g_free(proxy);
  return NULL;
}
