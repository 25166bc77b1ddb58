"""What an operator says to a host: that nothing starts there, and that a run's lease is free."""

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.gate.calls import SHELLS, Answer, called_with, gate, needs_root, within

pytestmark = needs_root
HOLDER = '{"user": "root", "pid": 7}'
BOOT = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
SHELL = pytest.mark.parametrize("shell", SHELLS)
DASH = ("dash",)


@pytest.fixture
def state() -> Iterator[Path]:
    """What is bound over /var/lib."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def call(state: Path, *words: str, shell: tuple[str, ...] = DASH, stdin: str = "") -> Answer:
    return gate(*words, prefix=within(f"mount --bind {state} /var/lib", shell), stdin=stdin)


def fields(state: Path, name: str = "lease") -> dict[str, str]:
    lines = (state / "reconcile" / name).read_text().splitlines()
    return {key: value for key, _tab, value in (line.partition("\t") for line in lines)}


def acquired(
    state: Path, run: str = "r1", scope: str = "-", shell: tuple[str, ...] = DASH
) -> str:
    words = ("lease-acquire", scope, run, HOLDER, "node01,node02", "-")
    status, out, err = call(state, *words, shell=shell)
    assert (status, err) == (0, "")
    return out.split()[3]


def act(state: Path, token: str, step: int, shell: tuple[str, ...] = DASH) -> Answer:
    who = ("as", "-", "r1", token, str(step), BOOT, "999999999", f"say {step}")
    return call(state, *who, "run", "echo", "done", shell=shell)


@SHELL
def test_a_pause_keeps_runs_and_their_commands_out_until_it_is_resumed(
    state: Path, shell: tuple[str, ...]
) -> None:
    token = acquired(state, shell=shell)
    assert act(state, token, 1, shell) == (0, "done\n", "")
    done = call(state, "pause", "ocfs2", "the SAN moves", "alice@desk", "-", shell=shell)
    assert done == (0, "ok paused ocfs2\n", "")
    told = fields(state, "paused")
    assert int(told.pop("since")) > 1_700_000_000
    assert told == {
        "cluster": "ocfs2",
        "reason": "the SAN moves",
        "by": "alice@desk",
        "until": "-",
    }
    assert (state / "reconcile/paused").stat().st_mode & 0o7777 == 0o600
    refused = (75, "", "gate: paused: alice@desk: the SAN moves\n")
    assert act(state, token, 2, shell) == refused
    words = ("lease-acquire", "-", "r2", HOLDER, "node01", "r1")
    assert call(state, *words, shell=shell) == refused
    assert call(state, "lease-renew", "-", "r1", token, shell=shell)[0] == 0
    assert call(state, "resume", shell=shell) == (0, "ok resumed\n", "")
    assert act(state, token, 2, shell) == (0, "done\n", "")


@SHELL
def test_a_paused_run_can_end(state: Path, shell: tuple[str, ...]) -> None:
    token = acquired(state, shell=shell)
    call(state, "pause", "ocfs2", "why", "alice", "-", shell=shell)
    assert call(state, "lease-seal", "-", "r1", token, shell=shell)[0] == 0
    assert call(state, "lease-free", "-", "r1", token, shell=shell)[0] == 0
    assert fields(state)["run"] == ""


@pytest.mark.parametrize(("until", "status"), [("1700000000", 0), ("4102444800", 75)])
def test_a_pause_ends_by_itself_at_its_second(state: Path, until: str, status: int) -> None:
    token = acquired(state)
    assert call(state, "pause", "ocfs2", "why", "alice", until)[0] == 0
    assert act(state, token, 1)[0] == status


def test_the_first_pause_counts_and_to_resume_twice_is_no_mistake(state: Path) -> None:
    assert call(state, "pause", "ocfs2", "one", "alice", "+60")[0] == 0
    second = call(state, "pause", "ocfs2", "two", "bob", "-")
    assert second == (75, "", "gate: paused: alice: one\n")
    found = fields(state, "paused")
    assert found["reason"] == "one"
    assert int(found["until"]) - int(found["since"]) == 60
    for _ in range(2):
        assert call(state, "resume") == (0, "ok resumed\n", "")
    assert not (state / "reconcile/paused").exists()


@pytest.mark.parametrize("text", ["", "\x00\xff", "until\tsoon\n"])
def test_a_garbled_pause_pauses(state: Path, text: str) -> None:
    token = acquired(state)
    (state / "reconcile/paused").write_text(text)
    assert act(state, token, 1)[0] == 75
    assert call(state, "resume")[0] == 0
    assert act(state, token, 1)[0] == 0


@pytest.mark.parametrize(
    "words",
    [
        ("ocfs2", "", "alice", "-"),
        ("ocfs2", "a\nb", "alice", "-"),
        ("ocfs2", "why", "a\tb", "-"),
        ("ocfs2", "why", "alice", "soon"),
        ("ocfs2", "why", "alice", "-1"),
        ("../x", "why", "alice", "-"),
        ("ocfs2", "x" * 1025, "alice", "-"),
        ("ocfs2", "why", "alice"),
    ],
)
def test_a_pause_that_cannot_be_told_is_refused(state: Path, words: tuple[str, ...]) -> None:
    assert call(state, "pause", *words)[0] == 64
    assert not (state / "reconcile/paused").exists()


def test_a_link_is_not_followed(state: Path) -> None:
    (state / "reconcile").mkdir()
    (state / "reconcile/paused").symlink_to("/etc/passwd")
    refused = (75, "", "gate: symlink: /var/lib/reconcile/paused is a symbolic link\n")
    assert call(state, "pause", "ocfs2", "why", "alice", "-") == refused
    assert call(state, "resume") == refused


@SHELL
def test_the_run_that_is_named_can_do_nothing_more_and_anybody_may_follow_it(
    state: Path, shell: tuple[str, ...]
) -> None:
    token = acquired(state, shell=shell)
    other = call(state, "lease-unlock", "-", "r9", shell=shell)
    assert other == (75, "", "gate: lease-lost: r1\n")
    for _ in range(2):
        done = call(state, "lease-unlock", "-", "r1", shell=shell)
        assert done == (0, "ok unlocked r1 1\n", "")
    assert (fields(state)["run"], fields(state)["sealed"]) == ("r1", "1")
    ended = (75, "", "gate: lease-lost: r1 has ended\n")
    assert act(state, token, 1, shell) == ended
    assert call(state, "lease-renew", "-", "r1", token, shell=shell) == ended
    words = ("lease-acquire", "-", "r2", HOLDER, "node03", "-")
    status, out, _err = call(state, *words, shell=shell)
    assert status == 0
    assert out.splitlines()[1] == "displaced r1 node01,node02"
    assert fields(state)["hosts"] == "node03,node01,node02"
    assert act(state, token, 1, shell) == (75, "", "gate: lease-lost: r2\n")
    assert call(state, "lease-unlock", "-", "r1", shell=shell) == (
        75,
        "",
        "gate: lease-lost: r2\n",
    )


def test_a_storage_host_s_lease_is_its_cluster_s(state: Path) -> None:
    acquired(state, "r1", "ocfs2")
    acquired(state, "r1", "other")
    assert call(state, "lease-unlock", "-", "r1")[0] == 75
    assert call(state, "lease-unlock", "ocfs2", "r1")[0] == 0
    leases = [fields(state, f"{name}/lease") for name in ("ocfs2", "other")]
    assert [lease["sealed"] for lease in leases] == ["1", "0"]


@SHELL
def test_a_lease_of_which_something_still_runs_stays(
    state: Path, shell: tuple[str, ...]
) -> None:
    token = acquired(state, shell=shell)
    prefix = within(f"mount --bind {state} /var/lib", shell)
    script = ("sh", "-c", "echo begun; read -r _")
    who = ("as", "-", "r1", token, "1", BOOT, "999999999", "grow images")

    running = subprocess.Popen(
        [*prefix, *called_with(*who, "run", *script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert running.stdout is not None
    assert running.stdout.readline() == b"begun\n"
    busy = (75, "", "gate: lease-busy: run r1 still works here at grow images\n")
    assert call(state, "lease-unlock", "-", "r1", shell=shell) == busy
    assert fields(state)["sealed"] == "0"
    running.communicate(b"\n")
    assert call(state, "lease-unlock", "-", "r1", shell=shell)[0] == 0


@pytest.mark.parametrize("name", ["token", "sealed", "renewed", "step"])
def test_a_lease_with_a_number_that_is_none_is_garbled_as_the_probe_has_it(
    state: Path, name: str
) -> None:
    token = acquired(state)
    assert act(state, token, 1)[0] == 0
    lease = state / "reconcile/lease"
    lines = lease.read_text().splitlines(keepends=True)
    lease.write_text("".join(f"{name}\tx\n" if s.startswith(name) else s for s in lines))
    code, _out, err = call(state, "lease-acquire", "-", "r2", "them", "h3", "r1")
    assert (code, err[:20]) == (75, "gate: lease-garbled:")
    assert act(state, token, 1)[0] == 75


@pytest.mark.parametrize("keeps", [1, 40, 120])
def test_a_garbled_lease_is_displaced_by_nobody_before_it_is_unlocked(
    state: Path, keeps: int
) -> None:
    acquired(state)
    lease = state / "reconcile/lease"
    lease.write_bytes(lease.read_bytes()[:keeps])
    acquire = ("lease-acquire", "-", "r2", "them", "h3", "r1")
    code, _out, err = call(state, *acquire)
    assert (code, err) == (75, "gate: lease-garbled: /var/lib/reconcile/lease cannot be read\n")
    assert call(state, "lease-unlock", "-", "r1")[0] == 75
    assert call(state, "lease-unlock", "-", "garbled")[1].startswith("ok unlocked garbled ")
    stands = fields(state)
    assert (stands["sealed"], stands["renewed"], stands["step"]) == ("1", "0", "0")
    assert acquired(state, "r2")
