/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The generated table, indexed by RuleId; private to sim/rules. */
#pragma once

#include "sim/rules/rules.h"

extern const Rule rules_table[RULE_COUNT];
