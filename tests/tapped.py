# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a test that is a program says: TAP, a line a check as it is made."""
import sys

_results = []


def check(name, condition, detail=""):
    _results.append(bool(condition))
    print(f"{'ok' if condition else 'not ok'} {len(_results)} - {name}", flush=True)
    if not condition and detail:
        print("# " + str(detail).replace("\n", "\n# "))


def skip(name, why):
    _results.append(True)
    print(f"ok {len(_results)} - {name} # SKIP {why}", flush=True)


def skip_all(why):
    print(f"1..0 # SKIP {why}")
    sys.exit(0)


def end():
    print(f"1..{len(_results)}")
    sys.exit(0 if all(_results) else 1)
