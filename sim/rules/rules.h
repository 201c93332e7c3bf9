/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rules of the real kernel's behaviour, by id ("KV-37"). rules.tsv is the data; the enum and the table are
 * generated from it, so an id that does not exist does not compile.
 */
#pragma once

#include <glib.h>

#include "rules-ids.h" /* generated: typedef enum { RULE_NONE, RULE_CG_1, ..., RULE_COUNT } RuleId; */

G_BEGIN_DECLS

typedef struct {
  const char *id;     /* "KV-37" */
  const char *object; /* "kvm-vfio" */
  const char *call;   /* "KVM_SET_DEVICE_ATTR DEL" */
  const char *condition;
  const char *result;
  const char *effect; /* side effect, may be "" */
  const char *source; /* kernel file and function */
  const char *since;  /* first kernel version, "4.9" */
  const char *until;  /* last kernel version or "" */
  const char *basis;  /* "read", "recorded", ... */
} Rule;

const Rule *rule_get(RuleId id);  /* NULL for RULE_NONE or out of range */
RuleId rule_find(const char *id); /* RULE_NONE if unknown; case-insensitive */

G_END_DECLS
