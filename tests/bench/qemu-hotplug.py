#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the simulator costs QEMU: scenarios/hotplug/hotplug on Debian's QEMU for ppc64le with KVM, against the same program
that starts and quits without the simulator, under TCG. Fails above twice the time. usage: qemu-hotplug.py VFIOSIM SCENARIO
"""
import json
import pathlib
import subprocess
import sys
import time

RUNS, LIMIT, ALLOWED = 5, 60, 2.0
VFIOSIM, SCENARIO = sys.argv[1:3]
ROOT = pathlib.Path(__file__).resolve().parents[2]


def fetched():
    answer = subprocess.run([ROOT / "scripts/fetch", "--path", "qemu-user", "qemu-ppc64el"], capture_output=True, text=True)
    if answer.returncode:
        print(answer.stderr.strip())
        sys.exit(77)
    user, root = answer.stdout.splitlines()
    return user + "/usr/bin/qemu-ppc64le-static", root


def start_and_quit(emulator, root):
    qemu = [emulator, "-L", root, root + "/usr/bin/qemu-system-ppc64", "-M", "pseries,accel=tcg", "-m", "256", "-nodefaults",
            "-display", "none", "-S", "-qmp", "stdio"]
    orders = "".join(json.dumps({"execute": name}) + "\n" for name in ("qmp_capabilities", "quit"))
    subprocess.run(qemu, input=orders, text=True, check=True, timeout=LIMIT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def hotplug(_emulator, root):
    run = subprocess.run([VFIOSIM, "run", "--kernel", "fuse", "--subject", "qemu:" + root + "/usr/bin/qemu-system-ppc64", SCENARIO],
                         capture_output=True, text=True, timeout=LIMIT)
    if run.returncode:
        print(run.stdout + run.stderr)
        sys.exit(run.returncode)


def measure(what, parts):
    start = time.monotonic()
    what(*parts)
    return time.monotonic() - start


def main():
    parts = fetched()
    # One after the other, so that a machine that is busy meanwhile is so for both.
    pairs = [(measure(start_and_quit, parts), measure(hotplug, parts)) for _ in range(RUNS)]
    bare, carried = (min(times) for times in zip(*pairs))
    print(f"starts and quits: {bare * 1000:.0f} ms; the scenario: {carried * 1000:.0f} ms; {carried / bare:.2f} times, at most {ALLOWED}")
    sys.exit(carried > ALLOWED * bare)


if __name__ == "__main__":
    main()
