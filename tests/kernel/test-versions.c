/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What one kernel version answers otherwise than the next, both sides of the border: the columns "since" and "until".
 */
#include <linux/kvm.h>
#include <linux/vfio.h>

#include "vfio-rig.h"

enum { MIB = 1 << 20, H_PARAMETER = -4 };

static const guint64 gib = G_GUINT64_CONSTANT(1) << 30;

static Rig *rig_of(const char *profile, const char *version) {
  Rig *rig = rig_new("64K");

  rig_set(rig, "profile", profile);
  rig_set(rig, "version", version);
  return rig;
}

static int open_group(Rig *rig) {
  int fd = sim_process_open(rig->process, "/dev/vfio/0", 0);

  assert_true(fd >= 0);
  return fd;
}

/* ---- VFIO ---- */

static void CG_53_power_has_no_groups_from_5_19_to_6_3(void **state) {
  static const struct {
    const char *profile, *version;
    gboolean there;
  } rows[] = {
      {"linux-6.12-powernv", "5.18", TRUE}, {"linux-6.12-powernv", "5.19", FALSE}, {"linux-6.12-powernv", "6.3", FALSE},
      {"linux-6.12-powernv", "6.4", TRUE},  {"linux-6.12-pseries", "6.1", FALSE},  {"linux-6.1-powernv", "6.1", FALSE},
      {"linux-6.1-x86", "6.1", TRUE},
  };

  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(Rig) rig = rig_of(rows[i].profile, rows[i].version);
    int fd = sim_process_open(rig->process, "/dev/vfio/0", 0);

    if ((fd >= 0) != rows[i].there)
      fail_msg("%s, %s: %d", rows[i].profile, rows[i].version, fd);
    assert_int_equal(rig_met(rig, RULE_CG_53), !rows[i].there);
    assert_int_equal(sim_unbind(rig->kernel, 0x100), rows[i].there ? 0 : -ENODEV);
    assert_int_equal(sim_bind(rig->kernel, 0x100, SIM_DRIVER_VFIO), rows[i].there ? 0 : -EINVAL);
    assert_int_equal(sim_unbind(rig->kernel, 0x100), rows[i].there ? 0 : -ENODEV);
    assert_int_equal(sim_bind(rig->kernel, 0x100, SIM_DRIVER_HOST), 0);
  }
}

/* From 5.19 on the number comes before the container; the device is not even opened. */
static void CG_68_the_number_comes_first(void **state) {
  g_autoptr(Rig) rig = rig_of("linux-6.12-powernv", "6.12"), old = rig_of("linux-4.19-powernv", "4.19");
  int group = open_group(rig), container, last = 0, fd;
  SimCensus census;

  container = rig_container(old, RIG_V2, &fd, 0, -1);
  while (sim_process_dup(rig->process, group) >= 0)
    last++;
  assert_true(last > 100);
  rig_refused(rig, rig_call(rig, group, ABI_GET_DEVICE_FD, (guintptr) "wrong"), ENODEV, RULE_CG_66);
  rig_refused(rig, rig_call(rig, group, ABI_GET_DEVICE_FD, (guintptr) "0000:01:00.0"), EMFILE, RULE_CG_68);
  assert_false(rig_met(rig, RULE_CG_69));

  while (sim_process_dup(old->process, container) >= 0)
    ;
  assert_int_equal(rig_call(old, fd, ABI_GET_DEVICE_FD, (guintptr) "0000:01:00.0"), -EMFILE);
  sim_census(old->kernel, &census);
  assert_int_equal(census.devices_open, 0);
}

/* Up to 5.18 a device held the group by being a user of the container. */
static void CG_7_a_device_keeps_the_group(void **state) {
  g_autoptr(Rig) rig = rig_of("linux-4.19-powernv", "5.18");
  int group, fd;

  rig_container(rig, RIG_V2, &group, 0, -1);
  assert_int_equal(sim_process_open(rig->process, "/dev/vfio/0", 0), -EBUSY);
  assert_int_equal(rig_rule(rig), RULE_CG_6);
  fd = (int)rig_call(rig, group, ABI_GET_DEVICE_FD, (guintptr) "0000:01:00.0");
  assert_int_equal(sim_process_close(rig->process, group), 0);
  assert_int_equal(sim_process_open(rig->process, "/dev/vfio/0", 0), -EBUSY);
  assert_int_equal(rig_rule(rig), RULE_CG_7);
  assert_int_equal(sim_process_close(rig->process, fd), 0);
  open_group(rig);
}

