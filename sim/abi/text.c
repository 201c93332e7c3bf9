/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "sim/abi/abi.h"

static const struct {
  const char *name;
  int err;
} errnos[] = {
#define E(name) {#name, name},
    E(EPERM) E(ENOENT) E(ESRCH) E(EINTR) E(EIO) E(ENXIO) E(E2BIG) E(EBADF) E(EAGAIN) E(ENOMEM) E(EACCES) E(EFAULT)
        E(EBUSY) E(EEXIST) E(EXDEV) E(ENODEV) E(ENOTDIR) E(EISDIR) E(EINVAL) E(ENFILE) E(EMFILE) E(ENOTTY) E(ETXTBSY)
            E(EFBIG) E(ENOSPC) E(ESPIPE) E(EROFS) E(EPIPE) E(EDOM) E(ERANGE) E(EDEADLK) E(ENOSYS) E(ENOTEMPTY)
                E(ENODATA) E(ETIME) E(EPROTO) E(EBADFD) E(EOVERFLOW) E(EOPNOTSUPP) E(ETIMEDOUT) E(ECANCELED) E(EALREADY)
                    E(EINPROGRESS) E(ESTALE) E(ENOKEY)
#undef E
};

const char *abi_errno_name(int err) {
  for (gsize i = 0; i < G_N_ELEMENTS(errnos); i++)
    if (errnos[i].err == err)
      return errnos[i].name;
  return NULL;
}

int abi_errno_from_name(const char *name) {
  for (gsize i = 0; i < G_N_ELEMENTS(errnos); i++)
    if (strcmp(errnos[i].name, name) == 0)
      return errnos[i].err;
  return 0;
}

static const struct {
  const char *name;
  gint64 result;
} hcalls[] = {
    {"H_SUCCESS", 0},     {"H_BUSY", 1},       {"H_CLOSED", 2},      {"H_NOT_AVAILABLE", 3}, {"H_HARDWARE", -1},
    {"H_FUNCTION", -2},   {"H_PRIVILEGE", -3}, {"H_PARAMETER", -4},  {"H_BAD_MODE", -5},     {"H_PTEG_FULL", -6},
    {"H_NOT_FOUND", -7},  {"H_NO_MEM", -9},    {"H_AUTHORITY", -10}, {"H_PERMISSION", -11},  {"H_DROPPED", -12},
    {"H_RESOURCE", -16},  {"H_P2", -55},       {"H_P3", -56},        {"H_P4", -57},          {"H_P5", -58},
    {"H_TOO_HARD", 9999},
};

const char *abi_hcall_name(gint64 result) {
  for (gsize i = 0; i < G_N_ELEMENTS(hcalls); i++)
    if (hcalls[i].result == result)
      return hcalls[i].name;
  return NULL;
}

gboolean abi_hcall_from_name(const char *name, gint64 *result) {
  for (gsize i = 0; i < G_N_ELEMENTS(hcalls); i++) {
    if (strcmp(hcalls[i].name, name) == 0) {
      *result = hcalls[i].result;
      return TRUE;
    }
  }
  return FALSE;
}

const char *abi_hcall_nth(guint index) {
  return index < G_N_ELEMENTS(hcalls) ? hcalls[index].name : NULL;
}

/* The digits at *text, which then points past them. */
static gboolean parse_digits(const char **text, guint64 *value) {
  guint base = 10;
  const char *start;

  if ((*text)[0] == '0' && ((*text)[1] == 'x' || (*text)[1] == 'X')) {
    base = 16;
    *text += 2;
  }
  *value = 0;
  for (start = *text; base == 16 ? g_ascii_isxdigit(**text) : g_ascii_isdigit(**text); (*text)++)
    if (!g_uint64_checked_mul(value, *value, base) ||
        !g_uint64_checked_add(value, *value, (guint64)g_ascii_xdigit_value(**text)))
      return FALSE;
  return *text != start;
}

gboolean abi_size_parse(const char *text, guint64 *value) {
  static const char suffixes[] = "KMGTPE";
  guint64 number, exponent;
  const char *suffix;

  if (g_str_has_prefix(text, "2^")) {
    text += 2;
    if (!parse_digits(&text, &exponent) || *text || exponent > 63)
      return FALSE;
    *value = (guint64)1 << exponent;
    return TRUE;
  }
  if (!parse_digits(&text, &number))
    return FALSE;
  if (*text) {
    suffix = strchr(suffixes, *text);
    if (!suffix || text[1] || !g_uint64_checked_mul(&number, number, (guint64)1 << (10 * (suffix - suffixes + 1))))
      return FALSE;
  }
  *value = number;
  return TRUE;
}
