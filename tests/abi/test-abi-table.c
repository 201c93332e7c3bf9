/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finding calls, the rows that no header of this machine knows (after the specification), access to fields. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sim/abi/abi.h"

static void assert_finds(AbiKind kind, AbiDriver driver, guint32 number, AbiCallId id) {
  const AbiCall *call = abi_find(kind, driver, number);

  if ((call ? call->id : ABI_CALL_NONE) != id)
    fail_msg("%s 0x%x is %s", abi_kind_name(kind), number, call ? call->name : "unknown");
}

/* 112..121 mean different things on a device, a type1 and an SPAPR container; both encodings are taken. */
static void test_number_by_kind_and_driver(void **state) {
  static const guint32 powerpc = 0x20000000;

  for (guint32 bit = 0; bit <= powerpc; bit += powerpc) {
    assert_finds(ABI_CONTAINER, ABI_DRIVER_SPAPR, bit | 0x3b70, ABI_TCE_GET_INFO);
    assert_finds(ABI_CONTAINER, ABI_DRIVER_TYPE1, bit | 0x3b70, ABI_TYPE1_GET_INFO);
    assert_finds(ABI_DEVICE, ABI_DRIVER_ANY, bit | 0x3b70, ABI_GET_HOT_RESET_INFO);
    assert_finds(ABI_CONTAINER, ABI_DRIVER_SPAPR, bit | 0x3b75, ABI_REGISTER_MEMORY);
    assert_finds(ABI_CONTAINER, ABI_DRIVER_TYPE1, bit | 0x3b75, ABI_DIRTY_PAGES);
    assert_finds(ABI_DEVICE, ABI_DRIVER_ANY, bit | 0x3b75, ABI_DEVICE_FEATURE);
    assert_finds(ABI_CONTAINER, ABI_DRIVER_SPAPR, bit | 0x3b66, ABI_SET_IOMMU);
    assert_finds(ABI_CONTAINER, ABI_DRIVER_ANY, bit | 0x3b66, ABI_SET_IOMMU);
    assert_finds(ABI_GROUP, ABI_DRIVER_ANY, bit | 0x3b68, ABI_SET_CONTAINER);
  }
}

/* T1-16: 115 and 118..121 are not type1's. CG-30: a group has 103..106. CG-78, KV-65, KV-67, KT-16: unknown numbers. */
static void test_unknown(void **state) {
  assert_finds(ABI_CONTAINER, ABI_DRIVER_TYPE1, 0x3b73, ABI_CALL_NONE);
  assert_finds(ABI_CONTAINER, ABI_DRIVER_TYPE1, 0x3b77, ABI_CALL_NONE);
  assert_finds(ABI_GROUP, ABI_DRIVER_ANY, 0x3b64, ABI_CALL_NONE);
  assert_finds(ABI_DEVICE, ABI_DRIVER_ANY, 0x3b79, ABI_CALL_NONE);
  assert_finds(ABI_VM, ABI_DRIVER_ANY, 0x4018aee1, ABI_CALL_NONE);
  assert_finds(ABI_KVM, ABI_DRIVER_ANY, 0x4020aea8, ABI_CALL_NONE);
  assert_finds(ABI_TABLE, ABI_DRIVER_ANY, 0x3b64, ABI_CALL_NONE);
  assert_finds(ABI_CONTAINER, ABI_DRIVER_SPAPR, 0, ABI_CALL_NONE);
  assert_finds(ABI_GUEST, ABI_DRIVER_ANY, 0, ABI_CALL_NONE);
  assert_finds(ABI_NONE, ABI_DRIVER_ANY, 0, ABI_CALL_NONE);
  assert_finds((AbiKind)99, (AbiDriver)99, 0xffffffff, ABI_CALL_NONE);
}

/* A container without a driver refuses all of these (CG-12), but the trace names what was meant. */
static void test_container_without_driver(void **state) {
  assert_finds(ABI_CONTAINER, ABI_DRIVER_ANY, 0x3b71, ABI_MAP_DMA);
  assert_finds(ABI_CONTAINER, ABI_DRIVER_ANY, 0x3b77, ABI_TCE_CREATE);
  assert_finds(ABI_CONTAINER, ABI_DRIVER_ANY, 0x3bc7, ABI_CALL_NONE);
}

