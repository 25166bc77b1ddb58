"""The scripts that travel to hosts: what of them is for readers stays at home."""

from __future__ import annotations

import re

# The interpreter, and the line by which a script is known.
HEAD = 2
COMMENT = re.compile(r"[ \t]*#(?: .*)?")


def travelling(text: str) -> str:
    """A script without the lines that are only comments, but for its head.

    Linux takes no argument of more than 128 KiB (execve(2), MAX_ARG_STRLEN), and a command over
    ssh is one.
    """
    lines = text.split("\n")
    return "\n".join(
        (*lines[:HEAD], *(line for line in lines[HEAD:] if not COMMENT.fullmatch(line)))
    )
