/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The keys of host files: what they are called, what they may be, where they go. */
#include "sim/host/host-internal.h"
#include "sim/host/lspci.h"

#include <string.h>

typedef enum {
  KEY_BOOL,
  KEY_U8,
  KEY_U16,
  KEY_U24,
  KEY_UINT,
  KEY_SIZE,       /* bytes in a guint64 */
  KEY_LIMIT,      /* bytes or "unlimited" */
  KEY_PAGE_SHIFT, /* a page size, kept as its log2 */
  KEY_PAGE_SIZES, /* page sizes, kept as their sum */
  KEY_VERSION,
  KEY_PLATFORM,
  KEY_PROFILE,
  KEY_TEXT,
  KEY_MODEL,
  KEY_RECORDED,
  KEY_PIN,
  KEY_MSIX,
  KEY_BAR,
  KEY_DRIVER,
  KEY_KVM,
  KEY_IOMMU,
  KEY_IOVA_BITS,
  KEY_WAKE,
  KEY_LINE,
  KEY_VECTORS,
  KEY_ATOMICS,
  KEY_PHYSFN,
  KEY_CLAIMED,
} KeyType;

typedef struct {
  const char *name;
  KeyType type;
  gsize offset;
} Key;

#define HOST(name, type, member)                                                                                       \
  { name, type, G_STRUCT_OFFSET(SimHost, member) }
#define DEVICE(name, type, member)                                                                                     \
  { name, type, G_STRUCT_OFFSET(SimHostDevice, member) }

#define GROUP(name, type, member)                                                                                      \
  { name, type, G_STRUCT_OFFSET(SimHostGroup, member) }

static const Key host_keys[] = {
    HOST("profile", KEY_PROFILE, name),
    HOST("description", KEY_TEXT, description),
    HOST("platform", KEY_PLATFORM, platform),
    HOST("version", KEY_VERSION, version),
    HOST("page-size", KEY_PAGE_SHIFT, page_shift),
    HOST("tce-page-sizes", KEY_PAGE_SIZES, tce_page_sizes),
    HOST("dma32-size", KEY_SIZE, dma32_size),
    HOST("max-levels", KEY_UINT, max_levels),
    HOST("max-windows", KEY_UINT, max_windows),
    HOST("eeh", KEY_BOOL, eeh),
    HOST("spapr-v2", KEY_BOOL, spapr_v2),
    HOST("spapr-tce-vfio", KEY_BOOL, spapr_tce_vfio),
    HOST("spapr-tce-64", KEY_BOOL, spapr_tce_64),
    HOST("spapr-multitce", KEY_BOOL, spapr_multitce),
    HOST("kvm", KEY_KVM, kvm),
    HOST("memlock", KEY_LIMIT, memlock),
    HOST("ipc-lock", KEY_BOOL, ipc_lock),
    HOST("sys-rawio", KEY_BOOL, sys_rawio),
    HOST("noiommu", KEY_BOOL, noiommu),
    HOST("interrupt-remapping", KEY_BOOL, interrupt_remapping),
};

static const Key group_keys[] = {
    GROUP("iommu", KEY_IOMMU, iommu),
    GROUP("iova-bits", KEY_IOVA_BITS, iova_bits),
};

static const Key device_keys[] = {
    DEVICE("model", KEY_MODEL, vendor),
    DEVICE("config", KEY_RECORDED, recorded),
    DEVICE("vendor", KEY_U16, vendor),
    DEVICE("device", KEY_U16, device),
    DEVICE("subsystem-vendor", KEY_U16, subsystem_vendor),
    DEVICE("subsystem-device", KEY_U16, subsystem_device),
    DEVICE("class", KEY_U24, class_code),
    DEVICE("revision", KEY_U8, revision),
    DEVICE("intx", KEY_PIN, intx_pin),
    DEVICE("msi", KEY_UINT, msi),
    DEVICE("msix", KEY_MSIX, msix),
    DEVICE("express", KEY_BOOL, express),
    DEVICE("reset", KEY_BOOL, reset),
    DEVICE("rom", KEY_SIZE, rom_size),
    DEVICE("mmap", KEY_BOOL, mmap),
    DEVICE("claimed", KEY_CLAIMED, claimed),
    DEVICE("opregion", KEY_BOOL, opregion),
    DEVICE("atomics", KEY_ATOMICS, atomics),
    DEVICE("physfn", KEY_PHYSFN, physfn),
    DEVICE("wake", KEY_WAKE, wake),
    DEVICE("intx-line", KEY_LINE, intx_line),
    DEVICE("vectors", KEY_VECTORS, vectors),
    DEVICE("driver", KEY_DRIVER, host_driver),
    DEVICE("bar0", KEY_BAR, bars[0]),
    DEVICE("bar1", KEY_BAR, bars[1]),
    DEVICE("bar2", KEY_BAR, bars[2]),
    DEVICE("bar3", KEY_BAR, bars[3]),
    DEVICE("bar4", KEY_BAR, bars[4]),
    DEVICE("bar5", KEY_BAR, bars[5]),
};

