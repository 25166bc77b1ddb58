"""Mounts in every namespace, what mounts by itself, and the processes that use a mount."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from reconciler.model.observed import Automount, MountPoint, Process
from reconciler.probe.sections import Section, dash, group_rows, number, text_file

ESCAPE = re.compile(r"\\([0-7]{3})")
DEVICE = re.compile(r"[0-9]{1,7}:[0-9]{1,7}")


def parse_mounts(section: Section) -> tuple[MountPoint, ...]:
    """OCFS2 mounts; another file system on a path asked for has ``!TYPE`` as its option.

    In the order of mountinfo: of those on one path the last is on top.
    """
    rows = group_rows(section, {"mount": 5, "other": 3, "size": 3})
    rooms = {path: (number(size), number(free)) for path, size, free in rows["size"]}
    return tuple(
        _other(row) if kind == "other" else _mount(row, rooms)
        for kind, *row in section
        if kind != "size"
    )


def _mount(row: Sequence[str], rooms: Mapping[str, tuple[int, int]]) -> MountPoint:
    path, source, at, words, pid = row
    room = rooms.get(path, (None, None)) if pid == "1" else (None, None)
    where = decode_path(path), decode_path(source)
    return MountPoint(*where, device(at), options(words), number(pid), *room)


def _other(row: Sequence[str]) -> MountPoint:
    path, kind, source = row
    return MountPoint(decode_path(path), decode_path(source), "", (f"!{kind}",), 1)


def decode_path(path: str) -> str:
    """A field of mountinfo without its octal escapes (fs/proc_namespace.c, mangle)."""
    return ESCAPE.sub(lambda match: chr(int(match[1], 8)), path)


def device(value: str) -> str:
    """A MAJ:MIN; raises ValueError if it is none."""
    if not DEVICE.fullmatch(value):
        raise ValueError(f"not a device number: {value[:64]!r}")
    return value


def options(words: str) -> tuple[str, ...]:
    """Each option once; read-only either of the mount or of the file system is read-only."""
    found = dict.fromkeys(words.split(","))
    if "ro" in found:
        found.pop("rw", None)
    return tuple(found)


def parse_processes(section: Section) -> tuple[Process, ...]:
    """Who uses something under an OCFS2 mount, once a process."""
    rows = group_rows(section, {"proc": 5})["proc"]
    return tuple(
        Process(number(pid), command, path, dash(unit) or "", dash(guest) or "")
        for pid, command, path, unit, guest in rows
    )


def parse_automounts(section: Section) -> tuple[Automount, ...]:
    """Units first, then lines of automounter maps."""
    rows = group_rows(section, {"unit": 2, "autofs": 2})
    return tuple(
        Automount(kind, name, text) for kind, found in rows.items() for name, text in found
    )


SECTIONS: dict[str, Callable[[Section], object]] = {
    "mounts": parse_mounts,
    "fstab": text_file,
    "processes": parse_processes,
    "automounts": parse_automounts,
}
