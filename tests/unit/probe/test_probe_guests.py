"""The guests of a volume, by an operator's own list command, and whose processes are theirs."""

import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.model.observed import Guest, Process, Unknown
from reconciler.probe import probe_text
from reconciler.probe.sections import read, split
from reconciler.resources import SECTIONS
from reconciler.resources.workloads.parsing import UNAPPROVED
from tests.unit.gate.calls import SHELLS, needs_root, sha, within
from tests.unit.probe.calls import run

pytestmark = needs_root  # what is approved stands in /var/lib, of which each test has its own
NL = "\n"

MOUNT = r"36 1 98:16 / {path} rw,relatime shared:1 - ocfs2 /dev/ubdb rw"
HOLD = "import sys; file = open(sys.argv[1] + '/held'); print(flush=True); sys.stdin.read()"


def program(here: Path, script: str) -> str:
    file = here / "list"
    file.write_text(f"#!/bin/sh\ncd {here}\n{script}\n")
    file.chmod(0o755)
    return str(file)


RECORD = "/var/lib/reconcile/ocfs2/programs"


def recorded(*listings: str, more: str = ":") -> str:
    """A script: a /var/lib of its own in which an apply has approved them; then ``more``."""
    lines = "".join(f"{sha(listing.partition(NL)[2])}\n" for listing in listings)
    return (
        f"mount -t tmpfs tmpfs /var/lib && mkdir -p {RECORD.rpartition('/')[0]} && "
        f"printf %s {shlex.quote(lines)} >{RECORD} && chmod 600 {RECORD} && {more}"
    )


def guests(
    *listings: str, shell: tuple[str, ...] = ("dash",), given: str | None = None
) -> object:
    """What the probe tells where they are approved, or as the script ``given`` has it."""
    words = [word for listing in listings for word in ("--guests", listing)]
    prefix = within(recorded(*listings) if given is None else given, ())
    text = run(shell, *words, "--only", "guests", prefix=prefix)
    return read(split(text)["guests"], SECTIONS["guests"])


@pytest.mark.parametrize("shell", SHELLS)
def test_what_nobody_approved_is_not_run(tmp_path: Path, shell: tuple[str, ...]) -> None:
    listing = program(tmp_path, "touch asked; echo vm1")
    mine = f"/srv/a\n{listing}\nx"
    for other in ("/srv/a", f"/srv/a\n{listing}", f"/srv/a\n{listing}\nx\ny", f"{mine} "):
        found = guests(mine, shell=shell, given=recorded(other))
        assert found == Unknown(f"{UNAPPROVED}/srv/a")
    assert not (tmp_path / "asked").exists()
    assert guests(f"/srv/b\n{listing}\nx", shell=shell, given=recorded(mine)) == (
        Guest("/srv/b", "vm1"),
    )


@pytest.mark.parametrize(
    "more",
    [
        f"chmod 640 {RECORD}",
        f"chown 1 {RECORD}",
        f"mv {RECORD} /var/lib/x && ln -s /var/lib/x {RECORD}",
        "mv /var/lib/reconcile/ocfs2 /var/lib/x && ln -s ../x /var/lib/reconcile/ocfs2",
        f"mv {RECORD} {RECORD}.before",
        f"mv {RECORD} {RECORD}.json",
    ],
)
def test_a_record_that_is_not_as_an_apply_leaves_it_approves_nothing(
    tmp_path: Path, more: str
) -> None:
    listing = f"/srv/a\n{program(tmp_path, 'touch asked; echo vm1')}"
    assert isinstance(guests(listing, given=recorded(listing, more=more)), Unknown)
    assert not (tmp_path / "asked").exists()


def test_of_several_the_approved_ones_are_run_and_all_are_unknown(tmp_path: Path) -> None:
    one, two = (f"/srv/{name}\n{program(tmp_path, 'touch asked')}\n{name}" for name in "ab")
    assert guests(one, two, given=recorded(one)) == Unknown(f"{UNAPPROVED}/srv/b")
    assert (tmp_path / "asked").exists()


@pytest.mark.parametrize("shell", SHELLS)
def test_each_volume_is_asked_by_its_own_command(
    tmp_path: Path, shell: tuple[str, ...]
) -> None:
    listing = program(tmp_path, 'echo "$#" >>calls; for name; do echo "vm-$name"; done; echo')
    found = guests(
        "\n".join(("/srv/a", listing, "1", "x*")).replace("x*", "x"),
        "\n".join(("/srv/b", listing)),
        "\n".join(("/srv/c", listing, "2")),
        shell=shell,
    )
    assert found == (Guest("/srv/a", "vm-1"), Guest("/srv/a", "vm-x"), Guest("/srv/c", "vm-2"))
    assert (tmp_path / "calls").read_text() == "2\n0\n1\n"


def test_a_list_in_another_order_is_the_same(tmp_path: Path) -> None:
    first = guests(f"/srv/a\n{program(tmp_path, 'echo vm2; echo vm1; echo vm2')}")
    second = guests(f"/srv/a\n{program(tmp_path, 'echo vm1; echo vm2')}")
    assert first == second == (Guest("/srv/a", "vm1"), Guest("/srv/a", "vm2"))


