/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/rules/rules.h"

#include "sim/rules/rules-table.h"

const Rule *rule_get(RuleId id) {
  if ((guint)id <= RULE_NONE || (guint)id >= RULE_COUNT)
    return NULL;
  return &rules_table[id];
}

RuleId rule_find(const char *id) {
  for (guint i = RULE_NONE + 1; i < RULE_COUNT; i++)
    if (g_ascii_strcasecmp(rules_table[i].id, id) == 0)
      return (RuleId)i;
  return RULE_NONE;
}
