/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writes a raw scenario of random calls, `= any` each: the same bytes for the same arguments, whatever the machine.
 * What is written is weighted towards states that are reached in earnest, with wrong arguments mixed in. It may be run
 * on a real kernel: no DMA range runs past the end of a window that it begins in, and none is large (both make Linux
 * write past a table).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <glib.h>

#include "sim/abi/abi.h"

enum {
  MAX_CALLS = 9000, /* a scenario has at most 10,000 statements */
  MAX_HANDLES = 24,
  MAX_GROUPS = 8,
  EPISODE = 120, /* calls, on average, until most of what is open is closed */
};

/* A handle that the scenario has; whether the kernel made it is a guess. */
typedef struct {
  AbiKind kind;
  char name[16];
  guint group;         /* groups, devices */
  gboolean real;       /* it is believed to be open */
  gboolean bound;      /* groups: believed to be in a container; containers: to have an IOMMU driver */
  guint n_groups;      /* containers: believed to be in it */
  gboolean registered; /* containers: believed to have memory */
  char container[16];  /* groups: that they are believed to be in, or empty */
} Handle;

typedef struct {
  GRand *rand;
  GArray *handles; /* of Handle */
  guint groups[MAX_GROUPS], n_groups;
  guint n_calls, serial;
  gboolean few_resets;
} Generator;

/* ---- choices ---- */

static guint below(Generator *gen, guint n) {
  return (guint)g_rand_int_range(gen->rand, 0, (gint32)n);
}

static gboolean percent(Generator *gen, guint chance) {
  return below(gen, 100) < chance;
}

#define PICK(gen, ...) pick(gen, (const char *const[]){__VA_ARGS__, NULL})
static const char *pick(Generator *gen, const char *const *texts) {
  return texts[below(gen, g_strv_length((char **)texts))];
}

/* One of a kind, mostly one that is believed to be open. NULL: there is none. */
static Handle *some(Generator *gen, AbiKind kind) {
  gboolean real = percent(gen, 95);
  Handle *found = NULL;
  guint n = 0;

  for (guint i = 0; i < gen->handles->len; i++) {
    Handle *handle = &g_array_index(gen->handles, Handle, i);
    if (handle->kind == kind && (handle->real || !real) && below(gen, ++n) == 0)
      found = handle;
  }
  return found;
}

/* What stands for an fd: the kind that belongs there, now and then anything else. */
static const char *fd_word(Generator *gen, AbiKind kind, Handle **used) {
  Handle *handle = percent(gen, 90) ? some(gen, kind) : NULL;

  *used = handle;
  if (!handle && percent(gen, 60) && gen->handles->len)
    handle = &g_array_index(gen->handles, Handle, below(gen, gen->handles->len));
  return handle ? handle->name : PICK(gen, "none", "stdin");
}

static Handle *add_handle(Generator *gen, AbiKind kind, guint group, gboolean real) {
  static const char *const letters[ABI_N_KINDS] = {"x", "c", "g", "d", "k", "vm", "cpu", "kv", "t", "x"};
  Handle handle = {.kind = kind, .group = group, .real = real};

  g_snprintf(handle.name, sizeof handle.name, "%s%u", letters[kind], gen->serial++);
  g_array_append_val(gen->handles, handle);
  return &g_array_index(gen->handles, Handle, gen->handles->len - 1);
}

static Handle *named(Generator *gen, const char *name) {
  for (guint i = 0; i < gen->handles->len; i++)
    if (strcmp(g_array_index(gen->handles, Handle, i).name, name) == 0)
      return &g_array_index(gen->handles, Handle, i);
  return NULL;
}

/* The last group that leaves takes the container's IOMMU driver along. */
static void leave_container(Generator *gen, Handle *group) {
  Handle *container = group->container[0] ? named(gen, group->container) : NULL;

  group->bound = FALSE;
  group->container[0] = 0;
  if (container && container->n_groups && --container->n_groups == 0)
    container->bound = container->registered = FALSE;
}

/* ---- lines ---- */

static void G_GNUC_PRINTF(2, 3) line(Generator *gen, const char *format, ...) {
  va_list args;

  va_start(args, format);
  vprintf(format, args);
  va_end(args);
  puts(" = any");
  gen->n_calls++;
}

