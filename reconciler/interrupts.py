"""Ctrl-C while the program starts and ends: it ends in a word, never in a traceback.

In between Ctrl-C is an exception, so that what was begun is put right. Nothing is imported here
but what the interpreter has loaded already: until then Ctrl-C still is a traceback.
"""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]  # signal itself first loads enum and more
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType, TracebackType
    from typing import NoReturn

INTERRUPTED = 130
# By which a shell asks for completions; words of ours would stand in its prompt.
COMPLETING = "_RECONCILE_COMPLETE"


def leave_on_interrupt() -> None:
    """From now on Ctrl-C ends the process at once: nothing has been begun, or all is done."""
    # Whoever has it ignored, as nohup and a shell's "&" do, wants that.
    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
        signal.signal(signal.SIGINT, _leave)
    sys.excepthook = _tell_unhandled
    sys.unraisablehook = _tell_unraisable


class InterruptsRaised:
    """While a command is at work Ctrl-C raises KeyboardInterrupt, if it would end the process."""

    def __enter__(self) -> None:
        """Listen."""
        self.listens = signal.getsignal(signal.SIGINT) is _leave
        if self.listens:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def __exit__(self, *_error: object) -> None:
        """Leave at once again."""
        if self.listens:
            signal.signal(signal.SIGINT, _leave)


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    if COMPLETING not in os.environ:
        os.write(2, b"interrupted\n")
    os._exit(INTERRUPTED)


def _tell_unhandled(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        _leave(signal.SIGINT, None)
    sys.__excepthook__(kind, error, trace)


def _tell_unraisable(found: sys.UnraisableHookArgs) -> None:
    if not issubclass(found.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(found)