static gboolean refuse(GError **error, const char *key, const char *value, const char *wanted) {
  g_set_error(error, SIM_HOST_ERROR, SIM_HOST_ERROR_VALUE, "key '%s': '%s' is not %s", key, value, wanted);
  return FALSE;
}

static gboolean parse_bool(const char *text, gboolean *value) {
  static const char *const yes[] = {"on", "yes", "true", "1", NULL}, *const no[] = {"off", "no", "false", "0", NULL};

  if (!g_strv_contains(yes, text) && !g_strv_contains(no, text))
    return FALSE;
  *value = g_strv_contains(yes, text);
  return TRUE;
}

static gboolean parse_number(const char *text, guint64 max, guint64 *value) {
  return abi_size_parse(text, value) && *value <= max;
}

static gboolean parse_kvm(const char *text, SimHostKvm *kvm) {
  gboolean is_there;

  if (strcmp(text, "real") == 0) {
    *kvm = SIM_KVM_REAL;
    return TRUE;
  }
  if (!parse_bool(text, &is_there))
    return FALSE;
  *kvm = is_there ? SIM_KVM_MODEL : SIM_KVM_NONE;
  return TRUE;
}

static gboolean power_of_two(guint64 value) {
  return value && !(value & (value - 1));
}

/* "mem32 64K", "mem64 1M prefetch", "io 32", "none" */
static gboolean parse_bar(const char *key, const char *value, SimBar *bar, GError **error) {
  g_auto(GStrv) words = g_strsplit(value, " ", -1);
  guint n = g_strv_length(words);
  SimBar out = {0};

  if (n == 1 && strcmp(words[0], "none") == 0) {
    *bar = out;
    return TRUE;
  }
  if (n < 2 || n > 3 || (n == 3 && strcmp(words[2], "prefetch") != 0))
    return refuse(error, key, value, "a BAR; write 'mem32 SIZE', 'mem64 SIZE', 'io SIZE' or 'none', then 'prefetch'");
  out.io = strcmp(words[0], "io") == 0;
  out.is64 = strcmp(words[0], "mem64") == 0;
  out.prefetch = n == 3;
  if (!out.io && !out.is64 && strcmp(words[0], "mem32") != 0)
    return refuse(error, key, words[0], "a kind of BAR: mem32, mem64 or io");
  if (!abi_size_parse(words[1], &out.size) || !power_of_two(out.size))
    return refuse(error, key, words[1], "a BAR size: a BAR is a power of two bytes long");
  if (out.io ? out.size < 4 || out.size > 256 || out.prefetch
             : out.size < 16 || (!out.is64 && out.size > 0x80000000) || out.size > (G_GUINT64_CONSTANT(1) << 40))
    return refuse(error, key, value, "possible: I/O BARs are 4 to 256 bytes, mem32 16 to 2G, mem64 16 to 1T");
  *bar = out;
  return TRUE;
}

/* "5 bar=3 offset=0x2000" */
static gboolean parse_msix(const char *key, const char *value, SimHostDevice *device, GError **error) {
  g_auto(GStrv) words = g_strsplit(value, " ", -1);
  guint64 vectors, bar = 0, offset = 0;

  if (!words[0] || !parse_number(words[0], 2048, &vectors))
    return refuse(error, key, value, "a number of MSI-X vectors, 0 to 2048");
  for (guint i = 1; words[i]; i++) {
    if (g_str_has_prefix(words[i], "bar=")) {
      if (!parse_number(words[i] + 4, 5, &bar))
        return refuse(error, key, words[i], "bar=0 to bar=5");
    } else if (g_str_has_prefix(words[i], "offset=")) {
      if (!parse_number(words[i] + 7, G_MAXUINT32, &offset) || offset % 8)
        return refuse(error, key, words[i], "an offset in the BAR, a multiple of 8");
    } else {
      return refuse(error, key, words[i], "'bar=N' or 'offset=BYTES'");
    }
  }
  device->msix = (guint)vectors;
  device->msix_bar = (guint)bar;
  device->msix_offset = (guint32)offset;
  return TRUE;
}

