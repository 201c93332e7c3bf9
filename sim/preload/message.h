/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How a program of another architecture makes a call on the nodes. Its emulator, qemu-user, hands on the ioctl()s that
 * it can translate, and VFIO's and KVM's are not among them; so a library preloaded into the program makes one that it
 * can: ioctl(fd, CARRIER, &message). Everything else of the call is the real one's: the open file, the thread, the
 * signals.
 *
 * The layout has no padding and no pointers: it is the same on both sides.
 */
#pragma once

#include <stdint.h>

/* CDROM_MEDIA_CHANGED: has one number on all architectures, no direction and no size, so that nothing is copied;
 * qemu-user passes its argument on as it is, all 64 bits; a question, which changes nothing where the file is somebody
 * else's. */
#define CARRIER 0x5325u

#define CARRIED_MAGIC 0x3170654376666976 /* "vifvCep1" */

enum {
  CARRIED_IOCTL = 1, /* ioctl(fd, number, arg): the result is its own */
  CARRIED_MMAP = 2,  /* mmap(NULL, length, prot, flags, fd, offset): the result is an fd, close-on-exec, of memory that
                        is to be mapped so instead */
};

typedef struct {
  uint64_t magic;
  uint64_t self; /* the message's address as the program knows it: an emulator may have moved the program's memory */
  uint32_t op;
  uint32_t number; /* as the program's architecture encodes it */
  uint64_t arg;
  uint64_t length;
  uint64_t offset;
  uint32_t prot;  /* as sys/mman.h has it on all architectures */
  uint32_t flags; /* of these, MAP_SHARED and MAP_PRIVATE */
} CarriedMessage;
