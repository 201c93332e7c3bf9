/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What some devices have and others have not, by keys of the host file: BARs that can be mapped, regions of their own,
 * virtual functions, interrupts that run short, sleep without end. What regions and mmap() answer with mmap=on was
 * asked of Linux 6.12 with 64K pages on an emulated POWER9 (e1000e: BARs of 128K, 128K and 16K).
 */
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sim/host/host-internal.h"
#include "tests/kernel/rig.h"

#define REGION(index) ((guint64)(index) << 40)
#define TOKEN "14d63f20-8445-11ea-8900-1f9ce7d5650d"
#define OTHER "14d63f20-8445-11ea-8900-1f9ce7d5650e"

enum { PF = 0x100, K = 1024 };

static void key(SimHost *host, guint64 device, const char *name, const char *value) {
  g_autoptr(GError) error = NULL;

  if (!sim_host_device_set(sim_host_find_device(host, device), name, value, &error))
    fail_msg("%s", error->message);
}

static void one(SimHost *host) {
  assert_true(sim_host_add_device(host, 0, "0000:01:00.0", NULL));
  key(host, PF, "model", "e1000e");
}

static int open_named(Rig *rig, const char *name) {
  int container = -1;

  return rig_device(rig, rig_attach(rig, 0, &container), name);
}

static Rig *rig_with(void (*describe)(SimHost *host), int *fd) {
  Rig *rig = rig_new(describe);

  *fd = open_named(rig, "0000:01:00.0");
  return rig;
}

/* ---- regions that can be mapped ---- */

static void mappable(SimHost *host) {
  one(host);
  key(host, PF, "mmap", "on");
}

typedef struct {
  struct vfio_region_info info;
  guint8 caps[64];
} RegionInfo;

static RegionInfo region(Rig *rig, int fd, guint index, guint argsz) {
  RegionInfo region = {.info = {.argsz = argsz, .index = index}};

  memset(region.caps, 0xee, sizeof region.caps);
  assert_int_equal(rig_call(rig, fd, ABI_GET_REGION_INFO, &region), 0);
  return region;
}

static void test_mmap_flags(void **state) {
  int fd;
  Rig *rig = rig_with(mappable, &fd);
  const struct vfio_info_cap_header *cap;
  RegionInfo info = region(rig, fd, 0, 32);

  assert_int_equal(info.info.flags, 7);
  expect(rig, 0, 0, RULE_PD_18);
  assert_int_equal(region(rig, fd, 2, 32).info.flags, 3); /* I/O */
  assert_int_equal(region(rig, fd, 4, 32).info.flags, 0);
  assert_int_equal(region(rig, fd, VFIO_PCI_ROM_REGION_INDEX, 32).info.flags, 1);

  info = region(rig, fd, 3, 32); /* holds the MSI-X table */
  expect(rig, 0, 0, RULE_PD_25);
  assert_int_equal(info.info.flags, 0xf);
  assert_int_equal(info.info.argsz, 40);
  assert_int_equal(info.info.cap_offset, 0);
  assert_int_equal(info.info.size, 16 * K);
  assert_int_equal(info.caps[0], 0xee);
  info = region(rig, fd, 3, 40);
  expect(rig, 0, 0, RULE_PD_26);
  region(rig, fd, 3, sizeof info);
  expect(rig, 0, 0, RULE_PD_19);
  assert_int_equal(info.info.flags, 0xf);
  assert_int_equal(info.info.argsz, 40);
  assert_int_equal(info.info.cap_offset, 32);
  cap = (const struct vfio_info_cap_header *)info.caps;
  assert_int_equal(cap->id, 3);
  assert_int_equal(cap->version, 1);
  assert_int_equal(cap->next, 0);
  assert_int_equal(info.caps[8], 0xee);
  rig_free(rig);
}

static int map(Rig *rig, int fd, guint64 offset, gsize len, gboolean shared, void **memory) {
  return sim_process_mmap(rig->process, fd, len, PROT_READ | PROT_WRITE, shared, offset, memory);
}

static void claimed(SimHost *host) {
  mappable(host);
  key(host, PF, "claimed", "bar1 bar5");
}

