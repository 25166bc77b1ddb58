"""The probe on a storage host: logical volumes, by an lvs of the tests' own."""

from pathlib import Path

import pytest

from reconciler.model.observed import LogicalVolume, Unknown
from reconciler.probe.sections import read, split
from reconciler.resources import SECTIONS
from tests.unit.gate.calls import SHELLS, needs_root
from tests.unit.probe.calls import run

MIB = 1 << 20
LVS = r"""#!/bin/sh
echo "$*" >>{here}/called
case "$*" in
*--nolocking*) {locking} ;;
esac
case "$*" in
*--version*) echo LVM ;;
*gone*) echo WARNING >&2; echo '  Failed to find logical volume "san/gone"' >&2; exit 5 ;;
*lv_size*thin*) echo '  {thin_size},{free},4194304,pool0' ;;
*lv_size*) echo '  {size},{free},4194304,' ;;
*data_percent*pool0) echo '  {used}' ;;
*) exit 3 ;;
esac
"""


def told(here: Path, *names: str, shell: tuple[str, ...] = ("dash",), **more: str) -> object:
    """What the section says of these volumes."""
    values = {"locking": ":", "used": "12.34,80.00", **more}
    sizes = {"thin_size": 64 * MIB, "size": 128 * MIB, "free": 4 * MIB}
    (here / "tools").mkdir()
    (here / "tools/lvs").write_text(LVS.format(here=here, **values, **sizes))
    (here / "tools/lvs").chmod(0o755)
    script = f'mount --bind {here}/tools /usr/local/sbin && exec "$@"'
    words = [word for name in names for word in ("--lv", name)]
    text = run(
        shell,
        "--only",
        "logical_volumes",
        *words,
        prefix=("unshare", "-m", "sh", "-c", script, "sh"),
    )
    return read(split(text)["logical_volumes"], SECTIONS["logical_volumes"])


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
def test_sizes_room_and_what_is_missing(tmp_path: Path, shell: tuple[str, ...]) -> None:
    found = told(tmp_path, "san/one", "san/thin", "san/gone", "san/one", shell=shell)
    extent = 4 * MIB
    assert found == (
        LogicalVolume("san/one", "", 128 * MIB, 4 * MIB, extent),
        LogicalVolume("san/thin", "", 64 * MIB, 4 * MIB, extent, "pool0", 12.34, 80.0),
        LogicalVolume("san/gone", 'Failed to find logical volume "san/gone"'),
    )
    called = (tmp_path / "called").read_text().splitlines()
    assert all("--nolocking" in line for line in called)


@needs_root
def test_an_older_lvm_takes_no_lock_either(tmp_path: Path) -> None:
    assert told(tmp_path, "san/one", locking="exit 3") != ()
    called = (tmp_path / "called").read_text().splitlines()
    assert all("--config=global{locking_type=0}" in line for line in called[1:])


@needs_root
def test_a_pool_that_tells_nothing_is_unknown(tmp_path: Path) -> None:
    (found,) = told(tmp_path, "san/thin", used=",")
    assert (found.data, found.metadata) == (None, None)


@needs_root
def test_what_is_no_percentage_is_unknown(tmp_path: Path) -> None:
    assert isinstance(told(tmp_path, "san/thin", used="a,b"), Unknown)


@needs_root
def test_without_a_volume_nothing_is_run(tmp_path: Path) -> None:
    assert told(tmp_path) == ()
    assert not (tmp_path / "called").exists()
