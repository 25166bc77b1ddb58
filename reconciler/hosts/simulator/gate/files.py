"""The verbs for files: written whole, or put aside, if they are what they were."""

from __future__ import annotations

import hashlib
import posixpath
from typing import TYPE_CHECKING

from reconciler.hosts.simulator.state.files import File
from reconciler.hosts.simulator.state.reply import Reply, refusal

if TYPE_CHECKING:
    from reconciler.hosts.simulator.gate.call import Call


def write_file(call: Call) -> Reply:
    """Puts stdin at PATH unless the file is neither what it was nor what it shall be."""
    path, mode, old, new = call.args
    machine, files = call.machine, call.machine.files
    if files.is_directory(path):
        raise refusal("not-a-file", f"{path} is not a regular file")
    present = files.digest(path)
    if present == new:
        return Reply(stdout=f"ok unchanged {path}\n")
    if present != old:
        raise refusal("changed-since", f"{path} is {present}, not {old}")
    files.directories.add(posixpath.dirname(path))
    if not files.fits(path, call.stdin):
        raise refusal("no-space", f"{path}: no space left on device")
    if hashlib.sha256(call.stdin.encode()).hexdigest() != new:
        raise refusal("content-damaged", f"{path}: stdin has another digest")
    files.replace(path, File(call.stdin, mode))
    machine.record("wrote", f"{path} {new[:12]}")
    return Reply(stdout=f"ok written {path}\n")


def archive_file(call: Call) -> Reply:
    """A file that is what it was becomes PATH.before."""
    path, old = call.args
    files = call.machine.files
    if files.is_directory(path):
        raise refusal("not-a-file", f"{path} is not a regular file")
    present = files.digest(path)
    if present not in ("absent", old):
        raise refusal("changed-since", f"{path} is {present}, not {old}")
    if present == old:
        files.archive(path)
        call.machine.record("archived", path)
    return Reply(stdout=f"ok archived {path}\n")