static void test_mmap_refusals(void **state) {
  int fd;
  Rig *rig = rig_with(claimed, &fd);
  guint32 word;
  void *memory;

  expect(rig, map(rig, fd, REGION(9), 64 * K, TRUE, &memory), -EINVAL, RULE_PD_128);
  expect(rig, map(rig, fd, 0, 64 * K, FALSE, &memory), -EINVAL, RULE_PD_129);
  expect(rig, map(rig, fd, REGION(6), 64 * K, TRUE, &memory), -EINVAL, RULE_PD_130);
  expect(rig, map(rig, fd, REGION(7), 64 * K, TRUE, &memory), -EINVAL, RULE_PD_130);
  expect(rig, map(rig, fd, REGION(2), 64 * K, TRUE, &memory), -EINVAL, RULE_PD_131);
  expect(rig, map(rig, fd, REGION(4), 64 * K, TRUE, &memory), -EINVAL, RULE_PD_131);
  expect(rig, map(rig, fd, 0, 256 * K, TRUE, &memory), -EINVAL, RULE_PD_132);
  expect(rig, map(rig, fd, 64 * K, 128 * K, TRUE, &memory), -EINVAL, RULE_PD_132);
  expect(rig, map(rig, fd, REGION(3), 128 * K, TRUE, &memory), -EINVAL, RULE_PD_132);
  expect(rig, map(rig, fd, REGION(3), 64 * K, TRUE, &memory), 0, RULE_PD_134); /* a page, of which the BAR is a part */
  assert_int_equal(sim_process_munmap(rig->process, memory, 64 * K), 0);
  expect(rig, map(rig, fd, REGION(1), 64 * K, TRUE, &memory), -EBUSY, RULE_PD_133);
  assert_int_equal(sim_process_pread(rig->process, fd, &word, 4, REGION(1)), -EBUSY);
  rig_free(rig);
}

/* One memory, however it is reached; a reset clears it. */
static void test_mapped_memory(void **state) {
  int fd;
  Rig *rig = rig_with(mappable, &fd);
  guint32 word = 0x11223344, *mapped;
  void *memory;

  assert_int_equal(sim_process_pwrite(rig->process, fd, &word, 4, 0x10010), 4);
  expect(rig, map(rig, fd, 0x10000, 64 * K, TRUE, &memory), 0, RULE_PD_134);
  mapped = memory;
  assert_int_equal(mapped[4], 0x11223344);
  mapped[5] = 0x55667788;
  assert_int_equal(sim_process_pread(rig->process, fd, &word, 4, 0x10014), 4);
  assert_int_equal(word, 0x55667788);
  assert_int_equal(sim_process_pwrite(rig->process, fd, &word, 4, 0x10018), 4);
  assert_int_equal(mapped[6], 0x55667788);
  expect(rig, rig_call_value(rig, fd, ABI_DEVICE_RESET, 0), 0, RULE_PD_77);
  assert_int_equal(mapped[5], 0);
  rig_free(rig);
}

/* CG-88 */
static void test_mapping_keeps_the_device_open(void **state) {
  int fd;
  Rig *rig = rig_with(mappable, &fd);
  void *memory;

  expect(rig, map(rig, fd, 0, 64 * K, TRUE, &memory), 0, RULE_PD_134);
  rig_close(rig, fd);
  assert_int_equal(rig_census(rig).devices_open, 1);
  *(guint32 *)memory = 1;
  assert_int_equal(sim_process_munmap(rig->process, memory, 64 * K), 0);
  assert_int_equal(rig_census(rig).devices_open, 0);
  rig_free(rig);
}

static void small_on_x86(SimHost *host) {
  assert_true(sim_host_set(host, "profile", "linux-6.12-x86", NULL));
  mappable(host);
  key(host, PF, "bar1", "mem32 2K");
}

