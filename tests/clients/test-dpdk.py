#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Debian's dpdk-testpmd on the simulated host: its calls, held against recorded ones. usage: test-dpdk.py VFIOSIM

The calls and what they are recorded from: dpdk/calls. DPDK is fetched by scripts/fetch client-dpdk.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from tapped import check, end, skip, skip_all  # noqa: E402  (its place is beside these folders)

VFIOSIM = os.path.abspath(sys.argv[1])
HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPTS = os.path.join(HERE, "../../scripts")
LIMIT = 150
PAGES, HUGE_PAGES, HUGE_SIZE = 16384, 32, 2 << 20


def recorded():
    """The lines of dpdk/calls, repetitions written out."""
    calls, repeated, times = [], [], 0
    with open(f"{HERE}/dpdk/calls", encoding="utf-8") as f:
        for line in f.read().splitlines():
            if line.endswith(" x"):
                times, repeated = int(line.split()[0]), []
            elif line == "end":
                calls += repeated * times
                times = 0
            elif line and not line.startswith("#"):
                (repeated if times else calls).append(line)
    return calls


def with_huge_pages(calls):
    """What differs then: the window and the memory are of huge pages."""
    for page in ("REGISTER_MEMORY", "MAP_DMA"):
        first = next(i for i, call in enumerate(calls) if page in call)
        assert sum(page in call for call in calls) == PAGES and first > 0
    start = next(i for i, call in enumerate(calls) if "REGISTER_MEMORY" in call)
    window = start - 1
    pair = [call.replace("0x1000 ", f"{HUGE_SIZE:#x} ") for call in calls[start:start + 2]]
    return calls[:window] + ["container 1 TCE_CREATE page_shift 21 window_size 0x2000000000 levels 1 = 0 start_addr 0x0"] + \
        pair * HUGE_PAGES + calls[start + 2 * PAGES:]


def made(trace):
    """The calls of a trace, as dpdk/calls has them; and whether memory is at the same address for the device."""
    text = subprocess.run([VFIOSIM, "trace", trace], capture_output=True, text=True, timeout=LIMIT, check=True).stdout
    calls, same = [], True
    for line in text.splitlines():
        line = re.sub(r" \[[A-Z0-9]+-\d+ .*", "", " ".join(line.split()[1:]))
        if re.match(r"device \S+ (READ|WRITE) offset 0x7", line):
            continue
        addresses = re.search(r" vaddr (\S+) iova (\S+)", line)
        same = same and (not addresses or addresses[1] == addresses[2])
        calls.append(re.sub(r" (vaddr|iova) \S+", "", line))
    return calls, same


def first_difference(calls, expected):
    for i in range(max(len(calls), len(expected))):
        pair = [found[i] if i < len(found) else "nothing" for found in (calls, expected)]
        if pair[0] != pair[1]:
            return f"call {i + 1}: {pair[0]}\nexpected: {pair[1]}"
    return ""


def run(name, expected, *options):
    prefix = f"vfiosim-{os.getpid()}"
    words = [VFIOSIM, "exec", "--host", f"{HERE}/dpdk/host.ini", "--trace", "calls.json", "--", f"{SCRIPTS}/unpacked", "client-dpdk",
             "usr/bin/dpdk-testpmd", "-d", PLUGINS, "--file-prefix", prefix, "--iova-mode=va", "-m", "64", "-a", "0000:01:00.0", *options,
             "--", "--total-num-mbufs=2048"]
    try:
        r = subprocess.run(["timeout", "--kill-after=5", str(LIMIT), *words], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                           check=False)
    finally:
        shutil.rmtree(f"/var/run/dpdk/{prefix}", ignore_errors=True)
        if os.path.isdir("/var/run/dpdk") and not os.listdir("/var/run/dpdk"):
            os.rmdir("/var/run/dpdk")
    said = r.stdout + r.stderr
    check(f"{name}: takes its sPAPR path and ends well", r.returncode == 0 and "Using IOMMU type 7 (sPAPR)" in said and "Bye..." in said,
          f"exit {r.returncode}\n{said[-3000:]}")
    check(f"{name}: nothing of vfiosim's to say", "vfiosim: " not in said, said[-3000:])
    calls, same = made("calls.json")
    difference = first_difference(calls, expected)
    check(f"{name}: {len(expected)} calls as recorded", difference == "", difference)
    check(f"{name}: memory is where the program has it", same)


def free_huge_pages():
    """Why huge pages cannot be tested here; None: they can."""
    try:
        with open(f"/sys/kernel/mm/hugepages/hugepages-{HUGE_SIZE >> 10}kB/free_hugepages", encoding="utf-8") as f:
            free = int(f.read())
    except FileNotFoundError:
        return "the kernel has no huge pages of 2M"
    if free < HUGE_PAGES:
        return f"{free} huge pages are free and {HUGE_PAGES} are needed: sysctl vm.nr_hugepages={HUGE_PAGES * 2}"
    with open("/proc/self/mounts", encoding="utf-8") as f:
        places = [line.split()[1] for line in f if line.split()[2] == "hugetlbfs"]
    if not any(os.access(place, os.W_OK) for place in places):
        return "no hugetlbfs that can be written is mounted: mount -t hugetlbfs none /dev/hugepages"
    return None


path = subprocess.run([f"{SCRIPTS}/fetch", "--path", "client-dpdk"], capture_output=True, text=True, check=False)
nodes = subprocess.run([VFIOSIM, "exec", "true"], capture_output=True, text=True, timeout=LIMIT, check=False)
if path.returncode or nodes.returncode == 77:
    skip_all((path.stdout + path.stderr if path.returncode else nodes.stderr).strip())
PLUGINS = path.stdout.strip() + "/usr/lib/x86_64-linux-gnu/dpdk/pmds-23.0"
with tempfile.TemporaryDirectory() as top:
    os.chdir(top)
    run("without huge pages", recorded(), "--no-huge", "--no-shconf")
    why = free_huge_pages()
    if why:
        skip("with huge pages", why)
    else:
        run("with huge pages", with_huge_pages(recorded()), "--huge-unlink")
    os.chdir("/")
end()
