# SPDX-License-Identifier: LGPL-2.1-or-later
"""Fails if a scenario file is not among meson's tests, or opens without a sentence that says what it proves.

usage: listed.py FOLDER THEME...   (reads FOLDER/meson.build and FOLDER/THEME/*.scn)
"""

import pathlib
import sys

folder = pathlib.Path(sys.argv[1])
build = (folder / "meson.build").read_text()
problems = []

for path in sorted(folder.rglob("*.scn")):
    theme, name = str(path.parent.relative_to(folder)), path.stem
    if theme not in sys.argv[2:]:
        problems.append(f"{path}: folder '{theme}' is no theme of meson.build")
    elif f"'{name}'" not in build[build.index(f"'{theme}': [") :].split("]")[0]:
        problems.append(f"{path}: not listed in meson.build")
    lines = path.read_text().splitlines()
    if not lines[0].startswith("# SPDX-") or not lines[1].startswith("# ") or lines[1].endswith(":"):
        problems.append(f"{path}: does not open with its licence and a sentence that says what it proves")

print("\n".join(problems) or "all listed")
sys.exit(1 if problems else 0)
