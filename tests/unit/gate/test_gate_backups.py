"""note-backup: what a host keeps of a backup, by its own boot."""

import json
from pathlib import Path

import pytest

from tests.unit.gate.calls import SHELLS, gate, needs_root
from tests.unit.gate.machine import UUID, Machine

DIGEST = "5" * 64
OF = ("images", UUID, str(1 << 30), "san01", DIGEST)
PATH = f"/var/lib/reconcile/ocfs2/backup-{UUID}.json"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def kept(machine: Machine) -> Path:
    return machine.here / "kept" / Path(PATH).relative_to("/var/lib")


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
def test_a_backup_begins_and_is_made(machine: Machine, shell: tuple[str, ...]) -> None:
    done = (0, f"ok noted {PATH}\n", "")
    assert machine.gate("note-backup", "ocfs2", "begun", *OF, shell=shell) == done
    begun = json.loads(kept(machine).read_text())
    assert begun["ended"] is None
    assert kept(machine).stat().st_mode & 0o777 == 0o600
    assert kept(machine).parent.stat().st_mode & 0o777 == 0o700
    assert machine.gate("note-backup", "ocfs2", "made", *OF, shell=shell) == done
    made = json.loads(kept(machine).read_text())
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    fields = {"label": "images", "uuid": UUID, "bytes": 1 << 30, "host": "san01"}
    assert made == {**fields, "argv": DIGEST, "boot": boot, **_times(made)}
    assert begun["began"] == made["began"] <= made["ended"] <= _uptime()
    assert [path.name for path in kept(machine).parent.iterdir()] == [kept(machine).name]


def _times(record: dict[str, object]) -> dict[str, object]:
    return {key: record[key] for key in ("began", "ended")}


def _uptime() -> float:
    return float(Path("/proc/uptime").read_text().split()[0])


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    "change",
    [
        ("", ""),  # there is none
        ('"boot": "', '"boot": "0'),
        ('"bytes": 1', '"bytes": 2'),
        ('"argv": "5', '"argv": "6'),
        ('"began": ', '"began": x'),
        ('"ended": null', '"ended": 5'),
    ],
)
def test_what_did_not_begin_on_this_boot_is_not_made(
    machine: Machine, shell: tuple[str, ...], change: tuple[str, str]
) -> None:
    if any(change):
        machine.gate("note-backup", "ocfs2", "begun", *OF, shell=shell)
        text = kept(machine).read_text()
        assert change[0] in text
        kept(machine).write_text(text.replace(*change))
    before = kept(machine).read_text() if any(change) else None
    status, out, err = machine.gate("note-backup", "ocfs2", "made", *OF, shell=shell)
    assert (status, out) == (75, "")
    assert err.startswith("gate: changed-since: ")
    assert (kept(machine).read_text() if kept(machine).exists() else None) == before


@needs_root
def test_a_link_in_its_place_is_not_followed(machine: Machine) -> None:
    kept(machine).parent.mkdir(parents=True)
    kept(machine).symlink_to(machine.here / "elsewhere")
    assert machine.gate("note-backup", "ocfs2", "begun", *OF)[2].startswith("gate: symlink: ")
    assert not (machine.here / "elsewhere").exists()


@pytest.mark.parametrize(
    "words",
    [
        ("../up", "begun", *OF),
        ("ocfs2", "old", *OF),
        ("ocfs2", "begun", 'a"b', *OF[1:]),
        ("ocfs2", "begun", "images", "../../x", *OF[2:]),
        ("ocfs2", "begun", *OF[:2], "1e9", *OF[3:]),
        ("ocfs2", "begun", *OF[:3], "a b", DIGEST),
        ("ocfs2", "begun", *OF[:4], "5"),
        ("ocfs2", "begun", *OF[:4]),
    ],
)
def test_called_wrongly(words: tuple[str, ...]) -> None:
    status, out, err = gate("note-backup", *words)
    assert (status, out, err[:13]) == (64, "", "gate: usage: ")
