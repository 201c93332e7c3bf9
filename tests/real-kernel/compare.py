# SPDX-License-Identifier: LGPL-2.1-or-later
"""Holds the simulator against a real kernel: two traces of the same calls, call by call.

Compared are the object, the call, the arguments, the result and what the kernel wrote. Left out are addresses and numbers of file
descriptors, which differ from run to run, and the rule, which only the simulator knows.
"""
import difflib
import json
import subprocess
import tempfile

ADDRESSES = {"vaddr", "userspace_addr", "argp"}
REGION_MMAP, REGION_CAPS = 4, 8
# Refused for how the file was opened, before a driver is asked: the simulator does not trace these.
VFS_REFUSED = {("READ", "ESPIPE"), ("WRITE", "ESPIPE"), ("WRITE", "EBADF"), ("MMAP", "EACCES")}


def read_trace(text):
    events = [json.loads(line) for line in text.splitlines()]
    return [event for event in events if (event["call"], event.get("errno")) not in VFS_REFUSED]


def simulate(vfiosim, path, *options):
    """The simulator's own trace of a scenario, run with OPTIONS; RuntimeError if it does not pass there."""
    with tempfile.NamedTemporaryFile(mode="r", suffix=".trace") as trace:
        ran = subprocess.run([vfiosim, "run", "--trace", trace.name, *options, path], stdout=subprocess.PIPE, text=True, check=False)
        if ran.returncode:
            raise RuntimeError(f"the simulator's own run of {path} ends with status {ran.returncode}:\n{ran.stdout}")
        return read_trace(trace.read())


def attaching(trace):
    """Of the calls of a VMM those that attach devices: what else it asks of KVM and of devices depends on both."""
    kinds = {"container", "group", "kvm-vfio", "table"}
    calls = [event for event in trace if event["object"].split()[0] in kinds or event["call"].startswith("CREATE_SPAPR_TCE")]
    # QEMU 7.2 leaves what the kernel is to fill in as it was on its stack: hw/vfio/common.c, vfio_connect_container().
    return [{**event, "in": "", "fields": {}} if event["call"] == "TCE_GET_INFO" else event for event in calls]


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
        return call + ((), event.get("errno", event["result"]), written(event))
    if event["call"] == "GET_REGION_INFO":
        return call + (fields_text(event["fields"]), event["result"], region(event["out_fields"]))
    return call + (fields_text(event.get("fields", {})), event["result"], written(event))


def without_death(trace):
    """The closes that end a process are the kernel's own, not calls."""
    end = len(trace)
    while end and trace[end - 1]["call"] == "CLOSE":
        end -= 1
    return trace[:end]


def differences(simulator, kernel):
    """Where two traces part: pairs of events, None for one that is missing, each with the number of the call in the kernel's."""
    simulator, kernel = without_death(simulator), without_death(kernel)
    keys = [list(map(event_key, trace)) for trace in (simulator, kernel)]
    if keys[0] == keys[1]:
        return
    for kind, sim_from, sim_to, from_, to in difflib.SequenceMatcher(None, *keys, autojunk=False).get_opcodes():
        for i in range(max(sim_to - sim_from, to - from_) if kind != "equal" else 0):
            yield (min(from_ + i, to - 1) + 1, simulator[sim_from + i] if sim_from + i < sim_to else None,
                   kernel[from_ + i] if from_ + i < to else None)


def divergences(simulator, kernel):
    """The differences as texts."""
    found = []
    for number, ours, theirs in differences(simulator, kernel):
        lines = [f"call {number}:"]
        if ours:
            lines.append(f"    simulator: {event_text(ours)}")
        if theirs:
            lines.append(f"    kernel:    {event_text(theirs)}")
        found.append("\n".join(lines))
    return found


def divergent_kinds(simulator, kernel):
    """What differs, in short: names of calls with both answers, the first of each first."""
    def answer(event):
        return event and event.get("errno", min(event["result"], 0))

    return list(dict.fromkeys(((theirs or ours)["call"], answer(ours), answer(theirs))
                              for _, ours, theirs in differences(simulator, kernel)))
