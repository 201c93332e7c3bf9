/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/vfio/fake-sys.h"

#include <errno.h>
#include <linux/kvm.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

enum { FD_BASE = 100, KVM_CREATE_SPAPR_TCE_NR = 0xa8 };

typedef enum { CLOSED, CONTAINER, GROUP, DEVICE, KVM, VM, KVM_VFIO, TABLE, EVENT } Kind;

typedef struct {
  Kind kind;
  guint id;            /* group's number; serial of a container */
  char name[32];       /* as the log has it */
  int container;       /* GROUP: fd of it, or -1 */
  gboolean in_kvm;     /* GROUP */
  guint iommu;         /* CONTAINER */
  guint members;       /* CONTAINER */
  GHashTable *regions; /* CONTAINER: vaddr -> size */
  GTree *mappings;     /* CONTAINER: iova -> text */
  gboolean slots[2];   /* CONTAINER: windows */
  guint64 starts[2];
  guint64 count;    /* EVENT */
  int events[5][8]; /* DEVICE: eventfds, 0 for none */
} File;

struct Fake {
  VfioSys sys;
  FakeHost host;
  GArray *files; /* of File, by fd - FD_BASE */
  GString *log;
  guint n_calls, n_containers;
  guint n_mapped; /* mmaps alive */
  GArray *opened; /* of int: fds of groups, containers, devices now open, in order */
  gboolean disorder;
  char *fault;
  guint fault_nth;
  long fault_result;
  gboolean failed;
};

static File *file(const Fake *fake, int fd) {
  if (fd < FD_BASE || (guint)(fd - FD_BASE) >= fake->files->len)
    return NULL;
  File *f = &g_array_index(fake->files, File, fd - FD_BASE);
  return f->kind == CLOSED ? NULL : f;
}

static int new_fd(Fake *fake, Kind kind, guint id, const char *format, ...) G_GNUC_PRINTF(4, 5);
static int new_fd(Fake *fake, Kind kind, guint id, const char *format, ...) {
  File f = {.kind = kind, .id = id, .container = -1};
  int fd = FD_BASE + (int)fake->files->len;
  va_list args;

  va_start(args, format);
  vsnprintf(f.name, sizeof f.name, format, args);
  va_end(args);
  if (kind == CONTAINER) {
    f.regions = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    f.mappings = g_tree_new_full((GCompareDataFunc)(void (*)(void))strcmp, NULL, g_free, g_free);
  }
  g_array_append_val(fake->files, f);
  if (kind == CONTAINER || kind == GROUP || kind == DEVICE)
    g_array_append_val(fake->opened, fd);
  return fd;
}

/* Notes a call; returns what it must answer if a fault holds for it, else 0. */
static long note(Fake *fake, const char *format, ...) G_GNUC_PRINTF(2, 3);
static long note(Fake *fake, const char *format, ...) {
  va_list args;
  long result = 0;

  va_start(args, format);
  g_autofree char *line = g_strdup_vprintf(format, args);
  va_end(args);
  fake->n_calls++;
  if (fake->fault && !fake->failed && g_str_has_prefix(line, fake->fault) && --fake->fault_nth == 0) {
    fake->failed = TRUE;
    result = fake->fault_result;
  }
  if (line[0] != '.' || result)
    g_string_append_printf(fake->log, result ? "%s = %ld\n" : "%s\n", line, result);
  return result;
}

static int fake_open(gpointer data, const char *path, int flags) {
  Fake *fake = data;
  guint number;
  gboolean is_group = sscanf(path, "/dev/vfio/%u", &number) == 1;

  long fault = note(fake, "open %s", path);
  if (fault)
    return (int)fault;
  if (is_group)
    return new_fd(fake, GROUP, number, "group%u", number);
  if (g_str_equal(path, "/dev/vfio/vfio")) {
    fake->n_containers++;
    return new_fd(fake, CONTAINER, fake->n_containers, "container%u", fake->n_containers);
  }
  return g_str_equal(path, "/dev/kvm") ? new_fd(fake, KVM, 0, "kvm") : -ENOENT;
}

