/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The DMA engine, driven as docs/engine.md says, by what a client can do: read and write its file, take eventfds. */
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "sim/kernel/engine.h"
#include "tests/kernel/rig.h"

enum { READ = 1, WRITE = 2, FAR = 0x100000, CONFIG = VFIO_PCI_CONFIG_REGION_INDEX };

typedef struct {
  Rig *rig;
  int group, container, fd;
} Engine;

static void one_engine(SimHost *host) {
  g_autofree char *path = g_strdup_printf("%s/engine-%d.ini", g_get_tmp_dir(), getpid());
  g_autoptr(SimHost) described = NULL;

  assert_true(g_file_set_contents(
      path, "[host]\n[group 0]\ndevices=0000:01:00.0\n[device 0000:01:00.0]\nmodel=engine\n", -1, NULL));
  described = sim_host_load(path, NULL);
  assert_int_equal(unlink(path), 0);
  assert_non_null(described);
  g_ptr_array_add(host->groups, g_ptr_array_steal_index(described->groups, 0));
}

static void without_eeh(SimHost *host) {
  one_engine(host);
  host->eeh = FALSE;
}

static guint64 at(guint region, guint64 offset) {
  return ((guint64)region << 40) + offset;
}

static void put(const Engine *engine, guint reg, guint64 value, guint size) {
  value = GUINT64_TO_LE(value);
  assert_int_equal(sim_process_pwrite(engine->rig->process, engine->fd, &value, size, at(0, reg)), size);
}

static guint64 get(const Engine *engine, guint reg, guint size) {
  guint64 value = 0;

  assert_int_equal(sim_process_pread(engine->rig->process, engine->fd, &value, size, at(0, reg)), size);
  return GUINT64_FROM_LE(value);
}

static void set_command(const Engine *engine, guint16 value) {
  value = GUINT16_TO_LE(value);
  assert_int_equal(sim_process_pwrite(engine->rig->process, engine->fd, &value, 2, at(CONFIG, PCI_COMMAND)), 2);
}

