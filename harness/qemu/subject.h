/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An unmodified QEMU as the subject: started as a client of the kernel at boot, driven by QMP, its guest played by
 * harness/qemu/guest.h. docs/qemu.md says how statements are carried.
 */
#pragma once

#include "harness/kernel.h"

G_BEGIN_DECLS

/* program: see qemu_program_find(). scenario and kernel must outlive it. KERNEL_ERROR_UNAVAILABLE: there is no such
 * QEMU, or the scenario is none that it can carry. */
Subject *qemu_subject_new(const Scenario *scenario, Kernel *kernel, const char *program, GError **error);

G_END_DECLS
