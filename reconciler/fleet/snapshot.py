"""What a source says at one moment: its files with their texts, and what cannot be read of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from io import BytesIO

from reconciler.errors import SpecInvalid
from reconciler.loading import MAX_BYTES, read_stream
from reconciler.loading.directories import SUFFIXES
from reconciler.model.problems import Problem
from reconciler.model.quantities import format_size

# Of one source: files, and bytes of all of them.
MOST_FILES = 20_000
MOST_BYTES = 128 << 20
LONGEST_NAME = 1024  # bytes


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file by its name in the source: its ``text``, or why there is none."""

    name: str
    text: str | None = field(default=None, repr=False)
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All files of a source, by name; ``commit`` is empty without git.

    Of a file that is ``unsettled`` what it said before stays: it is just being written.
    """

    commit: str
    files: tuple[SourceFile, ...]
    unsettled: frozenset[str] = frozenset()


def is_of_use(name: str) -> bool:
    """Whether the name is one of a desired-state file; what is hidden is none."""
    return name.endswith(SUFFIXES) and not is_hidden(name)


def is_hidden(name: str) -> bool:
    """Whether a file or a directory around it is hidden, as ``.github``; ``..`` is not."""
    return any(part.startswith(".") and part not in {".", ".."} for part in name.split("/"))


def strange_name(name: bytes) -> str:
    """Why a name is none that a file of a source may have; empty if it may."""
    try:
        text = name.decode()
    except UnicodeDecodeError:
        return "its name is not UTF-8"
    if not text.isprintable():
        return "its name has characters that are not printed"
    if {"", ".", ".."} & set(text.split("/")):
        return "its name leads out of the directory"
    return f"its name has more than {LONGEST_NAME} bytes" if len(name) > LONGEST_NAME else ""


def show_name(name: bytes) -> str:
    """The name in what a terminal may print, in one line."""
    text = name.decode(errors="replace")
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def file_of(name: str, content: bytes) -> SourceFile:
    """The file with this content."""
    try:
        return SourceFile(name, read_stream(name, BytesIO(content)))
    except SpecInvalid as error:
        return SourceFile(name, None, error.problems)


def refused_file(name: str, message: str, hint: str) -> SourceFile:
    """Something that is not read, whatever it says."""
    return SourceFile(name, None, (Problem(name, 1, 1, "entry-refused", message, hint),))


def too_large_file(name: str, size: int) -> SourceFile:
    """A file that is larger than any desired-state file is."""
    message = f"the file has {format_size(size)}; {MAX_BYTES // 1024} KiB are read at most"
    problem = Problem(name, 1, 1, "too-large", message, "write one file a cluster")
    return SourceFile(name, None, (problem,))
