/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* VFIO_DEVICE_SET_IRQS, and interrupts that a device raises. */
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "sim/host/host-internal.h"
#include "tests/kernel/rig.h"

enum {
  NONE = VFIO_IRQ_SET_DATA_NONE,
  BOOL = VFIO_IRQ_SET_DATA_BOOL,
  EVENTFD = VFIO_IRQ_SET_DATA_EVENTFD,
  MASK = VFIO_IRQ_SET_ACTION_MASK,
  UNMASK = VFIO_IRQ_SET_ACTION_UNMASK,
  TRIGGER = VFIO_IRQ_SET_ACTION_TRIGGER,
  INTX = VFIO_PCI_INTX_IRQ_INDEX,
  MSI = VFIO_PCI_MSI_IRQ_INDEX,
  MSIX = VFIO_PCI_MSIX_IRQ_INDEX,
  ERR = VFIO_PCI_ERR_IRQ_INDEX,
  REQ = VFIO_PCI_REQ_IRQ_INDEX,
  NIC = 0x100,
};

#define CONFIG ((guint64)VFIO_PCI_CONFIG_REGION_INDEX << 40)

/* Group 0: an e1000e with 4 MSI and 8 MSI-X vectors, PCI Express. Group 1: a plain device. */
static void describe(SimHost *host) {
  SimHostDevice *nic;

  assert_true(sim_host_add_device(host, 0, "0000:01:00.0", NULL));
  nic = sim_host_find_device(host, NIC);
  assert_true(sim_host_device_model(nic, "e1000e"));
  nic->msi = 4;
  nic->msix = 8;
  assert_true(sim_host_add_device(host, 1, "0000:02:00.0", NULL));
}

static void older(SimHost *host) {
  describe(host);
  host->version = SIM_VERSION(6, 4);
}

typedef struct {
  Rig *rig;
  int fd;
  int events[4];
} World;

