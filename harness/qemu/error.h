/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What can go wrong with a QEMU that is driven from here. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define QEMU_ERROR (qemu_error_quark())
GQuark qemu_error_quark(void);
typedef enum {
  QEMU_ERROR_REFUSED,     /* QEMU, or its firmware, refused what it was asked: the message is its own */
  QEMU_ERROR_UNSUPPORTED, /* this QEMU cannot be asked that */
  QEMU_ERROR_CLOSED,      /* it is gone */
  QEMU_ERROR_TIMEOUT,     /* it did not answer in time */
  QEMU_ERROR_PROTOCOL,    /* what it said makes no sense */
} QemuError;

G_END_DECLS
