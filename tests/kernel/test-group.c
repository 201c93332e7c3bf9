/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Groups and containers: what no recording shows, by rule. The recorded answers are in recorded-*.txt. */
#include "vfio-rig.h"

static int open_device(Rig *rig, int group, const char *name) {
  return (int)rig_call(rig, group, ABI_GET_DEVICE_FD, (guintptr)name);
}

static void CG_5x_a_group_with_a_host_driver_is_not_viable(void **state) {
  g_autoptr(Rig) rig = rig_new("64K");
  SimHostGroup *host = g_ptr_array_index(rig->host->groups, 2);
  SimHostDevice second = g_array_index(host->devices, SimHostDevice, 0);
  int container, group;

  second.id++;
  second.host_driver = TRUE;
  g_array_append_val(host->devices, second);
  rig_restart(rig);
  container = sim_process_open(rig->process, "/dev/vfio/vfio", 0);
  group = sim_process_open(rig->process, "/dev/vfio/2", 0);
  assert_int_equal(rig_status(rig, group), 0); /* CG-36 */
  rig_refused(rig, rig_set_container(rig, group, container), EPERM, RULE_CG_51);
  rig_refused(rig, open_device(rig, group, "0002:01:00.1"), ENODEV, RULE_CG_66);
}

static void CG_3_a_group_of_host_drivers_has_no_node(void **state) {
  g_autoptr(Rig) rig = rig_new("64K");
  SimHostGroup *host = g_ptr_array_index(rig->host->groups, 2);

  g_array_index(host->devices, SimHostDevice, 0).host_driver = TRUE;
  rig_restart(rig);
  assert_int_equal(sim_process_open(rig->process, "/dev/vfio/2", 0), -ENOENT);
}

static void CG_63_a_name_without_end(void **state) {
  g_autoptr(Rig) rig = rig_new("4K");
  g_autofree char *name = g_strnfill(8192, 'x');
  int group = sim_process_open(rig->process, "/dev/vfio/0", 0);

  rig_refused(rig, open_device(rig, group, name), EINVAL, RULE_CG_63);
  /* a name that ends just before a hole is read all the same */
  strcpy((char *)rig->buf + RIG_BUF - 13, "0000:01:00.0");
  rig_refused(rig, open_device(rig, group, (char *)rig->buf + RIG_BUF - 13), EINVAL, RULE_CG_69);
}

static void CG_27_an_extension_is_no_iommu_type(void **state) {
  g_autoptr(Rig) rig = rig_new("64K");
  int group, container = rig_container(rig, 0, &group, 0, -1);

  rig_refused(rig, rig_call(rig, container, ABI_SET_IOMMU, 5), EINVAL, RULE_CG_27);
  rig_set(rig, "eeh", "off");
  container = rig_container(rig, 0, &group, 0, -1);
  rig_refused(rig, rig_call(rig, container, ABI_SET_IOMMU, 5), ENODEV, RULE_CG_26);
}

static void CG_28_a_group_that_cannot_attach_leaves_the_container_without_driver(void **state) {
  g_autoptr(Rig) rig = rig_new("64K");
  int groups[2], container = rig_container(rig, 0, groups, 0, 1, -1);

  /* TCE-4: v1 takes one group */
  rig_refused(rig, rig_call(rig, container, ABI_SET_IOMMU, RIG_V1), EBUSY, RULE_TCE_4);
  assert_true(rig_met(rig, RULE_CG_28));
  assert_int_equal(rig_call(rig, container, ABI_SET_IOMMU, RIG_V2), 0);
}

static void CG_56_a_second_group_is_refused_by_v1(void **state) {
  g_autoptr(Rig) rig = rig_new("64K");
  int group, container = rig_container(rig, RIG_V1, &group, 0, -1);
  int second = sim_process_open(rig->process, "/dev/vfio/1", 0);

  rig_refused(rig, rig_set_container(rig, second, container), EBUSY, RULE_TCE_4);
  assert_int_equal(rig_status(rig, second), 1);
}

static void a_host_without_v2_offers_v1_only(void **state) {
  g_autoptr(Rig) rig = rig_new("64K");
  int group, container;

  rig_set(rig, "spapr-v2", "off");
  container = rig_container(rig, 0, &group, 0, -1);
  assert_int_equal(rig_call(rig, container, ABI_CHECK_EXTENSION, 7), 0);
  rig_refused(rig, rig_call(rig, container, ABI_SET_IOMMU, RIG_V2), ENODEV, RULE_CG_26);
  assert_int_equal(rig_call(rig, container, ABI_SET_IOMMU, RIG_V1), 0);
}

/* The order table of the lifetimes (CG-79..CG-87): after which of the three closes the group can be opened again, and
 * what a container call answers while the container's fd is open. */
