/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "sim/abi/abi.h"

enum { IN = ABI_IN, OUT = ABI_OUT };

/* The two encodings of a number. x86 has 2 direction bits (write 1, read 2) from bit 30, powerpc 3 (none 1, read 2,
 * write 4) from bit 29; the size is from bit 16 on both. asm/ioctl.h */
#define X86(dir, type, nr, size) ((guint32)(dir) << 30 | (guint32)(size) << 16 | (type) << 8 | (nr))
#define POWERPC(dir, type, nr, size) ((guint32)(dir) << 29 | (guint32)(size) << 16 | (type) << 8 | (nr))
#define VFIO(nr) X86(0, ';', nr, 0), POWERPC(1, ';', nr, 0)
#define KVM(nr) X86(0, 0xae, nr, 0), POWERPC(1, 0xae, nr, 0)
#define KVM_R(nr, size) X86(2, 0xae, nr, size), POWERPC(2, 0xae, nr, size)
#define KVM_W(nr, size) X86(1, 0xae, nr, size), POWERPC(4, 0xae, nr, size)
#define KVM_WR(nr, size) X86(3, 0xae, nr, size), POWERPC(6, 0xae, nr, size)
#define NO_NR 0, 0

#define F(name, offset, size, format, dir) {#name, offset, size, ABI_##format, dir},
#define ABI_CALL(id, full, kind, driver, number, arg, size, min, returns, ...)                                         \
  static const AbiField fields_##id[] = {__VA_ARGS__{NULL, 0, 0, 0, 0}}; /* the sentinel is for calls without fields   \
                                                                          */
#include "sim/abi/abi-calls.inc"
#undef ABI_CALL

static const AbiCall calls[ABI_N_CALLS] = {
#define ABI_CALL(id, full, kind, driver, number, arg, size, min, returns, ...)                                         \
  [ABI_##id] = {ABI_##id,      #id,  #full, ABI_##kind,    ABI_DRIVER_##driver,           number,                      \
                ABI_ARG_##arg, size, min,   ABI_##returns, G_N_ELEMENTS(fields_##id) - 1, fields_##id},
#include "sim/abi/abi-calls.inc"
#undef ABI_CALL
};

const AbiCall *abi_call(AbiCallId id) {
  g_return_val_if_fail(id > ABI_CALL_NONE && id < ABI_N_CALLS, NULL);
  return &calls[id];
}

/* Rows without a number, and the second encoding of a number that is the same in both, get a key that no call can have.
 */
#define KEY(kind, driver, number) ((guint64)(kind) << 40 | (guint64)(driver) << 36 | (number))
#define KEY_OR_UNIQUE(has, key, id, which) ((has) ? (key) : ((guint64)1 << 63 | (guint64)(which) << 32 | (guint64)(id)))

static AbiCallId find_key(guint64 key) {
  switch (key) {
#define CASES(id, kind, driver, x86, powerpc)                                                                          \
  case KEY_OR_UNIQUE((x86) != 0, KEY(kind, driver, x86), id, 0):                                                       \
  case KEY_OR_UNIQUE((powerpc) != (x86), KEY(kind, driver, powerpc), id, 1):                                           \
    return id;
#define ABI_CALL(id, full, kind, driver, number, ...) CASES(ABI_##id, ABI_##kind, ABI_DRIVER_##driver, number)
#include "sim/abi/abi-calls.inc"
#undef ABI_CALL
  default:
    return ABI_CALL_NONE;
  }
}

const AbiCall *abi_find(AbiKind kind, AbiDriver driver, guint32 number) {
  AbiCallId id = find_key(KEY(kind, ABI_DRIVER_ANY, number));

  if (id == ABI_CALL_NONE && kind == ABI_CONTAINER) {
    id = find_key(KEY(kind, driver == ABI_DRIVER_ANY ? ABI_DRIVER_SPAPR : driver, number));
    if (id == ABI_CALL_NONE && driver == ABI_DRIVER_ANY)
      id = find_key(KEY(kind, ABI_DRIVER_TYPE1, number));
  }
  if (kind == ABI_VCPU && (number == calls[ABI_ENABLE_CAP].nr_x86 || number == calls[ABI_ENABLE_CAP].nr_powerpc))
    id = ABI_ENABLE_CAP;
  return id == ABI_CALL_NONE ? NULL : &calls[id];
}

static gboolean made_on(const AbiCall *call, AbiKind kind) {
  return kind == ABI_NONE || call->kind == kind || call->kind == ABI_NONE ||
         (kind == ABI_VCPU && call->id == ABI_ENABLE_CAP);
}

const AbiCall *abi_find_name(AbiKind kind, const char *name) {
  for (int i = ABI_CALL_NONE + 1; i < ABI_N_CALLS; i++)
    if (made_on(&calls[i], kind) && strcmp(calls[i].name, name) == 0)
      return &calls[i];
  for (int i = ABI_CALL_NONE + 1; i < ABI_N_CALLS; i++)
    if (made_on(&calls[i], kind) && strcmp(calls[i].full_name, name) == 0)
      return &calls[i];
  return NULL;
}

const AbiField *abi_field(const AbiCall *call, const char *name) {
  for (guint i = 0; i < call->n_fields; i++)
    if (strcmp(call->fields[i].name, name) == 0)
      return &call->fields[i];
  return NULL;
}

/* The sizes are 1, 2, 4 and 8; memcpy, as payloads are not aligned. */
guint64 abi_get(const AbiField *field, const void *payload, gsize len) {
  const guint8 *at = (const guint8 *)payload + field->offset;
  guint16 u16;
  guint32 u32;
  guint64 u64;

  if (field->format == ABI_STR || (gsize)field->offset + field->size > len)
    return 0;
  switch (field->size) {
  case 1:
    return *at;
  case 2:
    memcpy(&u16, at, sizeof u16);
    return u16;
  case 4:
    memcpy(&u32, at, sizeof u32);
    return u32;
  default:
    memcpy(&u64, at, sizeof u64);
    return u64;
  }
}

void abi_set(const AbiField *field, void *payload, gsize len, guint64 value) {
  guint8 *at = (guint8 *)payload + field->offset;
  guint16 u16 = (guint16)value;
  guint32 u32 = (guint32)value;

  if (field->format == ABI_STR || (gsize)field->offset + field->size > len)
    return;
  switch (field->size) {
  case 1:
    *at = (guint8)value;
    break;
  case 2:
    memcpy(at, &u16, sizeof u16);
    break;
  case 4:
    memcpy(at, &u32, sizeof u32);
    break;
  default:
    memcpy(at, &value, sizeof value);
    break;
  }
}

AbiCallId abi_hcall(guint64 nr) {
  switch (nr) {
  case 0x1c:
    return ABI_H_GET_TCE;
  case 0x20:
    return ABI_H_PUT_TCE;
  case 0x138:
    return ABI_H_STUFF_TCE;
  case 0x13c:
    return ABI_H_PUT_TCE_INDIRECT;
  default:
    return ABI_UNKNOWN;
  }
}
