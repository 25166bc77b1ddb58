"""Every failure that the product expects, with what the command line does about it.

Bugs stay outside this hierarchy and crash.
"""

from __future__ import annotations

import errno
import os
import re
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.model.problems import Problem

# What people call an error of the operating system; negative are those of getaddrinfo (netdb.h).
_WORDS = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "connection reset by the other side",
    errno.EHOSTDOWN: "the host is down",
    errno.EHOSTUNREACH: "no route to the host",
    errno.ENETUNREACH: "network unreachable",
    errno.EPIPE: "the other side has closed the connection",
    errno.ETIMEDOUT: "no answer in time",
    -2: "name unknown",
    -3: "the name servers do not answer",
    -5: "name unknown",
}
# One error of what may be several; asyncio names the address behind its own words.
_NUMBERED = re.compile(r"\[Errno (-?\d+)\] ((?:(?!, \[Errno )[^\n])*)")
_ADDRESS = re.compile(r"\('([^']+)', (\d+)[^)]*\)")
_SEVERAL = "Multiple exceptions: "


def say_error(error: BaseException | str) -> str:
    """An error in words, without the number that the operating system has for it.

    Of a connection also the address that was tried, of a file its name.
    """
    text = str(error)
    if "[Errno" not in text:
        return text
    found = [_NUMBERED.sub(_in_words, part) for part in re.split(r", (?=\[Errno )", text)]
    return ", ".join(dict.fromkeys(found)).removeprefix(_SEVERAL)


def _in_words(match: re.Match[str]) -> str:
    number, words = int(match[1]), match[2]
    if address := _ADDRESS.search(words):
        known = _WORDS.get(number) or _strerror(number)
        return f"{known} ({address[1]} port {address[2]})"
    said, colon, name = words.partition(": ")
    if colon and name[:1] in "'\"":  # as OSError shows its file
        return f"{name.strip(name[0])}: {_lower(said)}"
    return _WORDS.get(number) or _lower(words)


def _strerror(number: int) -> str:
    return _lower(os.strerror(number))


def _lower(words: str) -> str:
    """Within a sentence."""
    return words[:1].lower() + words[1:]


class ReconcilerError(Exception):
    """An expected failure; ``exit_code`` is the process's, ``retryable`` a caller's hint."""

    exit_code: ClassVar[int] = 1
    retryable: ClassVar[bool] = False


class UsageError(ReconcilerError):
    """The command line itself cannot be understood: a missing file, an unknown target."""

    exit_code = 64


class InputError(ReconcilerError):
    """Something that the operator wrote cannot be used."""


class SpecInvalid(InputError):
    """A desired-state file has problems; all of them are in ``problems``."""

    def __init__(self, path: str, lines: tuple[str, ...], problems: Sequence[Problem]) -> None:
        super().__init__(f"{path}: {len(problems)} problem(s)")
        self.path = path
        self.lines = lines
        self.problems = tuple(problems)


class ObservationError(ReconcilerError):
    """A host could not be read."""

    exit_code = 3


class HostUnreachable(ObservationError):
    """No session with a host; ``code`` is the stable refusal code of the reason."""

    retryable = True

    def __init__(self, host: str, code: str, message: str) -> None:
        super().__init__(f"{host}: {message}")
        self.host = host
        self.code = code
        self.message = message


class RecordFailed(ReconcilerError):
    """A line of a run's record could not be written; what it was to tell first is not begun."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"the record {path} could not be written: {message}")


class ExecutionError(ReconcilerError):
    """An approved plan could not be carried out to its end."""

    exit_code = 4


class LockHeld(ExecutionError):
    """Another run holds the lease of a member."""

    exit_code = 5
    retryable = True

    def __init__(self, host: str, holder: str, seconds_left: float) -> None:
        super().__init__(
            f"{host}: locked by {holder}; displaceable in {seconds_left:.0f} s without renewal"
        )
        self.host = host
        self.holder = holder
        self.seconds_left = seconds_left


class ActionFailed(ExecutionError):
    """A command of an action did not do its work."""

    def __init__(self, action: str, message: str) -> None:
        super().__init__(f"{action}: {message}")
        self.action = action


class VerificationFailed(ExecutionError):
    """An action ended, yet the facts that it must make true are not."""

    def __init__(self, action: str, remaining: Sequence[str]) -> None:
        super().__init__(f"{action}: not true afterwards: {'; '.join(remaining)}")
        self.action = action
        self.remaining = tuple(remaining)