static int fake_close(gpointer data, int fd) {
  Fake *fake = data;
  File *f = file(fake, fd);

  g_assert_nonnull(f);
  note(fake, "close %s", f->name);
  for (guint i = fake->opened->len; i-- > 0;)
    if (g_array_index(fake->opened, int, i) == fd) {
      fake->disorder |= i != fake->opened->len - 1;
      g_array_remove_index(fake->opened, i);
      break;
    }
  g_clear_pointer(&f->regions, g_hash_table_unref);
  g_clear_pointer(&f->mappings, g_tree_unref);
  f->kind = CLOSED;
  return 0;
}

static const char *name_of(Fake *fake, int fd) {
  File *f = file(fake, fd);
  return f ? f->name : "nothing";
}

static long container_ioctl(Fake *fake, File *f, unsigned long request, guintptr arg) {
  long fault;

  switch (request) {
  case VFIO_GET_API_VERSION:
    return note(fake, "%s GET_API_VERSION", f->name);
  case VFIO_CHECK_EXTENSION:
    if ((fault = note(fake, "%s CHECK_EXTENSION %u", f->name, (guint)arg)))
      return fault;
    if (arg == VFIO_TYPE1_IOMMU || arg == VFIO_TYPE1v2_IOMMU)
      return fake->host.type1;
    return !fake->host.type1 && (arg == VFIO_SPAPR_TCE_IOMMU || (arg == VFIO_SPAPR_TCE_v2_IOMMU && fake->host.v2));
  case VFIO_SET_IOMMU:
    if ((fault = note(fake, "%s SET_IOMMU %u", f->name, (guint)arg)))
      return fault;
    f->iommu = (guint)arg;
    return 0;
  case VFIO_IOMMU_ENABLE:
    return note(fake, "%s ENABLE", f->name);
  case VFIO_IOMMU_SPAPR_REGISTER_MEMORY: {
    const struct vfio_iommu_spapr_register_memory *memory = (void *)arg;
    if ((fault = note(fake, "%s REGISTER_MEMORY size 0x%llx", f->name, memory->size)))
      return fault;
    g_assert_cmpuint(memory->vaddr % fake->host.page_size, ==, 0);
    g_assert_cmpuint(memory->size % fake->host.page_size, ==, 0);
    g_hash_table_insert(f->regions, g_memdup2(&memory->vaddr, 8), g_memdup2(&memory->size, 8));
    return 0;
  }
  case VFIO_IOMMU_SPAPR_UNREGISTER_MEMORY: {
    const struct vfio_iommu_spapr_register_memory *memory = (void *)arg;
    if ((fault = note(fake, "%s UNREGISTER_MEMORY size 0x%llx", f->name, memory->size)))
      return fault;
    return g_hash_table_remove(f->regions, &memory->vaddr) ? 0 : -ENOENT;
  }
  case VFIO_IOMMU_SPAPR_TCE_GET_INFO: {
    struct vfio_iommu_spapr_tce_info *info = (void *)arg;
    if ((fault = note(fake, "%s TCE_GET_INFO", f->name)))
      return fault;
    info->dma32_window_size = 0x80000000u;
    if (f->iommu == VFIO_SPAPR_TCE_v2_IOMMU) {
      info->flags = VFIO_IOMMU_SPAPR_INFO_DDW;
      info->ddw.pgsizes = fake->host.pgsizes;
      info->ddw.max_dynamic_windows_supported = 2;
      info->ddw.levels = fake->host.max_levels;
    }
    return 0;
  }
  case VFIO_IOMMU_SPAPR_TCE_CREATE: {
    struct vfio_iommu_spapr_tce_create *create = (void *)arg;
    if ((fault = note(fake, "%s TCE_CREATE page_shift %u window_size 0x%llx levels %u", f->name, create->page_shift,
                      create->window_size, create->levels)))
      return fault;
    if (create->levels < fake->host.min_levels)
      return -ENOMEM;
    guint slot = f->slots[0] ? 1 : 0;
    if (f->slots[slot])
      return -ENOSPC;
    f->slots[slot] = TRUE;
    f->starts[slot] = create->start_addr = (slot ? 1ull << 59 : 0) + fake->host.window_offset;
    return 0;
  }
  case VFIO_IOMMU_SPAPR_TCE_REMOVE: {
    const struct vfio_iommu_spapr_tce_remove *remove = (void *)arg;
    if ((fault = note(fake, "%s TCE_REMOVE 0x%llx", f->name, remove->start_addr)))
      return fault;
    for (guint i = 0; i < 2; i++)
      if (f->slots[i] && f->starts[i] == remove->start_addr)
        f->slots[i] = FALSE;
    return 0;
  }
  case VFIO_IOMMU_MAP_DMA: {
    const struct vfio_iommu_type1_dma_map *map = (void *)arg;
    if ((fault = note(fake, "%s MAP_DMA iova 0x%llx size 0x%llx flags %u", f->name, map->iova, map->size, map->flags)))
      return fault;
    g_tree_insert(f->mappings, g_strdup_printf("0x%016llx", map->iova),
                  g_strdup_printf("0x%llx->0x%llx %s%s", map->iova, map->vaddr, map->flags & 1 ? "r" : "",
                                  map->flags & 2 ? "w" : ""));
    return 0;
  }
  case VFIO_IOMMU_UNMAP_DMA: {
    const struct vfio_iommu_type1_dma_unmap *unmap = (void *)arg;
    if ((fault = note(fake, "%s UNMAP_DMA iova 0x%llx size 0x%llx", f->name, unmap->iova, unmap->size)))
      return fault;
    g_autoptr(GPtrArray) gone = g_ptr_array_new();
    for (GTreeNode *n = g_tree_node_first(f->mappings); n; n = g_tree_node_next(n)) {
      guint64 iova = g_ascii_strtoull(g_tree_node_key(n), NULL, 16);
      if (iova - unmap->iova < unmap->size)
        g_ptr_array_add(gone, g_tree_node_key(n));
    }
    for (guint i = 0; i < gone->len; i++)
      g_tree_remove(f->mappings, gone->pdata[i]);
    return 0;
  }
  case VFIO_EEH_PE_OP:
    return note(fake, "%s EEH_PE_OP %u", f->name, ((struct vfio_eeh_pe_op *)arg)->op);
  default:
    g_assert_not_reached();
  }
}