/* ---- SPAPR ---- */

/* Before 4.11 nobody owned a container: each call was its caller's, with the caller's memory and account. */
static void TCE_24_25_45_54_before_4_11(void **state) {
  g_autoptr(Rig) rig = rig_of("linux-4.19-powernv", "4.10");
  struct {
    guint32 argsz, flags;
    guint64 vaddr, size;
  } memory = {sizeof memory, 0, (guintptr)rig->buf, MIB};
  int group, container = rig_container(rig, RIG_V2, &group, 0, -1);
  g_autoptr(SimProcess) child = sim_process_fork(rig->process, 2);
  guint32 info[8] = {sizeof info};

  /* TCE-54: not EPERM */
  rig_refused(rig, rig_unregister(rig, container, 0, MIB), ENOENT, RULE_TCE_59);
  assert_int_equal(rig_register(rig, container, 0, MIB), 0);
  assert_int_equal(rig_locked(rig), 16);
  /* TCE-24 */
  assert_int_equal(sim_process_ioctl(child, container, abi_call(ABI_TCE_GET_INFO)->nr_x86, (guintptr)info), 0);
  assert_int_equal(sim_process_ioctl(child, container, abi_call(ABI_REGISTER_MEMORY)->nr_x86, (guintptr)&memory), 0);
  assert_int_equal(sim_locked_pages(rig->kernel, sim_process_mm(child)), 16);
  assert_int_equal(rig_create(rig, container, 16, gib, 1, NULL), 0);
  assert_true(rig_locked(rig) > 16);
  assert_false(rig_met(rig, RULE_TCE_24) || rig_met(rig, RULE_TCE_25) || rig_met(rig, RULE_TCE_54));
  /* each gives back what is its own; the windows' pages go to the last caller's account, down to nothing */
  assert_int_equal(rig_unregister(rig, container, 0, MIB), 0);
  assert_int_equal(sim_process_ioctl(child, container, abi_call(ABI_UNREGISTER_MEMORY)->nr_x86, (guintptr)&memory), 0);
  assert_int_equal(sim_process_close(rig->process, group), 0);
  assert_int_equal(sim_process_close(child, group), 0);
  assert_int_equal(sim_locked_pages(rig->kernel, sim_process_mm(child)), 0);
}

static void TCE_24_from_4_11(void **state) {
  g_autoptr(Rig) rig = rig_of("linux-4.19-powernv", "4.11");
  int group, container = rig_container(rig, RIG_V2, &group, 0, -1);
  g_autoptr(SimProcess) child = sim_process_fork(rig->process, 2);

  rig_refused(rig, rig_unregister(rig, container, 0, MIB), EPERM, RULE_TCE_54);
  assert_int_equal(rig_register(rig, container, 0, MIB), 0);
  assert_int_equal(sim_process_ioctl(child, container, abi_call(ABI_TCE_GET_INFO)->nr_x86, 0), -EPERM);
  assert_int_equal(rig_rule(rig), RULE_TCE_24);
}

