/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A subject in another process. The child serves a subject on one end of a SOCK_SEQPACKET socket, the parent holds the
 * other end as a Subject. Both were given the same scenario before the fork: a statement travels as its index.
 */
#pragma once

#include <sys/types.h>

#include "harness/subject.h"

G_BEGIN_DECLS

/* Child: answers requests until the parent frees its end (the subject is then freed in order, and this returns) or the
 * socket closes. The subject is consumed. fd stays the caller's. */
void subject_serve(int fd, Subject *subject, const Scenario *scenario);

/* Child: tells the parent that there is no subject, and why; the parent's subject_proxy_new() returns that error. */
void subject_serve_error(int fd, const GError *error);

/* Parent: waits for the child's greeting (as long as timeout_ms), then answers as the child's subject does. Consumes
 * fd. pid is the child to kill and to wait for: it is killed when a request is not answered within timeout_ms
 * (SUBJECT_HUNG), by Subject.kill, and by Subject.free if it does not leave in time. On failure it is killed, too. */
Subject *subject_proxy_new(int fd, pid_t pid, const Scenario *scenario, guint timeout_ms, GError **error);

G_END_DECLS
