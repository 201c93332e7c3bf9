/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One question to a host of each kernel profile, with the rule whose "since" and "until" decide its answer. A question
 * that a profile does not have is ABSENT there.
 */
#include <linux/kvm.h>
#include <linux/vfio.h>

#include "tests/kernel/vfio-rig.h"

enum { GIB_4K = 0x40000, OTHER_GROUP = 1, MIB = 1 << 20, ABSENT = 99999 };

typedef enum { P612, P61, P419, PSERIES, X86, N_PROFILES } Profile;

static const char *const profiles[N_PROFILES] = {
    [P612] = "linux-6.12-powernv",    [P61] = "linux-6.1-x86",  [P419] = "linux-4.19-powernv",
    [PSERIES] = "linux-6.12-pseries", [X86] = "linux-6.12-x86",
};

/* ---- VFIO ---- */

static int iommu_type(const Rig *rig) {
  return rig->host->platform == SIM_X86 ? VFIO_TYPE1v2_IOMMU : VFIO_SPAPR_TCE_v2_IOMMU;
}

static int ready(Rig *rig, int *group) {
  return rig_container(rig, iommu_type(rig), group, 0, -1);
}

static long set_container_no_fd(Rig *rig) {
  return rig_set_container(rig, sim_process_open(rig->process, "/dev/vfio/0", 0), -1);
}

static long set_container_wrong_fd(Rig *rig) {
  int group = sim_process_open(rig->process, "/dev/vfio/0", 0);

  return rig_set_container(rig, group, group);
}

static long set_container_twice_bad_fd(Rig *rig) {
  int group;

  ready(rig, &group);
  return rig_set_container(rig, group, 777);
}

/* Group 4 has a device of a host driver. */
static long set_container_not_viable(Rig *rig) {
  return rig_set_container(rig, sim_process_open(rig->process, "/dev/vfio/4", 0),
                           sim_process_open(rig->process, "/dev/vfio/vfio", 0));
}

static long device_fd_before_container(Rig *rig) {
  return rig_call(rig, sim_process_open(rig->process, "/dev/vfio/0", 0), ABI_GET_DEVICE_FD, (guintptr) "wrong");
}

static long container_mmap(Rig *rig) {
  int container = sim_process_open(rig->process, "/dev/vfio/vfio", 0);
  void *memory;

  return sim_process_mmap(rig->process, container, 0x10000, PROT_READ, TRUE, 0, &memory);
}

static long set_iommu(Rig *rig, int type) {
  int group, container = rig_container(rig, 0, &group, 0, -1);

  return rig_call(rig, container, ABI_SET_IOMMU, (guint64)type);
}

static long set_iommu_v1(Rig *rig) {
  return set_iommu(rig, VFIO_SPAPR_TCE_IOMMU);
}

static long set_iommu_v2(Rig *rig) {
  return set_iommu(rig, VFIO_SPAPR_TCE_v2_IOMMU);
}

static long set_iommu_type1(Rig *rig) {
  return set_iommu(rig, VFIO_TYPE1v2_IOMMU);
}

static long device_feature(Rig *rig) {
  int group;

  ready(rig, &group);
  return rig_call(rig, (int)rig_call(rig, group, ABI_GET_DEVICE_FD, (guintptr) "0000:01:00.0"), ABI_DEVICE_FEATURE,
                  (guintptr) & (guint32[2]){0});
}

/* ---- memory ---- */

/* Two of four pages can be pinned. */
static long register_into_a_hole(Rig *rig) {
  gsize page = (gsize)1 << rig->host->page_shift;
  int group, container = ready(rig, &group);

  sim_process_map(rig->process, rig->buf + 2 * page, page, FALSE, 0);
  return rig_register(rig, container, 0, 4 * page);
}

/* Over a registered region and over the limit: what is tested first? */
static long register_overlap_over_limit(Rig *rig) {
  int group, container;

  rig_set(rig, "memlock", "1M");
  container = ready(rig, &group);
  assert_int_equal(rig_register(rig, container, 0, MIB / 2), 0);
  return rig_register(rig, container, 0, 4 * MIB);
}

