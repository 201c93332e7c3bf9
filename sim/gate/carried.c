/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/gate/carried.h"

#include "sim/gate/memory.h"

gboolean gate_carried_read(pid_t tid, guint32 number, guint64 arg, CarriedMessage *message) {
  CarriedMessage read;
  if (number != CARRIER || gate_memory_read(tid, arg, &read, sizeof read) < 0 || read.magic != CARRIED_MAGIC ||
      read.self != arg)
    return FALSE;
  *message = read;
  return TRUE;
}
