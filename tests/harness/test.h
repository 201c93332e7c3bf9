/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the harness's tests share. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "harness/run/runner.h"

/* A scenario of the text, which must parse. */
static inline Scenario *test_scenario(const char *text) {
  g_autoptr(GError) error = NULL;
  Scenario *scenario = scenario_parse("test.scn", text, &error);
  if (!scenario)
    fail_msg("%s", error->message);
  return scenario;
}

static inline void assert_contains(const char *text, const char *part) {
  if (!text || !strstr(text, part))
    fail_msg("\"%s\" is not in: %s", part, text ? text : "(nothing)");
}