static long unregister_mapped(Rig *rig) {
  int group, container = ready(rig, &group);

  assert_int_equal(rig_register(rig, container, 0, MIB), 0);
  assert_int_equal(rig_map(rig, container, 0, 0, 0x1000), 0);
  return rig_unregister(rig, container, 0, MIB);
}

static long map_misaligned(Rig *rig) {
  int group, container = ready(rig, &group);

  assert_int_equal(rig_register(rig, container, 0, MIB), 0);
  return rig_map(rig, container, 0x800, 0, 0x1000);
}

/* TCEs that are left when one of two groups leaves; where two cannot be: the refusal of the first mapping. */
static long left_when_a_group_leaves(Rig *rig) {
  int groups[2], container = rig_container(rig, VFIO_SPAPR_TCE_v2_IOMMU, groups, 0, 1, -1);
  SimCensus census;
  long result;

  assert_int_equal(rig_register(rig, container, 0, MIB), 0);
  result = rig_map(rig, container, 0, 0, MIB);
  if (result)
    return result;
  assert_int_equal(rig_call(rig, groups[1], ABI_UNSET_CONTAINER, 0), 0);
  sim_census(rig->kernel, &census);
  return (long)census.tces;
}

/* ---- KVM ---- */

static int new_vm(Rig *rig) {
  return (int)rig_call(rig, sim_process_open(rig->process, "/dev/kvm", 0), ABI_CREATE_VM, 0);
}

static int new_kvm_vfio(Rig *rig, int vm) {
  struct kvm_create_device create = {.type = KVM_DEV_TYPE_VFIO};

  assert_int_equal(rig_call(rig, vm, ABI_CREATE_DEVICE, (guintptr)&create), 0);
  return (int)create.fd;
}

static long attribute(Rig *rig, int device, guint64 attr, void *value) {
  struct kvm_device_attr set = {.group = KVM_DEV_VFIO_GROUP, .attr = attr, .addr = (guintptr)value};

  return rig_call(rig, device, ABI_SET_DEVICE_ATTR, (guintptr)&set);
}

static long add_bare_group(Rig *rig) {
  gint32 group = sim_process_open(rig->process, "/dev/vfio/0", 0);

  return attribute(rig, new_kvm_vfio(rig, new_vm(rig)), KVM_DEV_VFIO_GROUP_ADD, &group);
}

static long add_device_fd(Rig *rig) {
  gint32 group, device;

  ready(rig, &group);
  device = (gint32)rig_call(rig, group, ABI_GET_DEVICE_FD, (guintptr) "0000:01:00.0");
  return attribute(rig, new_kvm_vfio(rig, new_vm(rig)), KVM_DEV_VFIO_GROUP_ADD, &device);
}

static long unset_container_while_kvm_has_it(Rig *rig) {
  gint32 group;

  ready(rig, &group);
  assert_int_equal(attribute(rig, new_kvm_vfio(rig, new_vm(rig)), KVM_DEV_VFIO_GROUP_ADD, &group), 0);
  return rig_call(rig, group, ABI_UNSET_CONTAINER, 0);
}

static long kvm_vfio_again_after_close(Rig *rig) {
  struct kvm_create_device create = {.type = KVM_DEV_TYPE_VFIO};
  int vm = new_vm(rig);

  sim_process_close(rig->process, new_kvm_vfio(rig, vm));
  return rig_call(rig, vm, ABI_CREATE_DEVICE, (guintptr)&create);
}

static long set_spapr_tce_of_no_group(Rig *rig) {
  gint32 param[2] = {sim_process_open(rig->process, "/dev/vfio/0", 0), -1};

  return attribute(rig, new_kvm_vfio(rig, new_vm(rig)), 3, param);
}

/* H_PUT_TCE of a TCE whose address is in no memory slot. */
static long put_tce_of_nothing(Rig *rig) {
  struct kvm_create_spapr_tce_64 {
    guint64 liobn;
    guint32 page_shift, flags;
    guint64 offset, size;
  } table = {0x80000000, 12, 0, 0, GIB_4K};
  guint64 args[4] = {0x80000000, 0, 0x10000003, 0};

  assert_true(rig_call(rig, new_vm(rig), ABI_CREATE_SPAPR_TCE_64, (guintptr)&table) >= 0);
  return sim_hypercall(rig->kernel, 1, 0x20, args, NULL);
}

