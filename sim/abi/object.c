/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "sim/abi/abi.h"

static const char *const kind_names[ABI_N_KINDS] = {
    [ABI_NONE] = "none",   [ABI_CONTAINER] = "container",
    [ABI_GROUP] = "group", [ABI_DEVICE] = "device",
    [ABI_KVM] = "kvm",     [ABI_VM] = "vm",
    [ABI_VCPU] = "vcpu",   [ABI_KVM_VFIO] = "kvm-vfio",
    [ABI_TABLE] = "table", [ABI_GUEST] = "guest",
};

const char *abi_kind_name(AbiKind kind) {
  return (guint)kind < ABI_N_KINDS ? kind_names[kind] : "none";
}

AbiKind abi_kind_from_name(const char *name) {
  for (guint i = ABI_NONE + 1; i < ABI_N_KINDS; i++)
    if (strcmp(kind_names[i], name) == 0)
      return (AbiKind)i;
  return ABI_NONE;
}

void abi_object_print(GString *out, AbiObject object) {
  g_string_append(out, abi_kind_name(object.kind));
  switch (object.kind) {
  case ABI_NONE:
    break;
  case ABI_DEVICE:
    g_string_append_c(out, ' ');
    abi_bdf_print(out, object.id);
    break;
  case ABI_TABLE:
    g_string_append_printf(out, " 0x%" G_GINT64_MODIFIER "x", object.id);
    break;
  default:
    if (object.id || object.kind == ABI_GROUP)
      g_string_append_printf(out, " %" G_GUINT64_FORMAT, object.id);
    break;
  }
}

gboolean abi_object_parse(const char *text, AbiObject *object) {
  const char *space = strchr(text, ' ');
  g_autofree char *kind = space ? g_strndup(text, (gsize)(space - text)) : g_strdup(text);
  g_autoptr(GString) again = g_string_new(NULL);
  AbiObject parsed = {abi_kind_from_name(kind), 0};

  if (parsed.kind == ABI_NONE)
    return FALSE;
  if (space && parsed.kind == ABI_DEVICE)
    abi_bdf_parse(space + 1, &parsed.id);
  else if (space)
    parsed.id = g_ascii_strtoull(space + 1, NULL, parsed.kind == ABI_TABLE ? 16 : 10);
  /* only what abi_object_print() writes is an object: no sign, no blank, no second way to write a number */
  abi_object_print(again, parsed);
  if (strcmp(again->str, text) != 0)
    return FALSE;
  *object = parsed;
  return TRUE;
}

/* "dddd:bb:dd.f": each run of x is that many hexadecimal digits. */
gboolean abi_bdf_parse(const char *text, guint64 *id) {
  static const char shape[] = "xxxx:xx:xx.x";
  guint64 part[4] = {0};
  guint n = 0;

  for (guint i = 0; shape[i]; i++) {
    if (shape[i] == 'x') {
      if (!g_ascii_isxdigit(text[i]))
        return FALSE;
      part[n] = part[n] << 4 | (guint64)g_ascii_xdigit_value(text[i]);
    } else if (text[i] != shape[i]) {
      return FALSE;
    } else {
      n++;
    }
  }
  if (text[sizeof shape - 1] || part[2] > 0x1f || part[3] > 7)
    return FALSE;
  *id = part[0] << 16 | part[1] << 8 | part[2] << 3 | part[3];
  return TRUE;
}

void abi_bdf_print(GString *out, guint64 id) {
  g_string_append_printf(out, "%04x:%02x:%02x.%x", (guint)(id >> 16), (guint)(id >> 8 & 0xff), (guint)(id >> 3 & 0x1f),
                         (guint)(id & 7));
}