/* Up to 4.11 both looked at the address, and UNMAP at the end of the range, too. */
static void TCE_76_97_addresses_are_refused(void **state) {
  g_autoptr(Rig) rig = rig_of("linux-4.19-powernv", "4.11");
  int group, container = rig_container(rig, RIG_V2, &group, 0, -1);

  assert_int_equal(rig_register(rig, container, 0, MIB), 0);
  rig_refused(rig, rig_map(rig, container, 0x800, 0, 0x1000), EINVAL, RULE_TCE_76);
  rig_refused(rig, rig_unmap(rig, container, 0x800, 0x1000), EINVAL, RULE_TCE_97);
  rig_refused(rig, rig_unmap(rig, container, 2 * gib - 0x1000, 0x2000), EINVAL, RULE_TCE_97);
  assert_int_equal(rig_unmap(rig, container, 2 * gib - 0x1000, 0x1000), 0);
  rig_set(rig, "version", "4.12");
  container = rig_container(rig, RIG_V2, &group, 0, -1);
  assert_int_equal(rig_register(rig, container, 0, MIB), 0);
  assert_int_equal(rig_map(rig, container, 0x800, 0, 0x1000), 1);
  assert_int_equal(rig_unmap(rig, container, 0x800, 0x1000), 1);
  assert_int_equal(rig_unmap(rig, container, 2 * gib - 0x1000, 0x2000), 0);
}

/* CG-85, KV-34: the entry is a user of the container, so that the group stays in it, and shut. */
static void CG_85_kvm_keeps_the_group(void **state) {
  g_autoptr(Rig) rig = rig_of("linux-4.19-powernv", "5.18");
  struct kvm_create_device create = {.type = KVM_DEV_TYPE_VFIO};
  gint32 group;
  struct kvm_device_attr add = {.group = 1, .attr = KVM_DEV_VFIO_GROUP_ADD, .addr = (guintptr)&group};
  int container = rig_container(rig, RIG_V2, &group, 0, -1), vm;

  vm = (int)rig_call(rig, sim_process_open(rig->process, "/dev/kvm", 0), ABI_CREATE_VM, 0);
  assert_int_equal(rig_call(rig, vm, ABI_CREATE_DEVICE, (guintptr)&create), 0);
  assert_int_equal(rig_call(rig, (int)create.fd, ABI_SET_DEVICE_ATTR, (guintptr)&add), 0);
  assert_int_equal(sim_process_close(rig->process, group), 0);
  assert_true(rig_met(rig, RULE_CG_85));
  assert_int_equal(sim_process_open(rig->process, "/dev/vfio/0", 0), -EBUSY);
  assert_int_equal(rig_register(rig, container, 0, MIB), 0);
  assert_int_equal(sim_process_close(rig->process, (int)create.fd), 0);
  assert_int_equal(sim_process_open(rig->process, "/dev/vfio/0", 0), -EBUSY); /* KV-59 */
  assert_int_equal(sim_process_close(rig->process, vm), 0);
  rig_refused(rig, rig_unregister(rig, container, 0, MIB), EINVAL, RULE_CG_12);
  open_group(rig);
}

/* TCE-10, TCE-108, TCE-125: until 4.11 an LPAR could have a v2 container, and do nothing with its windows. */
static void TCE_125_a_window_that_cannot_be_unset(void **state) {
  g_autoptr(Rig) rig = rig_of("linux-6.12-pseries", "4.11");
  int group, container = rig_container(rig, RIG_V2, &group, 0, -1);

  assert_true(rig_met(rig, RULE_TCE_10) && rig_met(rig, RULE_TCE_15));
  rig_refused(rig, rig_create(rig, container, 12, gib, 1, NULL), EINVAL, RULE_TCE_108);
  assert_int_equal(rig_register(rig, container, 0, MIB), 0);
  assert_int_equal(rig_map(rig, container, 0, 0, 0x10000), 0);
  rig_refused(rig, rig_remove(rig, container, 0), EPERM, RULE_TCE_125);
  assert_int_equal(sim_dma(rig->kernel, 0x100, 0, &(guint8){0}, 1, FALSE), 0);
  rig_refused(rig, rig_remove(rig, container, 4 * gib), EINVAL, RULE_TCE_123);
}

