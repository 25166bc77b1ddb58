"""Files for their owner alone: written whole or not at all, never through a link of others."""

from __future__ import annotations

import os
import secrets
import shlex
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from reconciler.errors import UsageError

PRIVATE = 0o600
OURS = 0o700
# What a state directory holds: a file a run, and the database of who watches.
RUNS = "runs"
STATE = "state.db"
OTHERS = stat.S_IRWXG | stat.S_IRWXO
DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
LOG = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def write_private(path: str, text: str) -> None:
    """``text`` becomes the file, in place of an older one.

    Raises UsageError where something else than a file is there, OSError if it cannot be written.
    """
    place = Path(path)
    check_place(place)
    with _beside(place, text) as (directory, temporary):
        os.rename(temporary, place.name, src_dir_fd=directory, dst_dir_fd=directory)


def create_private(path: str, text: str) -> None:
    """``text`` becomes a new file.

    Raises UsageError where something is there already, OSError if it cannot be written.
    """
    place = Path(path)
    check_place(place)
    with _beside(place, text) as (directory, temporary):
        try:
            os.close(os.open(place.name, NEW, PRIVATE, dir_fd=directory))
        except FileExistsError:
            words = f"{path} is there already: remove it, or name another file"
            raise UsageError(words) from None
        os.rename(temporary, place.name, src_dir_fd=directory, dst_dir_fd=directory)


@contextmanager
def _beside(place: Path, text: str) -> Iterator[tuple[int, str]]:
    """A durable file with ``text`` in the same directory, which is open: that and its name.

    Raises OSError with the name of the place.
    """
    try:
        directory = os.open(place.parent, DIRECTORY)
        try:
            with _temporary(directory, text) as name:
                yield directory, name
            os.fsync(directory)
        finally:
            os.close(directory)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(place)) from error


@contextmanager
def _temporary(directory: int, text: str) -> Iterator[str]:
    """The name of a file that is gone afterwards, unless it has another name by then."""
    name = f".reconcile.{secrets.token_hex(8)}"
    file = os.open(name, NEW, PRIVATE, dir_fd=directory)
    try:
        with os.fdopen(file, "w", encoding="utf-8") as opened:
            opened.write(text)
            opened.flush()
            os.fsync(opened.fileno())
        yield name
    finally:
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=directory)


def append_private(path: str) -> int:
    """A file to append to, made if it is missing: its number, which the caller closes.

    Raises UsageError where something else is there, or a file that is not ours alone, OSError
    if it cannot be opened.
    """
    place = Path(path)
    check_place(place)
    file = os.open(place, LOG, PRIVATE)
    try:
        _check_ours(os.fstat(file), path)
    except UsageError:
        os.close(file)
        raise
    return file


def _check_ours(found: os.stat_result, path: str) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise UsageError(f"{path} is no regular file: name another file")
    if found.st_uid != os.geteuid():
        raise UsageError(f"{path} belongs to uid {found.st_uid}, not to you: name another file")
    if found.st_mode & OTHERS:
        words = f"is open to others (mode {stat.S_IMODE(found.st_mode):o})"
        mend = f"name another file, or chmod 600 {shlex.quote(path)}"
        raise UsageError(f"{path} {words}: {mend}")


def check_place(place: Path) -> None:
    """Nothing but a file may be replaced, and nobody else may choose where it is.

    Raises UsageError.
    """
    for parent in place.absolute().parents:
        if parent.is_symlink() and not _is_trusted(parent.lstat().st_uid):
            raise UsageError(f"{place}: {parent} is a symbolic link of somebody else")
    with suppress(FileNotFoundError):
        mode = place.lstat().st_mode
        if stat.S_ISLNK(mode):
            raise UsageError(f"{place} is a symbolic link: name the file itself")
        if not stat.S_ISREG(mode):
            raise UsageError(f"{place} is no regular file: redirect the output instead")


def private_directory(path: Path) -> None:
    """Makes the directory, with those above it; for its owner alone.

    Raises UsageError as ``check_directory`` does, OSError if it cannot be made.
    """
    if not path.parent.is_dir():
        path.parent.mkdir(mode=OURS, parents=True, exist_ok=True)
    with suppress(FileExistsError):
        path.mkdir(mode=OURS)
    check_directory(path)


def check_directory(path: Path) -> None:
    """Whether a directory is ours and for nobody else; one that is missing is.

    Raises UsageError with the command that mends it.
    """
    with suppress(FileNotFoundError):
        found = path.lstat()
        name = shlex.quote(str(path))
        if stat.S_ISLNK(found.st_mode) and _is_trusted(found.st_uid):
            found = path.stat()
        if not stat.S_ISDIR(found.st_mode):
            raise UsageError(
                f"{path}, where runs are recorded, is no directory: name another --state-dir"
            )
        if found.st_uid != os.geteuid():
            words = f"belongs to uid {found.st_uid}, not to you: name another --state-dir"
            mend = (
                f", or take it over: chown -R {os.geteuid()} {name}" if _has_runs(path) else ""
            )
            raise UsageError(
                f"{path}, where runs are recorded, {words}, or run as that user{mend}"
            )
        if found.st_mode & OTHERS:
            mode = f"{stat.S_IMODE(found.st_mode):o}"
            words = f"is open to others (mode {mode})"
            mend = f"chmod 700 {name}" if _has_runs(path) else "name another --state-dir"
            raise UsageError(f"{path}, where runs are recorded, {words}: {mend}")


def _has_runs(path: Path) -> bool:
    """Whether it is a run's directory at all: of /tmp or /etc another mode breaks the host."""
    with suppress(OSError):
        return path.name == RUNS or (path / RUNS).is_dir()
    return False


def _is_trusted(owner: int) -> bool:
    return owner in {0, os.geteuid()}
