"""The files that say what is watched: looked at again and again, read again when they change.

Their signatures are compared every second. That sees what the kernel's own notices do not tell:
files on NFS, a link that leads elsewhere, a directory that is another one now; a second more is
nothing beside an interval of minutes. A file is read when its signature has stood still from one
look to the next, so that none is read while it is written.

What cannot be used leaves the wish that was good before.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from reconciler.errors import SpecInvalid
from reconciler.loading.claims import Claims
from reconciler.loading.directories import SUFFIXES
from reconciler.model.desired import Cluster, Desired
from reconciler.model.problems import Problem
from reconciler.system_errors import say_error

# Of a file: device, inode, bytes, when its content and its inode were changed. Else why there
# is none.
Signature: TypeAlias = "tuple[int, ...] | str"
Problems: TypeAlias = "tuple[Problem, ...]"
EMPTY = "it has no *.yaml and no *.yml any more; what they said is still watched"


@dataclass(frozen=True, slots=True)
class Wish:
    """One cluster as its file wants it; ``desired`` has this cluster alone."""

    file: str
    desired: Desired

    @property
    def cluster(self) -> Cluster:
        """The cluster."""
        return self.desired.clusters[0]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is wanted, by cluster, and what is wrong with files and directories, by name."""

    clusters: Mapping[str, Wish]
    problems: Mapping[str, Problems]


@dataclass(slots=True)
class _File:
    """How a file of ``place`` was ``seen`` last, as what it was ``read``, and what came of it."""

    place: str
    seen: Signature
    read: Signature | None = None
    good: Desired | None = None
    wrong: Problems = ()


class Sources:
    """The files and directories that were ``given``; a directory stands for its files."""

    def __init__(self, given: Sequence[str]) -> None:
        self._directories = {name: Path(name).is_dir() for name in given}
        self._files: dict[str, _File] = {}
        self._lost: dict[str, Problems] = {}
        self._accepted: dict[str, Desired] = {}
        self._anew = True

    def scan(self) -> tuple[str, ...]:
        """Looks at all signatures; the files that are to be read now.

        At the first look each, later those that have changed and stand still. May wait for a
        file system that does not answer.
        """
        due = []
        found = self._find_files()
        for name in [name for name in self._files if name not in found]:
            del self._files[name]
        for name, (place, signature) in found.items():
            file = self._files.setdefault(name, _File(place, signature))
            settled, file.seen = self._anew or file.seen == signature, signature
            if settled and file.read != signature:
                file.read = signature
                if isinstance(signature, str):
                    file.wrong = (_problem(name, signature),)
                else:
                    due.append(name)
        self._anew = False
        return tuple(due)

    def forget_signatures(self) -> None:
        """The next look takes each file for changed, and for whole."""
        self._anew = True
        for file in self._files.values():
            file.read = None

    def put(self, name: str, found: Desired | Problems) -> None:
        """What reading a file came to; of one that is gone meanwhile it is passed over."""
        if (file := self._files.get(name)) is None:
            return
        if isinstance(found, Desired):
            file.good, file.wrong = found, ()
        else:
            file.wrong = found

    def wishes(self) -> Wishes:
        """What is wanted now.

        What two files name stays with the one that had it, and the other is taken as it was
        before. So a cluster may go from one file to another, once the first lets go of it.
        """
        problems = self._lost | {n: file.wrong for n, file in self._files.items() if file.wrong}
        claims, accepted = Claims(names=True), dict[str, Desired]()
        for name, versions in self._versions():
            for desired in versions:
                try:
                    claims.take(name, desired)
                except SpecInvalid as error:
                    problems.setdefault(name, error.problems)
                    continue
                accepted[name] = desired
                break
        self._accepted = accepted
        clusters = {
            cluster.name: Wish(name, _leave_only(desired, cluster))
            for name, desired in accepted.items()
            for cluster in desired.clusters
        }
        return Wishes(clusters, problems)

    def _versions(self) -> Iterator[tuple[str, tuple[Desired, ...]]]:
        """What each file may be taken for, the best first; before others those that are the same."""
        good = {name: file.good for name, file in self._files.items() if file.good}
        changed = {n: wish for n, wish in good.items() if self._accepted.get(n) != wish}
        yield from ((n, (wish,)) for n, wish in good.items() if n not in changed)
        for name, wish in changed.items():
            before = self._accepted.get(name)
            yield name, (wish, before) if before else (wish,)

    def _find_files(self) -> dict[str, tuple[str, Signature]]:
        """Each file with its place and signature; one that has two names is there once."""
        self._lost = {}
        found: dict[str, tuple[str, Signature]] = {}
        inodes: set[tuple[int, ...]] = set()
        for place, is_directory in self._directories.items():
            for name, signature in self._list(place) if is_directory else _alone(place):
                inode = None if isinstance(signature, str) else signature[:2]
                if name not in found and inode not in inodes:
                    found[name] = (place, signature)
                    inodes |= {inode} if inode else set()
        return found

    def _list(self, place: str) -> Iterator[tuple[str, Signature]]:
        """The files of a directory.

        One that cannot be listed, or has lost all its files, keeps those that it had: what is
        not mounted at the moment looks so.
        """
        before = {name: file for name, file in self._files.items() if file.place == place}
        try:
            names = sorted(n for n in os.listdir(place) if n.endswith(SUFFIXES))  # noqa: PTH208  # a path each is dear, a thousand times a second
            why = EMPTY if before and not names else ""
        except OSError as error:
            names, why = [], error.strerror or say_error(error)
        if why:
            self._lost[place] = (_problem(place, why),)
            yield from ((name, file.seen) for name, file in before.items())
        for name, signature in _sign_all(place, names):
            if name in before or not _is_beside(name, signature):
                yield name, signature


def _is_beside(name: str, signature: Signature) -> bool:
    """A directory below, or what an editor leaves: a hidden link to nowhere, as ``.#a.yaml``."""
    hidden = os.path.basename(name).startswith(".")  # noqa: PTH119  # as above
    return signature == DIRECTORY or (hidden and isinstance(signature, str))


def _sign_all(place: str, names: Sequence[str]) -> Iterator[tuple[str, Signature]]:
    for name in names:
        path = os.path.join(place, name)  # noqa: PTH118  # as above
        yield path, _sign(path)


def _alone(name: str) -> Iterator[tuple[str, Signature]]:
    yield name, _sign(name)


def _leave_only(desired: Desired, cluster: Cluster) -> Desired:
    return desired.model_copy(update={"clusters": (cluster,)})


def _problem(name: str, words: str) -> Problem:
    return Problem(name, 1, 1, "file-unread", words)


DIRECTORY = "it is a directory"


def _sign(name: str) -> Signature:
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
