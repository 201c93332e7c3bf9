#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes rules-ids.h (the enum of rule ids) and rules-table.c (their texts) from rules.tsv, in the file's order.

usage: gen-rules.py RULES.TSV RULES-IDS.H RULES-TABLE.C
"""

import re
import sys

COLUMNS = ["id", "object", "ioctl", "condition", "result", "side_effect", "source_function",
           "since_version", "until_version", "basis"]
NOTE = "/* SPDX-License-Identifier: LGPL-2.1-or-later */\n/* Generated from rules.tsv by gen-rules.py. */\n"


def read_rules(path):
    """The rows of the table; exits with file and line at the first that is malformed."""
    rules, seen, header = [], {}, None
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            line = line.rstrip("\n")
            if line.startswith("#"):
                continue
            cells = line.split("\t")
            if len(cells) != len(COLUMNS):
                sys.exit(f"{path}:{number}: {len(cells)} columns instead of {len(COLUMNS)}")
            if header is None:
                header = cells
                if header != COLUMNS:
                    sys.exit(f"{path}:{number}: the columns must be {' '.join(COLUMNS)}")
                continue
            rule = cells[0]
            if not re.fullmatch(r"[A-Z][A-Z0-9]*-[0-9]+", rule):
                sys.exit(f"{path}:{number}: '{rule}' is no rule id like KV-37")
            if rule in seen:
                sys.exit(f"{path}:{number}: {rule} is in line {seen[rule]} already")
            seen[rule] = number
            rules.append(cells)
    return rules


def enum_name(rule):
    return "RULE_" + rule.replace("-", "_")


def c_string(text):
    """A C string literal; trigraphs cannot arise, as every question mark is escaped."""
    return '"' + "".join({"\\": "\\\\", '"': '\\"', "?": "\\?"}.get(c, c) for c in text) + '"'


def main():
    source, ids_path, table_path = sys.argv[1:]
    rules = read_rules(source)
    with open(ids_path, "w", encoding="utf-8") as out:
        out.write(NOTE + "#pragma once\n\ntypedef enum {\n  RULE_NONE = 0,\n")
        for cells in rules:
            out.write(f"  {enum_name(cells[0])},\n")
        out.write("  RULE_COUNT\n} RuleId;\n")
    with open(table_path, "w", encoding="utf-8") as out:
        out.write(NOTE + '#include "sim/rules/rules-table.h"\n\nconst Rule rules_table[RULE_COUNT] = {\n')
        for cells in rules:
            out.write(f"  [{enum_name(cells[0])}] = {{ {', '.join(c_string(c) for c in cells)} }},\n")
        out.write("};\n")


if __name__ == "__main__":
    main()
