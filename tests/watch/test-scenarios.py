#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The checks on traces, held against scenarios whose verdict is known. usage: test-scenarios.py VFIOSIM WATCH-TRACE SCENARIOS

Scenarios assert the state itself; where they pass, and nothing was made to fail, a check that finds something is wrong. In the order of
before 2017 a hotplug must be found, and a boot must not (QEMU commit 8c37faa475).
"""
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from tapped import check, end  # noqa: E402  (its place is beside these folders)

VFIOSIM, WATCH, SCENARIOS = (os.path.abspath(path) for path in sys.argv[1:4])
LIMIT = 60
# What a fault that is put in leaves behind: a window without a feed, as the scenario has it.
KNOWN = {"faults/boot-set-spapr-tce": {"CHK-UNFED"}, "faults/ddw-set-spapr-tce": {"CHK-UNFED"}}


def findings(path, *options):
    with open(path, encoding="utf-8") as f:
        host = "power9-no-tce-vfio" if "tce-vfio" in f.read() else "power9"
    run = subprocess.run([VFIOSIM, "run", "--trace", "calls.json", *options, path], capture_output=True, text=True, timeout=LIMIT, check=False)
    with open("calls.json", encoding="utf-8") as trace:
        out = subprocess.run([WATCH, host], stdin=trace, capture_output=True, text=True, timeout=LIMIT, check=True).stdout
    return run.returncode, {line.split()[0] for line in out.splitlines()} - {"CHK-STRICT", "CHK-LEFT"}, out


with tempfile.TemporaryDirectory() as top:
    os.chdir(top)
    for theme in ("boot", "reset", "hotplug", "unplug", "windows", "memory", "hosts", "faults"):
        for name in sorted(os.listdir(f"{SCENARIOS}/{theme}")):
            code, found, out = findings(f"{SCENARIOS}/{theme}/{name}")
            name = f"{theme}/{name.removesuffix('.scn')}"
            if code == 0:
                check(name, found == KNOWN.get(name, set()), out)
    _, found, out = findings(f"{SCENARIOS}/hotplug/dma-reaches.scn", "--order", "pre-2017")
    check("hotplug in the order of before 2017", "CHK-UNFED" in found and "8c37faa475" in out, out)
    _, found, out = findings(f"{SCENARIOS}/boot/two-phbs.scn", "--order", "pre-2017")
    check("boot in the order of before 2017", found == set(), out)
    os.chdir("/")
end()