static long group_ioctl(Fake *fake, File *f, unsigned long request, guintptr arg) {
  long fault;

  switch (request) {
  case VFIO_GROUP_GET_STATUS:
    if ((fault = note(fake, "%s GROUP_GET_STATUS", f->name)))
      return fault;
    ((struct vfio_group_status *)arg)->flags = fake->host.not_viable ? 0 : VFIO_GROUP_FLAGS_VIABLE;
    return 0;
  case VFIO_GROUP_SET_CONTAINER: {
    int fd = *(int *)arg;
    File *c = file(fake, fd);
    if ((fault = note(fake, "%s SET_CONTAINER %s", f->name, name_of(fake, fd))))
      return fault;
    g_assert_true(c && c->kind == CONTAINER && f->container < 0);
    if (c->iommu == VFIO_SPAPR_TCE_IOMMU && c->members)
      return -EBUSY;
    f->container = fd;
    c->members++;
    return 0;
  }
  case VFIO_GROUP_UNSET_CONTAINER:
    if ((fault = note(fake, "%s UNSET_CONTAINER", f->name)))
      return fault;
    g_assert_cmpint(f->container, >=, 0);
    file(fake, f->container)->members--;
    f->container = -1;
    return 0;
  case VFIO_GROUP_GET_DEVICE_FD:
    if ((fault = note(fake, "%s GET_DEVICE_FD %s", f->name, (const char *)arg)))
      return fault;
    return new_fd(fake, DEVICE, f->id, "%s", (const char *)arg);
  default:
    g_assert_not_reached();
  }
}