static guint count(const Generator *gen, AbiKind kind) {
  guint n = 0;

  for (guint i = 0; i < gen->handles->len; i++)
    n += g_array_index(gen->handles, Handle, i).kind == kind;
  return n;
}

static gboolean group_is_open(const Generator *gen, guint group) {
  for (guint i = 0; i < gen->handles->len; i++) {
    const Handle *handle = &g_array_index(gen->handles, Handle, i);
    if ((handle->kind == ABI_GROUP || handle->kind == ABI_DEVICE) && handle->group == group && handle->real)
      return TRUE;
  }
  return FALSE;
}

static void open_something(Generator *gen) {
  guint group = gen->groups[below(gen, gen->n_groups)];
  const char *readonly = percent(gen, 5) ? " readonly" : "";
  guint what = below(gen, 100);
  gboolean another = percent(gen, 10);

  if (gen->handles->len >= MAX_HANDLES)
    return;
  if (what < 3)
    line(gen, "open group 4711 as %s", add_handle(gen, ABI_GROUP, 4711, FALSE)->name);
  else if (what < 55) {
    gboolean real = !group_is_open(gen, group);
    if (real || percent(gen, 20))
      line(gen, "open group %u%s as %s", group, readonly, add_handle(gen, ABI_GROUP, group, real)->name);
  } else if (what < 80) {
    if (count(gen, ABI_CONTAINER) >= 2 && !another)
      return;
    line(gen, "open container%s as %s", readonly, add_handle(gen, ABI_CONTAINER, 0, TRUE)->name);
  } else if (!count(gen, ABI_KVM) || another) {
    line(gen, "open kvm as %s", add_handle(gen, ABI_KVM, 0, TRUE)->name);
  }
}

static void close_handle(Generator *gen, guint index) {
  Handle *handle = &g_array_index(gen->handles, Handle, index);

  line(gen, "close %s", handle->name);
  if (handle->kind == ABI_GROUP)
    leave_container(gen, handle);
  g_array_remove_index(gen->handles, index);
}

static void dup_handle(Generator *gen, guint index) {
  Handle from = g_array_index(gen->handles, Handle, index);

  if (gen->handles->len >= MAX_HANDLES)
    return;
  line(gen, "dup %s as %s", from.name, add_handle(gen, from.kind, from.group, from.real)->name);
}

/* Calls that no file but a device's or a table's has. */
static void file_call(Generator *gen, const char *name) {
  line(gen, "%s %s", name,
       PICK(gen, "read offset 0 size 8", "write offset 0 size 8 value 1", "mmap size 64K", "mmap size 64K readonly"));
}

/* ---- containers ---- */

/* A DMA range of at most 16 pages that ends in the window that it begins in: windows have 8M and more, or end at 2G. */
static void dma_range(Generator *gen, char *iova, gsize room, char *size, gsize size_room) {
  static const guint64 bases[] = {0, 0, 0, 0x800000000000000, 0x800000000000000, G_GUINT64_CONSTANT(1) << 50};
  guint shift = percent(gen, 60) ? 12 : 16;
  guint64 base = bases[below(gen, G_N_ELEMENTS(bases))];
  guint64 offset = (guint64)below(gen, 64) << shift;

  if (percent(gen, 5)) {
    g_strlcpy(iova, "0x7fff0000", room);
    g_strlcpy(size, "0x10000", size_room);
    return;
  }
  if (percent(gen, 5))
    offset += PICK(gen, "8", "0")[0] == '8' ? 0x800 : 1;
  g_snprintf(iova, room, "0x%" G_GINT64_MODIFIER "x", base + offset);
  g_snprintf(size, size_room, "0x%x", percent(gen, 5) ? 0x800 : below(gen, 17) << shift);
}

static const char *address(Generator *gen) {
  static const char *const steady[] = {"buf", "buf", "buf", "buf+64K", "buf+256K", "buf+1M", "two"};
  static const char *const odd[] = {"page", "hole", "hole+448K", "bad-address", "buf+0x1000", "buf+0x800", "0"};

  return percent(gen, 85) ? steady[below(gen, G_N_ELEMENTS(steady))] : odd[below(gen, G_N_ELEMENTS(odd))];
}

static const char *memory_size(Generator *gen) {
  return percent(gen, 90) ? PICK(gen, "1M", "1M", "64K", "64K", "2M") : PICK(gen, "0", "0x1000", "0x800", "128K");
}

