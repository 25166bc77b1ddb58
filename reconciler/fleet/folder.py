"""The files of a directory, as a source: each when it has stood still, none half written."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from reconciler.errors import SourceFailed
from reconciler.fleet.snapshot import (
    MOST_BYTES,
    MOST_FILES,
    Snapshot,
    SourceFile,
    file_of,
    is_of_use,
    refused_file,
    show_name,
    strange_name,
    too_large_file,
)
from reconciler.loading import MAX_BYTES
from reconciler.system_errors import say_error
from reconciler.watch.file_signatures import Signature, is_beside, sign

# Seconds between the two looks that a file must not change between.
APART = 1.0


def read_folder(
    directory: str, apart: float | None = None, wait: Callable[[float], None] = time.sleep
) -> Snapshot:
    """The files of a directory and of those below it; one that is just written is ``unsettled``.

    Takes the seconds ``apart`` that it does ``wait``, and may wait for a file system that does not
    answer. Links are followed to files, not to directories. Raises SourceFailed: ``source-unreachable``,
    ``source-empty``, ``source-too-large``.
    """
    place = os.path.expanduser(directory)  # noqa: PTH111  # names as a walk makes them
    before = _signatures(place)
    wait(APART if apart is None else apart)
    now = _signatures(place)
    if not now:
        raise SourceFailed("source-empty", f"{directory} has no *.yaml and no *.yml")
    unsettled = {name for name, signature in now.items() if before.get(name) != signature}
    unsettled |= before.keys() - now.keys()  # as one that is replaced at this moment
    files = []
    read = 0
    for name, signature in sorted(now.items()):
        if name in unsettled:
            continue
        file = _file(place, name, signature)
        if sign(os.path.join(place, name)) != signature:  # noqa: PTH118  # as above
            unsettled.add(name)
            continue
        files.append(file)
        read += len(file.text or "")
        if read > MOST_BYTES:
            message = f"{directory} has files of more than {MOST_BYTES >> 20} MiB in all"
            raise SourceFailed("source-too-large", message)
    shown = frozenset(_shown(place, name) for name in unsettled)
    return Snapshot("", tuple(files), shown)


def _signatures(place: str) -> Mapping[str, Signature]:
    """The files by their names in the directory."""
    found = {}
    for name in _names(place):
        signature = sign(os.path.join(place, name))  # noqa: PTH118  # as above
        if not is_beside(name, signature):
            found[name] = signature
        if len(found) > MOST_FILES:
            message = f"{place} has more than {MOST_FILES} files"
            raise SourceFailed("source-too-large", message)
    return found


def _names(place: str) -> Iterator[str]:
    def refuse(error: OSError) -> None:
        raise SourceFailed("source-unreachable", say_error(error)) from error

    for folder, inner, names in os.walk(place, onerror=refuse):
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        below = os.path.relpath(folder, place)
        for name in names:
            path = name if below == "." else f"{below}/{name}"
            if is_of_use(path):
                yield path


def _shown(place: str, name: str) -> str:
    return show_name(os.fsencode(os.path.join(place, name)))  # noqa: PTH118  # as above


def _file(place: str, name: str, signature: Signature) -> SourceFile:
    shown = _shown(place, name)
    if strange := strange_name(os.fsencode(name)):
        return refused_file(shown, strange, "rename it")
    if isinstance(signature, str):
        return refused_file(shown, signature, "put a readable file there")
    if signature[2] > MAX_BYTES:
        return too_large_file(shown, signature[2])
    try:
        with Path(place, name).open("rb") as file:
            return file_of(shown, file.read(MAX_BYTES + 1))
    except OSError as error:
        return refused_file(shown, say_error(error), "let the worker's user read it")
