/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What each kind of kernel implements: the functions of harness/kernel.h, one for one. A kernel embeds this struct as
 * its first member.
 */
#pragma once

#include "harness/kernel.h"

G_BEGIN_DECLS

struct Kernel {
  Subject *(*start)(Kernel *kernel, const Scenario *scenario, VfioAttachOrder order, GError **error);
  pid_t (*fork_client)(Kernel *kernel, KernelClientFunc func, gpointer data, int keep_fd,
                       GError **error); /* may be NULL */
  void (*set_fault)(Kernel *kernel, SimFaultFunc fault, gpointer data);
  gboolean (*with_model)(Kernel *kernel, KernelModelFunc func, gpointer data); /* NULL: there is no model */
  gboolean (*locked)(Kernel *kernel, guint64 *bytes);                          /* NULL: the model's census tells it */
  char *(*device)(Kernel *kernel, guint64 device); /* NULL: devices are called as in the scenario */
  void (*settle)(Kernel *kernel);                  /* NULL: nothing is asynchronous */
  /* NULL: the model answers */
  gboolean (*hypercall)(Kernel *kernel, guint vm, guint64 nr, const guint64 args[4], guint64 *value, long *result,
                        GError **error);
  void (*free)(Kernel *kernel);
};

G_END_DECLS
