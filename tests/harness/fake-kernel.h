/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A kernel without a model whose subject does as the statement's kind says: boot makes two calls, reset hangs, quit
 * crashes, plug is refused with EBUSY, unplug-phb is beyond it, plug-ram has a child that crashes.
 */
#pragma once

#include "harness/kernel-internal.h"

Kernel *fake_kernel_new(const Scenario *scenario, Trace *trace, GError **error);
Kernel *fake_kernel_missing(const Scenario *scenario, Trace *trace, GError **error);
