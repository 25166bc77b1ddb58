"""The streams of the command line where they are not what they should be: shut, or left."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

STANDARD = {"stdin": "r", "stdout": "w", "stderr": "w"}
SAID = ("stdout", "stderr")


def replace_closed_streams() -> None:
    """Nothing in place of a stream that the caller has shut, for which Python has None.

    A file that is opened later, the record of a run, could else get its number.
    """
    for name, mode in STANDARD.items():
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode))  # noqa: SIM115  # until the process ends


@contextmanager
def ignore_broken_pipes() -> Iterator[None]:
    """What nobody reads any more is dropped, here: a closed pipe or a lost terminal ends no run."""
    before = {name: getattr(sys, name) for name in SAID}
    for name, stream in before.items():
        setattr(sys, name, _heedless(stream))
    try:
        yield
    finally:
        for name, stream in before.items():
            getattr(sys, name).flush()
            setattr(sys, name, stream)


def _heedless(stream: TextIO) -> TextIO:
    try:
        number = stream.fileno()
    except (OSError, ValueError):  # a stand-in of a test has none
        return stream
    with suppress(OSError):
        stream.flush()
    raw = io.BufferedWriter(_Dropping(number))
    return io.TextIOWrapper(raw, stream.encoding, stream.errors, line_buffering=True)


class _Dropping(io.RawIOBase):
    """A file descriptor that takes everything, also what can no longer be written."""

    def __init__(self, number: int) -> None:
        self._number = number

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._number

    def isatty(self) -> bool:
        return os.isatty(self._number)

    def write(self, data: ReadableBuffer) -> int:
        with suppress(OSError):
            return os.write(self._number, data)
        return memoryview(data).nbytes