/* PD-18: on x86 a small BAR may share its page with another's */
static void test_small_bar(void **state) {
  g_autoptr(Rig) rig = rig_new(small_on_x86);
  int container = rig_open(rig, "/dev/vfio/vfio"), group = rig_open(rig, "/dev/vfio/0"), fd;

  assert_int_equal(rig_call(rig, group, ABI_SET_CONTAINER, &container), 0);
  assert_int_equal(rig_call_value(rig, container, ABI_SET_IOMMU, 1), 0);
  fd = rig_device(rig, group, "0000:01:00.0");
  assert_int_equal(region(rig, fd, 0, 32).info.flags, 7);
  assert_int_equal(region(rig, fd, 1, 32).info.flags, 3);
}

/* ---- regions of x86 ---- */

static void graphics(SimHost *host) {
  assert_true(sim_host_set(host, "profile", "linux-6.12-x86", NULL));
  one(host);
  key(host, PF, "class", "0x030000");
  key(host, PF, "opregion", "on");
}

static void test_graphics(void **state) {
  g_autoptr(Rig) rig = rig_new(graphics);
  int container = rig_open(rig, "/dev/vfio/vfio"), group = rig_open(rig, "/dev/vfio/0"), fd;
  struct vfio_device_info device = {.argsz = sizeof device};
  const struct vfio_region_info_cap_type *type;
  guint8 bytes[64] = {1, 2, 3, 4};
  RegionInfo info;

  assert_int_equal(rig_call(rig, group, ABI_SET_CONTAINER, &container), 0);
  assert_int_equal(rig_call_value(rig, container, ABI_SET_IOMMU, 1), 0);
  fd = rig_device(rig, group, "0000:01:00.0");
  assert_int_equal(rig_call(rig, fd, ABI_DEVICE_GET_INFO, &device), 0);
  assert_int_equal(device.num_regions, 10);

  info = region(rig, fd, VFIO_PCI_VGA_REGION_INDEX, 32);
  expect(rig, 0, 0, RULE_PD_22);
  assert_int_equal(info.info.size, 0xc0000);
  assert_int_equal(info.info.flags, 3);
  assert_int_equal(sim_process_pwrite(rig->process, fd, bytes, 4, REGION(8) + 0xbfffe), 2);
  assert_int_equal(sim_process_pwrite(rig->process, fd, bytes, 4, REGION(8) + 0x3ba), 2);
  assert_int_equal(sim_process_pread(rig->process, fd, bytes + 8, 4, REGION(8) + 0xa0000), 4);
  assert_int_equal(sim_process_pread(rig->process, fd, bytes + 8, 2, REGION(8) + 0xbfffe), 2);
  assert_memory_equal(bytes + 8, bytes, 2);
  for (guint i = 0; i < 5; i++)
    expect(rig,
           sim_process_pread(rig->process, fd, bytes, 1, REGION(8) + ((guint64[]){0, 0x3af, 0x3bc, 0x3e0, 0xc0000})[i]),
           -EINVAL, RULE_PD_127);

  info = region(rig, fd, 9, sizeof info);
  expect(rig, 0, 0, RULE_PD_24);
  assert_int_equal(info.info.flags, 9);
  assert_int_equal(info.info.size, 8192);
  assert_int_equal(info.info.offset, REGION(9));
  type = (const struct vfio_region_info_cap_type *)info.caps;
  assert_int_equal(type->header.id, 2);
  assert_int_equal(type->type, 0x80008086);
  assert_int_equal(type->subtype, 1);
  assert_int_equal(sim_process_pread(rig->process, fd, bytes, 64, REGION(9)), 64);
  assert_memory_equal(bytes, "IntelGraphicsMem\x08\0\0\0", 20);
  assert_int_equal(sim_process_pread(rig->process, fd, bytes, 64, REGION(9) + 8190), 2);
  assert_int_equal(sim_process_pread(rig->process, fd, bytes, 64, REGION(9) + 8192), -EINVAL);
  assert_int_equal(sim_process_pwrite(rig->process, fd, bytes, 1, REGION(9)), -EINVAL);
  expect(rig, sim_process_pread(rig->process, fd, bytes, 1, REGION(10)), -EINVAL, RULE_PD_114);
}

/* ---- atomics ---- */

