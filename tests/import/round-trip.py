#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A raw scenario's recording, made a scenario again, passes and makes the same calls.
usage: round-trip.py VFIOSIM RANDOM_CALLS TRACES_DIR CALLS SEED... -- SCENARIO..."""

import pathlib
import re
import subprocess
import sys
import tempfile

vfiosim, random_calls, traces_dir, calls = sys.argv[1:5]
rest = sys.argv[5:]
seeds, scenarios = rest[: rest.index("--")], rest[rest.index("--") + 1 :]
sys.path.insert(0, traces_dir)
import traces  # noqa: E402  (its place is given by the build)

# Other processes' calls, those whose data a recording does not have, and which of two tables of one LIOBN was closed.
LEFT_OUT = re.compile(r"^(?!1 )| (WRITE|SET_IRQS|HOT_RESET|DEVICE_FEATURE|IOEVENTFD) |^1 table \S+ CLOSE ")


def run(*command):
    result = subprocess.run([vfiosim, *command], capture_output=True, text=True, check=False)
    if result.returncode:
        sys.exit(f"{' '.join(map(str, command))}: exit {result.returncode}\n{result.stdout}{result.stderr}")


def round_trip(name, scenario, folder):
    first, again, imported = folder / "first.trace", folder / "again.trace", folder / "imported.scn"
    host = ["--host", "power9-4k"] if "-4k" in str(scenario) else []
    run("run", "--trace", first, scenario)
    run("import", *host, "--output", imported, first)
    run("run", "--trace", again, imported)
    before, after = (traces.read(file, LEFT_OUT) for file in (first, again))
    parted = traces.difference(before, after)
    if parted:
        sys.exit(f"{name}: recorded (-) and imported (+) part at {parted}")
    print(f"{name}: {len(after)} calls")


with tempfile.TemporaryDirectory() as temporary:
    top = pathlib.Path(temporary)
    for seed in seeds:
        with open(top / "random.scn", "wb") as out:
            subprocess.run([random_calls, "--seed", seed, "--calls", calls], stdout=out, check=True)
        round_trip(f"seed {seed}", top / "random.scn", top)
    for path in scenarios:
        round_trip(path, path, top)
