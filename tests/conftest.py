"""What every test finds, whatever started the tests."""

import signal

from hypothesis import settings

# A busy machine is no wrong answer: no example is timed.
settings.register_profile("untimed", deadline=None)


def pytest_configure():
    """Properties are untimed, and signals do what they do at a terminal.

    A runner in the background starts us with SIGINT and SIGHUP ignored, and whoever inherits
    that stays deaf: a command that a test ends by Ctrl-C would never end.
    """
    settings.load_profile("untimed")
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
