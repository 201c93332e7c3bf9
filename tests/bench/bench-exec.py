#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What `vfiosim exec` costs a program that makes no call on the nodes. usage: bench-exec.py VFIOSIM BENCH-SYSCALLS

Each workload runs by itself and under vfiosim exec in turns; the best of each side is compared, in processor time, so that a busy
machine does not count. Fails if an ordinary program is slowed by more than 3 %, or if the filter costs a system call more than an
empty one does.
"""
import json
import os
import resource
import subprocess
import sys
import tempfile
import time

ROUNDS, REPEATS, LIMIT = 5, 8, 300
ORDINARY, FILTER = 1.03, 1.15
SOURCE = "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n" + "".join(
    f"int f{i}(const char *s) {{ char t[64]; int n = 0; for (int i = 0; s[i]; i++) n += s[i] * {i} ^ i; snprintf(t, sizeof t, \"%d\", n); "
    f"return atoi(t) + (int)strlen(s); }}\n" for i in range(20))
WORKLOADS = {
    "an interpreter's start": ["python3", "-c", "pass"],
    "a compiler": ["cc", "-O2", "-x", "c", "-c", "source.c", "-o", "/dev/null"],
    "dd bs=1 (nothing but system calls)": ["dd", "if=/dev/zero", "of=/dev/null", "bs=1", "count=100000"],
    "dd bs=64K": ["dd", "if=/dev/zero", "of=/dev/null", "bs=64K", "count=10000"],
}
BOUNDED = ("an interpreter's start", "a compiler")


def measure(words):
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, time.monotonic() - start


def output(words):
    return subprocess.run(words, stdout=subprocess.PIPE, text=True, timeout=LIMIT, check=True).stdout


if sys.argv[1] == "--measure":
    print(*map(min, zip(*(measure(json.loads(sys.argv[2])) for _ in range(REPEATS)))))
    sys.exit(0)

VFIOSIM, SYSCALLS = (os.path.abspath(path) for path in sys.argv[1:3])
EXEC = [VFIOSIM, "exec", "--"]
nodes = subprocess.run([*EXEC, "true"], stderr=subprocess.PIPE, text=True, timeout=LIMIT, check=False)
if nodes.returncode == 77:
    print(f"skipped: {nodes.stderr.strip()}")
    sys.exit(77)
good = True
script = os.path.abspath(__file__)
with tempfile.TemporaryDirectory() as top:
    os.chdir(top)
    with open("source.c", "w", encoding="utf-8") as f:
        f.write(SOURCE)
    os.environ["CCACHE_DISABLE"] = "1"
    for name, words in WORKLOADS.items():
        times = ([], [])
        for i in range(ROUNDS):
            for side in ((0, 1) if i % 2 else (1, 0)):
                prefix = EXEC if side else []
                times[side].append([float(t) for t in output([*prefix, sys.executable, script, "--measure", json.dumps(words)]).split()])
        best = [[min(t[k] for t in side) for k in (0, 1)] for side in times]
        ratio = best[1][0] / best[0][0]
        held = name not in BOUNDED or ratio <= ORDINARY
        good = good and held
        print(f"{name:38} {best[0][0] * 1e3:7.1f} ms, under exec {best[1][0] * 1e3:7.1f} ms: {ratio:.3f}"
              f"{f' (at most {ORDINARY})' if name in BOUNDED else ''}{'' if held else ' MISSED'}; elapsed {best[1][1] / best[0][1]:.3f}")
    os.chdir("/")
plain, empty, ours = (min(float(output(words)) for _ in range(3)) for words in ([SYSCALLS], [SYSCALLS, "--filter"], [*EXEC, SYSCALLS]))
held = ours - plain <= FILTER * (empty - plain) + 2
good = good and held
print(f"a system call: {plain:.0f} ns, with an empty filter {empty:.0f} ns, under exec {ours:.0f} ns{'' if held else ' MISSED'}")
sys.exit(0 if good else 1)
