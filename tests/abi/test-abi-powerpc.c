/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table's numbers and layouts of a powerpc client, against the kernel's own headers for powerpc. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sim/abi/abi.h"
#include "tests/abi/powerpc-headers.h"

static void test_numbers(void **state) {
  for (const PowerpcCall *each = powerpc_calls; each->call; each++) {
    const AbiCall *call = abi_find_name(ABI_NONE, each->call);

    if (!call || call->nr_powerpc != each->number)
      fail_msg("%s is not 0x%08x", each->call, each->number);
    if (each->size && call->size != each->size)
      fail_msg("%s has %u bytes", each->call, each->size);
  }
}

static void test_fields(void **state) {
  for (const PowerpcField *each = powerpc_fields; each->call; each++) {
    const AbiField *field = abi_field(abi_find_name(ABI_NONE, each->call), each->field);

    if (!field || field->offset != each->offset || field->size != each->size)
      fail_msg("%s.%s is not at %u, %u bytes long", each->call, each->field, each->offset, each->size);
  }
}

/* The low half of both encodings, direction apart, is the same: of a powerpc struct's size, too. */
static void test_both_encodings(void **state) {
  for (int id = ABI_CALL_NONE + 1; id < ABI_N_CALLS; id++) {
    const AbiCall *call = abi_call((AbiCallId)id);

    assert_int_equal(call->nr_powerpc & 0x1fffffff, call->nr_x86 & 0x1fffffff);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_numbers),
      cmocka_unit_test(test_fields),
      cmocka_unit_test(test_both_encodings),
  };

  return cmocka_run_group_tests_name("abi-powerpc", tests, NULL, NULL);
}
