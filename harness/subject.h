/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The subject: whatever attaches devices. A scenario's statements are put to it one by one. The builtin subject is a
 * pseries machine on this project's attach code, run in process (direct, host) or in a child (fuse); an unmodified QEMU
 * (harness/qemu) implements the same table.
 */
#pragma once

#include "harness/scenario/scenario.h"

G_BEGIN_DECLS

typedef enum {
  SUBJECT_DONE,        /* carried out */
  SUBJECT_REFUSED,     /* the subject refused it: error, err */
  SUBJECT_UNSUPPORTED, /* cannot be put to this subject: the scenario is skipped with `message` */
  SUBJECT_DEAD,        /* it died or was killed */
  SUBJECT_HUNG,        /* it did not answer in time and was killed */
} SubjectStatus;

enum { SUBJECT_NO_ERRNO = -1 };

typedef struct {
  SubjectStatus status;
  int err;           /* errno behind SUBJECT_REFUSED, 0 if none, SUBJECT_NO_ERRNO if the subject does not tell it */
  gint64 result;     /* raw calls: >= 0 or -errno; hypercalls that the subject handles: H_*; ENGINE: as stmt->stops */
  guint64 value;     /* H_GET_TCE's, or an out-field mismatch's value; ENGINE: its CRC, or where it stopped */
  char message[512]; /* NUL-terminated; empty if there is nothing to say */
} SubjectReply;

typedef struct Subject Subject;
struct Subject {
  /* Carries out one statement that the subject handles: machine events, raw calls, userspace hypercalls. */
  void (*perform)(Subject *subject, const ScenarioStmt *stmt, SubjectReply *reply);
  /* Reads / writes guest memory at a guest physical address. FALSE: no RAM there. */
  gboolean (*peek)(Subject *subject, guint64 gpa, void *buf, gsize len);
  gboolean (*poke)(Subject *subject, guint64 gpa, const void *buf, gsize len);
  /* How often the vector fired since last asked; index: VFIO_PCI_*_IRQ_INDEX. NULL: nobody can count them, and such a
   * subject takes no scenario that asserts on interrupts. */
  guint64 (*interrupts)(Subject *subject, const char *name, guint index, guint vector);
  /* Dies as by SIGKILL: fds are closed by the kernel, nothing is undone. */
  void (*kill)(Subject *subject);
  void (*free)(Subject *subject); /* takes the machine down in order if it is alive */
  /* Its guest makes hypercalls on a vCPU, where KVM answers its own; else the kernel's VM is asked first, and the
   * subject performs what is left. */
  gboolean guest_calls;
};

G_END_DECLS
