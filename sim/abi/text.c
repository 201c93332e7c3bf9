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
            E(EFBIG) E(ENOSPC) E(EROFS) E(EPIPE) E(EDOM) E(ERANGE) E(EDEADLK) E(ENOSYS) E(ENOTEMPTY) E(ENODATA) E(ETIME)
                E(EPROTO) E(EBADFD) E(EOVERFLOW) E(EOPNOTSUPP) E(ETIMEDOUT) E(ECANCELED) E(EALREADY) E(EINPROGRESS)
                    E(ESTALE) E(ENOKEY)
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
