"""What the probe tells of leases, of what still runs after them, and of the pause."""

import fcntl
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.model.observed import Lease, Pause, Unknown
from reconciler.probe.sections import read, split
from reconciler.resources import SECTIONS
from tests.unit.gate.calls import SHELLS, called_with, gate, needs_root, within
from tests.unit.probe.calls import run

pytestmark = needs_root
HOLDER = '{"user": "root", "pid": 7}'
BOOT = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
ROOM = 32768
GARBLED = Unknown("the lease file is garbled")


@pytest.fixture
def state() -> Iterator[Path]:
    """What stands for /var/lib/reconcile."""
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "reconcile").mkdir()
        yield Path(name) / "reconcile"


def seen(
    state: Path, shell: tuple[str, ...] = ("dash",), before: tuple[str, ...] = ()
) -> dict[str, object]:
    uptime = state.parent / "uptime"
    script = (
        f"mount --bind {state.parent} /var/lib && "
        f'if [ -e {uptime} ]; then mount --bind {uptime} /proc/uptime; fi && exec "$@"'
    )
    only = ("--only", "leases", "--only", "pauses")
    text = run(shell, *only, prefix=("unshare", "-m", *before, "sh", "-c", script, "sh"))
    return {name: read(section, SECTIONS[name]) for name, section in split(text).items()}


def lease(**values: object) -> str:
    """The state as the gate writes it."""
    fields: dict[str, object] = {
        "token": 7,
        "run": "r1",
        "sealed": 0,
        "holder": HOLDER,
        "hosts": "node01,node02",
        "boot": BOOT,
        "renewed": 1000,
        "step": 0,
        "action": "",
        "began": "",
    }
    text = "".join(f"{key}\t{value}\n" for key, value in (fields | values).items())
    return f"{text}pad\t".ljust(ROOM - 1) + "\n"


def at(state: Path, uptime: int) -> None:
    (state.parent / "uptime").write_text(f"{uptime}.25 3000.00\n")


@pytest.mark.parametrize("shell", SHELLS)
def test_every_lease_is_told_with_what_its_run_began_last(
    state: Path, shell: tuple[str, ...]
) -> None:
    at(state, 1500)
    (state / "lease").write_text(lease(step=3, action="mount images", began=BOOT, sealed=1))
    (state / "san").mkdir()
    (state / "san/lease").write_text(lease(run="r2", step=1, action="x", began="b", hosts=""))
    hosts = ("node01", "node02")
    assert seen(state, shell)["leases"] == (
        Lease("r1", HOLDER, 500.0, "-", hosts, True, 3, "mount images", "now"),
        Lease("r2", HOLDER, 500.0, "san", (), False, 1, "x", "before"),
    )


@pytest.mark.parametrize(
    ("boot", "renewed", "age"),
    [(BOOT, 1000, 500.0), ("another", 1000, 1500.0), (BOOT, 2000, 0.0)],
)
def test_the_age_of_a_lease_counts_by_boot_time(
    state: Path, boot: str, renewed: int, age: float
) -> None:
    at(state, 1500)
    (state / "lease").write_text(lease(boot=boot, renewed=renewed))
    hosts = ("node01", "node02")
    assert seen(state)["leases"] == (Lease("r1", HOLDER, age, hosts=hosts),)


def test_a_lease_that_was_given_back_is_none(state: Path) -> None:
    assert seen(state)["leases"] == ()
    (state / "lease").write_text(lease(run="", holder="", hosts="", boot="", renewed=0))
    (state / "busy").touch()
    assert seen(state)["leases"] == ()


@pytest.mark.parametrize(
    "text",
    [
        "run\tr1\n",
        lease(renewed="soon"),
        lease(token=""),
        lease(step="-1"),
        lease().replace("began\t\n", ""),
        "\x01\x02",
        "",
    ],
)
def test_a_garbled_lease_is_unknown(state: Path, text: str) -> None:
    (state / "lease").write_text(text)
    assert seen(state)["leases"] == GARBLED


def test_a_control_character_in_a_holder_cannot_forge_a_line(state: Path) -> None:
    (state / "lease").write_text(lease(holder="a\x1b[2J"))
    assert seen(state)["leases"] == Unknown("control character in a lease line")


