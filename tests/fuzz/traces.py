# SPDX-License-Identifier: LGPL-2.1-or-later
"""What must be equal in the traces of one scenario on two kernels: the calls, what they were made on, what they name and every
answer. Addresses and fds are each process's own and are left out; so are rules, which only a model knows."""

import json

ADDRESSES = {"vaddr", "userspace_addr", "addr"}
USER = range(0x10000, 1 << 47)


def value(name, what):
    number = int(what, 16) if isinstance(what, str) and what.startswith("0x") else what
    if name in ADDRESSES and isinstance(number, int) and number in USER:
        return f"address ..{number & 0xFFFF:04x}" if name == "vaddr" else "address"
    return number


def essence(event):
    """An event as one line of text."""
    fields = {name: value(name, what) for name, what in event.get("fields", {}).items()}
    made = event.get("made")
    parts = [f"{event['process']}", event["object"] or "-", event["call"]]
    parts += [f"{name} {what}" for name, what in fields.items() if name != "fd"]
    refs = event.get("refs", [])
    parts += [f"ref {ref}" for ref in refs if ref]
    parts.append(f"= {'fd ' + made if made and event['result'] >= 0 else event.get('errno', event['result'])}")
    parts += [f"{name} {what}" for name, what in event.get("out_fields", {}).items() if name != "fd"]
    return " ".join(parts)


def seen(event):
    """Whether all kernels trace it: opens of nodes that are not there and mappings never reach one behind nodes, and what has no
    position is read from and written to there alone."""
    if event["call"] in {"READ", "WRITE"}:
        return event["object"].split()[0] in {"container", "group", "kvm", "device"} and event.get("errno") != "EBADF"
    return event["call"] != "MMAP" and (event["call"], event.get("errno")) != ("OPEN", "ENOENT")


def read(path, left_out=None):
    """The lines of a trace but those that match left_out. The last thing a process does is to close what it has, in the order of
    its fds or mappings."""
    with open(path, encoding="utf-8") as file:
        events = [json.loads(line) for line in file if line.strip()]
    lines = [line for line in (essence(event) for event in events if seen(event)) if not (left_out and left_out.search(line))]
    end = len(lines)
    while end and lines[end - 1].endswith(" CLOSE = 0"):
        end -= 1
    return lines[:end] + sorted(lines[end:])


def difference(one, other, context=8):
    """None, or text: the first place at which two traces part, with the calls before it."""
    for i in range(max(len(one), len(other))):
        a = one[i] if i < len(one) else "(ended)"
        b = other[i] if i < len(other) else "(ended)"
        if a != b:
            before = "".join(f"  {line}\n" for line in one[max(0, i - context) : i])
            return f"call {i + 1}:\n{before}- {a}\n+ {b}"
    return None
