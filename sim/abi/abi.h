/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one table of every call that a simulated kernel answers: VFIO, SPAPR TCE, type1, KVM, and the guest's TCE
 * hypercalls.
 *
 * ioctl numbers collide between kinds of fd and between IOMMU drivers (112..121 mean different things on a device, a
 * type1 and an SPAPR container), so a call is found by (kind, driver, number), never by its number alone.
 *
 * Layouts follow include/uapi/linux/vfio.h, include/uapi/linux/kvm.h and arch/powerpc/include/uapi/asm/kvm.h.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What an fd (or the guest) is. */
typedef enum {
  ABI_NONE = 0,
  ABI_CONTAINER, /* "container": an open of /dev/vfio/vfio */
  ABI_GROUP,     /* "group": an open of /dev/vfio/N */
  ABI_DEVICE,    /* "device": from VFIO_GROUP_GET_DEVICE_FD */
  ABI_KVM,       /* "kvm": an open of /dev/kvm */
  ABI_VM,        /* "vm": from KVM_CREATE_VM */
  ABI_VCPU,      /* "vcpu": from KVM_CREATE_VCPU */
  ABI_KVM_VFIO,  /* "kvm-vfio": from KVM_CREATE_DEVICE(VFIO) */
  ABI_TABLE,     /* "table": from KVM_CREATE_SPAPR_TCE(_64) */
  ABI_GUEST,     /* "guest": hypercalls, no fd */
  ABI_N_KINDS
} AbiKind;

/* The IOMMU driver of a container, as SET_IOMMU chose it. */
typedef enum {
  ABI_DRIVER_ANY = 0, /* the call does not depend on it */
  ABI_DRIVER_SPAPR,
  ABI_DRIVER_TYPE1,
} AbiDriver;

/* An object as traces and scenarios name it. id: group number, container/vm/kvm-vfio serial from 1, LIOBN of a table,
 * packed address of a device (domain << 16 | bus << 8 | devfn). */
typedef struct {
  AbiKind kind;
  guint64 id;
} AbiObject;

typedef enum {
  ABI_ARG_NONE,   /* the third argument of ioctl() is ignored, or the call is no ioctl: a payload, then, is made by the
                     kernel */
  ABI_ARG_VALUE,  /* it is a number (its one field says which: offset 0, size 8) */
  ABI_ARG_STRUCT, /* it points to a struct of `size` bytes (variable data may follow) */
  ABI_ARG_STRING, /* it points to a NUL-terminated string */
} AbiArg;

/* How a field is written in text. */
typedef enum {
  ABI_DEC,  /* 12 */
  ABI_HEX,  /* 0x1000 */
  ABI_SIZE, /* hexadecimal; scenarios may write 64K, 1G */
  ABI_FD,   /* an fd: written as the object it names, "group 7", or the number if it names none */
  ABI_STR,  /* a string that begins at the offset; size 1, abi_get() gives 0 */
} AbiFormat;

enum { ABI_IN = 1, ABI_OUT = 2 };

typedef struct {
  const char *name; /* the kernel's name of the struct's field, "window_size"; for ABI_FD fields the object's word:
                       "group", "container", "liobn" */
  guint16 offset;   /* bytes from the start of the payload */
  guint8 size;      /* bytes: 1, 2, 4 or 8 */
  guint8 format;    /* AbiFormat */
  guint8 dir;       /* ABI_IN | ABI_OUT */
} AbiField;

typedef enum {
  ABI_CALL_NONE = 0,
#define ABI_CALL(id, ...) ABI_##id,
#include "abi-calls.inc"
#undef ABI_CALL
  ABI_N_CALLS
} AbiCallId;

typedef struct {
  AbiCallId id;
  const char
      *name; /* short, as traces and scenarios write it: "SET_CONTAINER", "TCE_CREATE", "GROUP_ADD", "H_PUT_TCE" */
  const char *full_name; /* the C macro: "VFIO_GROUP_SET_CONTAINER" */
  AbiKind kind;          /* kind of fd that the call is made on */
  AbiDriver driver;      /* ABI_CONTAINER only */
  guint32 nr_x86;        /* ioctl number as an x86 client passes it; 0 for calls that are no ioctl */
  guint32 nr_powerpc;    /* ... as a powerpc client passes it */
  AbiArg arg;
  guint16 size;      /* of the fixed part of the payload, bytes */
  guint16 min_argsz; /* least argsz the kernel takes; 0 where the struct has no argsz */
  AbiKind returns;   /* kind of the fd that the call makes, or ABI_NONE */
  guint8 n_fields;
  const AbiField *fields;
} AbiCall;

/* The row of a call; never NULL for 0 < id < ABI_N_CALLS. */
const AbiCall *abi_call(AbiCallId id);

/* Finds the row of an ioctl number (x86 or powerpc encoding) made on an fd of `kind`; for containers `driver` picks
 * among rows that share a number. ABI_DRIVER_ANY, a container without a driver, finds the SPAPR row, else the type1
 * row: what the caller means, though the kernel refuses it (CG-12). A vcpu's ENABLE_CAP is the VM's row. NULL: the kind
 * has no such call. */
const AbiCall *abi_find(AbiKind kind, AbiDriver driver, guint32 number);

/* Finds a row by the short or the full name and, if kind != ABI_NONE, the kind (calls of every kind, such as CLOSE,
 * match any; a vcpu has the VM's ENABLE_CAP). The first row in the table's order, an exact short name before a full
 * one. NULL if there is none. */
const AbiCall *abi_find_name(AbiKind kind, const char *name);

const AbiField *abi_field(const AbiCall *call, const char *name);

/* Reads / writes one field of a payload in host byte order. `len` is the payload's length: a field past it reads as 0
 * and is not written. */
guint64 abi_get(const AbiField *field, const void *payload, gsize len);
void abi_set(const AbiField *field, void *payload, gsize len, guint64 value);

const char *abi_kind_name(AbiKind kind);      /* "kvm-vfio" */
AbiKind abi_kind_from_name(const char *name); /* ABI_NONE if unknown */

/* Appends "group 7", "device 0000:01:00.0", "table 0x80000000", "vm 1"; serials that are 0 are left out: "kvm",
 * "guest". */
void abi_object_print(GString *out, AbiObject object);
/* The reverse. FALSE on anything else. */
gboolean abi_object_parse(const char *text, AbiObject *object);

/* "0000:01:00.0" <-> packed address. Parsing returns FALSE on anything else. */
gboolean abi_bdf_parse(const char *text, guint64 *id);
void abi_bdf_print(GString *out, guint64 id);

/* "EBUSY" <-> 16, from one table of the errnos of the spec. NULL / 0 if unknown. */
const char *abi_errno_name(int err);
int abi_errno_from_name(const char *name);

/* The TCE hypercall of that number; ABI_UNKNOWN: it is none. arch/powerpc/include/asm/hvcall.h */
AbiCallId abi_hcall(guint64 nr);

/* "H_PARAMETER" <-> -4: results of hypercalls, arch/powerpc/include/asm/hvcall.h. abi_hcall_nth() goes through all
 * names and ends with NULL. */
const char *abi_hcall_name(gint64 result); /* NULL if unknown */
gboolean abi_hcall_from_name(const char *name, gint64 *result);
const char *abi_hcall_nth(guint index);

/* Sizes as people write them: "64K", "1G", "2^40", "0x1000", "128T". FALSE on syntax error or overflow of 64 bits. */
gboolean abi_size_parse(const char *text, guint64 *value);

G_END_DECLS