def begun(state: Path, script: str) -> subprocess.Popen[bytes]:
    """As the gate begins something: under the lock of `busy`, held through descriptor 8."""
    line = f"exec 8>>{state}/busy; flock 8; echo begun; {script}"
    process = subprocess.Popen(["dash", "-c", line], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"begun\n"
    return process


@pytest.mark.parametrize("shell", SHELLS)
def test_what_still_runs_of_a_lease_is_told_by_its_processes(
    state: Path, shell: tuple[str, ...]
) -> None:
    at(state, 1500)
    (state / "lease").write_text(lease(hosts=""))
    process = begun(state, "sleep 100; :")
    try:
        (found,) = seen(state, shell)["leases"]  # type: ignore[misc]
        first, second = found.running.split(", ")
        assert first == f"{process.pid} dash"
        assert second.endswith(" sleep")
        assert int(second.split()[0]) > 1
    finally:
        subprocess.run(["pkill", "-P", str(process.pid)], check=True)
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
    assert seen(state, shell)["leases"] == (Lease("r1", HOLDER, 500.0),)


@pytest.mark.parametrize("shell", SHELLS)
def test_what_the_gate_writes_and_begins_is_read(state: Path, shell: tuple[str, ...]) -> None:
    private = within(f"mount --bind {state.parent} /var/lib", shell)
    words = ("lease-acquire", "-", "r1", HOLDER, "node01,san01:ocfs2", "-")
    token = gate(*words, prefix=private)[1].split()[3]
    (taken,) = seen(state, shell)["leases"]  # type: ignore[misc]
    assert (taken.run, taken.holder, taken.hosts) == ("r1", HOLDER, ("node01", "san01:ocfs2"))
    assert (taken.begun, taken.action, taken.running) == ("", "", "")
    script = "echo begun; read -r _"
    act = (
        "as",
        "-",
        "r1",
        token,
        "1",
        BOOT,
        "999999999",
        "grow images",
        "run",
        "sh",
        "-c",
        script,
    )
    process = subprocess.Popen(
        [*private, *called_with(*act)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"begun\n"
    (works,) = seen(state, shell)["leases"]  # type: ignore[misc]
    process.communicate(b"\n")
    assert (works.step, works.action, works.begun) == (1, "grow images", "now")
    assert re.fullmatch(r"\d+ \w+(, \d+ sh)?", works.running)
    assert gate("lease-unlock", "-", "r1", prefix=private)[0] == 0
    (left,) = seen(state, shell)["leases"]  # type: ignore[misc]
    assert (left.run, left.sealed, left.running) == ("r1", True, "")
    assert gate("pause", "ocfs2", "the SAN moves", "alice", "-", prefix=private)[0] == 0
    (pause,) = seen(state, shell)["pauses"]  # type: ignore[misc]
    assert (pause.cluster, pause.reason, pause.by) == ("ocfs2", "the SAN moves", "alice")


@pytest.mark.parametrize("apart", [(), ("unshare", "-p", "-f", "--mount-proc")])
@pytest.mark.parametrize("free", [False, True])
def test_what_outlives_the_gate_and_the_lease_is_told(
    state: Path, apart: tuple[str, ...], *, free: bool
) -> None:
    """Also where the kernel does not list locks of who has ended."""
    at(state, 1500)
    if free:
        (state / "lease").write_text(lease(run="", boot="", renewed=0))
    process = begun(state, "sleep 100 & echo $!")
    assert process.stdout is not None
    child = int(process.stdout.readline())
    assert process.wait() == 0
    process.stdout.close()
    try:
        (found,) = seen(state, before=apart)["leases"]  # type: ignore[misc]
        assert (found.run, found.running) == ("", "yes" if apart else f"{child} sleep")
    finally:
        os.kill(child, 15)
    wait_until_free(state)
    assert seen(state, before=apart)["leases"] == ()


def wait_until_free(state: Path) -> None:
    with (state / "busy").open("a") as busy:
        fcntl.flock(busy, fcntl.LOCK_EX)


def test_to_look_keeps_no_command_from_its_start(state: Path) -> None:
    """Where the lock has to be tried, it is shared, and a gate waits a second for it."""
    (state / "busy").touch()
    began = time.monotonic()
    for _ in range(5):
        assert seen(state, before=("unshare", "-p", "-f", "--mount-proc"))["leases"] == ()
        with (state / "busy").open("a") as busy:
            fcntl.flock(busy, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert time.monotonic() - began < 60


def pause(**values: object) -> str:
    fields: dict[str, object] = {
        "cluster": "ocfs2",
        "reason": "the SAN moves",
        "by": "alice@desk",
        "since": 1700000000,
        "until": "-",
    }
    return "".join(f"{key}\t{value}\n" for key, value in (fields | values).items())


@pytest.mark.parametrize("shell", SHELLS)
def test_a_pause_is_told_until_it_has_passed(state: Path, shell: tuple[str, ...]) -> None:
    assert seen(state, shell)["pauses"] == ()
    for until, end in (("-", None), (4102444800, 4102444800)):
        (state / "paused").write_text(pause(until=until))
        told = Pause("ocfs2", "the SAN moves", "alice@desk", 1700000000, end)
        assert seen(state, shell)["pauses"] == (told,)
    (state / "paused").write_text(pause(until=1700003600))
    assert seen(state, shell)["pauses"] == ()


@pytest.mark.parametrize(
    "text", ["", pause(until="soon"), pause(until=""), pause(reason=""), pause(since="-")]
)
def test_a_garbled_pause_is_unknown_not_none(state: Path, text: str) -> None:
    (state / "paused").write_text(text)
    assert seen(state)["pauses"] == Unknown("the file of the pause is garbled")
