#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Holds the simulator against a real kernel: every call of every scenario, as the emulated machine's console shows it, beside
the same call in the simulator's run of the same scenario.

usage: compare.py VFIOSIM CONSOLE LIST

LIST has one scenario a line, in the order of the machine's commands: "compare" or "run" (it need but pass), its path, then options
of `vfiosim run`. Compared are the object, the call, the arguments, the result and what the kernel wrote. Left out are addresses and numbers of file descriptors,
which differ from run to run, and the rule, which only the simulator knows. Calls of child processes are not
traced on a machine's own kernel, so the simulator's are left out, too; their answers are judged by the scenario.
Exit status 1: a divergence, a scenario that failed, or a machine that did not come to its end.
"""
import difflib
import json
import subprocess
import sys
import tempfile

ADDRESSES = {"vaddr", "userspace_addr", "argp"}
REGION_MMAP, REGION_CAPS = 4, 8
SHOWN = 10  # divergences of a scenario


class Run:
    """What the console says of one command."""

    def __init__(self):
        self.status = None
        self.report = []
        self.trace = []
        self.complaints = 0


def read_console(path):
    runs, machine, done = {}, [], False
    with open(path, encoding="utf-8", errors="replace") as console:
        for line in console:
            tag, _, text = line.rstrip("\r\n").partition(" ")
            if tag == "<machine":
                machine.append(text)
            elif tag == "<begin":
                run = runs[int(text)] = Run()
            elif tag == "<report":
                run.report.append(text)
            elif tag == "<trace":
                run.trace.append(json.loads(text))
            elif tag == "<kernel" and runs:
                run.complaints += 1
            elif tag == "<end":
                run.status = int(text.split()[1])
            elif tag == "<done":
                done = True
    return runs, machine, done


def simulate(vfiosim, path):
    with tempfile.NamedTemporaryFile(mode="r", suffix=".trace") as trace:
        ran = subprocess.run([vfiosim, "run", "--trace", trace.name, path], stdout=subprocess.PIPE, text=True, check=False)
        if ran.returncode:
            sys.exit(f"the simulator's own run of {path} ends with status {ran.returncode}:\n{ran.stdout}")
        return [event for event in map(json.loads, trace) if event["process"] == 1]


def fields_text(fields):
    """A kernel that reads a part of a struct traces that part: what is 0 and what is not there are the same."""
    return " ".join(f"{k} {v}" for k, v in sorted(fields.items()) if k not in ADDRESSES and v not in (0, "0x0"))


def event_text(event):
    """One call as people read it."""
    result = event.get("errno") or event["result"]
    if event.get("made"):
        result = f"fd {event['made']}"
    call = f"{event['object']} {event['call']} {fields_text(event.get('fields', {}))}".rstrip()
    return f"{call} = {result} {fields_text(event.get('out_fields', {}))}".rstrip()


def written(event):
    """The bytes of the caller's struct that the kernel changed; what the trace does not have of the struct was 0."""
    after = bytes.fromhex(event.get("out", ""))
    before = bytes.fromhex(event.get("in", "")).ljust(len(after), b"\0")
    return tuple((at, after[at]) for at in range(len(after)) if after[at] != before[at])


def region(fields):
    """Known difference: no region of the simulator can be mapped, so that no access passes it by."""
    flags = int(fields["flags"], 16) & ~(REGION_MMAP | REGION_CAPS)
    return f"flags {flags:#x} size {fields['size']} offset {fields['offset']}"


def event_key(event):
    """What is the same on every kernel that answers alike. A kernel that refuses may not have read the arguments."""
    call = (event["object"], event["call"])
    if event["call"] == "OPEN" and event["result"] >= 0:
        return call + ("fd",)
    if event.get("made"):
        return call + (fields_text(event.get("fields", {})), "fd", event["made"])
    if event["result"] < 0:
        return call + ((), event["errno"], written(event))
    if event["call"] == "GET_REGION_INFO":
        return call + (fields_text(event["fields"]), event["result"], region(event["out_fields"]))
    return call + (fields_text(event.get("fields", {})), event["result"], written(event))


def without_death(trace):
    """The closes that end a process are the kernel's own, not calls."""
    end = len(trace)
    while end and trace[end - 1]["call"] == "CLOSE":
        end -= 1
    return trace[:end]


def divergences(simulator, kernel):
    """Texts of what differs, each with the number of the call in the kernel's run."""
    found = []
    keys = [list(map(event_key, trace)) for trace in (simulator, kernel)]
    for kind, sim_from, sim_to, from_, to in difflib.SequenceMatcher(None, *keys, autojunk=False).get_opcodes():
        for i in range(max(sim_to - sim_from, to - from_) if kind != "equal" else 0):
            lines = [f"call {min(from_ + i, to - 1) + 1}:"]
            if sim_from + i < sim_to:
                lines.append(f"    simulator: {event_text(simulator[sim_from + i])}")
            if from_ + i < to:
                lines.append(f"    kernel:    {event_text(kernel[from_ + i])}")
            found.append("\n".join(lines))
    return found


def judge(vfiosim, mode, path, run):
    """Prints what is to be said of one scenario. (calls compared, divergences, passed)"""
    if run is None or run.status is None:
        print(f"FAIL {path}: the machine did not come to its end")
        return 0, 0, False
    if run.status:
        print(f"FAIL {path}: exit status {run.status} on the real kernel")
        print("\n".join(f"  {line}" for line in run.report))
        return 0, 0, False
    if mode == "run":
        print(f"ok   {path}: {len(run.trace)} calls, not compared")
        return 0, 0, True
    found = divergences(without_death(simulate(vfiosim, path)), without_death(run.trace))
    warned = f", {run.complaints} warnings of the kernel's" if run.complaints else ""
    print(f"{'FAIL' if found else 'ok  '} {path}: {len(run.trace)} calls, {len(found)} divergences{warned}")
    for text in found[:SHOWN]:
        print(f"  {text}")
    if len(found) > SHOWN:
        print(f"  and {len(found) - SHOWN} more")
    return len(run.trace), len(found), not found


def main():
    vfiosim, console, listing = sys.argv[1:]
    runs, machine, done = read_console(console)
    with open(listing, encoding="utf-8") as lines:
        scenarios = [line.split()[:2] for line in lines]
    for line in machine:
        print(f"# {line}")
    results = [judge(vfiosim, mode, path, runs.get(n)) for n, (mode, path) in enumerate(scenarios)]
    calls, found = sum(r[0] for r in results), sum(r[1] for r in results)
    passed = sum(r[2] for r in results)
    print(f"{passed} of {len(scenarios)} scenarios hold on the real kernel: {calls} calls compared, {found} divergences")
    if not done:
        print(f"the machine stopped before its end: see {console}")
    sys.exit(0 if done and passed == len(scenarios) else 1)


main()