/* A struct's length that is wrong, or a pointer to nowhere. */
static const char *odd_struct(Generator *gen, gboolean argsz) {
  if (percent(gen, 96))
    return "";
  return argsz ? PICK(gen, " argsz 0", " argsz 11", " argsz 4096", " flags 0x80", " at bad-pointer")
               : " at bad-pointer";
}

/* Mostly small: to clear a window, as every close does, takes Linux about a microsecond for each of its pages, and an
 * emulated one much longer. */
static const char *window_size(Generator *gen) {
  if (percent(gen, 88))
    return PICK(gen, "8M", "16M", "64M");
  return percent(gen, 30) ? PICK(gen, "256M", "512M", "1G", "2G") : PICK(gen, "0", "3G", "0x1000000000000000");
}

static void container_call(Generator *gen, Handle *handle) {
  const char *c = handle->name;
  char iova[32], size[32];

  if (!handle->bound && percent(gen, handle->n_groups ? 85 : 3)) {
    const char *type = percent(gen, 92) ? "7" : PICK(gen, "2", "1", "3", "0", "99");
    line(gen, "%s SET_IOMMU type %s", c, type);
    handle->bound = handle->n_groups && (*type == '7' || *type == '2');
    /* Without this the first mapping makes the default window, which is large. */
    if (handle->bound && *type == '7' && percent(gen, 93))
      line(gen, "%s TCE_REMOVE start_addr 0", c);
    if (handle->bound && *type == '7' && percent(gen, 60))
      line(gen, "%s TCE_CREATE page_shift %s window_size %s levels 1", c, PICK(gen, "12", "16"),
           PICK(gen, "8M", "16M"));
    return;
  }
  if (!handle->bound && percent(gen, 80))
    return;
  if (handle->bound && !handle->registered && percent(gen, 60)) {
    line(gen, "%s REGISTER_MEMORY vaddr %s", c, PICK(gen, "buf size 2M", "buf size 2M", "buf size 2M", "buf size 1M"));
    handle->registered = TRUE;
    return;
  }
  dma_range(gen, iova, sizeof iova, size, sizeof size);
  switch (below(gen, 22)) {
  case 0:
    if (percent(gen, 50))
      line(gen, "%s GET_API_VERSION", c);
    else
      file_call(gen, c);
    break;
  case 1:
    line(gen, "%s CHECK_EXTENSION extension %u", c, below(gen, 11));
    break;
  case 2:
    line(gen, "%s TCE_GET_INFO%s", c, percent(gen, 20) ? " argsz 16" : odd_struct(gen, TRUE));
    break;
  case 3:
    line(gen, "%s %s", c, PICK(gen, "ENABLE", "DISABLE", "SET_IOMMU type 7", "ioctl 0x3b7f"));
    break;
  case 4:
    /* 5 to 7 are resets; include/uapi/linux/vfio.h: VFIO_EEH_PE_RESET_DEACTIVATE, _HOT, _FUNDAMENTAL. 9 injects an
     * error, which is the firmware's to do or not. */
    line(gen, "%s EEH_PE_OP op %u%s", c, below(gen, gen->few_resets ? 5 : 10), odd_struct(gen, TRUE));
    break;
  case 5:
  case 6:
  case 7:
    if (percent(gen, 60))
      line(gen, "%s REGISTER_MEMORY vaddr %s", c,
           PICK(gen, "buf size 2M", "two size 2M", "buf+2M size 1M", "buf+3M size 64K"));
    else
      line(gen, "%s REGISTER_MEMORY vaddr %s size %s%s", c, address(gen), memory_size(gen), odd_struct(gen, TRUE));
    break;
  case 8:
    if (percent(gen, 60))
      line(gen, "%s UNREGISTER_MEMORY vaddr %s", c,
           PICK(gen, "buf size 2M", "two size 2M", "buf+2M size 1M", "buf+3M size 64K"));
    else
      line(gen, "%s UNREGISTER_MEMORY vaddr %s size %s%s", c, address(gen), memory_size(gen), odd_struct(gen, TRUE));
    break;
  case 9:
  case 10:
    line(gen, "%s TCE_CREATE page_shift %s window_size %s levels %s%s", c,
         percent(gen, 90) ? PICK(gen, "12", "16") : PICK(gen, "13", "21", "24", "0", "64"), window_size(gen),
         percent(gen, 90) ? PICK(gen, "1", "1", "2") : PICK(gen, "0", "5", "6"), odd_struct(gen, TRUE));
    break;
  case 11:
    line(gen, "%s TCE_REMOVE start_addr %s%s", c, PICK(gen, "0", "0x800000000000000", "0x1000", "0x4000000000000"),
         odd_struct(gen, TRUE));
    break;
  case 12:
    line(gen, "%s UNMAP_DMA iova %s size %s%s", c, iova, size, odd_struct(gen, TRUE));
    break;
  default:
    line(gen, "%s MAP_DMA flags %s vaddr %s iova %s size %s%s", c,
         percent(gen, 95) ? PICK(gen, "3", "3", "1", "2") : PICK(gen, "0", "4", "7"), address(gen), iova, size,
         percent(gen, 3) ? " at bad-pointer" : "");
    break;
  }
}

