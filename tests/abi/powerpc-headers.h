/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * KVM's calls as the kernel's headers for powerpc have them. Its .c is compiled with those headers, and with no C
 * library's; so nothing of either is in here.
 */
#pragma once

typedef struct {
  const char *call; /* its short name in the table */
  unsigned number, size;
} PowerpcCall;

typedef struct {
  const char *call, *field;
  unsigned offset, size;
} PowerpcField;

extern const PowerpcCall powerpc_calls[];   /* ends with a NULL */
extern const PowerpcField powerpc_fields[]; /* the same */
