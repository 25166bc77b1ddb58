"""The terminal on which a process was begun (tty(4))."""

from __future__ import annotations

import os


def has_terminal() -> bool:
    """Whether there is one, and it has not hung up."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK))
    except OSError:
        return False
    return True