/* ---- groups and devices ---- */

static void group_call(Generator *gen, Handle *handle) {
  g_autofree char *g = g_strdup(handle->name);
  guint group = handle->group;
  Handle *container;

  if (!handle->bound && percent(gen, 85)) {
    line(gen, "%s SET_CONTAINER container %s", g, fd_word(gen, ABI_CONTAINER, &container));
    if (container && handle->real && container->real) {
      handle->bound = TRUE;
      container->n_groups++;
      g_strlcpy(handle->container, container->name, sizeof handle->container);
    }
    return;
  }
  switch (below(gen, 8)) {
  case 0:
    line(gen, "%s GROUP_GET_STATUS%s", g, odd_struct(gen, FALSE));
    break;
  case 1:
    line(gen, "%s SET_CONTAINER container %s%s", g, fd_word(gen, ABI_CONTAINER, &container), odd_struct(gen, FALSE));
    break;
  case 2:
    if (percent(gen, 60))
      return;
    line(gen, "%s UNSET_CONTAINER", g);
    leave_container(gen, handle);
    break;
  case 4:
    line(gen, "%s %s", g, PICK(gen, "ioctl 0x3b7f", "GET_DEVICE_FD name 0000:09:00.0", "GET_DEVICE_FD at bad-pointer"));
    break;
  case 5:
    file_call(gen, g);
    break;
  default:
    if (gen->handles->len < MAX_HANDLES && percent(gen, gen->few_resets ? 12 : 100)) {
      gboolean real = handle->real && handle->bound;
      line(gen, "%s GET_DEVICE_FD name %04x:01:00.%u as %s", g, percent(gen, 95) ? group : group + 1,
           percent(gen, 5) ? 1 : 0, add_handle(gen, ABI_DEVICE, group, real)->name);
    }
    break;
  }
}

/* Registers whose writes change no more than what the next calls may see: the command register, BARs, the interrupt
 * line. */
static void config_write(Generator *gen, const char *d) {
  switch (below(gen, 4)) {
  case 0:
    line(gen, "%s write offset 0x7000000003c size 1 value %u", d, below(gen, 16));
    break;
  case 1:
    line(gen, "%s write offset 0x700000000%02x size 4 value 0xffffffff", d, 0x10 + below(gen, 6) * 4);
    break;
  default:
    line(gen, "%s write offset 0x70000000004 size 2 value %u", d, below(gen, 8));
    break;
  }
}

