/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* VFIO's and KVM's ioctl()s, which an emulator does not hand on: message.h. */
#include "sim/preload/carry.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <sys/ioctl.h>

enum { TYPE_VFIO = ';', TYPE_KVM = 0xae }; /* linux/vfio.h, linux/kvm.h */

/* The C library's own is looked up when it is first needed: constructors of other libraries come before any of this
 * one's. */
static int next_ioctl(int fd, unsigned long number, void *arg) {
  static int (*next)(int, unsigned long, ...);
  if (!next)
    next = (int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT, "ioctl");
  return next(fd, number, arg);
}

int carry(int fd, CarriedMessage *message) {
  message->magic = CARRIED_MAGIC;
  message->self = (uintptr_t)message;
  return next_ioctl(fd, CARRIER, message);
}

int ioctl(int fd, unsigned long number, ...) {
  va_list args;
  va_start(args, number);
  void *arg = va_arg(args, void *);
  va_end(args);
  unsigned type = _IOC_TYPE(number);
  if (type != TYPE_VFIO && type != TYPE_KVM)
    return next_ioctl(fd, number, arg);
  CarriedMessage message = {.op = CARRIED_IOCTL, .number = (uint32_t)number, .arg = (uintptr_t)arg};
  return carry(fd, &message);
}
