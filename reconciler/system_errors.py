"""Errors of the operating system in words."""

from __future__ import annotations

import errno
import os
import re

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


def say_cause(error: BaseException) -> str:
    """The cause that the operating system names: libraries tell one of several in general words."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, BaseExceptionGroup):
            cause = cause.exceptions[0]
        if isinstance(cause, OSError) and cause.errno is not None:
            return say_error(cause)
        cause = cause.__cause__ or cause.__context__
    return say_error(error) or type(error).__name__