/* Calls that want more than a device: a graphics card, an iommufd, a migration driver, groups to reset. */
static void device_extra(Generator *gen, const char *d) {
  switch (below(gen, 6)) {
  case 0:
    line(gen, "%s %s%s", d, PICK(gen, "QUERY_GFX_PLANE", "GET_GFX_DMABUF"), odd_struct(gen, FALSE));
    break;
  case 1:
    line(gen, "%s %s%s", d, PICK(gen, "BIND_IOMMUFD iommufd none", "ATTACH_IOMMUFD_PT pt_id 1", "DETACH_IOMMUFD_PT"),
         odd_struct(gen, TRUE));
    break;
  case 2:
    line(gen, "%s IOEVENTFD flags %s offset 0x%x data 1 fd %s%s", d, PICK(gen, "1", "2", "4", "8", "0", "3"),
         below(gen, 32) * 4, PICK(gen, "none", "stdin"), odd_struct(gen, FALSE));
    break;
  case 3:
    /* include/uapi/linux/vfio.h: the feature's number, then GET, SET, PROBE */
    line(gen, "%s DEVICE_FEATURE flags 0x%x%s", d, below(gen, 12) | (below(gen, 8) & 5) << 16, odd_struct(gen, FALSE));
    break;
  case 4:
    line(gen, "%s HOT_RESET %s", d, PICK(gen, "count 0", "count 1 argsz 8", "flags 1", "count 9", "at bad-pointer"));
    break;
  default:
    line(gen, "%s GET_HOT_RESET_INFO%s", d,
         PICK(gen, "", " argsz 8", " argsz 20", " argsz 64", " flags 1", " at bad-pointer"));
    break;
  }
}

static void device_call(Generator *gen, Handle *handle) {
  const char *d = handle->name;

  switch (below(gen, 14)) {
  case 0:
    line(gen, "%s DEVICE_GET_INFO%s", d, odd_struct(gen, TRUE));
    break;
  case 1:
  case 2:
    line(gen, "%s GET_REGION_INFO index %u%s", d, below(gen, 10), odd_struct(gen, TRUE));
    break;
  case 3:
    line(gen, "%s GET_IRQ_INFO index %u%s", d, below(gen, 6), odd_struct(gen, TRUE));
    break;
  case 4:
  case 5:
  case 6:
    line(gen, "%s SET_IRQS flags %s index %u start %u count %u%s%s", d,
         PICK(gen, "0x21", "0x21", "0x24", "0x09", "0x11", "0x0a", "0x22", "0x29", "0"), below(gen, 6),
         percent(gen, 80) ? 0 : below(gen, 4), below(gen, 3), percent(gen, 20) ? " argsz 64" : "",
         odd_struct(gen, FALSE));
    break;
  case 7:
  case 8:
    device_extra(gen, d);
    break;
  case 9:
    if (!gen->few_resets || percent(gen, 20))
      line(gen, "%s DEVICE_RESET", d);
    break;
  case 10:
    config_write(gen, d);
    break;
  case 11:
    line(gen, "%s %s", d,
         PICK(gen, "ioctl 0x3b7f", "mmap size 64K offset 0x70000000000", "read offset 0x80000000000 size 4"));
    break;
  default:
    line(gen, "%s read offset 0x%x0000000%03x size %u", d, percent(gen, 90) ? 0x700 : 0x900, below(gen, 16) * 4,
         1 + below(gen, 4));
    break;
  }
}

/* ---- KVM ---- */

static void kvm_call(Generator *gen, Handle *handle) {
  const char *k = handle->name;

  if (gen->handles->len < MAX_HANDLES && !some(gen, ABI_VM) && percent(gen, 70)) {
    g_autofree char *from = g_strdup(k);
    line(gen, "%s CREATE_VM%s as %s", from, percent(gen, 90) ? "" : PICK(gen, " type 1", " type 2", " type 77"),
         add_handle(gen, ABI_VM, 0, TRUE)->name);
    return;
  }
  if (percent(gen, 10))
    file_call(gen, k);
  else
    line(gen, "%s %s", k,
         PICK(gen, "KVM_GET_API_VERSION", "GET_VCPU_MMAP_SIZE", "KVM_CHECK_EXTENSION extension 81",
              "KVM_CHECK_EXTENSION extension 130", "ioctl 0x3b7f"));
}