static gboolean parse_page_sizes(const char *key, const char *value, guint64 *mask, GError **error) {
  g_auto(GStrv) words = g_strsplit(value, " ", -1);

  *mask = 0;
  for (guint i = 0; words[i]; i++) {
    guint64 size;

    if (!abi_size_parse(words[i], &size) || !power_of_two(size) || size < 4096)
      return refuse(error, key, words[i], "an IOMMU page size; write sizes with spaces between: 4K 64K 2M");
    *mask |= size;
  }
  return TRUE;
}

static gboolean parse_version(const char *key, const char *value, guint *version, GError **error) {
  g_auto(GStrv) parts = g_strsplit(value, ".", 3);
  guint64 major, minor;

  if (g_strv_length(parts) != 2 || !parse_number(parts[0], 99, &major) || !parse_number(parts[1], 999, &minor))
    return refuse(error, key, value, "a kernel version such as 6.12");
  *version = SIM_VERSION((guint)major, (guint)minor);
  return TRUE;
}

static gboolean apply_profile(const char *key, const char *value, SimHost *host, GError **error) {
  g_autofree char *known = NULL, *wanted = NULL;

  if (sim_host_set_profile(host, value))
    return TRUE;
  known = sim_host_profiles();
  wanted = g_strdup_printf("a kernel profile; known: %s", known);
  return refuse(error, key, value, wanted);
}

static gboolean apply_recorded(const char *key, const char *path, SimHostDevice *device, GError **error) {
  g_autofree char *text = NULL;

  if (g_file_get_contents(path, &text, NULL, error) && sim_host_device_record(device, text, error))
    return TRUE;
  if (error && *error) {
    (*error)->domain = SIM_HOST_ERROR;
    (*error)->code = SIM_HOST_ERROR_VALUE;
  }
  g_prefix_error(error, "key '%s': %s: ", key, path);
  return FALSE;
}

/* The index of a word in a list that ends with NULL, in *value. */
static gboolean parse_choice(const char *text, const char *const *words, guint *value) {
  for (guint i = 0; words[i]; i++) {
    if (strcmp(text, words[i]) == 0) {
      *value = i;
      return TRUE;
    }
  }
  return FALSE;
}

static const char *const platforms[] = {[SIM_POWERNV] = "powernv", [SIM_PSERIES] = "pseries", [SIM_X86] = "x86", NULL};
static const char *const wakes[] = {[SIM_WAKES] = "on", [SIM_WAKES_ONCE] = "once", [SIM_WAKES_NEVER] = "never", NULL};
static const char *const lines[] = {
    [SIM_LINE_ROUTED] = "routed", [SIM_LINE_UNROUTED] = "unrouted", [SIM_LINE_TAKEN] = "taken", NULL};

static const char *const iommu_names[] = {[SIM_IOMMU_ORDINARY] = "ordinary",
                                          [SIM_IOMMU_NONE] = "none",
                                          [SIM_IOMMU_EMULATED] = "emulated",
                                          [SIM_IOMMU_NO_TABLE] = "no-table",
                                          [SIM_IOMMU_OTHER_DOMAIN] = "other-domain",
                                          [SIM_IOMMU_BUSY] = "busy",
                                          [SIM_IOMMU_NPU] = "npu",
                                          [SIM_IOMMU_REFUSES_WINDOWS] = "refuses-windows",
                                          [SIM_IOMMU_RMRR] = "rmrr",
                                          NULL};

const char *sim_host_iommu_name(SimGroupIommu iommu) {
  return iommu_names[iommu];
}

static gboolean parse_iommu(const char *key, const char *value, SimGroupIommu *iommu, GError **error) {
  g_autofree char *known = g_strjoinv(", ", (char **)iommu_names), *wanted = NULL;
  guint index;

  if (parse_choice(value, iommu_names, &index)) {
    *iommu = (SimGroupIommu)index;
    return TRUE;
  }
  wanted = g_strdup_printf("a kind of group: %s", known);
  return refuse(error, key, value, wanted);
}

