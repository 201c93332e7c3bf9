#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""compare.py finds what differs: the simulator's own trace, doctored, takes the kernel's place. TAP.

usage: test-compare.py VFIOSIM SCENARIO
"""
import json
import sys

import compare

VFIOSIM, SCENARIO = sys.argv[1:]


def main():
    trace = compare.simulate(VFIOSIM, SCENARIO)

    def doctored(at, **changes):
        return trace[:at] + [{**trace[at], **changes}] + trace[at + 1 :]

    refused = next(i for i, event in enumerate(trace) if event.get("errno") == "EINVAL")
    answered = next(i for i, event in enumerate(trace) if event["call"] == "TCE_GET_INFO" and event.get("out"))
    written = "ff" + trace[answered]["out"][2:]
    cases = [
        ("the same trace", trace, 0, ""),
        ("another errno", doctored(refused, result=-19, errno="ENODEV"), 1, "= ENODEV"),
        ("another byte in the struct", doctored(answered, out=written), 1, "TCE_GET_INFO"),
        ("a call that is missing", trace[:refused] + trace[refused + 1 :], 1, "simulator: "),
        ("a call too many", trace[: refused + 1] + trace[refused:], 1, "kernel: "),
        ("other addresses", [json.loads(json.dumps(e).replace('"arg": "0x7f', '"arg": "0x3f')) for e in trace], 0, ""),
    ]
    print(f"1..{len(cases)}")
    for number, (name, kernel, wanted, part) in enumerate(cases, 1):
        found = compare.divergences(trace, kernel)
        held = len(found) == wanted and part in "\n".join(found)
        print(f"{'ok' if held else 'not ok'} {number} - {name}")
        if not held:
            print("".join(f"# {line}\n" for text in found for line in text.splitlines()))
    sys.exit(0)


main()