/* An open engine with bus mastering on, a window of 4K pages at 0, and its pages 1 and 2 mapped far from each other. */
static Engine engine_open(void (*describe)(SimHost *host)) {
  Engine engine = {.rig = rig_new(describe), .container = -1};

  engine.group = rig_attach(engine.rig, 0, &engine.container);
  rig_register(engine.rig, engine.container, engine.rig->ram, RIG_RAM);
  rig_remove_window(engine.rig, engine.container, 0);
  rig_create_window(engine.rig, engine.container, 12, 1 << 30);
  assert_int_equal(rig_map(engine.rig, engine.container, 0x1000, engine.rig->ram + 0x8000, 0x1000, READ | WRITE), 0);
  assert_int_equal(rig_map(engine.rig, engine.container, 0x2000, engine.rig->ram + 0x3000, 0x1000, READ | WRITE), 0);
  engine.fd = rig_device(engine.rig, engine.group, "0000:01:00.0");
  set_command(&engine, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
  return engine;
}

static guint32 run(const Engine *engine, guint32 command, guint64 source, guint64 destination, guint32 length) {
  put(engine, SIM_ENGINE_REG_SOURCE, source, 8);
  put(engine, SIM_ENGINE_REG_DESTINATION, destination, 8);
  put(engine, SIM_ENGINE_REG_LENGTH, length, 4);
  put(engine, SIM_ENGINE_REG_COMMAND, command, 4);
  return (guint32)get(engine, SIM_ENGINE_REG_STATUS, 4);
}

#define assert_failed(engine, status, why, ioba, bytes)                                                                \
  do {                                                                                                                 \
    assert_int_equal(status, SIM_ENGINE_DONE | SIM_ENGINE_FAILED);                                                     \
    assert_int_equal(get(engine, SIM_ENGINE_REG_ERROR, 4), why);                                                       \
    assert_int_equal(get(engine, SIM_ENGINE_REG_FAULT, 8), ioba);                                                      \
    assert_int_equal(get(engine, SIM_ENGINE_REG_MOVED, 4), bytes);                                                     \
  } while (0)

static int take_eventfd(const Engine *engine, guint index, guint vector) {
  struct {
    struct vfio_irq_set set;
    gint32 fd;
  } args = {.set = {.argsz = sizeof args,
                    .flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
                    .index = index,
                    .start = vector,
                    .count = 1}};

  args.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  assert_int_equal(rig_call(engine->rig, engine->fd, ABI_SET_IRQS, &args), 0);
  return args.fd;
}

static guint64 count(int fd) {
  guint64 value = 0;

  return read(fd, &value, sizeof value) == sizeof value ? value : 0;
}

/* ---- tests ---- */

/* Across two pages that lie in the opposite order in memory; MSI-X tells of the end. */
static void test_copy(void **state) {
  Engine engine = engine_open(one_engine);
  guint8 *ram = engine.rig->ram;
  int event = take_eventfd(&engine, VFIO_PCI_MSIX_IRQ_INDEX, 2);

  for (guint i = 0; i < 0x1000; i++)
    ram[0x8000 + i] = (guint8)(i * 7 + i / 256);
  put(&engine, SIM_ENGINE_REG_INTERRUPT, SIM_ENGINE_INTERRUPT_ON | 2, 4);
  assert_int_equal(run(&engine, SIM_ENGINE_COPY, 0x1000, 0x2000, 0x1000), SIM_ENGINE_DONE);
  assert_memory_equal(ram + 0x3000, ram + 0x8000, 0x1000);
  assert_int_equal(count(event), 1);
  assert_int_equal(get(&engine, SIM_ENGINE_REG_MOVED, 4), 0x1000);
  assert_int_equal(get(&engine, SIM_ENGINE_REG_ERROR, 4), SIM_ENGINE_OK);

  put(&engine, SIM_ENGINE_REG_PATTERN, 0x11223344, 4);
  assert_int_equal(run(&engine, SIM_ENGINE_FILL, 0, 0x1ffe, 4), SIM_ENGINE_DONE);
  assert_int_equal(ram[0x8ffe], 0x44);
  assert_int_equal(ram[0x8fff], 0x33);
  assert_int_equal(ram[0x3000], 0x22);
  assert_int_equal(ram[0x3001], 0x11);
  assert_int_equal(count(event), 1);
  put(&engine, SIM_ENGINE_REG_INTERRUPT, 2, 4);
  assert_int_equal(run(&engine, SIM_ENGINE_FILL, 0, 0x1000, 4), SIM_ENGINE_DONE);
  assert_int_equal(count(event), 0);
  close(event);
  rig_free(engine.rig);
}

/* The check value of CRC-32 as in IEEE 802.3: what "123456789" gives. */
static void test_crc(void **state) {
  Engine engine = engine_open(one_engine);

  memcpy(engine.rig->ram + 0x8ffc, "1234", 4);
  memcpy(engine.rig->ram + 0x3000, "56789", 5);
  assert_int_equal(run(&engine, SIM_ENGINE_CRC, 0x1ffc, 0, 9), SIM_ENGINE_DONE);
  assert_int_equal(get(&engine, SIM_ENGINE_REG_CRC, 4), 0xcbf43926);
  rig_free(engine.rig);
}

static void test_larger_than_a_chunk(void **state) {
  Engine engine = engine_open(one_engine);
  guint8 *ram = engine.rig->ram;

  assert_int_equal(rig_map(engine.rig, engine.container, FAR, ram, 0x80000, READ), 0);
  assert_int_equal(rig_map(engine.rig, engine.container, 2 * FAR, ram + 0x80000, 0x80000, WRITE), 0);
  for (guint i = 0; i < 0x80000; i += 4)
    memcpy(ram + i, &i, 4);
  assert_int_equal(run(&engine, SIM_ENGINE_COPY, FAR + 3, 2 * FAR + 1, 0x7fff0), SIM_ENGINE_DONE);
  assert_memory_equal(ram + 0x80001, ram + 3, 0x7fff0);
  rig_free(engine.rig);
}

/* Registers: what is read-only, long and narrow accesses, what a reset leaves. */
static void test_registers(void **state) {
  Engine engine = engine_open(one_engine);
  guint8 all[SIM_ENGINE_REGISTERS + 8];

  assert_int_equal(get(&engine, SIM_ENGINE_REG_ID, 4), SIM_ENGINE_ID);
  assert_int_equal(get(&engine, SIM_ENGINE_REG_VERSION, 4), SIM_ENGINE_VERSION);
  put(&engine, SIM_ENGINE_REG_ID, 0, 8);
  put(&engine, SIM_ENGINE_REG_ERROR, 0xffffffffffffffff, 8);
  assert_int_equal(get(&engine, SIM_ENGINE_REG_ID, 8), SIM_ENGINE_ID | (guint64)SIM_ENGINE_VERSION << 32);
  assert_int_equal(get(&engine, SIM_ENGINE_REG_ERROR, 8), 0);
  put(&engine, SIM_ENGINE_REG_SOURCE + 3, 0xab, 1);
  assert_int_equal(get(&engine, SIM_ENGINE_REG_SOURCE, 8), 0xab000000);

  /* one write of the whole block: COMMAND is the last that arrives */
  memset(all, 0, sizeof all);
  all[SIM_ENGINE_REG_STATUS] = 0xff;
  all[SIM_ENGINE_REG_DESTINATION + 1] = 0x10;
  all[SIM_ENGINE_REG_LENGTH] = 8;
  all[SIM_ENGINE_REG_PATTERN] = 0x5a;
  all[SIM_ENGINE_REG_COMMAND] = SIM_ENGINE_FILL;
  assert_int_equal(sim_process_pwrite(engine.rig->process, engine.fd, all, sizeof all, at(0, 0)), sizeof all);
  assert_int_equal(engine.rig->ram[0x8004], 0x5a);
  assert_int_equal(get(&engine, SIM_ENGINE_REG_STATUS, 4), SIM_ENGINE_DONE);
  put(&engine, SIM_ENGINE_REG_STATUS, SIM_ENGINE_DONE, 1);
  assert_int_equal(get(&engine, SIM_ENGINE_REG_STATUS, 4), 0);
  memset(all, 0xee, sizeof all);
  assert_int_equal(sim_process_pread(engine.rig->process, engine.fd, all, sizeof all, at(0, 0)), sizeof all);
  assert_int_equal(all[SIM_ENGINE_REG_PATTERN], 0x5a);
  assert_int_equal(all[SIM_ENGINE_REGISTERS], 0);

  assert_int_equal(rig_call_value(engine.rig, engine.fd, ABI_DEVICE_RESET, 0), 0);
  assert_int_equal(get(&engine, SIM_ENGINE_REG_PATTERN, 4), 0);
  assert_int_equal(get(&engine, SIM_ENGINE_REG_ID, 4), SIM_ENGINE_ID);
  rig_free(engine.rig);
}

static void test_refuses(void **state) {
  Engine engine = engine_open(one_engine);

  assert_failed(&engine, run(&engine, 0, 0x1000, 0x2000, 4), SIM_ENGINE_BAD_COMMAND, 0, 0);
  assert_failed(&engine, run(&engine, 4, 0x1000, 0x2000, 4), SIM_ENGINE_BAD_COMMAND, 0, 0);
  assert_failed(&engine, run(&engine, SIM_ENGINE_COPY, 0x1000, 0x2000, 0), SIM_ENGINE_BAD_LENGTH, 0, 0);
  assert_failed(&engine, run(&engine, SIM_ENGINE_COPY, 0x1000, 0x2000, SIM_ENGINE_MOST + 1), SIM_ENGINE_BAD_LENGTH, 0,
                0);
  set_command(&engine, PCI_COMMAND_MEMORY);
  assert_failed(&engine, run(&engine, SIM_ENGINE_COPY, 0x1000, 0x2000, 4), SIM_ENGINE_NO_MASTER, 0, 0);
  rig_free(engine.rig);
}

/* Without EEH the device itself learns what went wrong, and goes on. */
static void test_faults(void **state) {
  Engine engine = engine_open(without_eeh);
  guint8 *ram = engine.rig->ram;

  memset(ram + 0x3000, 0x77, 0x1000);
  assert_failed(&engine, run(&engine, SIM_ENGINE_COPY, 0x2800, 0x1000, 0x1000), SIM_ENGINE_UNMAPPED, 0x3000, 0x800);
  assert_int_equal(ram[0x87ff], 0x77);
  assert_failed(&engine, run(&engine, SIM_ENGINE_FILL, 0, 0x2ffc, 8), SIM_ENGINE_UNMAPPED, 0x3000, 4);
  assert_failed(&engine, run(&engine, SIM_ENGINE_CRC, 0x40000000, 0, 8), SIM_ENGINE_UNMAPPED, 0x40000000, 0);
  assert_int_equal(rig_map(engine.rig, engine.container, 0x3000, ram, 0x1000, READ), 0);
  assert_failed(&engine, run(&engine, SIM_ENGINE_COPY, 0x1000, 0x3000, 8), SIM_ENGINE_FORBIDDEN, 0x3000, 0);
  assert_int_equal(run(&engine, SIM_ENGINE_COPY, 0x3000, 0x1000, 8), SIM_ENGINE_DONE);
  rig_remove_window(engine.rig, engine.container, 0);
  assert_failed(&engine, run(&engine, SIM_ENGINE_CRC, 0x1000, 0, 8), SIM_ENGINE_UNMAPPED, 0x1000, 0);
  rig_free(engine.rig);
}

static long eeh(const Engine *engine, guint32 op) {
  struct vfio_eeh_pe_op args = {.argsz = sizeof args, .op = op};

  return rig_call(engine->rig, engine->container, ABI_EEH_PE_OP, &args);
}

/* EEH-7, EEH-8: a fault stops the endpoint; the engine's own report is there when its registers can be read again. */
static void test_freezes(void **state) {
  Engine engine = engine_open(one_engine);
  int event = take_eventfd(&engine, VFIO_PCI_MSIX_IRQ_INDEX, 0);

  put(&engine, SIM_ENGINE_REG_INTERRUPT, SIM_ENGINE_INTERRUPT_ON, 4);
  assert_int_equal(run(&engine, SIM_ENGINE_FILL, 0, 0x5000, 4), 0xffffffff);
  assert_int_equal(count(event), 0);
  expect(engine.rig, eeh(&engine, VFIO_EEH_PE_GET_STATE), 2, RULE_EEH_8);
  expect(engine.rig, eeh(&engine, VFIO_EEH_PE_UNFREEZE_IO), 0, RULE_EEH_7);
  assert_failed(&engine, get(&engine, SIM_ENGINE_REG_STATUS, 4), SIM_ENGINE_UNMAPPED, 0x5000, 0);
  assert_failed(&engine, run(&engine, SIM_ENGINE_FILL, 0, 0x1000, 4), SIM_ENGINE_FROZEN, 0x1000, 0);
  assert_int_equal(count(event), 0);
  expect(engine.rig, eeh(&engine, VFIO_EEH_PE_UNFREEZE_DMA), 0, RULE_EEH_7);
  expect(engine.rig, eeh(&engine, VFIO_EEH_PE_GET_STATE), 0, RULE_EEH_8);
  assert_int_equal(run(&engine, SIM_ENGINE_FILL, 0, 0x1000, 4), SIM_ENGINE_DONE);
  assert_int_equal(count(event), 1);
  close(event);
  rig_free(engine.rig);
}

static long inject(const Engine *engine, guint32 func, guint64 addr) {
  struct vfio_eeh_pe_op args = {
      .argsz = sizeof args, .op = VFIO_EEH_PE_INJECT_ERR, .err = {.type = 0, .func = func, .addr = addr}};

  return rig_call(engine->rig, engine->container, ABI_EEH_PE_OP, &args);
}

static long eeh_state(const Engine *engine) {
  return eeh(engine, VFIO_EEH_PE_GET_STATE);
}

/* What Linux 6.12 answered on an emulated POWER9 to each function of type 0 at address 0: EEH-17, or 0. The error is
 * not there before an access of its kind. */
static void test_inject(void **state) {
  static const guint8 refused[] = {0, 1, 2, 3, 6, 7, 8, 9, 12, 13};
  Engine engine = engine_open(one_engine);
  guint32 bar = 0, word;

  for (guint func = 0, i = 0; func < 20; func++) {
    if (i < G_N_ELEMENTS(refused) && refused[i] == func) {
      expect(engine.rig, inject(&engine, func, 0), -EIO, RULE_EEH_17);
      i++;
    } else {
      assert_int_equal(inject(&engine, func, 0), 0);
    }
  }
  assert_int_equal(eeh_state(&engine), 0);
  assert_int_equal(inject(&engine, 14, 0), 0); /* a DMA read as its master */
  assert_int_equal(run(&engine, SIM_ENGINE_FILL, 0, 0x1000, 4), SIM_ENGINE_DONE);
  assert_int_equal(run(&engine, SIM_ENGINE_COPY, 0x1000, 0x2000, 4), 0xffffffff);
  assert_int_equal(eeh_state(&engine), 2);
  assert_int_equal(eeh(&engine, VFIO_EEH_PE_UNFREEZE_IO), 0);
  expect(engine.rig, eeh_state(&engine), 4, RULE_EEH_8);
  assert_failed(&engine, get(&engine, SIM_ENGINE_REG_STATUS, 4), SIM_ENGINE_FROZEN, 0x1000, 0);
  assert_int_equal(eeh(&engine, VFIO_EEH_PE_UNFREEZE_DMA), 0);

  assert_int_equal(sim_process_pread(engine.rig->process, engine.fd, &bar, 4, at(CONFIG, PCI_BASE_ADDRESS_0)), 4);
  bar = GUINT32_FROM_LE(bar);
  expect(engine.rig, inject(&engine, 0, bar + 0x1000 + 0x1000), -EIO, RULE_EEH_17); /* behind both BARs */
  assert_int_equal(inject(&engine, 0, bar + 8), 0);
  put(&engine, SIM_ENGINE_REG_PATTERN, 1, 4);
  assert_int_equal(eeh_state(&engine), 0);
  assert_int_equal(get(&engine, SIM_ENGINE_REG_PATTERN, 4), 0xffffffff);
  assert_int_equal(eeh(&engine, VFIO_EEH_PE_ENABLE), 0);
  assert_int_equal(inject(&engine, 6, bar), 0);
  put(&engine, SIM_ENGINE_REG_PATTERN, 2, 4); /* lost */
  assert_int_equal(eeh_state(&engine), 2);
  assert_int_equal(eeh(&engine, VFIO_EEH_PE_ENABLE), 0);
  assert_int_equal(get(&engine, SIM_ENGINE_REG_PATTERN, 4), 1);

  assert_int_equal(inject(&engine, 4, 0), 0);
  assert_int_equal(sim_process_pread(engine.rig->process, engine.fd, &word, 4, at(CONFIG, 0)), 4);
  assert_int_equal(eeh_state(&engine), 2);
  assert_int_equal(eeh(&engine, VFIO_EEH_PE_ENABLE), 0);
  assert_int_equal(inject(&engine, 10, 0), 0);
  set_command(&engine, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
  assert_int_equal(eeh_state(&engine), 2);
  rig_free(engine.rig);
}

static void lpar(SimHost *host) {
  assert_true(sim_host_set(host, "profile", "linux-6.12-pseries", NULL));
  one_engine(host);
  host->version = SIM_VERSION(6, 11);
  host->eeh = TRUE; /* as PowerVM gives it */
}

/* EEH-15: LPARs could not before 6.12 */
static void test_inject_in_an_lpar(void **state) {
  g_autoptr(Rig) rig = rig_new(lpar);
  Engine engine = {.rig = rig, .container = -1};

  engine.group = rig_attach(rig, 0, &engine.container);
  expect(rig, inject(&engine, 14, 0), -ENOENT, RULE_EEH_15);
  expect(rig, inject(&engine, 20, 0), -EINVAL, RULE_EEH_14);
}

/* EEH-9, EEH-10: or it is reset, and registers are as after a reset; stores meanwhile are lost. */
static void test_eeh_reset(void **state) {
  Engine engine = engine_open(one_engine);

  assert_int_equal(run(&engine, SIM_ENGINE_FILL, 0, 0x5000, 4), 0xffffffff);
  expect(engine.rig, eeh(&engine, VFIO_EEH_PE_RESET_HOT), 0, RULE_EEH_10);
  put(&engine, SIM_ENGINE_REG_PATTERN, 1, 4);
  expect(engine.rig, eeh(&engine, VFIO_EEH_PE_RESET_DEACTIVATE), 0, RULE_EEH_9);
  assert_int_equal(get(&engine, SIM_ENGINE_REG_DESTINATION, 8), 0);
  assert_int_equal(get(&engine, SIM_ENGINE_REG_PATTERN, 4), 0);
  assert_int_equal(run(&engine, SIM_ENGINE_FILL, 0, 0x1000, 4), SIM_ENGINE_DONE);
  rig_free(engine.rig);
}

/* The next owner finds the endpoint running: eeh_dev_open(), eeh_dev_release(). */
static void test_thaws_for_the_next_owner(void **state) {
  Engine engine = engine_open(one_engine);

  assert_int_equal(run(&engine, SIM_ENGINE_FILL, 0, 0x5000, 4), 0xffffffff);
  rig_close(engine.rig, engine.fd);
  assert_int_equal(eeh(&engine, VFIO_EEH_PE_GET_STATE), 0);
  engine.fd = rig_device(engine.rig, engine.group, "0000:01:00.0");
  assert_int_equal(get(&engine, SIM_ENGINE_REG_STATUS, 4), 0);
  rig_free(engine.rig);
}

/* The line stays asserted until STATUS is acknowledged: unmasked before, INTx fires again. */
static void test_intx(void **state) {
  Engine engine = engine_open(one_engine);
  int event = take_eventfd(&engine, VFIO_PCI_INTX_IRQ_INDEX, 0);
  struct vfio_irq_set unmask = {.argsz = sizeof unmask,
                                .flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_UNMASK,
                                .index = VFIO_PCI_INTX_IRQ_INDEX,
                                .count = 1};

  put(&engine, SIM_ENGINE_REG_INTERRUPT, SIM_ENGINE_INTERRUPT_ON, 4);
  assert_int_equal(run(&engine, SIM_ENGINE_FILL, 0, 0x1000, 4), SIM_ENGINE_DONE);
  assert_int_equal(count(event), 1);
  expect(engine.rig, rig_call(engine.rig, engine.fd, ABI_SET_IRQS, &unmask), 0, RULE_PD_47);
  assert_int_equal(count(event), 1);
  put(&engine, SIM_ENGINE_REG_STATUS, SIM_ENGINE_DONE, 4);
  expect(engine.rig, rig_call(engine.rig, engine.fd, ABI_SET_IRQS, &unmask), 0, RULE_PD_47);
  assert_int_equal(count(event), 0);
  assert_int_equal(run(&engine, SIM_ENGINE_FILL, 0, 0x1000, 4), SIM_ENGINE_DONE);
  assert_int_equal(count(event), 1);
  close(event);
  rig_free(engine.rig);
}

/* A message is a write: without bus mastering it does not leave the device; the line does. */
static void test_messages_need_mastering(void **state) {
  Engine engine = engine_open(one_engine);
  int event = take_eventfd(&engine, VFIO_PCI_MSI_IRQ_INDEX, 1);

  put(&engine, SIM_ENGINE_REG_INTERRUPT, SIM_ENGINE_INTERRUPT_ON | 1, 4);
  assert_int_equal(run(&engine, SIM_ENGINE_FILL, 0, 0x1000, 4), SIM_ENGINE_DONE);
  assert_int_equal(count(event), 1);
  set_command(&engine, PCI_COMMAND_MEMORY);
  assert_failed(&engine, run(&engine, SIM_ENGINE_FILL, 0, 0x1000, 4), SIM_ENGINE_NO_MASTER, 0, 0);
  assert_int_equal(count(event), 0);
  close(event);
  rig_free(engine.rig);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_copy),
      cmocka_unit_test(test_crc),
      cmocka_unit_test(test_larger_than_a_chunk),
      cmocka_unit_test(test_registers),
      cmocka_unit_test(test_refuses),
      cmocka_unit_test(test_faults),
      cmocka_unit_test(test_freezes),
      cmocka_unit_test(test_inject),
      cmocka_unit_test(test_inject_in_an_lpar),
      cmocka_unit_test(test_eeh_reset),
      cmocka_unit_test(test_thaws_for_the_next_owner),
      cmocka_unit_test(test_intx),
      cmocka_unit_test(test_messages_need_mastering),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
