/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/direct/guard.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>

/* Signal handlers belong to the process: the only state in the model that does not belong to an object. */
static struct sigaction previous_segv, previous_bus;
/* Volatile: nothing that the compiler can see reads it while a copy is under way. */
static _Thread_local sigjmp_buf *volatile armed;

static void on_fault(int number, siginfo_t *info, void *context) {
  const struct sigaction *previous = number == SIGBUS ? &previous_bus : &previous_segv;

  if (armed)
    siglongjmp(*armed, 1);
  if (previous->sa_flags & SA_SIGINFO) {
    previous->sa_sigaction(number, info, context);
  } else if (previous->sa_handler == SIG_DFL || previous->sa_handler == SIG_IGN) {
    struct sigaction dies = {.sa_handler = SIG_DFL};

    sigaction(number, &dies, NULL); /* the access is made again on return and ends the process as it should */
  } else {
    previous->sa_handler(number);
  }
}

static void install(int number, struct sigaction *previous) {
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK}, now;

  sigaction(number, NULL, &now);
  if (now.sa_flags & SA_SIGINFO && now.sa_sigaction == on_fault)
    return;
  *previous = now;
  sigaction(number, &action, NULL);
}

void guard_install(void) {
  static GMutex lock;

  g_mutex_lock(&lock);
  install(SIGSEGV, &previous_segv);
  install(SIGBUS, &previous_bus);
  g_mutex_unlock(&lock);
}

/* Volatile, lest the compiler makes a memcpy() of it, which sanitizers would look into. */
typedef guint64 __attribute__((may_alias, aligned(1))) Word;

#if defined(__clang__)
#define UNCHECKED __attribute__((noinline, no_sanitize("address", "thread", "undefined")))
#else
#define UNCHECKED __attribute__((noinline, no_sanitize_address, no_sanitize_thread, no_sanitize_undefined))
#endif

UNCHECKED static void copy(volatile guint8 *to, const volatile guint8 *from, gsize len) {
  for (; len >= sizeof(Word); len -= sizeof(Word), to += sizeof(Word), from += sizeof(Word))
    *(volatile Word *)to = *(const volatile Word *)from;
  for (; len; len--)
    *to++ = *from++;
}

static int guarded_copy(void *to, const void *from, gsize len) {
  sigjmp_buf here;

  if (sigsetjmp(here, 0)) {
    armed = NULL;
    return -EFAULT;
  }
  armed = &here;
  copy(to, from, len);
  armed = NULL;
  return 0;
}

int guard_read(guint64 from, void *to, gsize len) {
  return guarded_copy(to, (const void *)(guintptr)from, len);
}

int guard_write(guint64 to, const void *from, gsize len) {
  return guarded_copy((void *)(guintptr)to, from, len);
}