/* "32 64 128", some of them, or "none" */
static gboolean parse_atomics(const char *text, guint *mask) {
  static const char *const sizes[] = {"32", "64", "128", NULL}; /* in the order of SIM_ATOMICS_* */
  g_auto(GStrv) words = g_strsplit(text, " ", -1);
  guint size;

  *mask = 0;
  if (strcmp(text, "none") == 0)
    return TRUE;
  for (guint i = 0; words[i]; i++) {
    if (!parse_choice(words[i], sizes, &size))
      return FALSE;
    *mask |= 1u << size;
  }
  return *mask != 0;
}

/* "bar0 bar2", or "none" */
static gboolean parse_claimed(const char *text, gboolean claimed[6]) {
  static const char *const bars[] = {"bar0", "bar1", "bar2", "bar3", "bar4", "bar5", NULL};
  g_auto(GStrv) words = g_strsplit(text, " ", -1);
  guint bar;

  for (guint i = 0; i < G_N_ELEMENTS(bars) - 1; i++)
    claimed[i] = FALSE;
  if (strcmp(text, "none") == 0)
    return TRUE;
  for (guint i = 0; words[i]; i++) {
    if (!parse_choice(words[i], bars, &bar))
      return FALSE;
    claimed[bar] = TRUE;
  }
  return words[0] != NULL;
}

static gboolean parse_vectors(const char *text, SimHostDevice *device) {
  guint64 number = 0;

  device->vectors_limited = strcmp(text, "unlimited") != 0;
  if (device->vectors_limited && !parse_number(text, G_MAXUINT32, &number))
    return FALSE;
  device->vectors = (guint)number;
  return TRUE;
}

/* A virtual function has no pin, no ROM and no I/O space. */
static gboolean parse_physfn(const char *text, SimHostDevice *device) {
  if (!abi_bdf_parse(text, &device->physfn))
    return FALSE;
  device->virtual = TRUE;
  device->intx_pin = 0;
  device->rom_size = 0;
  return TRUE;
}

