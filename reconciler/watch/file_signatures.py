"""How files look from outside: whether one has changed, and whether it is one at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from reconciler.loading.directories import SUFFIXES
from reconciler.system_errors import say_error

# Of a file: device, inode, bytes, when its content and its inode were changed. Else why there
# is none.
Signature: TypeAlias = "tuple[int, ...] | str"
# Of no file: whatever stands there now is another one.
ABSENT = "it was not looked at"
DIRECTORY = "it is a directory"


def is_of_use(given: str) -> bool:
    """Whether what is there now says by itself if it is a directory of files, or a file."""
    try:
        return any(n.endswith(SUFFIXES) for n in os.listdir(given))  # noqa: PTH208  # a path each is dear, a thousand times a second
    except OSError:
        found = sign(given)
        return not isinstance(found, str) and found[2] > 0


def is_beside(name: str, signature: Signature) -> bool:
    """A directory below, or what an editor leaves: a hidden link to nowhere, as ``.#a.yaml``."""
    hidden = os.path.basename(name).startswith(".")  # noqa: PTH119  # as above
    return signature == DIRECTORY or (hidden and isinstance(signature, str))


def sign_all(place: str, names: Sequence[str]) -> Iterator[tuple[str, Signature]]:
    """Files of a directory, by path."""
    for name in names:
        path = os.path.join(place, name)  # noqa: PTH118  # as above
        yield path, sign(path)


def sign_alone(name: str) -> Iterator[tuple[str, Signature]]:
    """A file of its own."""
    yield name, sign(name)


def sign(name: str) -> Signature:
    """How a file looks from outside, through links; or, in words, why there is none."""
    try:
        found = os.stat(name)  # noqa: PTH116  # as above
    except OSError as error:
        return error.strerror or say_error(error)
    if stat.S_ISDIR(found.st_mode):
        return DIRECTORY
    if not stat.S_ISREG(found.st_mode):
        return "it is no regular file"
    times = (found.st_mtime_ns, found.st_ctime_ns)
    return (found.st_dev, found.st_ino, found.st_size, *times)
