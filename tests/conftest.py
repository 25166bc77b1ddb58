"""What every test finds, whatever started the tests."""

import signal


def pytest_configure():
    """Signals do what they do at a terminal.

    A runner in the background starts us with SIGINT and SIGHUP ignored, and whoever inherits
    that stays deaf: a command that a test ends by Ctrl-C would never end.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
