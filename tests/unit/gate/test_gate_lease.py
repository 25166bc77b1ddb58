"""The lease of a host beyond its table (test_gate_decision): files, room, locks, what runs."""

import fcntl
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.gate import gate_text
from tests.unit.gate.calls import (
    SHELLS,
    Answer,
    called_with,
    gate,
    needs_root,
    text_of_all,
    within,
)

HOLDER = '{"user": "root", "pid": 7}'
BOOT = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
ROOM = 32768
FREE = {"run": "", "sealed": "0", "holder": "", "hosts": "", "step": "0", "action": ""}


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


def acquire(state: Path, run: str, displaces: str = "-", scope: str = "-") -> Answer:
    return lease(state, "lease-acquire", scope, run, HOLDER, "node01,san:ocfs2", displaces)


def act(state: Path, step: int, *words: str, run: str = "r1", token: int = 1) -> Answer:
    return lease(state, "as", "-", run, str(token), str(step), BOOT, "999999999", "try", *words)


def fields(state: Path, scope: str = "") -> dict[str, str]:
    lines = (state / "reconcile" / scope / "lease").read_text().splitlines()
    return dict(line.split("\t", 1) for line in lines)


def at(state: Path, uptime: int) -> None:
    (state / "uptime").write_text(f"{uptime}.50 0.00\n")


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
def test_a_lease_is_taken_renewed_sealed_and_given_back(
    state: Path, shell: tuple[str, ...]
) -> None:
    at(state, 1000)
    taken = lease(state, "lease-acquire", "-", "r1", HOLDER, "a,b", "-", shell=shell)
    assert taken == (0, "ok acquired r1 1\n", "")
    found = fields(state)
    assert found.pop("pad").strip() == ""
    assert found == {
        "token": "1",
        "run": "r1",
        "sealed": "0",
        "holder": HOLDER,
        "hosts": "a,b",
        "boot": BOOT,
        "renewed": "1000",
        "step": "0",
        "action": "",
        "began": "",
    }
    assert (state / "reconcile").stat().st_mode & 0o7777 == 0o700
    at(state, 1100)
    renewed = lease(state, "lease-renew", "-", "r1", "1", shell=shell)
    assert renewed == (0, f"ok renewed r1 {BOOT} 1100\n", "")
    assert fields(state)["renewed"] == "1100"
    for verb, words in (("seal", "sealed"), ("free", "freed")):
        done = lease(state, f"lease-{verb}", "-", "r1", "1", shell=shell)
        assert done == (0, f"ok {words} r1\n", "")
    assert fields(state).items() >= {"token": "1", **FREE}.items()


