#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs every scenario with every subject on every simulated kernel, and prints what came of it as a table.

usage: table.py VFIOSIM SCENARIOS [--subject qemu:PATH]...          prints the table, in Markdown
       table.py VFIOSIM SCENARIOS --subject S --guest kvm|tcg --tested NAME...
                                                                    fails unless S carries just these, of those with such a guest

A scenario of raw calls is no machine's, and is left out.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

arguments = argparse.ArgumentParser()
arguments.add_argument("vfiosim")
arguments.add_argument("scenarios", type=pathlib.Path)
arguments.add_argument("--subject", action="append", default=[])
arguments.add_argument("--guest", default="(kvm|tcg)")
arguments.add_argument("--tested", nargs="*")
options = arguments.parse_args()
SHOWN = {"pass": "yes", "fail": "**no**", "skip": "", "error": "error"}


def run(kernel: str, subject: str) -> dict[str, dict]:
    with tempfile.NamedTemporaryFile() as report:
        command = [options.vfiosim, "run", "--kernel", kernel, "--subject", subject, "--json", report.name, *machines]
        subprocess.run(command, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, check=False, timeout=900)
        return {result["name"]: result for result in json.load(report)["scenarios"]}


machines = sorted(str(path) for path in options.scenarios.rglob("*.scn")
                  if re.search(rf"^guest +pseries {options.guest}", path.read_text(), re.MULTILINE))
names = {str(pathlib.Path(path).relative_to(options.scenarios).with_suffix("")) for path in machines}

if options.tested is not None:
    (subject,) = options.subject
    results = run("fuse", subject)
    carried = {name for name, result in results.items() if result["status"] != "skip"}
    for name in sorted(carried - set(options.tested)):
        print(f"{subject} carries {name}, but no test runs it")
    for name in sorted(set(options.tested) - carried):
        print(f"{subject} does not carry {name}: {results[name].get('message', 'there is no such scenario')}")
    sys.exit(1 if carried ^ set(options.tested) else 0)

columns = [("direct", "builtin"), ("fuse", "builtin"), *(("fuse", subject) for subject in options.subject)]
table = [run(*column) for column in columns]
print("| scenario | " + " | ".join(f"{subject.split('/')[-1]}, {kernel}" for kernel, subject in columns) + " |")
print("|---|" + "---|" * len(columns))
for name in sorted(names):
    cells = [SHOWN[results[name]["status"]] if name in results else "" for results in table]
    print(f"| {name} | " + " | ".join(cells) + " |")
