import fcntl
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.gate.calls import GATE, SHELLS, Answer, files, gate, needs_root, within

HOLDER = '{"user": "root", "pid": 7}'


@pytest.fixture
def state() -> Iterator[Path]:
    """What is bound over /var/lib."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def lease(state: Path, *arguments: str, shell: tuple[str, ...] = ("dash",)) -> Answer:
    script = f"mount --bind {state} /var/lib"
    if (state / "uptime").exists():
        script += f" && mount --bind {state}/uptime /proc/uptime"
    return gate(*arguments, prefix=within(script, shell))


def fields(state: Path) -> dict[str, str]:
    lines = (state / "reconcile/lease").read_text().splitlines()
    return dict(line.split("\t", 1) for line in lines)


def at(state: Path, uptime: int) -> None:
    (state / "uptime").write_text(f"{uptime}.50 0.00\n")


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
def test_a_lease_is_taken_renewed_and_given_back(state: Path, shell: tuple[str, ...]) -> None:
    at(state, 1000)
    taken = lease(state, "lease-acquire", "ocfs2", "r1", HOLDER, "-", shell=shell)
    assert taken == (0, "ok acquired r1\n", "")
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert fields(state) == {"run": "r1", "holder": HOLDER, "boot": boot, "renewed": "1000"}
    assert (state / "reconcile").stat().st_mode & 0o7777 == 0o700
    at(state, 1100)
    assert lease(state, "lease-renew", "ocfs2", "r1", shell=shell) == (0, "ok renewed r1\n", "")
    assert fields(state) == {"run": "r1", "holder": HOLDER, "boot": boot, "renewed": "1100"}
    for _ in range(2):
        done = lease(state, "lease-release", "ocfs2", "r1", shell=shell)
        assert done == (0, "ok released r1\n", "")
    assert "lease" not in files(state / "reconcile")


@needs_root
def test_the_same_run_may_take_its_lease_again(state: Path) -> None:
    for holder in (HOLDER, '{"pid": 8}'):
        done = lease(state, "lease-acquire", "ocfs2", "r1", holder, "-")
        assert done == (0, "ok acquired r1\n", "")
    assert fields(state)["holder"] == '{"pid": 8}'


@needs_root
@pytest.mark.parametrize("steal", ["-", "r0"])
def test_a_held_lease_is_refused_with_run_holder_and_age(state: Path, steal: str) -> None:
    at(state, 1000)
    lease(state, "lease-acquire", "ocfs2", "r1", HOLDER, "-")
    at(state, 1120)
    done = lease(state, "lease-acquire", "ocfs2", "r2", HOLDER, steal)
    assert done == (75, "", f"gate: lease-held: r1\t{HOLDER}\t120\n")
    assert fields(state)["run"] == "r1"


@needs_root
def test_a_lease_that_was_not_renewed_for_two_minutes_is_displaced(state: Path) -> None:
    at(state, 1000)
    lease(state, "lease-acquire", "ocfs2", "r1", HOLDER, "-")
    at(state, 1121)
    done = lease(state, "lease-acquire", "ocfs2", "r2", HOLDER, "-")
    assert done == (0, "ok acquired r2\n", "")
    assert lease(state, "lease-renew", "ocfs2", "r1") == (75, "", "gate: lease-lost: r2\n")
    assert lease(state, "lease-release", "ocfs2", "r1") == (75, "", "gate: lease-lost: r2\n")
    assert fields(state)["run"] == "r2"


@needs_root
def test_naming_the_present_run_displaces_it_at_once(state: Path) -> None:
    lease(state, "lease-acquire", "ocfs2", "r1", HOLDER, "-")
    done = lease(state, "lease-acquire", "ocfs2", "r2", HOLDER, "r1")
    assert done == (0, "ok acquired r2\n", "")


@needs_root
@pytest.mark.parametrize(
    ("uptime", "status"), [(100, 75), (121, 0)], ids=["just booted", "up long enough"]
)
def test_a_lease_from_before_the_boot_is_as_old_as_the_boot(
    state: Path, uptime: int, status: int
) -> None:
    at(state, 5000)
    lease(state, "lease-acquire", "ocfs2", "r1", HOLDER, "-")
    path = state / "reconcile/lease"
    boot = fields(state)["boot"]
    path.write_text(path.read_text().replace(boot, "00000000-0000-0000-0000-000000000000"))
    at(state, uptime)
    assert lease(state, "lease-acquire", "ocfs2", "r2", HOLDER, "-")[0] == status


@needs_root
def test_without_a_lease_there_is_nothing_to_renew(state: Path) -> None:
    done = lease(state, "lease-renew", "ocfs2", "r1")
    assert done == (75, "", "gate: lease-lost: no lease\n")


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
def test_of_many_runs_at_once_one_gets_the_lease(state: Path, shell: tuple[str, ...]) -> None:
    prefix = within(f"mount --bind {state} /var/lib", shell)
    started = [
        subprocess.Popen(
            [*prefix, "-c", GATE, "gate", "lease-acquire", "ocfs2", f"r{n}", HOLDER, "-"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        for n in range(8)
    ]
    answers = [process.communicate()[0].decode() for process in started]
    assert sorted(answers)[:-1] == [""] * 7
    assert max(answers) == f"ok acquired {fields(state)['run']}\n"


@needs_root
def test_the_directory_of_the_lease_is_not_reached_through_a_link(state: Path) -> None:
    (state / "reconcile").symlink_to("/srv")
    done = lease(state, "lease-acquire", "ocfs2", "r1", HOLDER, "-")
    assert done == (75, "", "gate: symlink: /var/lib/reconcile is a symbolic link\n")


@needs_root
def test_a_garbled_lease_still_holds_and_expires(state: Path) -> None:
    (state / "reconcile").mkdir()
    (state / "reconcile/lease").write_bytes(b"\x00\xff")
    at(state, 60)
    assert lease(state, "lease-acquire", "ocfs2", "r1", HOLDER, "-")[0] == 75
    at(state, 200)
    assert lease(state, "lease-acquire", "ocfs2", "r1", HOLDER, "-")[0] == 0


@needs_root
def test_a_dead_runs_lease_waits_for_its_last_command(state: Path) -> None:
    assert lease(state, "lease-acquire", "ocfs2", "r1", HOLDER, "-")[0] == 0
    with (state / "reconcile/busy").open("a") as busy:
        fcntl.flock(busy, fcntl.LOCK_SH)
        done = lease(state, "lease-acquire", "ocfs2", "r2", HOLDER, "r1")
        words = "gate: lease-busy: a command of run r1 still works here\n"
        assert done == (75, "", words)
    assert lease(state, "lease-acquire", "ocfs2", "r2", HOLDER, "r1")[0] == 0


@needs_root
def test_a_free_lease_waits_for_a_command_that_outlived_its_run(state: Path) -> None:
    assert lease(state, "lease-acquire", "ocfs2", "r1", HOLDER, "-")[0] == 0
    with (state / "reconcile/busy").open("a") as busy:
        fcntl.flock(busy, fcntl.LOCK_SH)
        assert lease(state, "lease-release", "ocfs2", "r1")[0] == 0
        done = lease(state, "lease-acquire", "ocfs2", "r2", HOLDER, "-")
        words = "gate: lease-busy: a command of an earlier run still works here\n"
        assert done == (75, "", words)
    assert lease(state, "lease-acquire", "ocfs2", "r2", HOLDER, "-")[0] == 0