static gboolean apply(const Key *key, gpointer base, const char *value, GError **error) {
  gpointer at = (char *)base + key->offset;
  guint64 number = 0;

  switch (key->type) {
  case KEY_BOOL:
    return parse_bool(value, at) || refuse(error, key->name, value, "on or off");
  case KEY_U8:
    if (!parse_number(value, G_MAXUINT8, &number))
      return refuse(error, key->name, value, "a number of 8 bits");
    *(guint8 *)at = (guint8)number;
    return TRUE;
  case KEY_U16:
    if (!parse_number(value, G_MAXUINT16, &number))
      return refuse(error, key->name, value, "a number of 16 bits");
    *(guint16 *)at = (guint16)number;
    return TRUE;
  case KEY_U24:
    if (!parse_number(value, 0xffffff, &number))
      return refuse(error, key->name, value, "a number of 24 bits");
    *(guint32 *)at = (guint32)number;
    return TRUE;
  case KEY_UINT:
    if (!parse_number(value, G_MAXUINT32, &number))
      return refuse(error, key->name, value, "a number");
    *(guint *)at = (guint)number;
    return TRUE;
  case KEY_SIZE:
    return abi_size_parse(value, at) || refuse(error, key->name, value, "a size such as 64K, 2G or 0x1000");
  case KEY_LIMIT:
    if (strcmp(value, "unlimited") == 0) {
      *(guint64 *)at = G_MAXUINT64;
      return TRUE;
    }
    return abi_size_parse(value, at) || refuse(error, key->name, value, "a size such as 64M, or 'unlimited'");
  case KEY_PAGE_SHIFT:
    if (!abi_size_parse(value, &number) || (number != 4096 && number != 65536))
      return refuse(error, key->name, value, "a page size of a POWER kernel: 4K or 64K");
    *(guint *)at = number == 4096 ? 12 : 16;
    return TRUE;
  case KEY_PAGE_SIZES:
    return parse_page_sizes(key->name, value, at, error);
  case KEY_VERSION:
    return parse_version(key->name, value, at, error);
  case KEY_PLATFORM:
    return parse_choice(value, platforms, at) ||
           refuse(error, key->name, value, "a platform that is modelled; known: powernv, pseries, x86");
  case KEY_PROFILE:
    return apply_profile(key->name, value, base, error);
  case KEY_TEXT:
    g_free(*(char **)at);
    *(char **)at = g_strdup(value);
    return TRUE;
  case KEY_MODEL:
    return sim_host_device_model(base, value) ||
           refuse(error, key->name, value, "a built-in device model; known: dumb, e1000e, engine");
  case KEY_RECORDED:
    return apply_recorded(key->name, value, base, error);
  case KEY_PIN:
    if (strcmp(value, "none") != 0 && (strlen(value) != 1 || value[0] < 'A' || value[0] > 'D'))
      return refuse(error, key->name, value, "an interrupt pin: A, B, C, D or none");
    *(guint8 *)at = value[0] == 'n' ? 0 : (guint8)(value[0] - 'A' + 1);
    return TRUE;
  case KEY_MSIX:
    return parse_msix(key->name, value, base, error);
  case KEY_BAR:
    return parse_bar(key->name, value, at, error);
  case KEY_WAKE:
    return parse_choice(value, wakes, at) || refuse(error, key->name, value, "on, once or never");
  case KEY_LINE:
    return parse_choice(value, lines, at) || refuse(error, key->name, value, "routed, unrouted or taken");
  case KEY_VECTORS:
    return parse_vectors(value, base) || refuse(error, key->name, value, "a number, or 'unlimited'");
  case KEY_ATOMICS:
    return parse_atomics(value, at) || refuse(error, key->name, value, "some of 32, 64 and 128, or 'none'");
  case KEY_PHYSFN:
    return parse_physfn(value, base) ||
           refuse(error, key->name, value, "the address of a physical function, as 0000:01:00.0");
  case KEY_CLAIMED:
    return parse_claimed(value, at) || refuse(error, key->name, value, "some of bar0 to bar5, or 'none'");
  case KEY_DRIVER:
    if (strcmp(value, "vfio-pci") != 0 && strcmp(value, "host") != 0)
      return refuse(error, key->name, value, "a driver: vfio-pci, or 'host' for any driver of the host's");
    *(gboolean *)at = value[0] == 'h';
    return TRUE;
  case KEY_KVM:
    return parse_kvm(value, at) || refuse(error, key->name, value, "on, off, or 'real': this machine's own KVM");
  case KEY_IOMMU:
    return parse_iommu(key->name, value, at, error);
  case KEY_IOVA_BITS:
    if (!parse_number(value, 64, &number) || number < 32)
      return refuse(error, key->name, value, "a number of address bits, 32 to 64");
    *(guint *)at = (guint)number;
    return TRUE;
  }
  g_return_val_if_reached(FALSE);
}

static gboolean set(const Key *keys, gsize n, gpointer base, const char *name, const char *value, GError **error) {
  g_autoptr(GString) known = g_string_new(NULL);

  for (gsize i = 0; i < n; i++) {
    if (strcmp(keys[i].name, name) == 0)
      return apply(&keys[i], base, value, error);
    g_string_append_printf(known, "%s%s", i ? ", " : "", keys[i].name);
  }
  g_set_error(error, SIM_HOST_ERROR, SIM_HOST_ERROR_NOT_FOUND, "unknown key '%s'; known: %s", name, known->str);
  return FALSE;
}

gboolean sim_host_set(SimHost *host, const char *key, const char *value, GError **error) {
  return set(host_keys, G_N_ELEMENTS(host_keys), host, key, value, error);
}

gboolean sim_host_group_set(SimHost *host, guint group, const char *key, const char *value, GError **error) {
  return set(group_keys, G_N_ELEMENTS(group_keys), sim_host_ensure_group(host, group), key, value, error);
}

gboolean sim_host_device_set(SimHostDevice *device, const char *key, const char *value, GError **error) {
  return set(device_keys, G_N_ELEMENTS(device_keys), device, key, value, error);
}

gboolean sim_host_check(const SimHost *host, GError **error) {
  if (host->kvm != SIM_KVM_REAL || host->platform == SIM_X86)
    return TRUE;
  g_set_error(
      error, SIM_HOST_ERROR, SIM_HOST_ERROR_CONFLICT,
      "key 'kvm': this machine's own KVM cannot feed the TCE tables of a simulated POWER host; 'real' goes with "
      "platform x86");
  return FALSE;
}