static void CG_79_to_87_closing_in_every_order(void **state) {
  static const struct {
    const char *order;
    guint reopens_after; /* closes */
  } cases[] = {{"CGD", 3}, {"CDG", 3}, {"GCD", 3}, {"GDC", 2}, {"DGC", 2}, {"DCG", 3}};

  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(Rig) rig = rig_new("64K");
    int group, container = rig_container(rig, RIG_V2, &group, 0, -1), device;
    gboolean container_open = TRUE;
    SimCensus census;

    device = open_device(rig, group, "0000:01:00.0");
    assert_true(device >= 0);
    assert_int_equal(rig_register(rig, container, 0, 1 << 20), 0);
    assert_int_equal(rig_map(rig, container, 0, 0, 1 << 20), 0);
    for (guint closes = 1; closes <= 3; closes++) {
      char which = cases[i].order[closes - 1];
      int again;

      assert_int_equal(sim_process_close(rig->process, which == 'C' ? container : which == 'G' ? group : device), 0);
      container_open &= which != 'C';
      again = sim_process_open(rig->process, "/dev/vfio/0", 0);
      sim_census(rig->kernel, &census);
      if (closes < cases[i].reopens_after) {
        assert_int_equal(again, -EBUSY);
        assert_int_equal(census.tces, 256); /* DMA goes on */
        if (container_open)
          assert_int_equal(rig_unmap(rig, container, 0x100000, 0x1000), 0);
        assert_int_equal(rig_met(rig, RULE_CG_83), strchr(cases[i].order, 'G') < strchr(cases[i].order, 'D') &&
                                                       strchr(cases[i].order, 'G') < cases[i].order + closes);
      } else {
        assert_true(again >= 0);
        assert_int_equal(sim_process_close(rig->process, again), 0);
        assert_int_equal(census.tces, 0);
        assert_int_equal(census.windows, 0);
        assert_int_equal(census.locked_pages, 0);
        if (container_open)
          rig_refused(rig, rig_unmap(rig, container, 0, 0x1000), EINVAL, RULE_CG_12);
      }
    }
    sim_census(rig->kernel, &census);
    assert_int_equal(census.containers + census.groups_open + census.devices_open + census.regions, 0);
  }
}

static void CG_6_dup_and_fork_share_the_open_file(void **state) {
  g_autoptr(Rig) rig = rig_new("64K");
  int group = sim_process_open(rig->process, "/dev/vfio/0", 0), copy = sim_process_dup(rig->process, group);
  g_autoptr(SimProcess) child = sim_process_fork(rig->process, 2);
  guint events = trace_len(rig->trace);

  assert_int_equal(sim_process_close(rig->process, group), 0);
  assert_int_equal(sim_process_close(rig->process, copy), 0);
  assert_int_equal(trace_len(rig->trace), events); /* the child still has it: nothing was released */
  assert_int_equal(sim_process_open(rig->process, "/dev/vfio/0", 0), -EBUSY);
  assert_int_equal(sim_process_close(child, group), 0);
  assert_int_equal(sim_process_open(rig->process, "/dev/vfio/0", 0), -EBUSY);
  assert_int_equal(sim_process_close(child, copy), 0);
  assert_true(sim_process_open(rig->process, "/dev/vfio/0", 0) >= 0);
}

static void CG_38_a_struct_that_cannot_be_written(void **state) {
  g_autoptr(Rig) rig = rig_new("64K");
  int group = sim_process_open(rig->process, "/dev/vfio/0", 0);

  *(guint32 *)rig->buf = 8;
  assert_int_equal(mprotect(rig->buf, 0x10000, PROT_READ), 0);
  rig_refused(rig, rig_call(rig, group, ABI_GROUP_GET_STATUS, (guintptr)rig->buf), EFAULT, RULE_CG_38);
}

static int deny(const TraceEvent *event, gpointer data) {
  if (event->call != ABI_SET_CONTAINER)
    return 0;
  return event->refs[0].kind == ABI_CONTAINER && event->in_len == 4 ? -EINTR : -EIO;
}

static void an_injected_answer_shows_the_call_and_does_nothing(void **state) {
  g_autoptr(Rig) rig = rig_new("64K");
  int group = sim_process_open(rig->process, "/dev/vfio/0", 0);
  int container = sim_process_open(rig->process, "/dev/vfio/vfio", 0);
  const TraceEvent *event;

  sim_kernel_set_fault(rig->kernel, deny, NULL);
  assert_int_equal(rig_set_container(rig, group, container), -EINTR);
  event = trace_get(rig->trace, trace_len(rig->trace) - 1);
  assert_int_equal(event->flags & TRACE_INJECTED, TRACE_INJECTED);
  assert_int_equal(event->refs[0].kind, ABI_CONTAINER);
  assert_int_equal(event->refs[0].id, 1);
  assert_int_equal(rig_status(rig, group), 1);
}

/* Up to 5.18 viability and the container were judged elsewhere and in another order. */
static void CG_40_to_64_the_older_order(void **state) {
  g_autoptr(Rig) rig = rig_new("64K");
  int group, container;

  rig_set(rig, "version", "5.15");
  group = sim_process_open(rig->process, "/dev/vfio/0", 0);
  container = sim_process_open(rig->process, "/dev/vfio/vfio", 0);
  rig_refused(rig, rig_set_container(rig, group, -1), EINVAL, RULE_CG_40);
  rig_refused(rig, rig_set_container(rig, group, group), EINVAL, RULE_CG_46);
  rig_refused(rig, open_device(rig, group, "wrong"), EINVAL, RULE_CG_64);
  assert_int_equal(rig_set_container(rig, group, container), 0);
  rig_refused(rig, rig_set_container(rig, group, 0), EINVAL, RULE_CG_41);
  assert_int_equal(rig_status(rig, group), 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(CG_5x_a_group_with_a_host_driver_is_not_viable),
      cmocka_unit_test(CG_3_a_group_of_host_drivers_has_no_node),
      cmocka_unit_test(CG_63_a_name_without_end),
      cmocka_unit_test(CG_27_an_extension_is_no_iommu_type),
      cmocka_unit_test(CG_28_a_group_that_cannot_attach_leaves_the_container_without_driver),
      cmocka_unit_test(CG_56_a_second_group_is_refused_by_v1),
      cmocka_unit_test(a_host_without_v2_offers_v1_only),
      cmocka_unit_test(CG_79_to_87_closing_in_every_order),
      cmocka_unit_test(CG_6_dup_and_fork_share_the_open_file),
      cmocka_unit_test(CG_38_a_struct_that_cannot_be_written),
      cmocka_unit_test(an_injected_answer_shows_the_call_and_does_nothing),
      cmocka_unit_test(CG_40_to_64_the_older_order),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
