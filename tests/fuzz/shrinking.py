# SPDX-License-Identifier: LGPL-2.1-or-later
"""Lines of which most can go while what they show stays."""


def shrink(lines, shows, progress=lambda lines: None):
    """The lines that are left when none of them can be dropped any more. SHOWS tells of a list of lines whether it still shows that.
    What comes after it goes first; then lines are dropped in ever smaller runs, from the end."""
    shown, not_shown = len(lines), 0
    while shown - not_shown > 1:
        middle = (shown + not_shown) // 2
        if shows(lines[:middle]):
            shown = middle
        else:
            not_shown = middle
    lines = lines[:shown]
    progress(lines)
    size = len(lines) // 2
    while size:
        at = len(lines)
        while at > 0:
            start = max(0, at - size)
            smaller = lines[:start] + lines[at:]
            if shows(smaller):
                lines = smaller
            at = start
        progress(lines)
        size //= 2
    return lines