/* PSR-3, TCE-3: from 6.4 to 6.10 v1's window is the host's own table, accounted like one that is made. */
static void PSR_3_a_borrowed_window(void **state) {
  g_autoptr(Rig) rig = rig_of("linux-6.12-pseries", "6.8");
  int group, container = rig_container(rig, 0, &group, 0, -1);

  rig_refused(rig, rig_call(rig, container, ABI_SET_IOMMU, RIG_V2), EINVAL, RULE_TCE_3);
  assert_int_equal(rig_call(rig, container, ABI_SET_IOMMU, RIG_V1), 0);
  assert_int_equal(rig_call(rig, container, ABI_ENABLE, 0), 0);
  assert_int_equal(rig_locked(rig), 0x4000); /* TCE-40: 1 GiB */
  assert_int_equal(rig_map(rig, container, 0x10000, 0, 0x10000), 0);
  assert_true(rig_met(rig, RULE_PSR_3));
  assert_int_equal(rig_locked(rig), 0x4000 + 32); /* 8 bytes a page of 4K */
  assert_int_equal(sim_dma(rig->kernel, 0x100, 0x10000, &(guint8){0}, 1, FALSE), 0);
  rig_refused(rig, rig_map(rig, container, 4 * gib, 0, 0x1000), ENXIO, RULE_TCE_72);
  assert_int_equal(rig_call(rig, group, ABI_UNSET_CONTAINER, 0), 0);
  assert_int_equal(rig_locked(rig), 0);
  assert_int_equal(sim_dma(rig->kernel, 0x100, 0x10000, &(guint8){0}, 1, FALSE), -ENXIO);
  /* the host's table is the same all the time: KVM finds it, whoever has it */
  assert_false(rig_met(rig, RULE_TCE_16) || rig_met(rig, RULE_TCE_17));
  assert_int_equal(rig_set_container(rig, group, container), 0);
  assert_int_equal(rig_call(rig, container, ABI_SET_IOMMU, RIG_V1), 0);
  assert_int_equal(rig_call(rig, container, ABI_ENABLE, 0), 0);
  assert_int_equal(rig_unmap(rig, container, 0, 0x1000), 0);
}

/* TCE-82, MM-11: from 5.1 on a region that begins with huge pages passes for one of huge pages. */
static void TCE_82_a_small_page_in_a_region_of_huge_ones(void **state) {
  g_autoptr(Rig) rig = rig_of("linux-6.12-powernv", "6.12");
  const guint64 huge = 16 * MIB;
  guint64 at;
  int group, container;

  rig_set(rig, "tce-page-sizes", "4K 64K 16M"); /* a POWER8's */
  at = -(guintptr)rig->buf & (huge - 1);
  for (int pass = 0; pass < 2; pass++) {
    sim_process_map(rig->process, rig->buf + at, huge, TRUE, 24);
    container = rig_container(rig, RIG_V2, &group, 0, -1);
    assert_int_equal(rig_remove(rig, container, 0), 0);
    assert_int_equal(rig_create(rig, container, 24, 64 * gib, 1, NULL), 0);
    assert_int_equal(rig_register(rig, container, at, 2 * huge), 0);
    if (pass == 0) {
      assert_int_equal(rig_map(rig, container, 0, at, huge), 0);
      rig_refused(rig, rig_map(rig, container, 0, at, 2 * huge), EPERM, RULE_TCE_82);
      rig_refused(rig, rig_map(rig, container, huge, at + huge, huge), EPERM, RULE_TCE_82);
      /* which of the two begins decides */
      assert_int_equal(rig_call(rig, group, ABI_UNSET_CONTAINER, 0), 0);
      sim_process_map(rig->process, rig->buf + at, huge, TRUE, 0);
      sim_process_map(rig->process, rig->buf + at + huge, huge, TRUE, 24);
      assert_int_equal(rig_set_container(rig, group, container), 0);
      assert_int_equal(rig_call(rig, container, ABI_SET_IOMMU, RIG_V2), 0);
      assert_int_equal(rig_remove(rig, container, 0), 0);
      assert_int_equal(rig_create(rig, container, 24, 64 * gib, 1, NULL), 0);
      assert_int_equal(rig_register(rig, container, at, 2 * huge), 0);
      sim_process_map(rig->process, rig->buf + at + huge, huge, TRUE, 0);
    }
    rig_refused(rig, rig_map(rig, container, 0, at, huge), EINVAL, RULE_TCE_81);
    rig_set(rig, "version", "5.0");
  }
}

