#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command line as its users meet it: exit codes, messages, outputs that cannot be written. usage: test-cli.py VFIOSIM"""
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from tapped import check, end  # noqa: E402  (its place is beside these folders)

VFIOSIM = os.path.abspath(sys.argv[1])
PASS = "# Opens a container.\nhost power9\nopen container as c\nclose c\n"
FAIL = "# Is answered otherwise.\nhost power9\nopen container as c\nc SET_IOMMU type 7 = 0\n"
BAD = "# Is wrong.\nhost power9\nopen contaner as c\n"


def run(*args, stdin=None, stdout=subprocess.PIPE):
    return subprocess.run([VFIOSIM, *args], input=stdin, stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=30)


def expect(name, code, *args, out="", err="", **more):
    r = run(*args, **more)
    good = r.returncode == code and out in (r.stdout or "") and err in r.stderr
    check(name, good, f"exit {r.returncode}\nstdout: {r.stdout}\nstderr: {r.stderr}")
    return r


with tempfile.TemporaryDirectory() as top:
    os.chdir(top)
    os.makedirs("some/deeper")
    for path, text in (("pass.scn", PASS), ("fail.scn", FAIL), ("bad.scn", BAD), ("some/a.scn", PASS),
                       ("some/deeper/b.scn", PASS), ("some/c.txt", BAD)):
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
    os.makedirs("empty")

    expect("no command", 2, err="Usage: vfiosim")
    expect("help", 0, "--help", out="vfiosim explain")
    expect("version", 0, "--version", out="vfiosim 0.")
    expect("an unknown command is met with the nearest", 2, "rnu", err='did you mean "run"')
    for command in ("run", "check", "trace", "explain", "hosts", "coverage"):
        expect(f"{command} --help", 0, command, "--help", out="Examples:")
        expect(f"{command}: a bad option", 2, command, "--no-such", err=f"vfiosim {command} --help")

    expect("run: no file given", 2, "run", err="no scenario given")
    expect("run: passes", 0, "run", "pass.scn")
    expect("run: fails", 1, "run", "pass.scn", "fail.scn", out="fail.scn:4:1")
    expect("run: a scenario that does not parse", 2, "run", "bad.scn", out="bad.scn:3")
    expect("run: a missing file", 2, "run", "none.scn")
    expect("run: a directory, with what lies below", 0, "run", "some", out="2 passed")
    expect("run: a directory without scenarios", 2, "run", "empty", err="no *.scn file")
    expect("run: standard input", 0, "run", "-", stdin=PASS)
    expect("run: no such kernel", 2, "run", "--kernel", "windows", "pass.scn", err="direct, fuse or host")
    expect("run: no such order", 2, "run", "--order", "random", "pass.scn", err="shipped or pre-2017")
    expect("run: --bind needs the host", 2, "run", "--bind", "a=b", "pass.scn", err="--kernel host")
    expect("run: one standard output", 2, "run", "--tap", "--trace", "-", "pass.scn", err="only one of")
    if not os.path.exists("/dev/vfio/vfio"):
        expect("run: a host without VFIO is skipped, with the remedy", 77, "run", "--kernel", "host", "pass.scn",
               out="load vfio-pci on a POWER host, or use --kernel direct")
    expect("run: in process", 0, "run", "--no-fork", "pass.scn")
    expect("run: verbose", 0, "run", "--verbose", "pass.scn", out="3: open container as c\n      1  container 1")

    r = expect("run: a trace", 0, "run", "--trace", "-", "pass.scn")
    check("the trace is JSON lines", all(json.loads(line) for line in r.stdout.splitlines()), r.stdout)
    expect("trace: as text", 0, "trace", "-", stdin=r.stdout, out="container 1   OPEN")
    only = expect("trace: one call", 0, "trace", "--call", "CLOSE", "-", stdin=r.stdout, out="CLOSE")
    check("trace: no other call", "OPEN" not in only.stdout, only.stdout)
    none = expect("trace: another object", 0, "trace", "--object", "group 7", "-", stdin=r.stdout)
    check("trace: nothing of it", none.stdout == "", none.stdout)
    expect("trace: no such call", 2, "trace", "--call", "CLOES", "-", stdin="", err="did you mean CLOSE")
    expect("trace: a bad line", 2, "trace", "-", stdin="{}\n{not json\n", err="-:")

    expect("run: reports and a tally", 0, "run", "--junit", "r.xml", "--json", "r.json", "--tally", "t.txt", "pass.scn")
    check("junit and json are there", "<testsuite" in open("r.xml", encoding="utf-8").read()
          and json.load(open("r.json", encoding="utf-8")) is not None)
    expect("coverage: of the tally", 0, "coverage", "t.txt", out="CG")
    tap = expect("run: TAP", 1, "run", "--tap", "pass.scn", "fail.scn")
    check("TAP has a plan and both lines", "1..2" in tap.stdout and "\nnot ok 2" in tap.stdout, tap.stdout)

    with open("/dev/full", "w", encoding="utf-8") as full:
        expect("run: a full disk", 2, "run", "pass.scn", stdout=full, err="cannot write")
        expect("explain: a full disk", 2, "explain", "KV-37", stdout=full, err="cannot write")
    expect("run: a full disk for the trace", 2, "run", "--trace", "/dev/full", "pass.scn", out="cannot write the trace")

    expect("run: a subject that there is not", 2, "run", "--subject", "xen", "pass.scn", err='no subject "xen"')
    expect("run: a subject with a path too many", 2, "run", "--subject", "builtin:x", "pass.scn", err="builtin:x")
    expect("run: a subject without its path", 2, "run", "-k", "fuse", "--subject", "qemu:", "pass.scn", err="path")
    expect("run: QEMU needs nodes", 2, "run", "--subject", "qemu", "pass.scn", err="--kernel fuse")
    expect("run: QEMU's order is its own", 2, "run", "-k", "fuse", "--subject", "qemu", "-o", "pre-2017", "pass.scn", err="order")

    expect("check: right", 0, "check", "some", out="2 scenarios are right")
    expect("check: wrong", 2, "check", "pass.scn", "bad.scn", err="bad.scn:3")
    expect("explain: a rule", 0, "explain", "kv-37", out="ENOENT")
    expect("explain: a check", 0, "explain", "CHK-FEEDS", out="SET_SPAPR_TCE")
    expect("explain: a call by either name", 0, "explain", "VFIO_IOMMU_SPAPR_TCE_CREATE", out="start_addr")
    expect("explain: an attribute's rules", 0, "explain", "GROUP_DEL", out="KV-37")
    expect("explain: an errno", 0, "explain", "EBUSY", out="KV-11")
    expect("explain: the nearest", 2, "explain", "TCE_CRAETE", err='did you mean "TCE_CREATE"')
    expect("hosts: all", 0, "hosts", out="power9")
    expect("hosts: one", 0, "hosts", "power9", out="page size             64K")
    expect("hosts: the nearest", 2, "hosts", "powr9", err='did you mean "power9')

end()