@needs_root
def test_a_storage_host_has_a_lease_for_each_cluster(state: Path) -> None:
    assert acquire(state, "r1", scope="one")[0] == 0
    assert acquire(state, "r2", scope="two")[0] == 0
    assert (fields(state, "one")["run"], fields(state, "two")["run"]) == ("r1", "r2")
    assert acquire(state, "r3", scope="two")[2].startswith("gate: lease-held: r2\t")


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
def test_of_many_runs_at_once_one_gets_the_lease(state: Path, shell: tuple[str, ...]) -> None:
    prefix = within(f"mount --bind {state} /var/lib", shell)
    words = ("lease-acquire", "-")
    started = [
        subprocess.Popen(
            [*prefix, *called_with(*words, f"r{n}", HOLDER, "a", "-")],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        for n in range(8)
    ]
    answers = [process.communicate()[0].decode() for process in started]
    assert sorted(answers)[:-1] == [""] * 7
    assert max(answers) == f"ok acquired {fields(state)['run']} 1\n"


@needs_root
@pytest.mark.parametrize("scope", ["-", "one"])
def test_the_directory_of_the_lease_is_not_reached_through_a_link(
    state: Path, scope: str
) -> None:
    (state / "elsewhere").mkdir()
    (state / "reconcile").symlink_to("elsewhere")
    done = acquire(state, "r1", scope=scope)
    assert done == (75, "", "gate: symlink: /var/lib/reconcile is a symbolic link\n")
    assert not list((state / "elsewhere").iterdir())


@needs_root
@pytest.mark.parametrize("link", ["one", "one/lease"])
def test_a_lease_is_not_reached_through_a_link(state: Path, link: str) -> None:
    path = state / "reconcile" / link
    path.parent.mkdir(parents=True)
    (state / "elsewhere").mkdir()
    path.symlink_to(state / "elsewhere")
    done = acquire(state, "r1", scope="one")
    told = f"/var/lib/reconcile/{link} is a symbolic link"
    assert done == (75, "", f"gate: symlink: {told}\n")
    assert not list((state / "elsewhere").iterdir())


@needs_root
def test_a_lease_that_cannot_be_read_holds_until_it_is_unlocked_and_no_old_token_fits_then(
    state: Path,
) -> None:
    (state / "reconcile").mkdir()
    (state / "reconcile/lease").write_bytes(b"\x00\xff")
    at(state, 200)
    assert acquire(state, "r1")[0] == 75
    assert lease(state, "lease-unlock", "-", "garbled")[0] == 0
    assert acquire(state, "r1")[0] == 0
    assert int(fields(state)["token"]) > 1_700_000_000


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
def test_a_full_disk_stops_no_run_from_taking_over_acting_or_ending(
    shell: tuple[str, ...],
) -> None:
    calls = [
        "lease-acquire - r1 {} a -",
        f"as - r1 1 1 {BOOT} 999999999 try run true",
        "lease-acquire - r2 {} a r1",
        "lease-renew - r2 2",
        "lease-seal - r2 2",
        "lease-free - r2 2",
    ]
    full = "dd if=/dev/zero of=/var/lib/full bs=4k >/dev/null 2>&1"
    script = "mount -t tmpfs -o size=256k tmpfs /var/lib"
    for number, call in enumerate(calls):
        script += f' && "$@" {call} >/dev/null' + (f"; {full}; true" if number == 0 else "")
    prefix = within(f"{script} && set -- true", shell)
    done = subprocess.run(
        [*prefix, "-c", text_of_all(), "gate"], capture_output=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, b"")


@needs_root
def test_the_first_lease_on_a_full_disk_is_refused_by_name(state: Path) -> None:
    prefix = within("mount -t tmpfs -o size=20k tmpfs /var/lib")
    done = gate("lease-acquire", "-", "r1", "{}", "a", "-", prefix=prefix)
    assert done[0] == 75
    assert done[2].startswith("gate: no-space: ")


@needs_root
@pytest.mark.parametrize("before", ["spare", "old", "none"])
def test_a_state_that_was_cut_short_between_its_names_is_whole(
    state: Path, before: str
) -> None:
    acquire(state, "r1")
    kept = state / "reconcile"
    if before == "old":  # between the two renames
        (kept / "lease.spare").rename(kept / "lease.old")
    elif before == "none":
        (kept / "lease.spare").unlink()
    else:  # before the first of them
        (kept / "lease.old").hardlink_to(kept / "lease")
    assert acquire(state, "r2", "r1")[0] == 0
    assert lease(state, "lease-renew", "-", "r2", "2")[0] == 0
    assert sorted(p.name for p in kept.glob("lease*")) == ["lease", "lease.spare"]
    assert {p.stat().st_size for p in kept.glob("lease*")} == {ROOM}


@needs_root
def test_more_hosts_than_there_is_room_for_get_no_lease(state: Path) -> None:
    done = lease(state, "lease-acquire", "-", "r1", HOLDER, "a" * ROOM, "-")
    told = f"the hosts of the run do not fit into {ROOM} bytes"
    assert done == (75, "", f"gate: lease-too-long: {told}\n")
    assert not list((state / "reconcile").glob("lease*"))


@needs_root
def test_while_somebody_else_decides_nobody_does(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def text(*words: str) -> str:
        whole = gate_text(*words)
        assert "flock -w 10 9" in whole
        return whole.replace("flock -w 10 9", "flock -w 1 9")

    monkeypatch.setattr("tests.unit.gate.calls.text_of", text)
    (state / "reconcile").mkdir()
    with (state / "reconcile/lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        busy = (75, "", "gate: lease-busy: /var/lib/reconcile/lock is locked\n")
        assert acquire(state, "r1") == busy
    assert acquire(state, "r1")[0] == 0


@needs_root
def test_a_lease_without_a_token_of_an_earlier_version_counts_as_garbled(state: Path) -> None:
    at(state, 1000)
    (state / "reconcile").mkdir()
    old = f"run\tr0\nholder\t{HOLDER}\nboot\t{BOOT}\nrenewed\t990\n"
    (state / "reconcile/lease").write_text(old)
    at(state, 1200)
    code, out, err = acquire(state, "r1")
    assert (code, out, err[:20]) == (75, "", "gate: lease-garbled:")


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
def test_what_a_command_left_running_keeps_everybody_else_out(
    state: Path, shell: tuple[str, ...]
) -> None:
    """The lock is held by what runs, through its descriptor, when the gate itself has ended."""
    acquire(state, "r1")
    fifo = state / "fifo"
    subprocess.run(["mkfifo", fifo], check=True)
    prefix = within(f"mount --bind {state} /var/lib", shell)
    words = ("as", "-", "r1", "1", "1", BOOT, "999999999", "try", "run")
    left = f"read line </var/lib/{fifo.name} & exit 0"
    done = subprocess.run(
        [*prefix, *called_with(*words, "sh", "-c", left)],
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        timeout=30,
    )
    assert done.returncode == 0
    for answer in (acquire(state, "r2", "r1"), act(state, 2, "run", "true")):
        assert answer == (75, "", "gate: lease-busy: run r1 still works here at try\n")
    assert lease(state, "lease-seal", "-", "r1", "1")[2].startswith("gate: lease-busy: ")
    fifo.write_text("end\n")
    with (state / "reconcile/busy").open("a") as busy:
        fcntl.flock(busy, fcntl.LOCK_EX)
    assert acquire(state, "r2", "r1")[0] == 0


@needs_root
def test_what_a_command_does_is_on_the_disk_before_it_begins(state: Path) -> None:
    acquire(state, "r1")
    told = act(state, 4, "run", "cat", "/var/lib/reconcile/lease")
    assert "\nstep\t4\naction\ttry\n" in told[1]
    assert act(state, 4, "run", "echo", "again")[2].startswith("gate: action-repeated: ")
    assert act(state, 3, "run", "echo", "before it")[2].startswith("gate: action-repeated: ")
    assert act(state, 5, "run", "echo", "next") == (0, "next\n", "")


@needs_root
@pytest.mark.parametrize(
    "words", [("write-file", "/etc/x", "644", "absent", "0" * 64), ("run", "true"), ("mount",)]
)
def test_what_changes_something_needs_a_run_that_it_is_of(
    state: Path, words: tuple[str, ...]
) -> None:
    prefix = within(f"mount --bind {state} /var/lib")
    done = subprocess.run(
        [*prefix, *called_with(*words)], capture_output=True, check=False, timeout=30
    )
    told = f"gate: usage: {words[0]} needs a run that it is of: as SCOPE RUN ...\n"
    assert (done.returncode, done.stderr.decode()) == (64, told)
    assert not (state / "reconcile").exists()
