/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The library that is preloaded into programs of another architecture: what its files share. It is built for that
 * architecture, and needs its C library alone.
 */
#pragma once

#include "sim/preload/message.h"

/* Asks the simulator, on the open file fd. As ioctl(): -1 with errno; ENOTTY where the file is not the simulator's,
 * EBADF where there is none. Fills in the message's magic and self. */
int carry(int fd, CarriedMessage *message);
