#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Fails if the model never names a rule that no table of docs/rules-not-met.md lists, or one of the two names no rule.

usage: decided.py [--borders] RULES.TSV NOT-MET.MD KERNEL-FOLDER

--borders lists the rules that do not hold in all versions, with the places in the model that decide by them.
"""

import pathlib
import re
import sys

borders = "--borders" in sys.argv
rules_tsv, not_met, kernel = (pathlib.Path(arg) for arg in sys.argv[1:] if not arg.startswith("--"))

rules = {}
for line in rules_tsv.read_text().splitlines():
    fields = line.split("\t")
    if len(fields) > 8 and fields[0] != "id":
        rules[fields[0]] = (fields[7], fields[8])

excepted: set[str] = set()
for line in not_met.read_text().splitlines():
    cells = line.split("|")
    if len(cells) > 2 and re.match(r" *[A-Z][A-Z0-9]*-\d", cells[1]):
        excepted.update(rule.strip() for rule in cells[1].split(","))

places: dict[str, list[str]] = {}
for path in sorted(kernel.rglob("*.c")):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        for name in re.findall(r"\bRULE_([A-Z0-9]+_\d+)\b", line):
            places.setdefault(name.replace("_", "-"), []).append(f"{path.name}:{number}")

if borders:
    for rule, (since, until) in rules.items():
        if rule not in excepted and (since != "4.9" or until):
            print(f"{rule:8} {since:>8}..{until:8} {' '.join(places.get(rule, ['nowhere']))}")

problems = [f"{rule} is named nowhere in the model, and not listed as not to be met"
            for rule in rules if rule not in excepted and rule not in places]
problems += [f"{not_met.name} lists {rule}, which is no rule" for rule in sorted(excepted - rules.keys())]
print("\n".join(problems) or f"{len(rules) - len(excepted)} rules are named by the model, {len(excepted)} cannot be met")
sys.exit(1 if problems else 0)
