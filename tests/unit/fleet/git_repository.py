"""A git repository for tests: a bare one as a server has it, and what a person pushes to it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reconciler.model.fleet import Source

WHO = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "gc.auto=0")


@dataclass(frozen=True)
class Repository:
    """``place`` is what a server has; all is written into it directly, without a work tree."""

    place: Path

    @property
    def address(self) -> str:
        return f"file://{self.place}"

    def source(self, **more: object) -> Source:
        return Source.model_validate({"git": self.address, "path": "clusters", **more})

    def git(self, *words: str, given: str | bytes | None = None) -> str:
        content = given.encode() if isinstance(given, str) else given
        ended = subprocess.run(
            ("git", f"--git-dir={self.place}", *WHO, *words),
            input=content,
            check=True,
            capture_output=True,
            env={
                "PATH": os.environ["PATH"],
                "HOME": "/nonexistent",
                "GIT_CONFIG_NOSYSTEM": "1",
            },
        )
        return ended.stdout.decode().strip()

    def blob(self, text: str | bytes) -> str:
        return self.git("hash-object", "-w", "--stdin", given=text)

    def tree(self, rows: Mapping[str, tuple[str, str]]) -> str:
        """A tree of names in one directory with their modes and objects, whatever the names."""
        content = b"".join(
            mode.encode() + b" " + os.fsencode(name) + b"\0" + bytes.fromhex(found)
            for name, (mode, found) in rows.items()
        )
        return self.git(
            "hash-object", "-t", "tree", "-w", "--literally", "--stdin", given=content
        )

    def of_texts(self, texts: Mapping[str, str | bytes]) -> str:
        """The tree of one directory of files."""
        return self.tree({n: ("100644", self.blob(text)) for n, text in sorted(texts.items())})

    def commit(self, tree: str, *words: str, ref: str = "refs/heads/main") -> str:
        """A commit of a tree on top of the ref, which is made if it is not there."""
        found = self.git("for-each-ref", "--format=%(objectname)", ref)
        above = ("-p", found) if found else ()
        made = self.git(*words, "commit-tree", tree, "-m", "a change", *above, *_signed(words))
        self.git("update-ref", ref, made)
        return made

    def push(self, texts: Mapping[str, str | bytes], ref: str = "refs/heads/main") -> str:
        """A commit whose directory ``clusters`` has these files."""
        below = self.of_texts(texts)
        return self.commit(self.tree({"clusters": ("40000", below)}), ref=ref)


def _signed(words: tuple[str, ...]) -> tuple[str, ...]:
    return ("-S",) if words else ()


def new_repository(place: Path) -> Repository:
    """An empty one."""
    found = Repository(place)
    found.git("init", "--bare", "--quiet", "--initial-branch=main", str(place))
    return found


def new_signer(place: Path, name: str) -> tuple[Path, str]:
    """A key of ssh in a directory: its file, and its row among allowed signers."""
    file = place / name
    words = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(file))
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL)
    kind, key, *_ = file.with_suffix(".pub").read_text().split()
    return file, f"{name}@example.com {kind} {key}\n"


def signed_with(key: Path) -> tuple[str, ...]:
    """What a commit is made with, so that this key signs it."""
    return ("-c", "gpg.format=ssh", "-c", f"user.signingKey={key}")