typedef struct {
  long result; /* -errno or a number */
  RuleId rule; /* that was met */
} Answer;

static const struct {
  const char *question;
  long (*ask)(Rig *rig);
  Answer answers[N_PROFILES];
} questions[] = {
#define SAME(...)                                                                                                      \
  {__VA_ARGS__}, {                                                                                                     \
    __VA_ARGS__                                                                                                        \
  }
#define NOT_THERE                                                                                                      \
  { ABSENT, RULE_NONE }
    {"SET_CONTAINER(-1)",
     set_container_no_fd,
     {{-EBADF, RULE_CG_43}, {-EBADF, RULE_CG_43}, {-EINVAL, RULE_CG_40}, SAME(-EBADF, RULE_CG_43)}},
    {"SET_CONTAINER(no container)",
     set_container_wrong_fd,
     {{-EBADFD, RULE_CG_47}, {-EINVAL, RULE_CG_46}, {-EINVAL, RULE_CG_46}, SAME(-EBADFD, RULE_CG_47)}},
    {"SET_CONTAINER(not open) of a group in a container",
     set_container_twice_bad_fd,
     {{-EBADF, RULE_CG_43}, {-EBADF, RULE_CG_43}, {-EINVAL, RULE_CG_41}, SAME(-EBADF, RULE_CG_43)}},
    {"SET_CONTAINER of a group that is not viable",
     set_container_not_viable,
     {{-EPERM, RULE_CG_51}, {-EPERM, RULE_CG_51}, {0, RULE_CG_55}, SAME(-EPERM, RULE_CG_51)}},
    {"GET_DEVICE_FD(wrong name) without a container",
     device_fd_before_container,
     {{-ENODEV, RULE_CG_66}, {-ENODEV, RULE_CG_66}, {-EINVAL, RULE_CG_64}, SAME(-ENODEV, RULE_CG_66)}},
    {"mmap of a container",
     container_mmap,
     {{-ENODEV, RULE_CG_15}, {-ENODEV, RULE_CG_15}, {-EINVAL, RULE_CG_16}, SAME(-ENODEV, RULE_CG_15)}},
    {"SET_IOMMU(v1)",
     set_iommu_v1,
     {{0, RULE_TCE_14}, {-ENODEV, RULE_CG_26}, {-EPERM, RULE_TCE_8}, {0, RULE_TCE_14}, {-ENODEV, RULE_CG_26}}},
    {"SET_IOMMU(v2)",
     set_iommu_v2,
     {{0, RULE_TCE_14}, {-ENODEV, RULE_CG_26}, {0, RULE_TCE_14}, {0, RULE_TCE_14}, {-ENODEV, RULE_CG_26}}},
    {"SET_IOMMU(type1 v2)",
     set_iommu_type1,
     {{-ENODEV, RULE_CG_26}, {0, RULE_T1_13}, {-ENODEV, RULE_CG_26}, {-ENODEV, RULE_CG_26}, {0, RULE_T1_13}}},
    {"DEVICE_FEATURE(argsz 0)",
     device_feature,
     {{-EINVAL, RULE_PD_106},
      {-EINVAL, RULE_PD_106},
      {-ENOTTY, RULE_CG_78},
      {-EINVAL, RULE_PD_106},
      {-EINVAL, RULE_PD_106}}},
    {"REGISTER_MEMORY that runs into read-only memory",
     register_into_a_hole,
     {{2, RULE_MM_7}, NOT_THERE, {-EFAULT, RULE_MM_8}, {2, RULE_MM_7}, NOT_THERE}},
    {"REGISTER_MEMORY over a region and over the limit",
     register_overlap_over_limit,
     {{-ENOMEM, RULE_MM_4}, NOT_THERE, {-EINVAL, RULE_MM_10}, {-ENOMEM, RULE_MM_4}, NOT_THERE}},
    {"UNREGISTER_MEMORY of mapped memory",
     unregister_mapped,
     {{0, RULE_TCE_63}, NOT_THERE, {-EBUSY, RULE_TCE_64}, {0, RULE_TCE_63}, NOT_THERE}},
    {"MAP_DMA(iova not aligned)",
     map_misaligned,
     {{1, RULE_TCE_75}, NOT_THERE, {1, RULE_TCE_75}, {1, RULE_TCE_75}, NOT_THERE}},
    {"TCEs left when one of two groups leaves",
     left_when_a_group_leaves,
     {{0, RULE_TCE_19}, NOT_THERE, {256, RULE_TCE_20}, {-EPERM, RULE_PSR_7}, NOT_THERE}},
    {"GROUP_ADD of a group in no container",
     add_bare_group,
     {{0, RULE_KV_32}, {0, RULE_KV_32}, {-EINVAL, RULE_KV_29}, SAME(0, RULE_KV_32)}},
    {"GROUP_ADD of a device",
     add_device_fd,
     {{0, RULE_KV_28}, {-EINVAL, RULE_KV_27}, {-EINVAL, RULE_KV_27}, SAME(0, RULE_KV_28)}},
    {"UNSET_CONTAINER of a group that KVM has",
     unset_container_while_kvm_has_it,
     {{0, RULE_CG_60}, {0, RULE_CG_60}, {-EBUSY, RULE_CG_59}, SAME(0, RULE_CG_60)}},
    {"KVM_CREATE_DEVICE after the device was closed",
     kvm_vfio_again_after_close,
     {{0, RULE_KV_58}, {0, RULE_KV_58}, {-EBUSY, RULE_KV_59}, SAME(0, RULE_KV_58)}},
    {"SET_SPAPR_TCE of a group that was not added",
     set_spapr_tce_of_no_group,
     {{-ENOENT, RULE_KV_43}, {-ENXIO, RULE_KV_24}, {-EINVAL, RULE_KV_42}, {-ENOENT, RULE_KV_43}, {-ENXIO, RULE_KV_24}}},
    {"H_PUT_TCE of an address in no slot",
     put_tce_of_nothing,
     {{SIM_H_TOO_HARD, RULE_HC_4}, NOT_THERE, {-4, RULE_HC_4}, {SIM_H_TOO_HARD, RULE_HC_4}, NOT_THERE}},
};

