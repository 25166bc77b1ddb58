"""A terminal of a process's own, which a test can take away from it."""

import fcntl
import os
import pty
import termios


def new_terminal():
    """Our end of it, and what makes a subprocess the leader of its session, with it on stdin."""
    ours, theirs = pty.openpty()
    return ours, {"stdin": theirs, "start_new_session": True, "preexec_fn": _take}


def _take():
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def hang_up(ours, streams):
    """As a window that is closed, or a login that breaks off: nobody has either end any more."""
    os.close(streams["stdin"])
    os.close(ours)
