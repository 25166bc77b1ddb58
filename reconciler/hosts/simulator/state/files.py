"""The files of one host, with the room that its file systems have."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache


class NoSpace(Exception):
    """ENOSPC."""


@dataclass(frozen=True, slots=True)
class File:
    """A text file; ``mode`` as `stat -c %a` prints it."""

    text: str
    mode: str = "644"

    @property
    def sha256(self) -> str:
        """Of its bytes."""
        return _sha256(self.text)


@lru_cache(4096)
def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(slots=True)
class Room:
    """Free bytes and inodes of the file system that holds a directory."""

    free: int = 400 << 20
    inodes: int | None = 20_000


@dataclass(slots=True)
class Files:
    """Files by path, directories by their existence alone; ``written`` is when each came to be.

    ``clock`` is what the host's own clock shows.
    """

    by_path: dict[str, File] = field(default_factory=dict)
    written: dict[str, int] = field(default_factory=dict)
    clock: Callable[[], int] = field(default=int, repr=False, compare=False)
    directories: set[str] = field(default_factory=set)
    room: dict[str, Room] = field(
        default_factory=lambda: {path: Room() for path in ("/etc", "/var/lib", "/boot")}
    )

    def text(self, path: str) -> str:
        """The content, empty if there is no such file."""
        return self.by_path[path].text if path in self.by_path else ""

    def digest(self, path: str) -> str:
        """sha256 of the content, ``absent`` without the file."""
        return self.by_path[path].sha256 if path in self.by_path else "absent"

    def is_directory(self, path: str) -> bool:
        """Whether it was made, or has something in it."""
        inside = any(other.startswith(f"{path}/") for other in self.by_path)
        return inside or path in self.directories

    def fits(self, path: str, text: str) -> bool:
        """Whether there is room for a text beside what is there."""
        room = self._room(path)
        return room is None or room.free >= len(text.encode())

    def write(self, path: str, file: File) -> None:
        """Puts a whole file in place; NoSpace if it does not fit beside the old one."""
        if not self.fits(path, file.text):
            raise NoSpace(path)
        self.remove(path)
        self._take(path, file)

    def replace(self, path: str, file: File) -> None:
        """As `write`; the old file stays as PATH.before, by a hard link that takes no room."""
        if not self.fits(path, file.text):
            raise NoSpace(path)
        if path in self.by_path:
            self.remove(f"{path}.before")
            self.by_path[f"{path}.before"] = self.by_path[path]
        self._take(path, file)

    def reserve(self, path: str, size: int) -> bool:
        """Whether so many bytes are a file's own from now on."""
        room = self._room(path)
        if room is None:
            return True
        if room.free < size:
            return False
        room.free -= size
        return True

    def keep(self, path: str, file: File) -> None:
        """Puts a file whose place on the disk is its own already, however full that is."""
        self.by_path[path], self.written[path] = file, self.clock()

    def archive(self, path: str) -> None:
        """The file becomes PATH.before; an older one goes."""
        self.remove(f"{path}.before")
        self.by_path[f"{path}.before"] = self.by_path.pop(path)

    def remove(self, path: str) -> None:
        """Without complaint if it is not there."""
        if room := self._room(path):
            room.free += len(self.text(path).encode())
        self.by_path.pop(path, None)

    def _take(self, path: str, file: File) -> None:
        if room := self._room(path):
            room.free -= len(file.text.encode())
        self.by_path[path], self.written[path] = file, self.clock()

    def _room(self, path: str) -> Room | None:
        return next((r for top, r in self.room.items() if path.startswith(f"{top}/")), None)