static Rig *new_rig(Profile profile) {
  Rig *rig = rig_new("64K");
  const SimHostGroup *group;

  assert_true(sim_host_add_device(rig->host, 4, "0004:01:00.0", NULL));
  assert_true(sim_host_add_device(rig->host, 4, "0004:01:00.1", NULL));
  group = sim_host_group(rig->host, 4);
  g_array_index(group->devices, SimHostDevice, 1).host_driver = TRUE;
  rig_set(rig, "profile", profiles[profile]);
  return rig;
}

static void ask_all(Profile profile) {
  for (guint i = 0; i < G_N_ELEMENTS(questions); i++) {
    const Answer *answer = &questions[i].answers[profile];
    g_autoptr(Rig) rig = NULL;
    long result;

    if (answer->result == ABSENT)
      continue;
    rig = new_rig(profile);
    result = questions[i].ask(rig);
    if (result != answer->result)
      fail_msg("%s: %s: %ld, not %ld", profiles[profile], questions[i].question, result, answer->result);
    if (!rig_met(rig, answer->rule))
      fail_msg("%s: %s: not by rule %s", profiles[profile], questions[i].question, rule_get(answer->rule)->id);
  }
}

static void linux_6_12_powernv(void **state) {
  ask_all(P612);
}

static void linux_6_1_x86(void **state) {
  ask_all(P61);
}

static void linux_4_19_powernv(void **state) {
  ask_all(P419);
}

static void linux_6_12_pseries(void **state) {
  ask_all(PSERIES);
}

static void linux_6_12_x86(void **state) {
  ask_all(X86);
}