static World world_new(void (*with)(SimHost *)) {
  World world = {.rig = rig_new(with)};
  int container = -1;

  world.fd = rig_device(world.rig, rig_attach(world.rig, 0, &container), "0000:01:00.0");
  for (gsize i = 0; i < G_N_ELEMENTS(world.events); i++)
    world.events[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return world;
}

static void world_close(World *world) {
  for (gsize i = 0; i < G_N_ELEMENTS(world->events); i++)
    close(world->events[i]);
  rig_free(world->rig);
}

/* How often the eventfd was signalled since the last look. */
static guint64 signals(int event) {
  eventfd_t count = 0;

  return eventfd_read(event, &count) == 0 ? count : 0;
}

static long set_irqs(const World *world, guint32 flags, guint32 index, guint32 start, guint32 count, const void *data,
                     gsize size) {
  guint8 buf[20 + 64] = {0};
  guint32 head[5] = {(guint32)(20 + size), flags, index, start, count};

  memcpy(buf, head, sizeof head);
  if (size)
    memcpy(buf + 20, data, size);
  return rig_call(world->rig, world->fd, ABI_SET_IRQS, buf);
}

static long set_fds(const World *world, guint32 index, guint32 start, guint32 count, const gint32 *fds) {
  return set_irqs(world, EVENTFD | TRIGGER, index, start, count, fds, count * sizeof *fds);
}

static long set_fd(const World *world, guint32 index, gint32 fd) {
  return set_fds(world, index, 0, 1, &fd);
}

static long set_none(const World *world, guint32 action, guint32 index, guint32 start, guint32 count) {
  return set_irqs(world, NONE | action, index, start, count, NULL, 0);
}

static long set_bool(const World *world, guint32 action, guint32 index, guint8 value) {
  return set_irqs(world, BOOL | action, index, 0, 1, &value, 1);
}

/* PD-31..PD-37 */
static void test_checks(void **state) {
  World world = world_new(describe);
  Rig *rig = world.rig;
  guint32 short_args[5] = {19, NONE | TRIGGER, INTX, 0, 1}, edge[5] = {24, TRIGGER | EVENTFD, INTX, 0, 1};

  expect(rig, rig_call(rig, world.fd, ABI_SET_IRQS, RIG_BAD), -EFAULT, RULE_PD_31);
  expect(rig, rig_call(rig, world.fd, ABI_SET_IRQS, short_args), -EINVAL, RULE_PD_32);
  expect(rig, set_none(&world, TRIGGER, 5, 0, 1), -EINVAL, RULE_PD_32);
  expect(rig, set_none(&world, TRIGGER, INTX, 1, G_MAXUINT32 - 1), -EINVAL, RULE_PD_32);
  expect(rig, set_none(&world, TRIGGER | 1 << 6, INTX, 0, 1), -EINVAL, RULE_PD_32);
  expect(rig, set_none(&world, TRIGGER, INTX, 1, 0), -EINVAL, RULE_PD_33);
  expect(rig, set_none(&world, TRIGGER, MSIX, 7, 2), -EINVAL, RULE_PD_33);
  expect(rig, set_irqs(&world, TRIGGER, INTX, 0, 1, NULL, 0), -EINVAL, RULE_PD_34);
  expect(rig, set_irqs(&world, TRIGGER | BOOL | NONE, INTX, 0, 1, NULL, 0), -EINVAL, RULE_PD_34);
  expect(rig, set_irqs(&world, TRIGGER | EVENTFD, INTX, 0, 1, "abc", 3), -EINVAL, RULE_PD_35);
  expect(rig, rig_call(rig, world.fd, ABI_SET_IRQS, rig_at_edge(rig, edge, sizeof edge)), -EFAULT, RULE_PD_36);
  expect(rig, set_none(&world, 0, INTX, 0, 1), -ENOTTY, RULE_PD_37);
  expect(rig, set_none(&world, MASK | TRIGGER, INTX, 0, 1), -ENOTTY, RULE_PD_37);
  expect(rig, set_none(&world, MASK, MSI, 0, 1), -ENOTTY, RULE_PD_37);
  expect(rig, set_none(&world, UNMASK, REQ, 0, 1), -ENOTTY, RULE_PD_37);
  world_close(&world);
}

/* PD-33: an index that is absent cannot even be disabled */
static void test_absent_index(void **state) {
  World world = world_new(describe);
  Rig *rig = world.rig;
  int container = -1;

  rig_close(rig, world.fd);
  world.fd = rig_device(rig, rig_attach(rig, 1, &container), "0000:02:00.0");
  expect(rig, set_none(&world, TRIGGER, ERR, 0, 0), -EINVAL, RULE_PD_33);
  world_close(&world);
}

/* PD-38..PD-45; qemu-7.2-02-hotplug: flags 0x24 sets, 0x21 with count 0 disables */
static void test_intx(void **state) {
  World world = world_new(describe);
  Rig *rig = world.rig;

  expect(rig, set_none(&world, TRIGGER, INTX, 0, 0), -EINVAL, RULE_PD_39);
  expect(rig, set_none(&world, TRIGGER, INTX, 0, 1), -EINVAL, RULE_PD_44);
  expect(rig, set_bool(&world, TRIGGER, INTX, 1), -EINVAL, RULE_PD_44);
  expect(rig, set_fd(&world, INTX, 99999), -EBADF, RULE_PD_40);
  expect(rig, set_fd(&world, INTX, STDIN_FILENO), -EINVAL, RULE_PD_40);
  expect(rig, sim_interrupt(rig->kernel, NIC, INTX, 0), -EINVAL, RULE_NONE);
  expect(rig, set_fd(&world, INTX, world.events[0]), 0, RULE_PD_43);
  expect(rig, set_none(&world, TRIGGER, INTX, 0, 1), 0, RULE_PD_45);
  assert_int_equal(signals(world.events[0]), 1);
  expect(rig, set_bool(&world, TRIGGER, INTX, 0), 0, RULE_PD_45);
  assert_int_equal(signals(world.events[0]), 0);
  expect(rig, set_bool(&world, TRIGGER, INTX, 1), 0, RULE_PD_45);
  assert_int_equal(signals(world.events[0]), 1);
  expect(rig, set_fd(&world, INTX, world.events[1]), 0, RULE_PD_43); /* replaced */
  assert_int_equal(sim_interrupt(rig->kernel, NIC, INTX, 0), 0);
  assert_int_equal(signals(world.events[0]), 0);
  assert_int_equal(signals(world.events[1]), 1);
  expect(rig, set_fd(&world, MSI, world.events[0]), -EINVAL, RULE_PD_52);
  expect(rig, set_fd(&world, INTX, -1), 0, RULE_PD_43); /* stays enabled, without a trigger */
  expect(rig, set_none(&world, TRIGGER, INTX, 0, 0), 0, RULE_PD_38);
  expect(rig, set_fd(&world, INTX, -1), 0, RULE_PD_43);
  expect(rig, set_none(&world, TRIGGER, INTX, 0, 0), 0, RULE_PD_38);
  expect(rig, set_fd(&world, MSI, world.events[0]), 0, RULE_PD_53);
  expect(rig, set_fd(&world, INTX, world.events[0]), -EINVAL, RULE_PD_39);
  world_close(&world);
}

/* PD-46, PD-47 and AUTOMASKED */
static void test_intx_masking(void **state) {
  World world = world_new(describe);
  Rig *rig = world.rig;
  int event = world.events[0];

  expect(rig, set_none(&world, MASK, INTX, 0, 1), -EINVAL, RULE_PD_46);
  expect(rig, set_none(&world, UNMASK, INTX, 0, 1), -EINVAL, RULE_PD_46);
  expect(rig, set_fd(&world, INTX, event), 0, RULE_PD_43);
  expect(rig, set_none(&world, MASK, INTX, 0, 0), -EINVAL, RULE_PD_46);
  assert_int_equal(sim_interrupt(rig->kernel, NIC, INTX, 0), 0);
  assert_int_equal(sim_interrupt(rig->kernel, NIC, INTX, 0), 0); /* masked by the first */
  assert_int_equal(signals(event), 1);
  expect(rig, set_none(&world, UNMASK, INTX, 0, 1), 0, RULE_PD_47); /* pending: signals at once */
  assert_int_equal(signals(event), 1);
  expect(rig, set_bool(&world, UNMASK, INTX, 0), 0, RULE_PD_47);
  assert_int_equal(sim_interrupt(rig->kernel, NIC, INTX, 0), 0);
  assert_int_equal(signals(event), 0);
  expect(rig, set_bool(&world, UNMASK, INTX, 1), 0, RULE_PD_47);
  assert_int_equal(signals(event), 1);
  expect(rig, set_bool(&world, UNMASK, INTX, 1), 0, RULE_PD_47);
  expect(rig, set_bool(&world, MASK, INTX, 1), 0, RULE_PD_47);
  assert_int_equal(sim_interrupt(rig->kernel, NIC, INTX, 0), 0);
  assert_int_equal(signals(event), 0);
  world_close(&world);
}

/* The INTX_DISABLE bit of config space masks, too, and UNMASK cannot undo it. */
static void test_intx_disable_bit(void **state) {
  World world = world_new(describe);
  Rig *rig = world.rig;
  guint16 off = GUINT16_TO_LE(PCI_COMMAND_INTX_DISABLE), on = 0;

  expect(rig, set_fd(&world, INTX, world.events[0]), 0, RULE_PD_43);
  assert_int_equal(sim_process_pwrite(rig->process, world.fd, &off, 2, CONFIG + PCI_COMMAND), 2);
  assert_int_equal(sim_interrupt(rig->kernel, NIC, INTX, 0), 0);
  expect(rig, set_none(&world, UNMASK, INTX, 0, 1), 0, RULE_PD_47);
  assert_int_equal(signals(world.events[0]), 0);
  assert_int_equal(sim_process_pwrite(rig->process, world.fd, &on, 2, CONFIG + PCI_COMMAND), 2);
  assert_int_equal(signals(world.events[0]), 1);
  world_close(&world);
}

/* PD-48..PD-50 */
static void test_intx_unmask_eventfd(void **state) {
  World world = world_new(describe);
  Rig *rig = world.rig;
  gint32 fd = world.events[1], none = -1, bad = 99999, wrong = STDIN_FILENO;

  expect(rig, set_fd(&world, INTX, world.events[0]), 0, RULE_PD_43);
  expect(rig, set_irqs(&world, EVENTFD | MASK, INTX, 0, 1, &fd, 4), -ENOTTY, RULE_PD_48);
  expect(rig, set_irqs(&world, EVENTFD | UNMASK, INTX, 0, 1, &bad, 4), -EBADF, RULE_PD_49);
  expect(rig, set_irqs(&world, EVENTFD | UNMASK, INTX, 0, 1, &wrong, 4), -EINVAL, RULE_PD_49);
  expect(rig, set_irqs(&world, EVENTFD | UNMASK, INTX, 0, 1, &fd, 4), 0, RULE_PD_49);
  expect(rig, set_irqs(&world, EVENTFD | UNMASK, INTX, 0, 1, &fd, 4), -EBUSY, RULE_PD_49);
  expect(rig, set_irqs(&world, EVENTFD | UNMASK, INTX, 0, 1, &none, 4), 0, RULE_PD_50);
  expect(rig, set_irqs(&world, EVENTFD | UNMASK, INTX, 0, 1, &fd, 4), 0, RULE_PD_49);
  world_close(&world);
}

/* PD-51..PD-64 */
static void test_msix(void **state) {
  World world = world_new(describe);
  Rig *rig = world.rig;
  gint32 three[3] = {world.events[0], -1, world.events[2]}, bad[2] = {world.events[0], 99999};
  gint32 wrong[2] = {world.events[1], STDIN_FILENO};

  expect(rig, set_none(&world, TRIGGER, MSIX, 0, 0), -EINVAL, RULE_PD_62);
  expect(rig, set_irqs(&world, EVENTFD | TRIGGER, MSIX, 0, 0, NULL, 0), -ERANGE, RULE_PD_54);
  expect(rig, set_fds(&world, MSIX, 0, 2, bad), -EBADF, RULE_PD_57);
  expect(rig, set_none(&world, TRIGGER, MSIX, 0, 0), -EINVAL, RULE_PD_62); /* disabled again */
  expect(rig, set_fds(&world, MSIX, 0, 3, three), 0, RULE_PD_53);
  expect(rig, set_fd(&world, MSI, world.events[3]), -EINVAL, RULE_PD_52);
  assert_int_equal(sim_interrupt(rig->kernel, NIC, MSIX, 0), 0);
  assert_int_equal(sim_interrupt(rig->kernel, NIC, MSIX, 1), -EINVAL);
  assert_int_equal(sim_interrupt(rig->kernel, NIC, MSIX, 2), 0);
  assert_int_equal(signals(world.events[0]), 1);
  assert_int_equal(signals(world.events[2]), 1);
  expect(rig, set_none(&world, TRIGGER, MSIX, 0, 3), 0, RULE_PD_64);
  assert_int_equal(signals(world.events[0]) + signals(world.events[2]), 2);
  expect(rig, set_fds(&world, MSIX, 1, 1, &world.events[1]), 0, RULE_PD_61);
  expect(rig, set_fds(&world, MSIX, 0, 2, wrong), -EINVAL, RULE_PD_57);
  expect(rig, set_none(&world, TRIGGER, MSIX, 0, 3), 0, RULE_PD_64); /* 0 and 1 lost theirs, 2 has it */
  assert_int_equal(signals(world.events[0]) + signals(world.events[1]), 0);
  assert_int_equal(signals(world.events[2]), 1);
  expect(rig, set_fds(&world, MSIX, 3, 1, &world.events[3]), -EINVAL, RULE_PD_59);
  expect(rig, set_none(&world, TRIGGER, MSIX, 0, 0), 0, RULE_PD_51);
  expect(rig, set_fd(&world, INTX, world.events[0]), 0, RULE_PD_43);
  world_close(&world);
}

/* PD-58, PD-63: up to 6.4 the range is tested first */
static void test_msi_of_6_4(void **state) {
  World world = world_new(older);
  Rig *rig = world.rig;

  expect(rig, set_fds(&world, MSI, 0, 2, world.events), 0, RULE_PD_53);
  expect(rig, set_fds(&world, MSI, 2, 1, world.events), -EINVAL, RULE_PD_58);
  expect(rig, set_fds(&world, MSI, 1, 2, world.events), -EINVAL, RULE_PD_58);
  expect(rig, set_none(&world, TRIGGER, MSI, 1, 2), -EINVAL, RULE_PD_63);
  expect(rig, set_none(&world, TRIGGER, MSI, 0, 2), 0, RULE_PD_64);
  world_close(&world);
}

/* PD-60: an x86 host allocates MSI-X vectors as they are asked for */
static void test_dynamic_vectors(void **state) {
  World world = world_new(describe);
  Rig *rig = world.rig;
  struct vfio_irq_info info = {.argsz = sizeof info, .index = MSIX};

  rig->host->platform = SIM_X86;
  expect(rig, rig_call(rig, world.fd, ABI_GET_IRQ_INFO, &info), 0, RULE_PD_30);
  assert_int_equal(info.flags, VFIO_IRQ_INFO_EVENTFD);
  expect(rig, set_fd(&world, MSIX, world.events[0]), 0, RULE_PD_53);
  expect(rig, set_fds(&world, MSIX, 5, 1, &world.events[1]), 0, RULE_PD_60);
  assert_int_equal(sim_interrupt(rig->kernel, NIC, MSIX, 5), 0);
  assert_int_equal(signals(world.events[1]), 1);
  expect(rig, set_none(&world, TRIGGER, MSIX, 0, 0), 0, RULE_PD_51);
  expect(rig, set_fd(&world, MSI, world.events[0]), 0, RULE_PD_53);
  expect(rig, set_fds(&world, MSI, 1, 1, &world.events[1]), -EINVAL, RULE_PD_59);
  rig->host->platform = SIM_POWERNV;
  world_close(&world);
}

/* PD-65..PD-74 */
static void test_err_and_req(void **state) {
  World world = world_new(describe);
  Rig *rig = world.rig;
  static const guint32 indices[] = {ERR, REQ};

  for (gsize i = 0; i < G_N_ELEMENTS(indices); i++) {
    guint32 index = indices[i];
    int event = world.events[i];

    expect(rig, set_none(&world, TRIGGER, index, 0, 1), -EINVAL, RULE_PD_67);
    expect(rig, set_none(&world, TRIGGER, index, 0, 0), -EINVAL, RULE_PD_67);
    expect(rig, set_irqs(&world, BOOL | TRIGGER, index, 0, 0, NULL, 0), -EINVAL, RULE_PD_68);
    expect(rig, set_irqs(&world, EVENTFD | TRIGGER, index, 0, 0, NULL, 0), -EINVAL, RULE_PD_70);
    expect(rig, set_bool(&world, TRIGGER, index, 1), 0, RULE_PD_69);
    expect(rig, set_fd(&world, index, 99999), -EBADF, RULE_PD_73);
    expect(rig, set_fd(&world, index, STDIN_FILENO), -EINVAL, RULE_PD_73);
    assert_int_equal(sim_interrupt(rig->kernel, NIC, index, 0), -EINVAL);
    expect(rig, set_fd(&world, index, event), 0, RULE_PD_74);
    expect(rig, set_fd(&world, index, -2), 0, RULE_PD_72);
    assert_int_equal(sim_interrupt(rig->kernel, NIC, index, 0), 0);
    expect(rig, set_bool(&world, TRIGGER, index, 1), 0, RULE_PD_69);
    expect(rig, set_none(&world, TRIGGER, index, 0, 1), 0, RULE_PD_66);
    assert_int_equal(signals(event), 3);
    expect(rig, set_none(&world, TRIGGER, index, 0, 0), 0, RULE_PD_66);
    expect(rig, set_none(&world, TRIGGER, index, 0, 0), -EINVAL, RULE_PD_67);
    expect(rig, set_fd(&world, index, event), 0, RULE_PD_74);
    expect(rig, set_fd(&world, index, -1), 0, RULE_PD_71);
    expect(rig, set_none(&world, TRIGGER, index, 0, 1), -EINVAL, RULE_PD_67);
  }
  world_close(&world);
}

static guint held;

static int get_counted(gpointer port, gpointer task, int fd, gpointer *event) {
  held++;
  *event = &held;
  return 0;
}

static void put_counted(gpointer port, gpointer event) {
  held--;
}

/* PD-9: the last close gives every eventfd back */
static void test_close_drops_eventfds(void **state) {
  World world = world_new(describe);
  Rig *rig = world.rig;
  gint32 fd = 1;

  rig->port.event_get = get_counted;
  rig->port.event_put = put_counted;
  assert_int_equal(set_fd(&world, INTX, 1), 0);
  assert_int_equal(set_irqs(&world, EVENTFD | UNMASK, INTX, 0, 1, &fd, 4), 0);
  assert_int_equal(set_fd(&world, ERR, 1), 0);
  assert_int_equal(set_fd(&world, REQ, 1), 0);
  assert_int_equal(held, 4);
  assert_int_equal(set_irqs(&world, EVENTFD | UNMASK, INTX, 0, 1, &fd, 4), -EBUSY);
  assert_int_equal(held, 4);
  rig_close(rig, world.fd);
  assert_int_equal(held, 0);
  assert_int_equal(sim_interrupt(rig->kernel, NIC, INTX, 0), -EINVAL);
  assert_int_equal(sim_interrupt(rig->kernel, 0x999, INTX, 0), -ENODEV);
  assert_int_equal(sim_interrupt(rig->kernel, NIC, 9, 0), -EINVAL);
  world_close(&world);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_checks),
      cmocka_unit_test(test_absent_index),
      cmocka_unit_test(test_intx),
      cmocka_unit_test(test_intx_masking),
      cmocka_unit_test(test_intx_disable_bit),
      cmocka_unit_test(test_intx_unmask_eventfd),
      cmocka_unit_test(test_msix),
      cmocka_unit_test(test_msi_of_6_4),
      cmocka_unit_test(test_dynamic_vectors),
      cmocka_unit_test(test_err_and_req),
      cmocka_unit_test(test_close_drops_eventfds),
  };

  return cmocka_run_group_tests_name("device-irq", tests, NULL, NULL);
}