static void vm_call(Generator *gen, Handle *handle) {
  g_autofree char *vm = g_strdup(handle->name);
  gboolean room = gen->handles->len < MAX_HANDLES;

  switch (below(gen, 8)) {
  case 0:
  case 1:
    if (room && (!some(gen, ABI_KVM_VFIO) || percent(gen, 10)))
      line(gen, "%s CREATE_DEVICE type %s%s as %s", vm, percent(gen, 95) ? "4" : "99",
           percent(gen, 5) ? " flags 1" : "", add_handle(gen, ABI_KVM_VFIO, 0, !some(gen, ABI_KVM_VFIO))->name);
    break;
  case 2:
    line(gen, "%s SET_USER_MEMORY_REGION slot %u guest_phys_addr 0x%x0000 memory_size %s userspace_addr %s", vm,
         below(gen, 4), below(gen, 4) * 0x10, PICK(gen, "1M", "0", "64K", "0x1800"),
         PICK(gen, "buf", "two", "buf+0x800"));
    break;
  case 3:
    line(gen, "%s ENABLE_CAP cap %s args0 %s args1 %u", vm, percent(gen, 90) ? "104" : "0",
         PICK(gen, "0x20", "0x1c", "0x138", "3"), below(gen, 3));
    break;
  case 4:
    if (percent(gen, 30))
      file_call(gen, vm);
    else
      line(gen, "%s %s", vm, PICK(gen, "VM_CHECK_EXTENSION extension 81", "ioctl 0x3b7f"));
    break;
  case 5:
    if (room)
      line(gen, "%s CREATE_SPAPR_TCE liobn 0x%x window_size %s as %s", vm, 0x80000000u + below(gen, 4),
           PICK(gen, "1G", "256M", "0"), add_handle(gen, ABI_TABLE, 0, TRUE)->name);
    break;
  default:
    if (room)
      line(gen, "%s CREATE_SPAPR_TCE_64 liobn 0x%x page_shift %s offset %s size %s%s as %s", vm,
           0x80000000u + below(gen, 4), percent(gen, 90) ? PICK(gen, "12", "16") : PICK(gen, "11", "24", "40"),
           percent(gen, 85) ? "0" : PICK(gen, "0x80000000000", "0x1000"),
           PICK(gen, "0x80000", "0x80000", "0x8000", "0x10000", "0x40000", "0"), percent(gen, 3) ? " flags 1" : "",
           add_handle(gen, ABI_TABLE, 0, TRUE)->name);
    break;
  }
}

static void kvm_vfio_call(Generator *gen, Handle *handle) {
  const char *kv = handle->name;
  const char *group;
  Handle *used;

  switch (below(gen, 9)) {
  case 8:
    if (percent(gen, 30))
      file_call(gen, kv);
    else
      line(gen, "%s %s", kv,
           PICK(gen, "GET_DEVICE_ATTR group 1 attr 1", "ioctl 0x3b7f", "HAS_DEVICE_ATTR group 1 attr 9"));
    break;
  case 0:
    line(gen, "%s HAS_DEVICE_ATTR group %u attr %u", kv, percent(gen, 90) ? 1 : 2, below(gen, 5));
    break;
  case 1:
    line(gen, "%s SET_DEVICE_ATTR group %u attr %u addr bad-address", kv, percent(gen, 90) ? 1 : 2, below(gen, 6));
    break;
  case 2:
    line(gen, "%s GROUP_DEL group %s%s", kv, fd_word(gen, ABI_GROUP, &used), odd_struct(gen, FALSE));
    break;
  case 3:
  case 4:
    line(gen, "%s GROUP_ADD group %s%s", kv, fd_word(gen, ABI_GROUP, &used), odd_struct(gen, FALSE));
    break;
  default:
    group = fd_word(gen, ABI_GROUP, &used);
    line(gen, "%s SET_SPAPR_TCE group %s liobn %s%s", kv, group, fd_word(gen, ABI_TABLE, &used),
         odd_struct(gen, FALSE));
    break;
  }
}

static void table_call(Generator *gen, Handle *handle) {
  line(gen, "%s %s", handle->name,
       PICK(gen, "mmap size 64K", "mmap size 64K offset 64K readonly", "mmap size 1G", "ioctl 0x3b7f",
            "read offset 0 size 8", "write offset 0 size 8 value 1"));
}

/* ---- the whole ---- */

static void (*const calls[ABI_N_KINDS])(Generator *gen, Handle *handle) = {
    [ABI_CONTAINER] = container_call,
    [ABI_GROUP] = group_call,
    [ABI_DEVICE] = device_call,
    [ABI_KVM] = kvm_call,
    [ABI_VM] = vm_call,
    [ABI_TABLE] = table_call,
    [ABI_KVM_VFIO] = kvm_vfio_call,
};

static void close_most(Generator *gen, guint chance) {
  for (guint i = gen->handles->len; i-- > 0;)
    if (percent(gen, chance))
      close_handle(gen, i);
}

