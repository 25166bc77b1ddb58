"""A disk that is really full, at each step of a state's making."""

import subprocess
import sys
from pathlib import Path

from tests.unit.gate.calls import needs_root

ROOT = Path(__file__).parents[3]
ROOMS = (0, 8, 24, 60, 120, 900)  # KiB
DISK = (
    "mkdir {disk} && mount -t tmpfs -o size=3m,mode=700 tmpfs {disk} && "
    "head -c $((3 * 1024 * 1024 - {room} * 1024)) /dev/zero >{disk}/ballast"
)


@needs_root
def test_a_full_disk_loses_nothing_and_is_written_when_there_is_room(tmp_path):
    disks = {tmp_path / str(room): room for room in ROOMS}
    made = " && ".join(DISK.format(disk=disk, room=room) for disk, room in disks.items())
    fill = [sys.executable, "-m", "tests.unit.storage.fill_disk", *map(str, disks)]
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", f'{made} && exec "$@"', "sh", *fill],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        line for _room in ROOMS for line in ("StoreFull", "kept True", "written True None")
    ]