static void test_kvm_numbers_of_powerpc(void **state) {
  assert_finds(ABI_KVM, ABI_DRIVER_ANY, 0x2000ae01, ABI_CREATE_VM);
  assert_finds(ABI_KVM, ABI_DRIVER_ANY, 0x2000ae03, ABI_KVM_CHECK_EXTENSION);
  assert_finds(ABI_VM, ABI_DRIVER_ANY, 0x2000ae03, ABI_VM_CHECK_EXTENSION);
  assert_finds(ABI_VM, ABI_DRIVER_ANY, 0x8020ae46, ABI_SET_USER_MEMORY_REGION);
  assert_finds(ABI_VM, ABI_DRIVER_ANY, 0x8068aea3, ABI_ENABLE_CAP);
  assert_finds(ABI_VCPU, ABI_DRIVER_ANY, 0x8068aea3, ABI_ENABLE_CAP);
  assert_finds(ABI_VCPU, ABI_DRIVER_ANY, 0x4068aea3, ABI_ENABLE_CAP);
  assert_finds(ABI_VM, ABI_DRIVER_ANY, 0x8010aea8, ABI_CREATE_SPAPR_TCE);
  assert_finds(ABI_VM, ABI_DRIVER_ANY, 0x4010aea8, ABI_CREATE_SPAPR_TCE);
  assert_finds(ABI_VM, ABI_DRIVER_ANY, 0x8020aea8, ABI_CREATE_SPAPR_TCE_64);
  assert_finds(ABI_VM, ABI_DRIVER_ANY, 0x4020aea8, ABI_CREATE_SPAPR_TCE_64);
  assert_finds(ABI_VM, ABI_DRIVER_ANY, 0xc00caee0, ABI_CREATE_DEVICE);
  assert_finds(ABI_KVM_VFIO, ABI_DRIVER_ANY, 0x8018aee1, ABI_SET_DEVICE_ATTR);
  assert_finds(ABI_KVM_VFIO, ABI_DRIVER_ANY, 0x8018aee3, ABI_HAS_DEVICE_ATTR);
}

static void test_every_number_finds_its_row(void **state) {
  for (int id = ABI_CALL_NONE + 1; id < ABI_N_CALLS; id++) {
    const AbiCall *call = abi_call((AbiCallId)id);

    assert_int_equal(call->id, id);
    if (call->nr_x86 == 0)
      continue;
    assert_finds(call->kind, call->driver, call->nr_x86, call->id);
    assert_finds(call->kind, call->driver, call->nr_powerpc, call->id);
  }
}

static void test_every_name_finds_its_row(void **state) {
  for (int id = ABI_CALL_NONE + 1; id < ABI_N_CALLS; id++) {
    const AbiCall *call = abi_call((AbiCallId)id);

    assert_ptr_equal(abi_find_name(ABI_NONE, call->name), call);
    assert_ptr_equal(abi_find_name(call->kind, call->name), call);
    assert_non_null(abi_find_name(call->kind, call->full_name));
  }
}

static void test_names(void **state) {
  assert_int_equal(abi_find_name(ABI_NONE, "VFIO_GROUP_SET_CONTAINER")->id, ABI_SET_CONTAINER);
  assert_int_equal(abi_find_name(ABI_KVM, "KVM_CHECK_EXTENSION")->id, ABI_KVM_CHECK_EXTENSION);
  assert_int_equal(abi_find_name(ABI_VM, "KVM_CHECK_EXTENSION")->id, ABI_VM_CHECK_EXTENSION);
  assert_int_equal(abi_find_name(ABI_VCPU, "ENABLE_CAP")->id, ABI_ENABLE_CAP);
  assert_int_equal(abi_find_name(ABI_TABLE, "CLOSE")->id, ABI_CLOSE);
  assert_null(abi_find_name(ABI_GROUP, "TCE_CREATE"));
  assert_null(abi_find_name(ABI_NONE, ""));
}

static void assert_field(AbiCallId id, const char *name, guint offset, guint size) {
  const AbiField *field = abi_field(abi_call(id), name);

  assert_non_null(field);
  assert_int_equal(field->offset, offset);
  assert_int_equal(field->size, size);
}

/* arch/powerpc/include/uapi/asm/kvm.h; include/uapi/linux/vfio.h of 6.6 */
static void test_layouts_without_header(void **state) {
  assert_int_equal(abi_call(ABI_CREATE_SPAPR_TCE)->size, 16);
  assert_field(ABI_CREATE_SPAPR_TCE, "liobn", 0, 8);
  assert_field(ABI_CREATE_SPAPR_TCE, "window_size", 8, 4);
  assert_int_equal(abi_call(ABI_CREATE_SPAPR_TCE_64)->size, 32);
  assert_field(ABI_CREATE_SPAPR_TCE_64, "liobn", 0, 8);
  assert_field(ABI_CREATE_SPAPR_TCE_64, "page_shift", 8, 4);
  assert_field(ABI_CREATE_SPAPR_TCE_64, "flags", 12, 4);
  assert_field(ABI_CREATE_SPAPR_TCE_64, "offset", 16, 8);
  assert_field(ABI_CREATE_SPAPR_TCE_64, "size", 24, 8);
  assert_int_equal(abi_call(ABI_BIND_IOMMUFD)->size, 16);
  assert_field(ABI_BIND_IOMMUFD, "iommufd", 8, 4);
}

