"""The text of a desired-state file, before YAML: its size, its encoding, its characters."""

from __future__ import annotations

import re
from hashlib import sha256
from itertools import islice
from pathlib import Path

from reconciler.errors import SpecInvalid, UsageError
from reconciler.model.problems import Problem

MAX_BYTES = 256 * 1024

# Line breaks are LF and CRLF only, so that every reader counts the same lines. The rest is
# what YAML 1.2 calls printable (c-printable), less its other line breaks; a tab is judged
# apart, a BOM may not stand anywhere.
_UNPRINTABLE = re.compile(
    "[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_TAB = re.compile(r"^(?:[^#\t\n]|(?<=\S)#)*\t", re.MULTILINE)  # outside of comments
_WRITTEN = '"format_version"'
_MOST = 20  # a binary file has thousands


def digest(text: str) -> str:
    """SHA-256 of ``text`` as hex: what ``sha256sum`` prints for the file."""
    return sha256(text.encode()).hexdigest()


def read_text(path: str) -> str:
    """The text of the file; UsageError without a file, SpecInvalid if it is no short UTF-8."""
    try:
        with Path(path).open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error
    if len(content) > MAX_BYTES:
        raise SpecInvalid(path, (), [_too_large(path)])
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise SpecInvalid(path, (), [_not_utf8(path, content, error.start)]) from error


def split_lines(text: str) -> tuple[str, ...]:
    """The lines as ``Problem.line`` counts them."""
    return tuple(line.removesuffix("\r") for line in text.split("\n"))


def text_problems(file: str, text: str) -> list[Problem]:
    """Why ``text`` should not be given to a YAML parser at all."""
    if len(text) > MAX_BYTES or len(text.encode(errors="replace")) > MAX_BYTES:
        return [_too_large(file)]
    if text.startswith("{") and _WRITTEN in text[:64]:
        message = "this is a document that reconcile wrote, not a desired-state file"
        hint = "a saved plan is for reconcile apply, facts are for reconcile plan FILE --facts"
        return [Problem(file, 1, 1, "not-desired-state", message, hint)]
    if text.startswith("\ufeff"):
        message = "the file starts with a byte order mark"
        return [Problem(file, 1, 1, "bom", message, "save it as UTF-8 without BOM")]
    unix = text.replace("\r\n", "\n")
    strange = islice(_UNPRINTABLE.finditer(unix), _MOST)
    if found := [_unprintable(file, unix, match.start()) for match in strange]:
        return found
    return [_tab(file, unix, match.end() - 1) for match in islice(_TAB.finditer(unix), _MOST)]


def _place(text: str, offset: int) -> tuple[int, int]:
    """Line and column of ``offset``, 1-based."""
    before = text[:offset]
    return before.count("\n") + 1, offset - before.rfind("\n")


def _too_large(file: str) -> Problem:
    message = f"the file is larger than {MAX_BYTES // 1024} KiB"
    return Problem(file, 1, 1, "too-large", message, "write one file a cluster")


def _not_utf8(file: str, content: bytes, offset: int) -> Problem:
    line, column = _place(content[:offset].decode() + "?", len(content[:offset].decode()))
    message = f"the byte 0x{content[offset]:02x} is not UTF-8"
    return Problem(file, line, column, "not-utf8", message, "save the file as UTF-8")


def _unprintable(file: str, text: str, offset: int) -> Problem:
    message = f"the character U+{ord(text[offset]):04X} may not stand in the file"
    return Problem(file, *_place(text, offset), "control-character", message, "remove it")


def _tab(file: str, text: str, offset: int) -> Problem:
    message = "a tab stands here; YAML wants spaces"
    return Problem(file, *_place(text, offset), "tab", message, "indent by two spaces a level")
