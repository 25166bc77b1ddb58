"""The text of a desired-state file, before YAML: its size, its encoding, its characters."""

from __future__ import annotations

import re
from difflib import get_close_matches
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.errors import SpecInvalid, UsageError
from reconciler.model.problems import Problem
from reconciler.system_errors import say_error

if TYPE_CHECKING:
    from typing import BinaryIO

MAX_BYTES = 256 * 1024

# Line breaks are LF and CRLF only, so that every reader counts the same lines. The rest is
# what YAML 1.2 calls printable (c-printable), less its other line breaks; a tab is judged
# apart, a BOM may not stand anywhere.
_UNPRINTABLE = re.compile(
    "[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_TAB = re.compile(r"^(?:[^#\t\n]|(?<=\S)#)*\t", re.MULTILINE)  # outside of comments
_O2CB = re.compile(r"^(cluster|node):[ \t]*\r?\n[ \t]+[a-z_]+ = ", re.MULTILINE)
_CONFLICT = re.compile(r"^(<{7}|>{7})( |\r?$)", re.MULTILINE)
_BOM = "\ufeff"
_WRITTEN = '"format_version"'
_MOST = 20  # a binary file has thousands


def digest(text: str) -> str:
    """SHA-256 of ``text`` as hex: what ``sha256sum`` prints for the file."""
    return sha256(text.encode()).hexdigest()


def read_text(path: str) -> str:
    """The text of the file; UsageError without a file, SpecInvalid if it is no short UTF-8."""
    try:
        with Path(path).open("rb") as file:
            return read_stream(path, file)
    except OSError as error:
        reason = error.strerror or say_error(error)
        hint = _missing_hint(path) if isinstance(error, FileNotFoundError) else ""
        raise UsageError("; ".join(filter(None, (f"{path}: {reason}", hint)))) from error


def read_stream(name: str, stream: BinaryIO) -> str:
    """The text of an open file, which problems call ``name``; SpecInvalid as above."""
    content = stream.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise SpecInvalid(name, (), [_too_large(name)])
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise SpecInvalid(name, (), [_not_utf8(name, content, error.start)]) from error


def _missing_hint(path: str) -> str:
    """Which file may have been meant, or how to get one."""
    if path == "-":
        return "only reconcile validate reads standard input"
    above = Path(path).parent
    if not above.is_dir():
        return f"there is no directory {above}"
    beside = [item.name for item in above.iterdir() if not item.name.startswith(".")]
    if near := get_close_matches(Path(path).name, beside, 1):
        return f"did you mean {above / near[0]}?"
    return f"reconcile init -o {path} writes a first one"


def split_lines(text: str) -> tuple[str, ...]:
    """The lines as ``Problem.line`` counts them."""
    return tuple(line.removesuffix("\r") for line in text.removeprefix(_BOM).split("\n"))


def text_problems(file: str, text: str) -> list[Problem]:
    """What stands in ``text`` that no YAML parser should be given."""
    if problem := _foreign(file, text):
        return [problem]
    found = []
    if text.startswith(_BOM):
        message = "the file starts with a byte order mark"
        found = [Problem(file, 1, 1, "bom", message, "save it as UTF-8 without BOM")]
    unix = text.removeprefix(_BOM).replace("\r\n", "\n")
    strange = islice(_UNPRINTABLE.finditer(unix), _MOST)
    found += [_unprintable(file, unix, match.start()) for match in strange]
    tabs = islice(_TAB.finditer(unix), _MOST)
    return found + [_tab(file, unix, match.end() - 1) for match in tabs]


def readable(file: str, text: str) -> str:
    """``text`` without what ``text_problems`` told, a blank for each; empty if nothing is left."""
    if _foreign(file, text):
        return ""
    unix = text.removeprefix(_BOM).replace("\r\n", "\n")
    return _UNPRINTABLE.sub(" ", unix).replace("\t", " ")


def _foreign(file: str, text: str) -> Problem | None:
    """Why ``text`` is no desired-state file at all."""
    if len(text) > MAX_BYTES or len(text.encode(errors="replace")) > MAX_BYTES:
        return _too_large(file)
    if text.startswith("{") and _WRITTEN in text[:64]:
        message = "this is a document that reconcile wrote, not a desired-state file"
        hint = "a saved plan is for reconcile apply, facts are for reconcile plan FILE --facts"
        return Problem(file, 1, 1, "not-desired-state", message, hint)
    if _O2CB.search(text):
        message = "this is o2cb's cluster.conf, not a desired-state file"
        hint = "reconcile import HOST writes a file of the cluster that has it"
        return Problem(file, 1, 1, "not-desired-state", message, hint)
    if "\0" in text:
        message = "this is no text file: it holds NUL characters"
        return Problem(file, 1, 1, "not-desired-state", message, "name the file that was meant")
    return _mangled(file, text)


def _mangled(file: str, text: str) -> Problem | None:
    """What another program has made of the whole file, if it has."""
    if match := _CONFLICT.search(text):
        message = "this is a conflict marker of git: two versions stand here"
        hint = "settle the merge: keep one version and remove the lines <<<<<<<, ======= and >>>>>>>"
        line, column = _place(text, match.start())
        return Problem(file, line, column, "yaml-syntax", message, hint)
    if "\r" in text and "\n" not in text:
        message = "the lines end with CR alone"
        return Problem(file, 1, 1, "control-character", message, "save it with LF line ends")
    return None


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
    line, column = _place(text, offset)
    before = text[offset - column + 1 : offset]
    hint = "write a space in its place" if before.strip() else "indent by two spaces a level"
    return Problem(file, line, column, "tab", message, hint)