static long device_ioctl(Fake *fake, File *f, unsigned long request, guintptr arg) {
  long fault;

  switch (request) {
  case VFIO_DEVICE_GET_INFO: {
    struct vfio_device_info *info = (void *)arg;
    if ((fault = note(fake, "%s DEVICE_GET_INFO", f->name)))
      return fault;
    info->flags = VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET;
    info->num_regions = 9;
    info->num_irqs = 5;
    return 0;
  }
  case VFIO_DEVICE_GET_REGION_INFO: {
    struct vfio_region_info *info = (void *)arg;
    if ((fault = note(fake, "%s GET_REGION_INFO %u", f->name, info->index)))
      return fault;
    info->offset = (guint64)info->index << 40;
    info->size = info->index == 0 ? 0x10000 : info->index == 7 ? 0x100 : 0;
    return 0;
  }
  case VFIO_DEVICE_GET_IRQ_INFO: {
    struct vfio_irq_info *info = (void *)arg;
    if ((fault = note(fake, "%s GET_IRQ_INFO %u", f->name, info->index)))
      return fault;
    info->flags = VFIO_IRQ_INFO_EVENTFD;
    info->count = 1;
    return 0;
  }
  case VFIO_DEVICE_SET_IRQS: {
    const struct vfio_irq_set *set = (void *)arg;
    if ((fault = note(fake, "%s SET_IRQS index %u flags 0x%x count %u", f->name, set->index, set->flags, set->count)))
      return fault;
    g_assert_cmpuint(set->start + set->count, <=, 8);
    for (guint i = 0; i < 8 && set->flags == (VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER); i++) {
      gint32 fd = 0;
      if (i < set->count)
        memcpy(&fd, set->data + 4 * i, 4);
      f->events[set->index][i] = MAX(fd, 0);
    }
    if (set->flags == (VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER) && set->count == 0)
      memset(f->events[set->index], 0, sizeof f->events[set->index]);
    return 0;
  }
  case VFIO_DEVICE_RESET:
    return note(fake, "%s DEVICE_RESET", f->name);
  default:
    g_assert_not_reached();
  }
}

static long vm_ioctl(Fake *fake, File *f, unsigned long request, guintptr arg) {
  long fault;

  if (_IOC_NR(request) == KVM_CREATE_SPAPR_TCE_NR) {
    const guint64 *words = (void *)arg;
    if (_IOC_SIZE(request) == 32)
      fault = note(fake,
                   "vm CREATE_SPAPR_TCE_64 liobn 0x%" G_GINT64_MODIFIER "x page_shift %u offset 0x%" G_GINT64_MODIFIER
                   "x size 0x%" G_GINT64_MODIFIER "x",
                   words[0], (guint32)words[1], words[2], words[3]);
    else
      fault = note(fake, "vm CREATE_SPAPR_TCE liobn 0x%" G_GINT64_MODIFIER "x window_size 0x%x", words[0],
                   (guint32)words[1]);
    return fault ? fault : new_fd(fake, TABLE, (guint)words[0], "table 0x%x", (guint)words[0]);
  }
  switch (request) {
  case KVM_CHECK_EXTENSION:
    if ((fault = note(fake, ".%s KVM_CHECK_EXTENSION %u", f->name, (guint)arg)))
      return fault;
    return arg == KVM_CAP_SPAPR_TCE || arg == KVM_CAP_SPAPR_MULTITCE ||
           (arg == KVM_CAP_SPAPR_TCE_64 && fake->host.spapr_tce_64) ||
           (arg == KVM_CAP_SPAPR_TCE_VFIO && fake->host.spapr_tce_vfio);
  case KVM_GET_API_VERSION:
    fault = note(fake, "kvm KVM_GET_API_VERSION");
    return fault ? fault : 12;
  case KVM_CREATE_VM:
    fault = note(fake, "kvm CREATE_VM");
    return fault ? fault : new_fd(fake, VM, 0, "vm");
  case KVM_ENABLE_CAP:
    return note(fake, "vm ENABLE_CAP %u 0x%llx", ((struct kvm_enable_cap *)arg)->cap,
                ((struct kvm_enable_cap *)arg)->args[0]);
  case KVM_SET_USER_MEMORY_REGION: {
    const struct kvm_userspace_memory_region *region = (void *)arg;
    return note(fake, "vm SET_USER_MEMORY_REGION slot %u gpa 0x%llx size 0x%llx", region->slot, region->guest_phys_addr,
                region->memory_size);
  }
  case KVM_CREATE_DEVICE:
    if ((fault = note(fake, "vm CREATE_DEVICE")))
      return fault;
    ((struct kvm_create_device *)arg)->fd = (guint32)new_fd(fake, KVM_VFIO, 0, "kvm-vfio");
    return 0;
  default:
    g_assert_not_reached();
  }
}

