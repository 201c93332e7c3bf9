#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""compare.py finds what differs: the simulator's own trace, doctored, takes the kernel's place. TAP.

usage: test-compare.py VFIOSIM SCENARIO
"""
import os
import subprocess
import sys
import tempfile

VFIOSIM, SCENARIO = sys.argv[1:]
COMPARE = os.path.join(os.path.dirname(os.path.realpath(__file__)), "compare.py")


def record(folder):
    path = os.path.join(folder, "trace")
    subprocess.run([VFIOSIM, "run", "--trace", path, SCENARIO], stdout=subprocess.DEVNULL, check=True)
    with open(path, encoding="utf-8") as trace:
        return trace.read().splitlines()


def compare(folder, trace, status=0, end="<done"):
    console, listing = os.path.join(folder, "console"), os.path.join(folder, "list")
    with open(console, "w", encoding="utf-8") as out:
        lines = ["firmware talks", "<begin 0"] + [f"<trace {line}" for line in trace] + [f"<end 0 {status}", end]
        out.write("\r\n".join(lines))
    with open(listing, "w", encoding="utf-8") as out:
        out.write(f"compare {SCENARIO}\n")
    ran = subprocess.run([COMPARE, VFIOSIM, console, listing], stdout=subprocess.PIPE, text=True, check=False)
    return ran.returncode, ran.stdout


def main():
    with tempfile.TemporaryDirectory() as folder:
        trace = record(folder)
        refused = next(i for i, line in enumerate(trace) if '"errno":"EINVAL"' in line)
        answered = next(i for i, line in enumerate(trace) if '"call":"TCE_GET_INFO"' in line and '"out":"' in line)
        changed, written = list(trace), list(trace)
        changed[refused] = trace[refused].replace("EINVAL", "ENODEV").replace("-22", "-19")
        at = trace[answered].index('"out":"') + len('"out":"')
        written[answered] = trace[answered][:at] + "ff" + trace[answered][at + 2 :]
        cases = [
            ("the same trace", compare(folder, trace), 0, " 0 divergences"),
            ("another errno", compare(folder, changed), 1, "= ENODEV"),
            ("another byte in the struct", compare(folder, written), 1, " 1 divergences"),
            ("a call that is missing", compare(folder, trace[:refused] + trace[refused + 1 :]), 1, " 1 divergences"),
            ("a call too many", compare(folder, trace[: refused + 1] + trace[refused:]), 1, " 1 divergences"),
            ("a scenario that failed there", compare(folder, trace, status=1), 1, "exit status 1"),
            ("a machine that stopped", compare(folder, trace, end="Kernel panic"), 1, "stopped before its end"),
        ]
    print(f"1..{len(cases)}")
    for number, (name, (code, text), wanted, part) in enumerate(cases, 1):
        held = code == wanted and part in text
        print(f"{'ok' if held else 'not ok'} {number} - {name}")
        if not held:
            print("".join(f"# {line}\n" for line in [f"exit status {code}"] + text.splitlines()))
    sys.exit(0)


main()