/* ---- KVM ---- */

static int new_vm(Rig *rig) {
  return (int)rig_call(rig, sim_process_open(rig->process, "/dev/kvm", 0), ABI_CREATE_VM, 0);
}

static void KV_2_3_the_capability(void **state) {
  static const struct {
    const char *profile, *version;
    long value;
  } rows[] = {
      {"linux-6.12-powernv", "6.12", 1}, {"linux-4.19-powernv", "4.19", 1}, {"linux-4.19-powernv", "4.12", 1},
      {"linux-4.19-powernv", "4.11", 0}, {"linux-6.12-pseries", "6.12", 1}, {"linux-6.12-pseries", "6.8", 0},
      {"linux-6.12-pseries", "4.12", 1}, {"linux-6.12-x86", "6.12", 0},
  };

  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(Rig) rig = rig_of(rows[i].profile, rows[i].version);

    assert_int_equal(rig_call(rig, new_vm(rig), ABI_VM_CHECK_EXTENSION, 142), rows[i].value);
  }
}

/* KV-37: up to 4.12 DEL asked for the group as ADD does, and KVM kept what was not fit any more (Linux 5d6dee80a1e9).
 */
static void KV_37_del_of_a_group_that_is_not_fit(void **state) {
  static const char *const versions[] = {"4.12", "4.13"};

  for (gsize i = 0; i < G_N_ELEMENTS(versions); i++) {
    g_autoptr(Rig) rig = rig_of("linux-4.19-powernv", versions[i]);
    struct kvm_create_device create = {.type = KVM_DEV_TYPE_VFIO};
    gint32 group, stranger = 0;
    struct kvm_device_attr add = {.group = 1, .attr = KVM_DEV_VFIO_GROUP_ADD, .addr = (guintptr)&group},
                           del = {.group = 1, .attr = KVM_DEV_VFIO_GROUP_DEL, .addr = (guintptr)&group},
                           wrong = {.group = 1, .attr = KVM_DEV_VFIO_GROUP_DEL, .addr = (guintptr)&stranger};

    assert_true(sim_host_add_device(rig->host, 0, "0000:01:00.1", NULL));
    rig_restart(rig);
    rig_container(rig, RIG_V2, &group, 0, -1);
    assert_int_equal(rig_call(rig, new_vm(rig), ABI_CREATE_DEVICE, (guintptr)&create), 0);
    rig_refused(rig, rig_call(rig, (int)create.fd, ABI_SET_DEVICE_ATTR, (guintptr)&wrong), i ? ENOENT : EINVAL,
                RULE_KV_37);
    assert_int_equal(rig_call(rig, (int)create.fd, ABI_SET_DEVICE_ATTR, (guintptr)&add), 0);
    assert_int_equal(rig_call(rig, (int)create.fd, ABI_SET_DEVICE_ATTR, (guintptr)&del), 0);
    assert_true(rig_met(rig, RULE_KV_38));
  }
}

enum { INDIRECT = 0x13c, STUFF = 0x138, LIST = 0x2000 };

typedef struct {
  Rig *rig;
  int vm;
} Guest;

static Guest guest_of(const char *version) {
  Guest guest = {.rig = rig_of("linux-4.19-powernv", version)};
  struct kvm_userspace_memory_region slot = {.memory_size = MIB, .userspace_addr = (guintptr)guest.rig->buf};
  struct kvm_enable_cap enable = {.cap = KVM_CAP_PPC_ENABLE_HCALL, .args = {INDIRECT, 1}};
  struct {
    guint64 liobn;
    guint32 page_shift, flags;
    guint64 offset, size;
  } table = {1, 12, 0, 0, 0x2000};

  guest.vm = new_vm(guest.rig);
  assert_int_equal(rig_call(guest.rig, guest.vm, ABI_SET_USER_MEMORY_REGION, (guintptr)&slot), 0);
  assert_int_equal(rig_call(guest.rig, guest.vm, ABI_ENABLE_CAP, (guintptr)&enable), 0);
  enable.args[0] = STUFF;
  assert_int_equal(rig_call(guest.rig, guest.vm, ABI_ENABLE_CAP, (guintptr)&enable), 0);
  assert_true(rig_call(guest.rig, guest.vm, ABI_CREATE_SPAPR_TCE_64, (guintptr)&table) >= 0);
  return guest;
}