/* TCE-5, TCE-9, TCE-15, TCE-21, PSR-4: before 6.4 a hypervisor's own window was borrowed, by v1 only. */
static void pseries_before_6_4(void **state) {
  g_autoptr(Rig) rig = new_rig(PSERIES);
  int group, container;

  rig_set(rig, "version", "5.18");
  container = rig_container(rig, 0, &group, 0, -1);
  rig_refused(rig, rig_call(rig, container, ABI_SET_IOMMU, RIG_V2), EPERM, RULE_TCE_9);
  assert_int_equal(rig_call(rig, container, ABI_SET_IOMMU, RIG_V1), 0);
  assert_true(rig_met(rig, RULE_TCE_15));
  rig_refused(rig, rig_set_container(rig, sim_process_open(rig->process, "/dev/vfio/1", 0), container), EBUSY,
              RULE_TCE_5);
  assert_int_equal(rig_call(rig, container, ABI_ENABLE, 0), 0);
  assert_int_equal(rig_map(rig, container, 0x10000, 0, 0x10000), 0);
  memset(rig->buf, 0x5a, 1);
  assert_int_equal(sim_dma(rig->kernel, 0x100, 0x10000, &(guint8){0}, 1, FALSE), 0);
  assert_int_equal(rig_call(rig, group, ABI_UNSET_CONTAINER, 0), 0);
  assert_true(rig_met(rig, RULE_TCE_21));
  assert_int_equal(rig_locked(rig), 0);
  assert_int_equal(sim_dma(rig->kernel, 0x100, 0x10000, &(guint8){0}, 1, FALSE), -ENXIO);
}

/* TCE-3: from 6.4 to 6.10 a hypervisor had no windows to give. */
static void pseries_from_6_4_to_6_10(void **state) {
  g_autoptr(Rig) rig = new_rig(PSERIES);
  int group, container;

  rig_set(rig, "version", "6.8");
  container = rig_container(rig, 0, &group, 0, -1);
  rig_refused(rig, rig_call(rig, container, ABI_SET_IOMMU, RIG_V2), EINVAL, RULE_TCE_3);
  assert_int_equal(rig_call(rig, container, ABI_SET_IOMMU, RIG_V1), 0);
}

/* PSR-2, PSR-5, PSR-6 */
static void pseries_windows(void **state) {
  const guint64 high = G_GUINT64_CONSTANT(1) << 59, gib = G_GUINT64_CONSTANT(1) << 30;
  g_autoptr(Rig) rig = new_rig(PSERIES);
  int group, container;
  guint64 start;

  rig_set(rig, "page-size", "4K");
  container = rig_container(rig, RIG_V2, &group, 0, -1);
  assert_int_equal(rig_remove(rig, container, 0), 0);
  rig_refused(rig, rig_create(rig, container, 12, gib, 2, NULL), EINVAL, RULE_PSR_2);
  assert_int_equal(rig_locked(rig), 1048575);
  rig_refused(rig, rig_create(rig, container, 12, gib + 0x1000, 1, NULL), EINVAL, RULE_PSR_2);
  assert_int_equal(rig_locked(rig), 1048575 + 512);
  assert_int_equal(rig_create(rig, container, 16, gib << 10, 1, &start), 0);
  assert_true(start == high);
  assert_int_equal(rig_locked(rig), 1048575 + 512 + 32768);
  rig_refused(rig, rig_create(rig, container, 16, gib, 1, NULL), ENODEV, RULE_PSR_2);
  assert_int_equal(rig_remove(rig, container, high), 0);
  rig_refused(rig, rig_create(rig, container, 12, gib, 1, NULL), ENODEV, RULE_PSR_2);
}

static void PSR_6_the_default_window(void **state) {
  g_autoptr(Rig) rig = new_rig(PSERIES);
  const guint64 high = G_GUINT64_CONSTANT(1) << 59, gib = G_GUINT64_CONSTANT(1) << 30;
  int group, container = rig_container(rig, RIG_V2, &group, 0, -1);
  guint64 start;

  assert_int_equal(rig_create(rig, container, 16, gib, 0, &start), 0);
  assert_true(start == high);
  assert_int_equal(rig_remove(rig, container, 0), 0);
  rig_refused(rig, rig_create(rig, container, 12, gib, 1, NULL), EPERM, RULE_PSR_2);
  rig_refused(rig, rig_create(rig, container, 24, 4 * gib, 1, NULL), EPERM, RULE_PSR_2); /* map.58 of that recording */
  assert_int_equal(rig_remove(rig, container, high), 0);
  assert_int_equal(rig_create(rig, container, 12, gib, 1, &start), 0);
  assert_int_equal(start, 0);
  assert_int_equal(rig_remove(rig, container, 0), 0);
  assert_int_equal(rig_create(rig, container, 12, 0x800, 1, &start), 0);
  assert_int_equal(start, 0);
  rig_refused(rig, rig_remove(rig, container, 0), EINVAL, RULE_TCE_123);
}

