"""The streams of the command line where they are not what they should be: shut, or left."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Collection, Iterator
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
    with _heedless_of(None):
        yield


@contextmanager
def ignore_lost_terminals() -> Iterator[None]:
    """What a lost terminal would have shown is dropped: its SIGHUP ends the command, not the writing.

    That comes a moment later, or not at all where nohup has it ignored.
    """
    with _heedless_of(frozenset({errno.EIO})):
        yield


@contextmanager
def _heedless_of(errors: Collection[int] | None) -> Iterator[None]:
    before = {name: getattr(sys, name) for name in SAID}
    for name, stream in before.items():
        setattr(sys, name, _heedless(stream, errors))
    try:
        yield
    finally:
        for name, stream in before.items():
            getattr(sys, name).flush()
            setattr(sys, name, stream)


def _heedless(stream: TextIO, errors: Collection[int] | None) -> TextIO:
    try:
        number = stream.fileno()
    except (OSError, ValueError):  # a stand-in of a test has none
        return stream
    with suppress(OSError):
        stream.flush()
    raw = io.BufferedWriter(_Dropping(number, errors))
    return io.TextIOWrapper(raw, stream.encoding, stream.errors, line_buffering=True)


class _Dropping(io.RawIOBase):
    """A file descriptor that takes also what cannot be written, for some ``errors``, None: for any."""

    def __init__(self, number: int, errors: Collection[int] | None) -> None:
        self._number = number
        self._errors = errors

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._number

    def isatty(self) -> bool:
        return os.isatty(self._number)

    def write(self, data: ReadableBuffer) -> int:
        try:
            return os.write(self._number, data)
        except OSError as error:
            if self._errors is not None and error.errno not in self._errors:
                raise
        return memoryview(data).nbytes
