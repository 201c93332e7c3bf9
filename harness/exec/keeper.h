/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The process between vfiosim and the program: the parent of the program and, as a child subreaper, of what the program
 * leaves behind. It outlives vfiosim by as long as it takes to kill all of that, whatever ended vfiosim; it is in a
 * process group of its own, so that what is meant for the program's does not reach it.
 *
 * The program stays in vfiosim's process group, the terminal's: terminal signals go to it without a detour.
 */
#pragma once

#include <glib.h>
#include <sys/types.h>

#include "harness/exec/inherited.h"

G_BEGIN_DECLS

typedef struct {
  char *const *argv; /* argv[0] is searched for in PATH */
  const Inherited *inherited;
} KeeperProgram;

/* What vfiosim tells the keeper. */
typedef enum {
  KEEPER_SIGNAL, /* value: to be sent to the program */
  KEEPER_KILL,   /* the program has ended: end what it left behind */
} KeeperOrder;

/* What the keeper tells vfiosim. */
typedef enum {
  KEEPER_RUNS,    /* value: the program's pid */
  KEEPER_STOPPED, /* the program was stopped, by the job control signal `value` */
  KEEPER_ENDED,   /* value: the program's wait status */
  KEEPER_EMPTY,   /* nothing is left; value: how many processes had to be killed */
} KeeperNews;

typedef struct {
  gint32 kind; /* KeeperOrder, KeeperNews */
  gint32 value;
} KeeperMessage;

/* What the keeper's process does (GateClientFunc): data is the KeeperProgram, socket a SOCK_SEQPACKET to vfiosim. */
int keeper_main(gpointer data, int socket);

/* One message over the socket. FALSE: the other side is gone. */
gboolean keeper_send(int socket, gint32 kind, gint32 value);
gboolean keeper_receive(int socket, KeeperMessage *message);

G_END_DECLS
