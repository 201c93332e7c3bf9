/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a scenario has defined up to the line being read: devices, windows and RAM by "as NAME", handles and buffers of
 * raw calls, and the PHBs. Names of things that are gone are kept, so that a message can say where they went. Internal
 * to harness/scenario.
 */
#pragma once

#include "harness/scenario/scenario.h"

G_BEGIN_DECLS

typedef enum { NAME_DEVICE, NAME_WINDOW, NAME_RAM, NAME_HANDLE, NAME_BUFFER } NameKind;

typedef enum {
  NAME_ALIVE,
  NAME_UNSURE, /* may have gone: what it names can go by another way (ddw remove liobn) */
  NAME_GONE,
} NameState;

typedef struct {
  char *name;
  NameKind kind;
  NameState state;
  guint line;         /* where it was defined */
  guint gone_line;    /* where it went */
  const char *gone;   /* how: "was unplugged" */
  guint64 device;     /* devices */
  guint phb;          /* devices, windows */
  guint64 addr, size; /* RAM, buffers */
  AbiKind object;     /* handles */
  guint processes;    /* handles, buffers: mask of processes that have it */
} Name;

typedef struct {
  ScenarioPhb phb;
  guint line;
  gboolean alive;
} NamesPhb;

typedef struct Names Names;

Names *names_new(void);
void names_free(Names *names);

const char *name_kind_word(NameKind kind); /* "device" */

/* NULL if it was never defined. */
Name *names_find(const Names *names, const char *name);
/* Defines one; an earlier thing of that name is forgotten. */
Name *names_add(Names *names, NameKind kind, const char *name, guint line);
void name_end(Name *name, guint line, const char *gone);

/* Every name ever defined, in order. */
guint names_len(const Names *names);
Name *names_get(const Names *names, guint index);

/* The PHB of that index that is there, or was (alive FALSE); NULL. */
NamesPhb *names_phb(const Names *names, guint index);
NamesPhb *names_add_phb(Names *names, const ScenarioPhb *phb, guint line);
/* Every PHB there ever was. */
guint names_n_phbs(const Names *names);
NamesPhb *names_get_phb(const Names *names, guint i);

G_END_DECLS
