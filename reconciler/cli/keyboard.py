"""What the terminal shows of keys that are pressed while something is drawn on it."""

from __future__ import annotations

import os
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress

LOCAL_MODES = 3  # where termios.tcgetattr has c_lflag


@contextmanager
def unseen_control_keys() -> Iterator[None]:
    """No ``^C`` on the screen meanwhile: it would move the cursor away from what is drawn.

    Only on a terminal, and only in its foreground: elsewhere to set its mode stops the process.
    """
    if (terminal := _terminal()) is None:
        yield
        return
    before, silent = termios.tcgetattr(terminal), termios.tcgetattr(terminal)
    silent[LOCAL_MODES] &= ~termios.ECHOCTL
    termios.tcsetattr(terminal, termios.TCSANOW, silent)
    try:
        yield
    finally:
        with suppress(termios.error):  # it may be gone by now
            termios.tcsetattr(terminal, termios.TCSANOW, before)


def _terminal() -> int | None:
    """The terminal whose keys are ours."""
    try:
        number = sys.stdin.fileno()
        return number if os.tcgetpgrp(number) == os.getpgrp() else None
    except (OSError, ValueError, AttributeError):
        return None