static long kvm_vfio_ioctl(Fake *fake, unsigned long request, guintptr arg) {
  const struct kvm_device_attr *attr = (void *)arg;
  const gint32 *fds = (const void *)(guintptr)attr->addr;
  File *group = file(fake, fds[0]);
  long fault;

  g_assert_cmpuint(request, ==, KVM_SET_DEVICE_ATTR);
  switch (attr->attr) {
  case KVM_DEV_VFIO_GROUP_ADD:
    if ((fault = note(fake, "kvm-vfio GROUP_ADD %s", name_of(fake, fds[0]))))
      return fault;
    group->in_kvm = TRUE;
    return 0;
  case KVM_DEV_VFIO_GROUP_DEL:
    if ((fault = note(fake, "kvm-vfio GROUP_DEL %s", name_of(fake, fds[0]))))
      return fault;
    g_assert_true(group->in_kvm);
    group->in_kvm = FALSE;
    return 0;
  default:
    if ((fault = note(fake, "kvm-vfio SET_SPAPR_TCE %s %s", name_of(fake, fds[0]), name_of(fake, fds[1]))))
      return fault;
    return group->in_kvm ? 0 : -ENOENT; /* KV-43 */
  }
}

static long fake_ioctl(gpointer data, int fd, unsigned long request, guintptr arg) {
  Fake *fake = data;
  File *f = file(fake, fd);

  g_assert_nonnull(f);
  switch (f->kind) {
  case CONTAINER:
    return container_ioctl(fake, f, request, arg);
  case GROUP:
    return group_ioctl(fake, f, request, arg);
  case DEVICE:
    return device_ioctl(fake, f, request, arg);
  case KVM:
  case VM:
    return vm_ioctl(fake, f, request, arg);
  case KVM_VFIO:
    return kvm_vfio_ioctl(fake, request, arg);
  default:
    g_assert_not_reached();
  }
}

static ssize_t fake_pread(gpointer data, int fd, void *buf, gsize len, guint64 offset) {
  Fake *fake = data;
  long fault = note(fake, ".%s read", name_of(fake, fd));

  if (fault)
    return fault;
  memset(buf, 0, len);
  guint64 pin = (7ull << 40) + 0x3d;
  if (offset <= pin && pin < offset + len && !fake->host.no_intx)
    ((char *)buf)[pin - offset] = 1;
  return (ssize_t)len;
}

static ssize_t fake_pwrite(gpointer data, int fd, const void *buf, gsize len, guint64 offset) {
  long fault = note(data, "%s write 0x%" G_GINT64_MODIFIER "x", name_of(data, fd), offset);
  return fault ? fault : (ssize_t)len;
}

