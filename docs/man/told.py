#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Fails if the program has a command or an option that the manual pages or the shell completion do not tell.

usage: told.py VFIOSIM FOLDER   (reads FOLDER/*.1 and FOLDER/../completion/vfiosim.bash)
"""

import pathlib
import re
import subprocess
import sys

vfiosim, folder = sys.argv[1], pathlib.Path(sys.argv[2])
pages = "".join(page.read_text() for page in sorted(folder.glob("*.1")))
completion = (folder / "../completion/vfiosim.bash").read_text()


def help_of(*words: str) -> str:
    return subprocess.run([vfiosim, *words, "--help"], check=True, capture_output=True, text=True, timeout=20).stdout


problems = []
commands = re.findall(r"^  (\w+) {2,}\w", help_of().split("Commands:")[1].split("\n\n")[0], re.MULTILINE)
for command in commands:
    if f"It Cm {command}" not in pages:
        problems.append(f"vfiosim.1 does not tell the command {command}")
    if not re.search(rf"\b{command}\b", completion):
        problems.append(f"the completion does not know the command {command}")
    for option in sorted(set(re.findall(r"--([a-z-]+)", help_of(command).split("Options:")[1].split("\n\n")[0])) - {"help"}):
        if f"Fl -{option}" not in pages and f", -{option}" not in pages:
            problems.append(f"no manual page tells the option --{option} of {command}")
        if f"--{option}" not in completion:
            problems.append(f"the completion does not know the option --{option} of {command}")

if not commands:
    problems.append("vfiosim --help lists no commands")
print("\n".join(problems) or f"{len(commands)} commands are told")
sys.exit(1 if problems else 0)