/* TCE-110: what comes out as no table at all is refused before it costs anything (create.51, create.77). */
static void TCE_110_no_table_at_all(void **state) {
  g_autoptr(Rig) rig = new_rig(PSERIES);
  int group, container = rig_container(rig, RIG_V2, &group, 0, -1);

  assert_int_equal(rig_remove(rig, container, 0), 0);
  rig_refused(rig, rig_create(rig, container, 12, 0, 1, NULL), EINVAL, RULE_TCE_110);
  rig_refused(rig, rig_create(rig, container, 12, 1, 1, NULL), EINVAL, RULE_TCE_110);
  rig_refused(rig, rig_create(rig, container, 12, 0x180, 1, NULL), EINVAL, RULE_TCE_110);
  rig_refused(rig, rig_create(rig, container, 16, 0x1000, 1, NULL), EINVAL, RULE_TCE_110);
  assert_false(rig_met(rig, RULE_PSR_5));
}

/* PSR-2, PSR-6: the default window gone and a bigger one made, every other is refused and charged (v2happy.10-15). */
static void PSR_2_a_bigger_window_in_slot_0(void **state) {
  const guint64 high = G_GUINT64_CONSTANT(1) << 59, gib = G_GUINT64_CONSTANT(1) << 30;
  g_autoptr(Rig) rig = new_rig(PSERIES);
  int group, container;
  guint64 start;

  rig_set(rig, "page-size", "4K");
  container = rig_container(rig, RIG_V2, &group, 0, -1);
  assert_int_equal(rig_remove(rig, container, 0), 0);
  assert_int_equal(rig_create(rig, container, 12, 2 * gib, 1, &start), 0);
  assert_true(start == high);
  assert_int_equal(rig_locked(rig), 1024);
  rig_refused(rig, rig_create(rig, container, 16, 4 * gib, 1, NULL), ENODEV, RULE_PSR_2);
  rig_refused(rig, rig_create(rig, container, 16, 4 * gib, 1, NULL), ENODEV, RULE_PSR_2);
  assert_int_equal(rig_locked(rig), 1024 + 2 * 128);
}

static void PSR_7_one_container_serves_one_group(void **state) {
  g_autoptr(Rig) rig = new_rig(PSERIES);
  int groups[2], container = rig_container(rig, RIG_V2, groups, 0, 1, -1);

  rig_refused(rig, rig_create(rig, container, 16, MIB, 1, NULL), EPERM, RULE_PSR_7);
  assert_int_equal(rig_locked(rig), 0);
  assert_int_equal(rig_call(rig, groups[1], ABI_UNSET_CONTAINER, 0), 0);
  assert_int_equal(rig_create(rig, container, 16, MIB, 1, NULL), 0);
  rig_refused(rig, rig_set_container(rig, groups[1], container), EPERM, RULE_PSR_7);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(linux_6_12_powernv),       cmocka_unit_test(linux_6_1_x86),
      cmocka_unit_test(linux_4_19_powernv),       cmocka_unit_test(linux_6_12_pseries),
      cmocka_unit_test(linux_6_12_x86),           cmocka_unit_test(pseries_before_6_4),
      cmocka_unit_test(pseries_from_6_4_to_6_10), cmocka_unit_test(pseries_windows),
      cmocka_unit_test(TCE_110_no_table_at_all),  cmocka_unit_test(PSR_2_a_bigger_window_in_slot_0),
      cmocka_unit_test(PSR_6_the_default_window), cmocka_unit_test(PSR_7_one_container_serves_one_group),
  };

  return cmocka_run_group_tests_name("profiles", tests, NULL, NULL);
}
