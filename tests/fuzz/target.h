/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The entry of every fuzz target, as libFuzzer calls it. What must not be aborts. */
#pragma once

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