static int fake_mmap(gpointer data, int fd, gsize len, int prot, guint64 offset, void **memory) {
  Fake *fake = data;
  long fault = note(fake, "mmap %s 0x%zx", name_of(fake, fd), len);

  if (fault)
    return (int)fault;
  *memory = mmap(NULL, len, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (*memory == MAP_FAILED)
    return -ENOMEM;
  fake->n_mapped++;
  return 0;
}

static int fake_munmap(gpointer data, void *memory, gsize len) {
  Fake *fake = data;

  fake->n_mapped--;
  return munmap(memory, len);
}

static ssize_t fake_readlink(gpointer data, const char *path, char *buf, gsize len) {
  guint bus;
  long fault = note(data, ".readlink %s", path);

  if (fault)
    return fault;
  if (sscanf(path, "/sys/bus/pci/devices/0000:%x:", &bus) != 1)
    return -ENOENT;
  return snprintf(buf, len, "../../../kernel/iommu_groups/%u", bus + 6);
}

static int fake_eventfd(gpointer data) {
  long fault = note(data, ".eventfd");
  return fault ? (int)fault : new_fd(data, EVENT, 0, "eventfd");
}

static int fake_eventfd_read(gpointer data, int fd, guint64 *count) {
  File *f = file(data, fd);

  *count = f->count;
  f->count = 0;
  return 0;
}

static int fake_eventfd_close(gpointer data, int fd) {
  File *f = file(data, fd);

  g_assert_true(f && f->kind == EVENT);
  f->kind = CLOSED;
  return 0;
}

static gsize fake_page_size(gpointer data) {
  return ((Fake *)data)->host.page_size;
}

Fake *fake_new(void) {
  Fake *fake = g_new0(Fake, 1);

  fake->sys = (VfioSys){
      .data = fake,
      .open = fake_open,
      .close = fake_close,
      .ioctl = fake_ioctl,
      .pread = fake_pread,
      .pwrite = fake_pwrite,
      .mmap = fake_mmap,
      .munmap = fake_munmap,
      .readlink = fake_readlink,
      .eventfd = fake_eventfd,
      .eventfd_read = fake_eventfd_read,
      .eventfd_close = fake_eventfd_close,
      .page_size = fake_page_size,
  };
  fake->host = (FakeHost){
      .v2 = TRUE,
      .spapr_tce_vfio = TRUE,
      .spapr_tce_64 = TRUE,
      .pgsizes = 0x41211000, /* 4K 64K 2M 16M 1G, as the recorded QEMU runs had it */
      .max_levels = 5,
      .page_size = 65536,
  };
  fake->files = g_array_new(FALSE, TRUE, sizeof(File));
  fake->opened = g_array_new(FALSE, TRUE, sizeof(int));
  fake->log = g_string_new(NULL);
  return fake;
}

void fake_free(Fake *fake) {
  for (guint i = 0; i < fake->files->len; i++) {
    File *f = &g_array_index(fake->files, File, i);
    g_clear_pointer(&f->regions, g_hash_table_unref);
    g_clear_pointer(&f->mappings, g_tree_unref);
  }
  g_array_unref(fake->files);
  g_array_unref(fake->opened);
  g_string_free(fake->log, TRUE);
  g_free(fake->fault);
  g_free(fake);
}

FakeHost *fake_host(Fake *fake) {
  return &fake->host;
}

const VfioSys *fake_sys(Fake *fake) {
  return &fake->sys;
}

void fake_fail(Fake *fake, const char *call, guint nth, long result) {
  g_free(fake->fault);
  fake->fault = g_strdup(call);
  fake->fault_nth = nth;
  fake->fault_result = result;
  fake->failed = FALSE;
}

gboolean fake_failed(const Fake *fake) {
  return fake->failed;
}

char *fake_take_log(Fake *fake) {
  char *log = g_strdup(fake->log->str);
  g_string_truncate(fake->log, 0);
  return log;
}

guint fake_n_calls(const Fake *fake) {
  return fake->n_calls;
}

char *fake_held(const Fake *fake) {
  GString *held = g_string_new(NULL);

  for (guint i = 0; i < fake->files->len; i++) {
    const File *f = &g_array_index(fake->files, File, i);
    if (f->kind == CLOSED || f->kind == VM)
      continue;
    g_string_append_printf(held, "open %s\n", f->name);
    if (f->in_kvm)
      g_string_append_printf(held, "in KVM %s\n", f->name);
    if (f->kind != CONTAINER)
      continue;
    for (guint j = 0; j < g_hash_table_size(f->regions); j++)
      g_string_append_printf(held, "region of %s\n", f->name);
    for (guint j = 0; j < 2; j++)
      if (f->slots[j])
        g_string_append_printf(held, "window of %s\n", f->name);
  }
  for (guint i = 0; i < fake->n_mapped; i++)
    g_string_append(held, "mapping\n");
  return g_string_free(held, FALSE);
}

gboolean fake_closed_in_reverse(const Fake *fake) {
  return !fake->disorder;
}

char *fake_mappings(const Fake *fake, guint container) {
  GString *text = g_string_new(NULL);

  for (guint i = 0; i < fake->files->len; i++) {
    const File *f = &g_array_index(fake->files, File, i);
    if (f->kind != CONTAINER || f->id != container)
      continue;
    for (GTreeNode *n = g_tree_node_first(f->mappings); n; n = g_tree_node_next(n))
      g_string_append_printf(text, "%s\n", (char *)g_tree_node_value(n));
  }
  return g_string_free(text, FALSE);
}

void fake_signal(Fake *fake, const char *device, guint index, guint vector) {
  for (guint i = 0; i < fake->files->len; i++) {
    const File *f = &g_array_index(fake->files, File, i);
    if (f->kind == DEVICE && g_str_equal(f->name, device) && f->events[index][vector])
      file(fake, f->events[index][vector])->count++;
  }
}

int fake_vm(Fake *fake) {
  return new_fd(fake, VM, 0, "vm");
}