static void atomics(SimHost *host) {
  one(host);
  key(host, PF, "atomics", "32 128");
}

static void test_atomics(void **state) {
  int fd;
  Rig *rig = rig_with(atomics, &fd);
  struct {
    guint32 argsz, flags, num_regions, num_irqs, cap_offset, pad;
    guint16 id, version;
    guint32 next, sizes, reserved, more;
  } info = {.argsz = 24, .id = 0xeeee};

  assert_int_equal(rig_call(rig, fd, ABI_DEVICE_GET_INFO, &info), 0);
  expect(rig, 0, 0, RULE_PD_13);
  assert_true(info.flags & VFIO_DEVICE_FLAGS_CAPS);
  assert_int_equal(info.argsz, 40);
  assert_int_equal(info.cap_offset, 0);
  assert_int_equal(info.id, 0xeeee);
  info.more = 0xeeeeeeee;
  assert_int_equal(rig_call(rig, fd, ABI_DEVICE_GET_INFO, &info), 0);
  assert_int_equal(info.cap_offset, 24);
  assert_int_equal(info.id, 5);
  assert_int_equal(info.version, 1);
  assert_int_equal(info.next, 0);
  assert_int_equal(info.sizes, 5);
  assert_int_equal(info.more, 0xeeeeeeee);
  info.argsz = 16; /* the shortest struct: nothing behind it is written */
  info.cap_offset = 0xeeeeeeee;
  assert_int_equal(rig_call(rig, fd, ABI_DEVICE_GET_INFO, &info), 0);
  assert_int_equal(info.argsz, 40);
  assert_int_equal(info.cap_offset, 0xeeeeeeee);
  rig_free(rig);
}

/* ---- virtual functions ---- */

static void functions(SimHost *host) {
  one(host);
  assert_true(sim_host_add_device(host, 0, "0000:01:00.1", NULL));
  assert_true(sim_host_add_device(host, 0, "0000:01:00.2", NULL));
  key(host, PF + 1, "physfn", "0000:01:00.0");
  key(host, PF + 2, "physfn", "0000:09:00.0"); /* which some other driver has */
}

static long get_fd(Rig *rig, int group, const char *name) {
  return rig_call(rig, group, ABI_GET_DEVICE_FD, name);
}

static void test_tokens(void **state) {
  g_autoptr(Rig) rig = rig_new(functions);
  int container = -1, group = rig_attach(rig, 0, &container), physical, virtual;

  expect(rig, get_fd(rig, group, "0000:01:00.1"), -EACCES, RULE_PD_4);
  expect(rig, get_fd(rig, group, "0000:01:00.1 vf_token=" TOKEN), -EACCES, RULE_PD_4); /* none is set */
  expect(rig, get_fd(rig, group, "0000:01:00.2 vf_token=" TOKEN), -EINVAL, RULE_PD_3);
  assert_true(get_fd(rig, group, "0000:01:00.2") >= 0);
  physical = (int)get_fd(rig, group, "0000:01:00.0 vf_token=" TOKEN);
  assert_true(physical >= 0);
  expect(rig, get_fd(rig, group, "0000:01:00.1 vf_token=" OTHER), -EACCES, RULE_PD_4);
  virtual = (int)get_fd(rig, group, "0000:01:00.1 vf_token=14D63F20-8445-11EA-8900-1F9CE7D5650D");
  assert_true(virtual >= 0);
  /* while a virtual one is in use, the physical one needs the token, too */
  rig_close(rig, physical);
  expect(rig, get_fd(rig, group, "0000:01:00.0"), -EACCES, RULE_PD_4);
  expect(rig, get_fd(rig, group, "0000:01:00.0 vf_token=" OTHER), -EACCES, RULE_PD_4);
  physical = (int)get_fd(rig, group, "0000:01:00.0  vf_token=" TOKEN " ");
  assert_true(physical >= 0);
  rig_close(rig, virtual);
  rig_close(rig, physical);
  assert_true(get_fd(rig, group, "0000:01:00.0") >= 0);
}

