/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A world for tests of the nodes: a process with the simulated kernel in a namespace of its own, from which clients are
 * forked. Its checks are CHECK(), since nothing that is forked may run into cmocka.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "sim/fuse/fuse.h"

typedef struct {
  SimHost *host; /* a POWER9 with group 7: 0000:01:00.0, group 8: 0000:02:00.0 */
  Trace *trace;
  SimFuse *fuse;
} World;

#define CHECK(condition)                                                                                               \
  do {                                                                                                                 \
    if (!(condition)) {                                                                                                \
      fprintf(stderr, "%s:%d: %s (errno %d)\n", __FILE__, __LINE__, #condition, errno);                                \
      _exit(1);                                                                                                        \
    }                                                                                                                  \
  } while (0)

typedef void (*WorldFunc)(World *world);

/* Runs func in a world, as root or as uid (0: as the caller is), and asserts that it ends well within a minute and
 * leaves nothing behind: no process, no mount, no file in /tmp. Skips the test where the machine cannot. */
void in_world(uid_t uid, WorldFunc func);
/* ... of a host with key=value in its [host] section. */
void in_world_with(const char *key, const char *value, WorldFunc func);
/* ... of a host that describe changes. */
void in_world_of(void (*describe)(SimHost *host), WorldFunc func);
/* The world is made and then killed by SIGKILL at any moment of func, which must not end by itself. */
void in_killed_world(guint after_us, WorldFunc func);

pid_t client_start(World *world, GateClientFunc func, gpointer data);
int client_wait(pid_t pid);                                        /* as waitpid()'s status */
void client_run(World *world, GateClientFunc func, gpointer data); /* it must exit with 0 */

SimCensus world_census(World *world);
guint world_calls(World *world); /* that were traced so far */

/* ---- calls of a client ---- */

int open_group(guint number); /* CHECKs that it is had */
int open_container(void);
/* A container with SPAPR v2 and the group in it. */
int open_attached(int *group);
int create_vm(void);
int create_table(int vm, guint64 liobn, guint64 pages); /* of 4K IOMMU pages */
