"""fstab as fstab(5) has it: one line read, one line replaced, all else kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from reconciler.frozen import frozen
from reconciler.model.desired import Volume

FSTAB = "/etc/fstab"
# o2cb must be online first, and ocfs2.service would mount the same at the same time (one of
# the two then fails with error 16). Orderings only: stopping o2cb unmounts nothing.
BOOT_ORDER = ("x-systemd.after=o2cb.service", "x-systemd.before=ocfs2.service")


@frozen
class Entry:
    """One entry; ``line`` is its text with single spaces."""

    line: str
    source: str
    path: str
    kind: str

    @property
    def options(self) -> tuple[str, ...]:
        """Its fourth field."""
        return tuple((*self.line.split(" "), "defaults")[3].split(","))

    @property
    def is_mounted_on_use(self) -> bool:
        """Whether systemd mounts it when somebody looks into its directory (systemd.mount(5))."""
        return "x-systemd.automount" in self.options

    @property
    def is_idle(self) -> bool:
        """Whether it mounts nothing by itself: an automount does, ``noauto`` or not."""
        return "noauto" in self.options and not self.is_mounted_on_use

    @property
    def is_checked(self) -> bool:
        """Whether fsck.ocfs2 runs before the mount at each boot: its sixth field is not 0."""
        return self.line.split(" ")[5:6] not in ([], ["0"])


def fstab_line(volume: Volume, source: str) -> str:
    """The line; ``nofail`` is refused by OCFS2, ``_netdev`` orders it after the network."""
    options = [*(volume.mount.options or ("defaults",)), "_netdev"]
    options += BOOT_ORDER
    return f"{source} {volume.mount.path} ocfs2 {','.join(options)} 0 0"


def entries(text: str) -> Iterator[Entry]:
    """The entries of a file, comments and blank lines left out."""
    return filter(None, map(_entry, text.split("\n")))


@lru_cache(
    1024
)  # each rule reads the file of each host, and most lines are the same everywhere
def _entry(line: str) -> Entry | None:
    fields = re.split("[ \t]+", line.strip(" \t\r"))
    if len(fields) < 3 or fields[0].startswith("#"):
        return None
    path = _decoded(fields[1])
    source = _decoded(fields[0])
    return Entry(" ".join(fields), source, path.rstrip("/") or "/", fields[2])


def _decoded(field: str) -> str:
    """Spaces and the like are octal escapes (getmntent(3))."""
    for code, char in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        field = field.replace(code, char)
    return field


def with_entry(text: str, line: str) -> str:
    """``text`` with ``line`` in place of the entry of the same path, else at its end."""
    path = line.split()[1]
    lines = _lines(text)
    places = [number for number, old in enumerate(lines) if _is_of(old, path)]
    kept = [old for old in lines if not _is_of(old, path)]
    kept.insert(places[0] if places else len(kept), line)
    return "".join(f"{one}\n" for one in kept)


def without_entry(text: str, path: str) -> str:
    """``text`` without the entries of ``path``."""
    return "".join(f"{line}\n" for line in _lines(text) if not _is_of(line, path))


def _lines(text: str) -> list[str]:
    """Lines as getmntent(3) has them: only a newline ends one."""
    return text.removesuffix("\n").split("\n") if text else []


def _is_of(line: str, path: str) -> bool:
    return any(entry.path == path for entry in entries(line))