/* Least argsz by rule: TCE-29, TCE-69, TCE-91, TCE-47, TCE-104, TCE-120, EEH-4, CG-32, PD-11, PD-15, PD-28, PD-79,
 * PD-98. */
static void test_min_argsz(void **state) {
  static const struct {
    AbiCallId id;
    guint min;
  } rows[] = {{ABI_TCE_GET_INFO, 16}, {ABI_MAP_DMA, 32},           {ABI_UNMAP_DMA, 24},       {ABI_REGISTER_MEMORY, 24},
              {ABI_TCE_CREATE, 40},   {ABI_TCE_REMOVE, 16},        {ABI_EEH_PE_OP, 12},       {ABI_GROUP_GET_STATUS, 8},
              {ABI_IOEVENTFD, 28},    {ABI_DEVICE_GET_INFO, 16},   {ABI_GET_REGION_INFO, 32}, {ABI_GET_IRQ_INFO, 16},
              {ABI_SET_IRQS, 20},     {ABI_GET_HOT_RESET_INFO, 12}};

  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
    assert_int_equal(abi_call(rows[i].id)->min_argsz, rows[i].min);
  for (int id = ABI_CALL_NONE + 1; id < ABI_N_CALLS; id++)
    assert_int_equal(abi_call((AbiCallId)id)->min_argsz != 0, abi_field(abi_call((AbiCallId)id), "argsz") != NULL);
}

static void test_rows_are_sound(void **state) {
  for (int id = ABI_CALL_NONE + 1; id < ABI_N_CALLS; id++) {
    const AbiCall *call = abi_call((AbiCallId)id);
    guint end = 0, fds = 0;

    for (guint i = 0; i < call->n_fields; i++) {
      const AbiField *field = &call->fields[i];
      assert_true(field->size == 1 || field->size == 2 || field->size == 4 || field->size == 8);
      assert_int_equal(field->offset % field->size, 0);
      assert_true(field->dir == ABI_IN || field->dir == ABI_OUT || field->dir == (ABI_IN | ABI_OUT));
      assert_true(field->offset >= end);
      end = field->offset + field->size;
      fds += field->format == ABI_FD && (field->dir & ABI_IN);
    }
    assert_true(call->arg == ABI_ARG_STRING || end <= call->size);
    assert_true(fds <= 2);
    if (call->arg == ABI_ARG_VALUE) {
      assert_int_equal(call->n_fields, 1);
      assert_int_equal(call->fields[0].size, 8);
    }
  }
}

static void test_get_set(void **state) {
  const AbiField *shift = abi_field(abi_call(ABI_TCE_CREATE), "page_shift");
  const AbiField *start = abi_field(abi_call(ABI_TCE_CREATE), "start_addr");
  guint8 payload[40] = {0};

  abi_set(shift, payload, sizeof payload, 0x1122334455667788);
  assert_int_equal(abi_get(shift, payload, sizeof payload), 0x55667788);
  assert_int_equal(payload[7] | payload[12], 0);
  abi_set(start, payload, sizeof payload, 1ull << 59);
  assert_true(abi_get(start, payload, sizeof payload) == 1ull << 59);
  assert_true(abi_get(start, payload, 39) == 0);
  abi_set(start, payload, 39, 7);
  assert_true(abi_get(start, payload, sizeof payload) == 1ull << 59);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_number_by_kind_and_driver),
      cmocka_unit_test(test_unknown),
      cmocka_unit_test(test_container_without_driver),
      cmocka_unit_test(test_kvm_numbers_of_powerpc),
      cmocka_unit_test(test_every_number_finds_its_row),
      cmocka_unit_test(test_every_name_finds_its_row),
      cmocka_unit_test(test_names),
      cmocka_unit_test(test_layouts_without_header),
      cmocka_unit_test(test_min_argsz),
      cmocka_unit_test(test_rows_are_sound),
      cmocka_unit_test(test_get_set),
  };

  return cmocka_run_group_tests_name("abi-table", tests, NULL, NULL);
}
