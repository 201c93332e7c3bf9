#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Random calls are answered alike in process and behind device nodes. usage: direct-fuse.py RANDOM_CALLS VFIOSIM CALLS SEED...

Fails with the first call at which the traces part; 77: this machine has no device nodes to offer."""

import pathlib
import subprocess
import sys
import tempfile

import traces

random_calls, vfiosim, calls = sys.argv[1:4]


def run(kernel, scenario):
    trace = scenario.with_suffix("." + kernel)
    result = subprocess.run([vfiosim, "run", "--kernel", kernel, "--trace", trace, scenario], capture_output=True, text=True,
                            check=False)
    if result.returncode == 77:
        print(result.stdout)
        sys.exit(77)
    if result.returncode:
        sys.exit(f"{kernel}: exit {result.returncode}\n{result.stdout}{result.stderr}")
    return traces.read(trace)


with tempfile.TemporaryDirectory() as folder:
    for seed in sys.argv[4:]:
        scenario = pathlib.Path(folder) / f"seed-{seed}.scn"
        with open(scenario, "wb") as out:
            subprocess.run([random_calls, "--seed", seed, "--calls", calls], stdout=out, check=True)
        direct, fuse = run("direct", scenario), run("fuse", scenario)
        parted = traces.difference(direct, fuse)
        if parted:
            sys.exit(f"seed {seed}: direct (-) and fuse (+) part at {parted}")
        print(f"seed {seed}: {len(direct)} calls alike")