static void test_token_feature(void **state) {
  g_autoptr(Rig) rig = rig_new(functions);
  int container = -1, group = rig_attach(rig, 0, &container), fd = rig_device(rig, group, "0000:01:00.0");
  struct {
    guint32 argsz, flags;
    guint8 uuid[16];
  } feature = {.argsz = sizeof feature,
               .flags = VFIO_DEVICE_FEATURE_SET,
               .uuid = {0x14, 0xd6, 0x3f, 0x20, 0x84, 0x45, 0x11, 0xea, 0x89, 0, 0x1f, 0x9c, 0xe7, 0xd5, 0x65, 0x0d}};

  expect(rig, rig_call(rig, fd, ABI_DEVICE_FEATURE, &feature), 0, RULE_NONE);
  assert_true(get_fd(rig, group, "0000:01:00.1 vf_token=" TOKEN) >= 0);
  feature.flags = VFIO_DEVICE_FEATURE_GET;
  expect(rig, rig_call(rig, fd, ABI_DEVICE_FEATURE, &feature), -EINVAL, RULE_PD_110);
  feature.flags = VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_PROBE;
  expect(rig, rig_call(rig, fd, ABI_DEVICE_FEATURE, &feature), 0, RULE_PD_111);
  feature.flags = VFIO_DEVICE_FEATURE_SET;
  feature.argsz = 23;
  expect(rig, rig_call(rig, fd, ABI_DEVICE_FEATURE, &feature), -EINVAL, RULE_PD_112);
  fd = rig_device(rig, group, "0000:01:00.2"); /* virtual */
  feature.argsz = sizeof feature;
  expect(rig, rig_call(rig, fd, ABI_DEVICE_FEATURE, &feature), -ENOTTY, RULE_PD_108);
}

/* PD-123 does not hold for it; PD-30: it has no INTx. */
static void test_virtual_function(void **state) {
  g_autoptr(Rig) rig = rig_new(functions);
  int container = -1, fd = rig_device(rig, rig_attach(rig, 0, &container), "0000:01:00.2");
  struct vfio_irq_info irq = {.argsz = sizeof irq};
  guint32 word = 0;

  assert_int_equal(rig_call(rig, fd, ABI_GET_IRQ_INFO, &irq), 0);
  assert_int_equal(irq.count, 0);
  assert_int_equal(sim_process_pwrite(rig->process, fd, &word, 2, REGION(7) + PCI_COMMAND), 2);
  assert_int_equal(sim_process_pread(rig->process, fd, &word, 4, 0), 4);
}

/* ---- interrupts that the host does not have ---- */

static void unrouted(SimHost *host) {
  one(host);
  key(host, PF, "intx-line", "unrouted");
}

static void unrouted_6_8(SimHost *host) {
  unrouted(host);
  host->version = SIM_VERSION(6, 8);
}

static void taken(SimHost *host) {
  one(host);
  key(host, PF, "intx-line", "taken");
}

static void taken_6_8(SimHost *host) {
  taken(host);
  host->version = SIM_VERSION(6, 8);
}

static long set_irq(Rig *rig, int fd, guint index, guint count, gint32 event) {
  gint32 set[5 + 8] = {(gint32)(20 + 4 * count), VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER, (gint32)index,
                       0, (gint32)count};

  for (guint i = 0; i < count; i++)
    set[5 + i] = event;
  return rig_call(rig, fd, ABI_SET_IRQS, set);
}

