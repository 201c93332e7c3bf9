/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/host/lspci.h"

#include <linux/pci_regs.h>
#include <string.h>

enum { SIZE = 256, SIZE_EXPRESS = 4096, LINE = 16 };

static gboolean refuse(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

static gboolean refuse(GError **error, const char *format, ...) {
  va_list args;

  va_start(args, format);
  if (error)
    *error = g_error_new_valist(SIM_HOST_ERROR, SIM_HOST_ERROR_VALUE, format, args);
  va_end(args);
  return FALSE;
}

/* ---- the text ---- */

/* "10: 00 00 c0 92 ...", appended to bytes. FALSE: no such line, or not the next. */
static gboolean take_bytes(const char *line, GByteArray *bytes) {
  g_auto(GStrv) words = g_strsplit(line, " ", -1);
  g_autofree char *expected = g_strdup_printf("%02x:", bytes->len);

  if (!words[0] || strcmp(words[0], expected) != 0 || g_strv_length(words) != 1 + LINE)
    return FALSE;
  for (guint i = 1; i <= LINE; i++) {
    guint64 value;
    guint8 byte;

    if (!g_ascii_string_to_unsigned(words[i], 16, 0, G_MAXUINT8, &value, NULL))
      return FALSE;
    byte = (guint8)value;
    g_byte_array_append(bytes, &byte, 1);
  }
  return TRUE;
}

static gboolean starts_bytes(const char *line) {
  return g_ascii_isxdigit(line[0]) && strlen(line) > strcspn(line, ":") + 1 &&
         strspn(line, "0123456789abcdef") == strcspn(line, ":") && line[strcspn(line, ":") + 1] == ' ';
}

/* "[size=128K]" as bytes; 0: there is none. */
static guint64 size_of(const char *line) {
  const char *at = strstr(line, "[size=");
  g_autofree char *text = at ? g_strndup(at + strlen("[size="), strcspn(at + strlen("[size="), "]")) : NULL;
  guint64 size;

  return text && abi_size_parse(text, &size) && size && !(size & (size - 1)) ? size : 0;
}

/* "Region 2: I/O ports at 3020 [size=32]", "Expansion ROM at 92000000 [disabled] [size=256K]" */
static void take_region(const char *line, SimHostDevice *device) {
  guint64 size = size_of(line);

  if (g_str_has_prefix(line, "Expansion ROM at ")) {
    device->rom_size = size;
  } else if (g_str_has_prefix(line, "Region ") && line[7] >= '0' && line[7] <= '5' && size) {
    device->bars[line[7] - '0'] = (SimBar){.size = size,
                                           .io = strstr(line, "I/O ports") != NULL,
                                           .is64 = strstr(line, "(64-bit") != NULL,
                                           .prefetch = strstr(line, " prefetchable)") != NULL};
  }
}

/* The first function's lines. */
static gboolean read_text(const char *text, SimHostDevice *device, GByteArray *bytes, GError **error) {
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  gboolean over = FALSE;

  for (guint i = 0; lines[i]; i++) {
    const char *line = g_strstrip(lines[i]);
    guint at = bytes->len;

    if (at && (over |= !*line))
      continue;
    if (!starts_bytes(line))
      take_region(line, device);
    else if (!take_bytes(line, bytes))
      return refuse(error, "line %u: '%s' is not the %d bytes at %02x of a config space", i + 1, line, LINE, at);
  }
  if (bytes->len == SIZE || bytes->len == SIZE_EXPRESS)
    return TRUE;
  return refuse(error, "%u bytes of config space, not %d or %d; `lspci -vvvxxxx`, as root, prints all", bytes->len,
                SIZE, SIZE_EXPRESS);
}

/* ---- the bytes ---- */

static guint16 get16(const GByteArray *bytes, guint at) {
  return (guint16)(bytes->data[at] | bytes->data[at + 1] << 8);
}

static void take_header(SimHostDevice *device, const GByteArray *bytes) {
  device->vendor = get16(bytes, PCI_VENDOR_ID);
  device->device = get16(bytes, PCI_DEVICE_ID);
  device->revision = bytes->data[PCI_REVISION_ID];
  device->class_code = get16(bytes, PCI_CLASS_PROG) | (guint32)bytes->data[PCI_CLASS_DEVICE + 1] << 16;
  device->subsystem_vendor = get16(bytes, PCI_SUBSYSTEM_VENDOR_ID);
  device->subsystem_device = get16(bytes, PCI_SUBSYSTEM_ID);
  device->intx_pin = bytes->data[PCI_INTERRUPT_PIN] <= 4 ? bytes->data[PCI_INTERRUPT_PIN] : 0;
}

static void take_capability(SimHostDevice *device, const GByteArray *bytes, guint at) {
  guint16 flags = get16(bytes, at + PCI_CAP_FLAGS);

  switch (bytes->data[at]) {
  case PCI_CAP_ID_MSI:
    device->msi = 1u << MIN((flags & PCI_MSI_FLAGS_QMASK) >> 1, 5);
    break;
  case PCI_CAP_ID_MSIX:
    device->msix_offset = get16(bytes, at + PCI_MSIX_TABLE) | (guint32)get16(bytes, at + PCI_MSIX_TABLE + 2) << 16;
    device->msix_bar = device->msix_offset & PCI_MSIX_TABLE_BIR;
    device->msix_offset &= PCI_MSIX_TABLE_OFFSET;
    device->msix = device->msix_bar < G_N_ELEMENTS(device->bars) ? (flags & PCI_MSIX_FLAGS_QSIZE) + 1u : 0;
    break;
  case PCI_CAP_ID_EXP:
    device->express = TRUE;
    device->reset |= (bytes->data[at + PCI_EXP_DEVCAP + 3] & PCI_EXP_DEVCAP_FLR >> 24) != 0;
    break;
  case PCI_CAP_ID_AF:
    device->reset |= (bytes->data[at + PCI_AF_CAP] & PCI_AF_CAP_FLR) != 0;
    break;
  case PCI_CAP_ID_PM:
    device->reset |= !(bytes->data[at + PCI_PM_CTRL] & PCI_PM_CTRL_NO_SOFT_RESET);
    break;
  default:
    break;
  }
}

/* No capability that is looked into reaches further than this beyond its beginning. */
enum { CAPABILITY_HEAD = 12 };

static void take_capabilities(SimHostDevice *device, const GByteArray *bytes) {
  guint at = bytes->data[PCI_CAPABILITY_LIST] & ~3u;

  if (!(get16(bytes, PCI_STATUS) & PCI_STATUS_CAP_LIST))
    return;
  for (guint left = SIZE / 4; left && at >= PCI_STD_HEADER_SIZEOF && at <= SIZE - CAPABILITY_HEAD; left--) {
    take_capability(device, bytes, at);
    at = bytes->data[at + PCI_CAP_LIST_NEXT] & ~3u;
  }
}

gboolean sim_host_device_record(SimHostDevice *device, const char *text, GError **error) {
  g_autoptr(GByteArray) bytes = g_byte_array_new();
  SimHostDevice recorded = {.id = device->id, .group = device->group};

  if (!read_text(text, &recorded, bytes, error))
    return FALSE;
  if (bytes->data[PCI_HEADER_TYPE] & 0x7f)
    return refuse(error, "its header is of type %u: a bridge, which vfio-pci does not take",
                  bytes->data[PCI_HEADER_TYPE] & 0x7fu);
  take_header(&recorded, bytes);
  take_capabilities(&recorded, bytes);
  g_clear_pointer(&device->recorded, g_bytes_unref);
  *device = recorded;
  device->recorded = g_byte_array_free_to_bytes(g_steal_pointer(&bytes));
  return TRUE;
}
