/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a test's kernel was asked and answered goes into the coverage by rule, beside the scenarios'.
 */
#pragma once

#include "sim/kernel/kernel.h"

/* Call it before the kernel is freed. Appends to the file that VFIOSIM_TALLY names; without it, does nothing. */
void reached(SimKernel *kernel, const Trace *trace);