/* PD-40..PD-42, in the order of before 6.9 and after */
static void test_no_line(void **state) {
  int fd, event = eventfd(0, EFD_CLOEXEC);
  Rig *rig = rig_with(unrouted, &fd);

  expect(rig, set_irq(rig, fd, 0, 1, event), -ENODEV, RULE_PD_41);
  expect(rig, set_irq(rig, fd, 0, 1, -1), -ENODEV, RULE_PD_41);
  expect(rig, set_irq(rig, fd, 0, 1, STDIN_FILENO), -EINVAL, RULE_PD_40);
  rig_free(rig);
  rig = rig_with(unrouted_6_8, &fd);
  expect(rig, set_irq(rig, fd, 0, 1, STDIN_FILENO), -ENODEV, RULE_PD_41);
  rig_free(rig);
  rig = rig_with(taken, &fd);
  expect(rig, set_irq(rig, fd, 0, 1, event), -EBUSY, RULE_PD_42);
  expect(rig, set_irq(rig, fd, 0, 1, -1), -EBUSY, RULE_PD_42);
  expect(rig, set_irq(rig, fd, 0, 1, STDIN_FILENO), -EINVAL, RULE_PD_40);
  expect(rig, set_irq(rig, fd, 2, 1, event), 0, RULE_PD_53); /* nothing was left enabled */
  rig_free(rig);
  rig = rig_with(taken_6_8, &fd);
  expect(rig, set_irq(rig, fd, 0, 1, -1), 0, RULE_PD_43);
  rig_free(rig);
  close(event);
}

static void few(SimHost *host) {
  one(host);
  key(host, PF, "vectors", "2");
}

static void none(SimHost *host) {
  one(host);
  key(host, PF, "vectors", "0");
}

static void test_vectors(void **state) {
  int fd, event = eventfd(0, EFD_CLOEXEC);
  Rig *rig = rig_with(few, &fd);

  expect(rig, set_irq(rig, fd, 2, 5, event), 2, RULE_PD_55);
  expect(rig, set_irq(rig, fd, 0, 1, event), 0, RULE_PD_43); /* nothing was enabled */
  rig_free(rig);
  rig = rig_with(few, &fd);
  expect(rig, set_irq(rig, fd, 2, 2, event), 0, RULE_PD_53);
  rig_free(rig);
  rig = rig_with(none, &fd);
  expect(rig, set_irq(rig, fd, 2, 1, event), -ENOSPC, RULE_PD_56);
  expect(rig, set_irq(rig, fd, 1, 1, event), -ENOSPC, RULE_PD_56);
  rig_free(rig);
  close(event);
}

/* ---- sleep ---- */

static void never_wakes(SimHost *host) {
  one(host);
  key(host, PF, "wake", "never");
}

static void wakes_once(SimHost *host) {
  one(host);
  key(host, PF, "wake", "once");
}

static void test_sleep(void **state) {
  g_autoptr(Rig) deep = rig_new(never_wakes);
  int container = -1, group = rig_attach(deep, 0, &container), fd;
  struct vfio_device_feature sleep = {.argsz = sizeof sleep,
                                      .flags = VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY};
  struct vfio_device_info info = {.argsz = sizeof info};
  guint32 word;
  Rig *rig;

  expect(deep, get_fd(deep, group, "0000:01:00.0"), -EIO, RULE_PD_5);
  assert_int_equal(rig_census(deep).devices_open, 0);

  rig = rig_with(wakes_once, &fd);
  assert_int_equal(rig_call(rig, fd, ABI_DEVICE_GET_INFO, &info), 0);
  assert_int_equal(rig_call(rig, fd, ABI_DEVICE_FEATURE, &sleep), 0);
  expect(rig, rig_call(rig, fd, ABI_DEVICE_GET_INFO, &info), -EIO, RULE_CG_76);
  expect(rig, rig_call_value(rig, fd, ABI_DEVICE_RESET, 0), -EIO, RULE_CG_76);
  assert_int_equal(sim_process_pread(rig->process, fd, &word, 4, REGION(7)), -EIO);
  rig_close(rig, fd);
  rig_free(rig);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_mmap_flags),    cmocka_unit_test(test_mmap_refusals),
      cmocka_unit_test(test_mapped_memory), cmocka_unit_test(test_mapping_keeps_the_device_open),
      cmocka_unit_test(test_small_bar),     cmocka_unit_test(test_graphics),
      cmocka_unit_test(test_atomics),       cmocka_unit_test(test_tokens),
      cmocka_unit_test(test_token_feature), cmocka_unit_test(test_virtual_function),
      cmocka_unit_test(test_no_line),       cmocka_unit_test(test_vectors),
      cmocka_unit_test(test_sleep),
  };

  return cmocka_run_group_tests_name("device-kinds", tests, NULL, NULL);
}