@pytest.mark.parametrize("shell", SHELLS)
def test_a_word_reaches_the_command_as_it_is(tmp_path: Path, shell: tuple[str, ...]) -> None:
    listing = program(tmp_path, 'printf "%s|" "$@" >words')
    words = ("a b", "*", "$HOME", "'", '"', "\\", "-n", "~")
    assert guests("\n".join(("/srv/a", listing, *words)), shell=shell) == ()
    assert (tmp_path / "words").read_text() == "".join(f"{word}|" for word in words)


@pytest.mark.parametrize("shell", SHELLS)
def test_what_a_list_command_leaves_behind_is_not_waited_for(
    tmp_path: Path, shell: tuple[str, ...]
) -> None:
    listing = program(tmp_path, "echo vm1; sleep 30 & echo $! >left")
    began = time.monotonic()
    try:
        assert guests(f"/srv/a\n{listing}", shell=shell) == (Guest("/srv/a", "vm1"),)
        assert time.monotonic() - began < 15
    finally:
        subprocess.run(["kill", (tmp_path / "left").read_text().strip()], check=True)


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("echo vm1; exit 3", "{list} ended with status 3"),
        ("yes '' | head -c 1000000; echo vm1", "{list} printed more than 64 KiB"),
        ("echo two words", "a guest's name is none: two words"),
        ("echo -- -vm", "a guest's name is none: -- -vm"),
        ("printf 'a\\001\\n'", "a guest's name is none: a"),
        ("seq 257", "more than 256 guests"),
        ("yes", "{list} printed more than 64 KiB"),
        ("echo vm1; echo @@0", "a guest's name is none: @@0"),
        ("printf '%0129d\\n' 1", "a guest's name is none: 0000"),
    ],
)
def test_what_is_no_list_of_guests_is_unknown_and_says_why(
    tmp_path: Path, script: str, why: str, shell: tuple[str, ...]
) -> None:
    listing = program(tmp_path, script)
    found = guests(f"/srv/a\n{listing}", shell=shell)
    assert isinstance(found, Unknown)
    assert found.reason.startswith(f"/srv/a: {why.format(list=listing)}"[:180])


def test_a_list_command_that_is_missing_is_named() -> None:
    assert guests("/srv/a\n/nowhere/list") == Unknown(
        "/srv/a: /nowhere/list ended with status 127"
    )


def test_a_list_command_is_given_twenty_seconds(tmp_path: Path) -> None:
    listing = program(tmp_path, "exec sleep 50")
    assert guests(f"/srv/a\n{listing}") == Unknown(f"/srv/a: {listing} ended with status 124")


def test_nobody_is_asked_unless_the_file_says_so(tmp_path: Path) -> None:
    listing = program(tmp_path, "touch asked")
    text = run(("dash",), "--guests", f"/srv/a\n{listing}", "--only", "mounts")
    assert "guests" not in text
    assert not (tmp_path / "asked").exists()
    assert guests() == ()


@pytest.mark.parametrize("words", ["", "srv/a", "/srv/a\n", "/srv/a\n\nls", "/srv/a\nl\ts"])
def test_anything_else_is_a_wrong_call(words: str) -> None:
    done = subprocess.run(
        ["dash", "-c", probe_text(), "probe", "--guests", words],
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (64, b"")


@pytest.fixture
def holder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[int]:
    """A process that has a file of the volume open; its command line ends in these words."""
    (tmp_path / "held").touch()
    (tmp_path / "mountinfo").write_text(MOUNT.format(path=tmp_path) + "\n")
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, tmp_path, *request.param.split()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout
        process.stdout.readline()
        yield process.pid


SCOPE = "0::/machine.slice/machine-qemu\\x2d{}.scope/libvirt/emulator\n"
SESSION = "0::/user.slice/user-0.slice/session-3.scope\n"
CASES = [
    ("", SCOPE.format(r"12\x2dvm\x2d1"), "vm-1"),
    ("", SCOPE.format(r"12\x2da\x2dvm\x2d1"), ""),
    ("", SCOPE.format(r"12\x2dvm\x2d10"), ""),
    ("", SCOPE.format(r"3\x2da\x2bb\x40c"), "a+b@c"),
    ("-name guest=vm-1,debug-threads=on", SESSION, "vm-1"),
    ("-name guest=vm-1", SESSION, "vm-1"),
    ("-name vm-1,process=x", SESSION, "vm-1"),
    ("-name vm-1", SESSION, "vm-1"),
    ("-name guest=vm-10,x", SESSION, ""),
    ("/srv/vm-1/disk", SESSION, ""),
    ("xvm-1", SESSION, ""),
]


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(("holder", "group", "guest"), CASES, indirect=["holder"])
def test_a_process_of_a_guest_is_told_by_its_scope_or_its_command_line(
    tmp_path: Path, holder: int, group: str, guest: str, shell: tuple[str, ...]
) -> None:
    listing = program(tmp_path, "echo vm-1; echo a+b@c")
    (tmp_path / "cgroup").write_text(group)
    script = (
        f"mount --bind {tmp_path}/mountinfo /proc/1/mountinfo && "
        f"mount --bind {tmp_path}/cgroup /proc/{holder}/cgroup && "
        f"{recorded(asked := f'{tmp_path}{NL}{listing}')}"
    )
    words = ("--path", str(tmp_path), "--guests", asked)
    text = run(
        shell, *words, "--only", "processes", "--only", "guests", prefix=within(script, ())
    )
    (found,) = read(split(text)["processes"], SECTIONS["processes"])  # type: ignore[misc]
    assert isinstance(found, Process)
    assert (found.pid, found.guest) == (holder, guest)
