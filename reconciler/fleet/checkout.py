"""The files of a git repository, at the commit that its pinned ref names.

There is no work tree: a private bare repository is fetched into, and what a commit has is asked
of git. So nothing of a repository becomes a file, a link or a program here. It is made anew when it
is damaged; what it is good for stands in the database.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from reconciler.errors import SourceFailed
from reconciler.fleet.git import ASKING, FETCHING, Answer, Git
from reconciler.fleet.snapshot import (
    MOST_BYTES,
    MOST_FILES,
    Snapshot,
    SourceFile,
    file_of,
    is_hidden,
    is_of_use,
    refused_file,
    show_name,
    strange_name,
    too_large_file,
)
from reconciler.loading import MAX_BYTES
from reconciler.model.fleet import COMMIT, Source

OURS = "refs/reconcile/fetched"
SYMLINK, SUBMODULE = "120000", "160000"
IN_PLACE = "put the file itself there"


@dataclass(frozen=True, slots=True)
class Taken:
    """What the fleet took last: the commit, and of which ref of which repository it was."""

    address: str = ""
    ref: str = ""
    commit: str = ""


@dataclass(frozen=True, slots=True)
class _Entry:
    """A row of a tree."""

    mode: str
    blob: str
    size: int
    name: bytes


class Checkout:
    """A private copy of the repository of ``source``, below the directory ``state``."""

    def __init__(self, state: Path, source: Source) -> None:
        self._source, self._address = source, source.git or ""
        signers = source.signed_by
        self._signers = None if signers is None else Path(signers).expanduser().absolute()
        self._git = Git(state / "source.git", state / "source.gitconfig")
        self._begun = False

    async def look(self, taken: Taken) -> str:
        """The commit that is wanted now; it is here, and may be taken after what was ``taken``.

        Raises SourceFailed, by its code: ``source-unreachable``, ``ref-unusable``, ``ref-rewound``,
        ``commit-unsigned``, ``git-failed``.
        """
        await self._begin()
        commit = await self._find()
        if (taken.address, taken.ref) == (self._address, self._source.ref):
            await self._refuse_rewound(taken.commit, commit)
        if self._signers is not None:
            await self._refuse_unsigned(commit, self._signers)
        return commit

    async def read(self, commit: str) -> Snapshot:
        """The files of a commit that ``look`` gave.

        Raises SourceFailed: ``source-empty``, ``source-too-large``, ``git-failed``.
        """
        entries = await self._list(commit)
        if len(entries) > MOST_FILES:
            raise _too_large(f"more than {MOST_FILES} files")
        if sum(entry.size for entry in entries if entry.size <= MAX_BYTES) > MOST_BYTES:
            raise _too_large(f"files of more than {MOST_BYTES >> 20} MiB in all")
        contents = await self._contents(entries)
        found: dict[bytes, SourceFile] = {}
        for entry in entries:
            if entry.name in found:  # only a tree that was made by hand has that
                name = self._name(entry)
                found[entry.name] = refused_file(name, "the tree has it twice", IN_PLACE)
            else:
                found[entry.name] = self._file(entry, contents)
        if not any(is_of_use(file.name) for file in found.values()):
            where = self._source.path or "the repository"
            message = f"{where} has no *.yaml and no *.yml at {commit[:12]}"
            raise SourceFailed("source-empty", message)
        return Snapshot(commit, tuple(found[name] for name in sorted(found)))

    async def _begin(self) -> None:
        if self._begun:
            return
        await self._git.check_version()
        local = self._address.removeprefix("file://")
        local = "" if local == self._address else local
        await asyncio.to_thread(self._git.configure, local, self._signers)
        if not self._git.place.is_dir():
            await self._ask("init", "--bare", "--quiet", "--template=", str(self._git.place))
            await asyncio.to_thread(self._git.place.chmod, 0o700)
        self._begun = True

    async def _anew(self) -> None:
        """The next look begins with an empty repository: this one may be damaged, or half written."""
        self._begun = False
        await asyncio.to_thread(shutil.rmtree, self._git.place, ignore_errors=True)

    async def _find(self) -> str:
        ref = self._source.ref
        if re.fullmatch(COMMIT, ref):
            return await self._have(ref) or await self._fetch_commit(ref)
        place, commit = await self._ask_server(ref)
        if found := await self._have(commit):
            return found
        await self._fetch(f"+{place}:{OURS}")
        if found := await self._have(OURS):
            return found
        raise SourceFailed("ref-unusable", f"{ref} names no commit")

    async def _have(self, name: str) -> str:
        """The whole name of a commit that is here, or nothing."""
        words = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        answer = await self._git.run(*words)
        return answer.output.decode().strip() if answer.status == 0 else ""

    async def _ask_server(self, ref: str) -> tuple[str, str]:
        """Where the server has the ref, and at what."""
        branch, tag = f"refs/heads/{ref}", f"refs/tags/{ref}"
        words = ("ls-remote", "--quiet", "--", self._address, branch, tag, f"{tag}^{{}}")
        answer = await self._git.run(*words, longest=ASKING)
        if answer.status:
            raise SourceFailed("source-unreachable", answer.said or "git ls-remote failed")
        lines = (
            line.split("\t") for line in answer.output.decode(errors="replace").splitlines()
        )
        found = {line[1]: line[0] for line in lines if len(line) == 2}
        commit = found.get(f"{tag}^{{}}") or found.get(tag)
        if branch in found and commit:
            message = f"{ref} is a branch and a tag there: name a whole commit, or delete one"
            raise SourceFailed("ref-unusable", message)
        if branch in found:
            return branch, found[branch]
        if commit:
            return tag, commit
        raise SourceFailed("ref-unusable", f"the repository has no branch and no tag {ref}")

    async def _fetch(self, *refspecs: str) -> None:
        answer = await self._try_fetch(*refspecs)
        if answer.status:
            await self._anew()
            raise SourceFailed("source-unreachable", answer.said or "git fetch failed")

    async def _fetch_commit(self, commit: str) -> str:
        """By itself where the server allows it, else with all of its branches and tags."""
        answer = await self._try_fetch(f"+{commit}:{OURS}")
        if answer.status:
            await self._fetch(
                "+refs/heads/*:refs/reconcile/heads/*", "+refs/tags/*:refs/reconcile/tags/*"
            )
        if found := await self._have(commit):
            return found
        raise SourceFailed("ref-unusable", f"the repository has no commit {commit}")

    async def _try_fetch(self, *refspecs: str) -> Answer:
        words = (
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-recurse-submodules",
            "--no-write-fetch-head",
        )
        return await self._git.run(*words, "--", self._address, *refspecs, longest=FETCHING)

    async def _refuse_rewound(self, before: str, now: str) -> None:
        if not before or before == now:
            return
        answer = await self._git.run("merge-base", "--is-ancestor", before, now)
        if answer.status:  # 1: it is not; 128: what was taken is not in the repository any more
            ref = self._source.ref
            message = f"{ref} went from {before[:12]} to {now[:12]}, which does not contain it"
            raise SourceFailed("ref-rewound", message)

    async def _refuse_unsigned(self, commit: str, signers: Path) -> None:
        if not os.access(signers, os.R_OK):
            message = f"{signers}, which has the allowed signers, cannot be read on this worker"
            raise SourceFailed("commit-unsigned", message)
        answer = await self._git.run("verify-commit", "--raw", commit)
        if answer.status:
            said = f" ({answer.said})" if answer.said else ""
            message = f"{commit[:12]} is signed by nobody of {signers}{said}"
            raise SourceFailed("commit-unsigned", message)

    async def _list(self, commit: str) -> list[_Entry]:
        path = self._source.path
        tree = f"{commit}:{path or ''}"
        await self._ask("cat-file", "-e", f"{commit}^{{tree}}")  # else it is damage
        kind = await self._git.run("cat-file", "-t", tree)
        if kind.output.strip() != b"tree":
            raise SourceFailed("source-empty", f"there is no directory {path} at {commit[:12]}")
        return list(_entries(await self._ask("ls-tree", "-r", "-z", "-l", tree)))

    async def _contents(self, entries: list[_Entry]) -> Mapping[str, bytes]:
        good = {e.blob for e in entries if not _why_not(e) and e.size <= MAX_BYTES}
        asked = "".join(f"{blob}\n" for blob in sorted(good)).encode()
        output = await self._ask("cat-file", "--batch", given=asked)
        try:
            return dict(_blobs(output))
        except ValueError as error:  # as of one that is missing
            await self._anew()
            message = "git cat-file left out a file that the commit has"
            raise SourceFailed("git-failed", message) from error

    def _name(self, entry: _Entry) -> str:
        name, path = show_name(entry.name), self._source.path
        return f"{path.rstrip('/')}/{name}" if path else name

    def _file(self, entry: _Entry, contents: Mapping[str, bytes]) -> SourceFile:
        name = self._name(entry)
        if why := _why_not(entry):
            return refused_file(name, *why)
        if entry.size > MAX_BYTES:
            return too_large_file(name, entry.size)
        return file_of(name, contents[entry.blob])

    async def _ask(self, *words: str, given: bytes | None = None) -> bytes:
        """What our own repository answers; one that does not is made anew."""
        answer = await self._git.run(*words, given=given)
        if answer.status:
            await self._anew()
            raise SourceFailed("git-failed", f"git {words[0]} failed: {answer.said}")
        return answer.output


def _entries(rows: bytes) -> Iterator[_Entry]:
    """What stands in a tree and concerns us: desired-state files, links, other repositories."""
    for row in rows.split(b"\0"):
        if not row:
            continue
        head, _, name = row.partition(b"\t")
        mode, _kind, blob, size = head.decode().split()
        text = name.decode(errors="replace")
        is_file = mode not in {SYMLINK, SUBMODULE}
        if is_of_use(text) or not (is_file or is_hidden(text)):
            yield _Entry(mode, blob, int(size) if size != "-" else 0, name)


def _why_not(entry: _Entry) -> tuple[str, str] | None:
    """Why it is not read, and what to do; None if it is."""
    if entry.mode == SYMLINK:
        return "it is a symbolic link, which is not followed", IN_PLACE
    if entry.mode == SUBMODULE:
        return "it is a submodule, which is not fetched", "put its files there"
    strange = strange_name(entry.name)
    return (strange, "rename it") if strange else None


def _blobs(output: bytes) -> Iterator[tuple[str, bytes]]:
    """What ``cat-file --batch`` answered: a line of name, kind and size, and the content, each."""
    place = 0
    while place < len(output):
        end = output.index(b"\n", place)
        blob, _kind, size = output[place:end].decode().split()
        begin = end + 1
        place = begin + int(size) + 1
        yield blob, output[begin : place - 1]


def _too_large(what: str) -> SourceFailed:
    return SourceFailed(
        "source-too-large", f"the source has {what}: name a directory of it in source.path"
    )
