/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a program inherits from its parent, and vfiosim must have otherwise for itself: kept here, so that the program
 * gets it as vfiosim got it.
 */
#pragma once

#include <glib.h>
#include <signal.h>
#include <sys/resource.h>

G_BEGIN_DECLS

typedef struct {
  sigset_t mask;
  struct sigaction pipe;
  struct rlimit files;
  char *directory; /* NULL: it has no path any more */
} Inherited;

/* Opens /dev/null where standard input, output or error is closed: what is opened next would be taken for it. */
void inherited_open_standard(void);

/* Keeps what is now; then blocks `signals`, makes writes that nobody reads fail, and raises the limit of open files as
 * far as it goes. */
void inherited_take(Inherited *inherited, const sigset_t *signals);
void inherited_clear(Inherited *inherited);

/* In the program's process, before exec(): everything as it was. */
void inherited_give(const Inherited *inherited);

G_END_DECLS