static void step(Generator *gen) {
  static const AbiKind kinds[] = {ABI_CONTAINER, ABI_CONTAINER, ABI_CONTAINER, ABI_CONTAINER, ABI_GROUP,    ABI_GROUP,
                                  ABI_DEVICE,    ABI_KVM,       ABI_VM,        ABI_KVM_VFIO,  ABI_KVM_VFIO, ABI_TABLE};
  AbiKind kind = kinds[below(gen, G_N_ELEMENTS(kinds))];
  Handle *handle = some(gen, kind);

  if (below(gen, EPISODE) == 0)
    close_most(gen, 90);
  else if (gen->handles->len && percent(gen, 5))
    close_handle(gen, below(gen, gen->handles->len));
  else if (gen->handles->len && percent(gen, 2))
    dup_handle(gen, below(gen, gen->handles->len));
  else if (handle && percent(gen, 90))
    calls[kind](gen, handle);
  else
    open_something(gen);
}

/* A host that is named has its groups; the built-in one is given them. */
static void header(const Generator *gen, const char *host, gint64 seed, guint n) {
  printf("# SPDX-License-Identifier: LGPL-2.1-or-later\n# Random calls, seed %" G_GINT64_FORMAT
         ", %u of them.\nhost %s\n",
         seed, n, host ? host : "power9");
  for (guint i = 0; i < gen->n_groups && !host; i++)
    printf("  group %u: %04x:01:00.0\n", gen->groups[i], gen->groups[i]);
  puts(
      "buffer buf 4M align 64K\nbuffer two 2M align 64K\nbuffer page 64K readonly align 64K\nbuffer hole 1M align 64K\n"
      "free hole from 512K size 64K");
}

static gboolean parse_groups(Generator *gen, const char *text) {
  g_auto(GStrv) words = g_strsplit(text, ",", -1);
  guint64 number;

  for (char **word = words; *word; word++) {
    if (gen->n_groups == MAX_GROUPS || !g_ascii_string_to_unsigned(*word, 10, 0, 0xffff, &number, NULL))
      return FALSE;
    gen->groups[gen->n_groups++] = (guint)number;
  }
  return gen->n_groups > 0;
}

int main(int argc, char **argv) {
  gint64 seed = 1;
  int n = 1000;
  g_autofree char *groups = NULL, *host = NULL;
  Generator gen = {0};
  const GOptionEntry options[] = {
      {"seed", 's', 0, G_OPTION_ARG_INT64, &seed, "Of the random numbers (1)", "N"},
      {"calls", 'c', 0, G_OPTION_ARG_INT, &n, "How many calls (1000; at most 9000)", "M"},
      {"groups", 'g', 0, G_OPTION_ARG_STRING, &groups, "Groups; the device of group N is 000N:01:00.0 (0,1,2)",
       "A,B,C"},
      {"host", 0, 0, G_OPTION_ARG_STRING, &host,
       "The scenario's host, which has those groups (power9, which is given them)", "HOST"},
      {"few-resets", 0, 0, G_OPTION_ARG_NONE, &gen.few_resets,
       "Open few devices, and no resets by EEH: each takes an emulated machine a second or more", NULL},
      {NULL}};
  g_autoptr(GOptionContext) context = g_option_context_new("- writes a raw scenario of random calls");
  g_autoptr(GError) error = NULL;

  g_option_context_add_main_entries(context, options, NULL);
  if (!g_option_context_parse(context, &argc, &argv, &error)) {
    fprintf(stderr, "random-calls: %s\n", error->message);
    return 2;
  }
  if (n < 1 || n > MAX_CALLS || !parse_groups(&gen, groups ? groups : "0,1,2")) {
    fprintf(stderr, "random-calls: --calls is 1 to %d, --groups is up to %d numbers such as 0,1,2\n", MAX_CALLS,
            MAX_GROUPS);
    return 2;
  }
  gen.rand = g_rand_new_with_seed_array((const guint32[]){(guint32)seed, (guint32)(seed >> 32)}, 2);
  gen.handles = g_array_new(FALSE, TRUE, sizeof(Handle));
  header(&gen, host, seed, (guint)n);
  while (gen.n_calls < (guint)n)
    step(&gen);
  close_most(&gen, 100); /* in an order of our own: at a process's end it is that of its fds */
  g_array_unref(gen.handles);
  g_rand_free(gen.rand);
  return 0;
}
