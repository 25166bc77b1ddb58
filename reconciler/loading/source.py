"""The text of a desired-state file, before YAML: its size, its encoding, its characters."""

from __future__ import annotations

import stat
from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.errors import SpecInvalid, UsageError
from reconciler.loading.characters import character_problems, place_of, plain
from reconciler.loading.foreign import foreign_problem
from reconciler.model.problems import Problem
from reconciler.system_errors import say_error

if TYPE_CHECKING:
    from typing import BinaryIO

MAX_BYTES = 256 * 1024

# What a shell makes of <(…), and of its standard input.
_OPEN_FILES = ("/dev/fd/", "/proc/", "/dev/stdin")
# How a file begins that is no UTF-8 -> what it is, and how it becomes UTF-8, or what it is for.
_ENCODINGS = (
    (b"\xff\xfe\0\0", "UTF-32", "iconv -f UTF-32 -t UTF-8 FILE > NEW"),
    (b"\0\0\xfe\xff", "UTF-32", "iconv -f UTF-32 -t UTF-8 FILE > NEW"),
    (b"\xff\xfe", "UTF-16", "iconv -f UTF-16 -t UTF-8 FILE > NEW"),
    (b"\xfe\xff", "UTF-16", "iconv -f UTF-16 -t UTF-8 FILE > NEW"),
    (b"v\0e\0r\0", "UTF-16", "iconv -f UTF-16LE -t UTF-8 FILE > NEW"),
    (b"\0v\0e\0r", "UTF-16", "iconv -f UTF-16BE -t UTF-8 FILE > NEW"),
    (b"\x1f\x8b", "compressed by gzip", "gunzip FILE, and name what it becomes"),
    (b"\x28\xb5\x2f\xfd", "compressed by zstd", "unzstd FILE, and name what it becomes"),
    (b"\xfd7zXZ", "compressed by xz", "unxz FILE, and name what it becomes"),
    (b"PK\x03\x04", "a ZIP archive", "unpack it, and name the file in it"),
    (b"SQLite format 3", "a database of SQLite", "name the file that was meant"),
    (b"\x7fELF", "a program", "name the file that was meant"),
)
_FROM_LATIN = "save it as UTF-8; from Latin-1: iconv -f ISO-8859-1 -t UTF-8 FILE > NEW"
_BOM = "\ufeff"


def digest(text: str) -> str:
    """SHA-256 of ``text`` as hex: what ``sha256sum`` prints for the file."""
    return sha256(text.encode()).hexdigest()


def read_text(path: str, missing: str = "") -> str:
    """The text of the file; UsageError without a file, SpecInvalid if it is no short UTF-8.

    ``missing`` is what can be done where there is none, if it is no desired-state file.
    """
    if kind := special_file(path, _VALIDATE_ALL):
        raise UsageError(f"{path}: {kind}")
    try:
        with Path(path).open("rb") as file:
            return read_stream(path, file)
    except OSError as error:
        reason = error.strerror or say_error(error)
        is_missing = isinstance(error, FileNotFoundError)
        hint = (missing or _missing_hint(path)) if is_missing else ""
        raise UsageError("; ".join(filter(None, (f"{path}: {reason}", hint)))) from error


def read_stream(name: str, stream: BinaryIO) -> str:
    """The text of an open file, which problems call ``name``; SpecInvalid as above."""
    content = stream.read(MAX_BYTES + 1)
    for start, what, hint in _ENCODINGS:
        if content.startswith(start):
            message = f"this is {what}, not UTF-8 text"
            raise SpecInvalid(name, (), [Problem(name, 1, 1, "not-utf8", message, hint)])
    if len(content) > MAX_BYTES:
        raise SpecInvalid(name, (), [_too_large(name)])
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise SpecInvalid(name, (), [_not_utf8(name, content, error.start)]) from error


# What can be done with a directory of desired-state files.
_VALIDATE_ALL = ", or reconcile validate {0} looks at all of them"


def special_file(path: str, or_else: str = "") -> str:
    """What stands at ``path`` where no file does, and what to do; opening a FIFO would wait.

    ``or_else`` is what can be done with a directory besides naming a file in it.
    """
    try:
        mode = Path(path).stat().st_mode
    except OSError:
        return ""  # opening it says why
    if stat.S_ISDIR(mode):
        return f"it is a directory; name the file in it{or_else.format(path)}"
    if stat.S_ISFIFO(mode) and not path.startswith(_OPEN_FILES):
        return "it is a FIFO, which waits for a writer; write the text into a file"
    if stat.S_ISSOCK(mode):
        return "it is a socket, no file; give the file's right name"
    return "it is a disk, no file; give the file's right name" if stat.S_ISBLK(mode) else ""


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
    return [*found, *character_problems(file, _with_unix_ends(text))]


def readable(file: str, text: str) -> str:
    """``text`` without what ``text_problems`` told, a blank for each; empty if nothing is left."""
    if _foreign(file, text):
        return ""
    return plain(_with_unix_ends(text))


def _with_unix_ends(text: str) -> str:
    return text.removeprefix(_BOM).replace("\r\n", "\n")


def _foreign(file: str, text: str) -> Problem | None:
    """Why ``text`` is no desired-state file at all."""
    if len(text) > MAX_BYTES or len(text.encode(errors="replace")) > MAX_BYTES:
        return _too_large(file)
    if "\0" in text:
        message = "this is no text file: it holds NUL characters"
        return Problem(file, 1, 1, "not-desired-state", message, "name the file that was meant")
    if "\r" in text and "\n" not in text:
        message = "the lines end with CR alone"
        return Problem(file, 1, 1, "control-character", message, "save it with LF line ends")
    return foreign_problem(file, text)


def _too_large(file: str) -> Problem:
    message = f"the file is larger than {MAX_BYTES // 1024} KiB"
    return Problem(file, 1, 1, "too-large", message, "write one file a cluster")


def _not_utf8(file: str, content: bytes, offset: int) -> Problem:
    line, column = place_of(content[:offset].decode() + "?", len(content[:offset].decode()))
    message = f"the byte 0x{content[offset]:02x} is not UTF-8"
    return Problem(file, line, column, "not-utf8", message, _FROM_LATIN)