static long hcall(Guest *guest, guint64 nr, guint64 ioba, guint64 third, guint64 count) {
  return sim_hypercall(guest->rig->kernel, 1, nr, (guint64[]){1, ioba, third, count}, NULL);
}

/* HC-12, HC-18, HC-26: 4.12 to 7.1 did not look at the last entry. */
static void HC_12_18_the_last_entry(void **state) {
  static const struct {
    const char *version;
    gboolean refused;
    RuleId indirect, stuff;
  } rows[] = {{"4.11", TRUE, RULE_HC_12, RULE_HC_18},
              {"4.12", FALSE, RULE_HC_16, RULE_HC_21},
              {"6.12", FALSE, RULE_HC_16, RULE_HC_21},
              {"7.2", TRUE, RULE_HC_26, RULE_HC_26}};

  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    Guest guest = guest_of(rows[i].version);
    g_autoptr(Rig) rig = guest.rig;
    long expected = rows[i].refused ? H_PARAMETER : 0;

    assert_int_equal(hcall(&guest, INDIRECT, 0x1fff000, LIST, 2), expected);
    assert_int_equal(rig_rule(rig), rows[i].indirect);
    assert_int_equal(hcall(&guest, STUFF, 0x1fff000, 0, 2), expected);
    assert_int_equal(rig_rule(rig), rows[i].stuff);
    assert_int_equal(hcall(&guest, STUFF, 0x1fff000, 0, 1), 0);
  }
}

/* HC-3, HC-4, HC-14: up to 4.19 what is wrong with an entry was the guest's fault, in a list, too. */
static void HC_14_a_bad_entry_of_a_list(void **state) {
  static const guint64 bad[] = {0x1803, 0x8000003}; /* not aligned; in no memory slot */
  static const char *const versions[] = {"4.19", "5.4"};

  for (gsize i = 0; i < G_N_ELEMENTS(versions); i++) {
    Guest guest = guest_of(versions[i]);
    g_autoptr(Rig) rig = guest.rig;
    guint64 *list = (guint64 *)(rig->buf + LIST);

    for (gsize j = 0; j < G_N_ELEMENTS(bad); j++) {
      guint64 first = 0x55;

      list[0] = GUINT64_TO_BE(0x1003);
      list[1] = GUINT64_TO_BE(bad[j]);
      assert_int_equal(hcall(&guest, INDIRECT, 0, LIST, 2), i ? SIM_H_TOO_HARD : H_PARAMETER);
      assert_int_equal(rig_rule(rig), RULE_HC_14);
      assert_int_equal(sim_hypercall(rig->kernel, 1, 0x1c, (guint64[]){1, 0, 0, 0}, &first), 0);
      assert_int_equal(first, 0); /* before anything changes */
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(CG_53_power_has_no_groups_from_5_19_to_6_3),
      cmocka_unit_test(CG_68_the_number_comes_first),
      cmocka_unit_test(CG_7_a_device_keeps_the_group),
      cmocka_unit_test(TCE_24_25_45_54_before_4_11),
      cmocka_unit_test(TCE_24_from_4_11),
      cmocka_unit_test(TCE_76_97_addresses_are_refused),
      cmocka_unit_test(CG_85_kvm_keeps_the_group),
      cmocka_unit_test(TCE_125_a_window_that_cannot_be_unset),
      cmocka_unit_test(PSR_3_a_borrowed_window),
      cmocka_unit_test(TCE_82_a_small_page_in_a_region_of_huge_ones),
      cmocka_unit_test(KV_2_3_the_capability),
      cmocka_unit_test(KV_37_del_of_a_group_that_is_not_fit),
      cmocka_unit_test(HC_12_18_the_last_entry),
      cmocka_unit_test(HC_14_a_bad_entry_of_a_list),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
