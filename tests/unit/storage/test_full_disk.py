"""A disk that is really full, at each step of a state's making."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.gate.calls import needs_root

ROOT = Path(__file__).parents[3]
SCRIPT = (
    "mount -t tmpfs -o size=3m,mode=700 tmpfs {disk} && "
    "head -c $((3 * 1024 * 1024 - {room} * 1024)) /dev/zero >{disk}/ballast && "
    "exec {python} -m tests.unit.storage.fill_disk {disk}"
)


@needs_root
@pytest.mark.parametrize("room", [0, 8, 24, 60, 120, 900])
def test_a_full_disk_loses_nothing_and_is_written_when_there_is_room(tmp_path, room):
    script = SCRIPT.format(disk=tmp_path, room=room, python=sys.executable)
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["StoreFull", "kept True", "written True None"]
