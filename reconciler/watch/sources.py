"""The files that say what is watched: looked at again and again, read again when they change.

Their signatures are compared every second. That sees what the kernel's own notices do not tell:
files on NFS, a link that leads elsewhere, a directory that is another one now; a second more is
nothing beside an interval of minutes. A file is read when its signature has stood still from one
look to the next, so that none is read while it is written.

What cannot be used leaves the wish that was good before, also that of an earlier process.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reconciler.errors import SpecInvalid
from reconciler.loading.claims import Claims
from reconciler.loading.directories import SUFFIXES
from reconciler.model.desired import Cluster, Desired
from reconciler.model.problems import Problem
from reconciler.system_errors import say_error
from reconciler.watch.file_signatures import (
    ABSENT,
    Signature,
    is_beside,
    is_of_use,
    sign_all,
    sign_alone,
)
from reconciler.watch.wish import Problems, Wish, Wishes, absolute_name

EMPTY = "it has no *.yaml and no *.yml any more; what they said is still watched"


@dataclass(slots=True)
class _File:
    """How a file of ``place`` was ``seen`` last, as what it was ``read``, and what came of it.

    ``text`` is what ``good`` was read from, until it is kept.
    """

    place: str
    seen: Signature
    read: Signature | None = None
    good: Desired | None = None
    wrong: Problems = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class GoodFile:
    """A file that is watched for what ``text`` says; place and name are absolute."""

    place: str
    file: str
    text: str


class Sources:
    """The files and directories that were ``given``; a directory stands for its files."""

    def __init__(self, given: Sequence[str]) -> None:
        self._directories = {name: Path(name).is_dir() for name in given}
        self._files: dict[str, _File] = {}
        self._lost: dict[str, Problems] = {}
        self._accepted: dict[str, Desired] = {}
        self._known: dict[str, str] = {}
        self._anew = True
        self._wishes: Wishes | None = None

    def expect(self, places: Mapping[str, str]) -> None:
        """Before the first look: of these files an earlier process knew what they say.

        They are named absolutely, each with its place. A directory that is empty now, or is not
        there, is taken for one that is not mounted.
        """
        for given in self._directories:
            place = absolute_name(given)
            files = [file for file, of in places.items() if of == place]
            for file in files:
                name = given if file == place else os.path.join(given, os.path.basename(file))  # noqa: PTH118, PTH119  # names as a listing makes them
                self._files[name] = _File(given, ABSENT, ABSENT)
                self._known[name] = file
            if files and not is_of_use(given):
                self._directories[given] = place not in files

    def lacking_files(self) -> Mapping[str, str]:
        """Of which files ``recall`` has to say what was good, each with its absolute name.

        It is for the time after the first look, in which all are read.
        """
        return {
            name: file
            for name, file in self._known.items()
            if name in self._files and name not in self._accepted
        }

    def recall(self, name: str, desired: Desired) -> None:
        """What an earlier process read last of a file that was good."""
        self._wishes = None
        self._files[name].good = self._files[name].good or desired
        self._accepted[name] = desired

    def unkept_files(self) -> Mapping[str, GoodFile]:
        """What is watched now and is not kept yet, until ``keep`` says that it is."""
        return {
            name: GoodFile(absolute_name(file.place), absolute_name(name), file.text)
            for name, file in self._files.items()
            if file.text and self._accepted.get(name) is file.good
        }

    def keep(self, good: Mapping[str, GoodFile]) -> None:
        """These are kept."""
        for name, one in good.items():
            self._known[name] = one.file
            if (file := self._files.get(name)) and file.text == one.text:
                file.text = ""

    def lost_files(self) -> Mapping[str, str]:
        """Files that are kept and not watched any more, each with its absolute name."""
        return {n: file for n, file in self._known.items() if n not in self._files}

    def forget(self, names: Iterable[str]) -> None:
        """Nothing is kept of these any more."""
        for name in names:
            del self._known[name]

    def scan(self) -> tuple[str, ...]:
        """Looks at all signatures; the files that are to be read now.

        At the first look each, later those that have changed and stand still. May wait for a
        file system that does not answer.
        """
        due, lost = [], self._lost
        found = self._find_files()
        if self._lost != lost or self._files.keys() != found.keys():
            self._wishes = None
        for name in [name for name in self._files if name not in found]:
            del self._files[name]
        for name, (place, signature) in found.items():
            file = self._files.setdefault(name, _File(place, signature))
            settled, file.seen = self._anew or file.seen == signature, signature
            if settled and file.read != signature:
                file.read = signature
                if isinstance(signature, str):
                    self._wishes = None
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

    def put(self, name: str, found: Desired | Problems, text: str = "") -> None:
        """What reading a file, with this text, came to; of one that is gone meanwhile it is passed over."""
        if (file := self._files.get(name)) is None:
            return
        self._wishes = None
        if isinstance(found, Desired):
            file.good, file.wrong, file.text = found, (), text
        else:
            file.wrong = found

    def wishes(self) -> Wishes:
        """What is wanted now: the very same as before, where nothing has changed.

        What two files name stays with the one that had it, and the other is taken as it was
        before. So a cluster may go from one file to another, once the first lets go of it.
        """
        if (wishes := self._wishes) is None:
            before = self._accepted
            wishes = self._make_wishes()
            # What was accepted another way may clear the way for another file.
            if before.keys() == self._accepted.keys() and all(
                desired is before[name] for name, desired in self._accepted.items()
            ):
                self._wishes = wishes
        return wishes

    def _make_wishes(self) -> Wishes:
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
            cluster.name: Wish(name, _leave_only(desired, cluster), self._wrong(name, problems))
            for name, desired in accepted.items()
            for cluster in desired.clusters
        }
        return Wishes(clusters, problems)

    def _wrong(self, name: str, problems: Mapping[str, Problems]) -> Problems:
        """What is wrong with a file, or with the directory that it stands in."""
        return problems.get(name) or self._lost.get(self._files[name].place, ())

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
            for name, signature in self._list(place) if is_directory else sign_alone(place):
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
        for name, signature in sign_all(place, names):
            if name in before or not is_beside(name, signature):
                yield name, signature


def _leave_only(desired: Desired, cluster: Cluster) -> Desired:
    return desired.model_copy(update={"clusters": (cluster,)})


def _problem(name: str, words: str) -> Problem:
    return Problem(name, 1, 1, "file-unread", words)
