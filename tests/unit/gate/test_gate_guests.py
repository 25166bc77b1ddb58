"""Guests are told to stop, to move or to start, and waited for; by programs of the tests' own.

A guest is a file in ``running``, whose programs are called with its name. By real ``virsh``:
see ``test_virsh``.
"""

import subprocess
import time
from pathlib import Path

import pytest

from tests.unit.gate.calls import SHELLS, Answer, gate, needs_root, within

VOLUME = "36 1 98:16 / /srv/images rw,relatime shared:1 - ocfs2 /dev/ubdb rw\n"


class Host:
    """Programs in a directory; ``late`` and the like are what the next call does."""

    def __init__(self, here: Path) -> None:
        self.here = here
        (here / "running").mkdir()
        (here / "kept").mkdir()
        self.program("list", "ls running")
        self.program("stop", 'rm "running/$1"')
        self.program("start", 'echo >"running/$1"')
        self.program("migrate", 'rm "running/$1"; echo "$2" >"moved-$1"')

    def program(self, name: str, script: str) -> None:
        file = self.here / name
        file.write_text(f'#!/bin/sh\ncd {self.here}\necho "{name} $*" >>called\n{script}\n')
        file.chmod(0o755)

    def guest(self, *names: str) -> None:
        for name in names:
            (self.here / "running" / name).touch()

    def running(self) -> list[str]:
        return sorted(path.name for path in (self.here / "running").iterdir())

    def called(self) -> list[str]:
        """What was called but for looking."""
        lines = (self.here / "called").read_text().splitlines()
        return [line for line in lines if not line.startswith("list")]

    def words(self, program: str, *arguments: str) -> str:
        return "\n".join((f"{self.here}/{program}", *arguments))

    def gate(
        self, *words: str, shell: tuple[str, ...] = ("dash",), info: str = VOLUME
    ) -> Answer:
        """One call, with ``info`` as the mounts; `cat` is how the gate reads them."""
        tools = self.here / "tools"
        tools.mkdir(exist_ok=True)
        (tools / "cat").write_text(f"#!/bin/sh\nprintf '%s' '{info}'\n")
        (tools / "cat").chmod(0o755)
        script = (
            f"mount --bind {self.here}/kept /var/lib && mount --bind {tools} /usr/local/sbin"
        )
        return gate(*words, prefix=within(script, shell))

    def stop(self, name: str, seconds: int = 3, **more: tuple[str, ...]) -> Answer:
        words = (self.words("list"), self.words("stop", name))
        return self.gate("stop-guest", name, str(seconds), *words, **more)  # type: ignore[arg-type]  # the shell

    def start(self, name: str, seconds: int = 3, **more: object) -> Answer:
        words = (self.words("list"), self.words("start", name))
        return self.gate("start-guest", "/srv/images", name, str(seconds), *words, **more)  # type: ignore[arg-type]  # the shell or mountinfo

    def migrate(self, name: str, seconds: int = 3) -> Answer:
        commands = (("migrate", name, "node02"), ("stop", name))
        words = (self.words("list"), *(self.words(*command) for command in commands))
        return self.gate("migrate-guest", name, str(seconds), *words)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
def test_a_guest_is_stopped_and_waited_for(host: Host, shell: tuple[str, ...]) -> None:
    host.guest("vm1", "vm10")
    host.program("stop", '(sleep 2; rm "running/$1") >/dev/null 2>&1 &')
    began = time.monotonic()
    assert host.stop("vm1", 20, shell=shell) == (0, "ok stopped vm1\n", "")
    assert time.monotonic() - began >= 2
    assert host.running() == ["vm10"]
    assert host.called() == ["stop vm1"]
    assert not list((host.here / "kept/reconcile").glob(".guest*"))


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
def test_a_guest_that_is_not_listed_is_not_asked_to_stop(
    host: Host, shell: tuple[str, ...]
) -> None:
    host.guest("vm10")
    assert host.stop("vm1", shell=shell) == (0, "ok stopped vm1\n", "")
    assert host.called() == []


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
def test_a_guest_that_does_not_stop_is_named_and_left_alone(
    host: Host, shell: tuple[str, ...]
) -> None:
    host.guest("vm1")
    host.program("stop", "exit 0")
    said = "gate: guest-still-runs: vm1 still runs after 2 s\n"
    assert host.stop("vm1", 2, shell=shell) == (70, "", said)
    assert host.running() == ["vm1"]
    assert host.called() == ["stop vm1"]


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
def test_a_stop_command_that_fails_is_told_in_its_own_words(
    host: Host, shell: tuple[str, ...]
) -> None:
    host.guest("vm1")
    host.program("stop", "echo first; echo no such guest >&2; exit 7")
    said = "gate: guest-still-runs: vm1: the command ended with 7: no such guest\n"
    assert host.stop("vm1", 30, shell=shell) == (70, "", said)


@needs_root
def test_a_stop_command_that_fails_and_stops_it_all_the_same_has_stopped_it(host: Host) -> None:
    host.guest("vm1")
    host.program("stop", 'rm "running/$1"; exit 1')
    assert host.stop("vm1") == (0, "ok stopped vm1\n", "")


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
def test_guests_that_cannot_be_listed_are_not_taken_for_stopped(
    host: Host, shell: tuple[str, ...]
) -> None:
    host.guest("vm1")
    host.program("list", "echo vm2; exit 3")
    said = f"gate: guests-unread: {host.here}/list ended with status 3\n"
    assert host.stop("vm1", shell=shell) == (70, "", said)
    assert host.called() == []


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
def test_what_the_list_command_leaves_behind_is_not_waited_for(
    host: Host, shell: tuple[str, ...]
) -> None:
    host.guest("vm1")
    host.program("list", "ls running; sleep 30 & echo $! >>left")
    began = time.monotonic()
    try:
        assert host.stop("vm1", shell=shell) == (0, "ok stopped vm1\n", "")
        assert time.monotonic() - began < 15
    finally:
        subprocess.run(["kill", *(host.here / "left").read_text().split()], check=True)


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
def test_a_list_that_is_too_long_is_none(host: Host, shell: tuple[str, ...]) -> None:
    host.guest("vm1")
    host.program("list", "yes '' | head -c 1000000; ls running")
    said = f"gate: guests-unread: {host.here}/list printed more than 64 KiB\n"
    assert host.stop("vm1", shell=shell) == (70, "", said)
    assert host.called() == []


@needs_root
def test_a_list_command_that_fails_while_a_guest_stops_ends_the_waiting(host: Host) -> None:
    host.guest("vm1")
    host.program("list", "[ -e told ] && exit 3; ls running")
    host.program("stop", "touch told")
    assert host.stop("vm1", 20)[0] == 70


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
def test_a_guest_moves_and_is_not_stopped(host: Host, shell: tuple[str, ...]) -> None:
    host.guest("vm1")
    assert host.migrate("vm1") == (0, "ok migrated vm1\n", "")
    assert (host.here / "moved-vm1").read_text() == "node02\n"
    assert host.called() == ["migrate vm1 node02"]


@needs_root
def test_a_guest_that_does_not_move_is_stopped(host: Host) -> None:
    host.guest("vm1")
    host.program("migrate", "echo no room >&2; exit 1")
    why = "the command ended with 1: no room"
    assert host.migrate("vm1") == (0, f"ok stopped vm1; it did not move: {why}\n", "")
    assert host.called() == ["migrate vm1 node02", "stop vm1"]
    assert host.running() == []


@needs_root
def test_nothing_is_stopped_while_a_guest_is_still_moving(host: Host) -> None:
    host.guest("vm1")
    host.program("migrate", 'sleep 3; rm "running/$1"')
    assert host.migrate("vm1", 1) == (0, "ok migrated vm1\n", "")
    assert host.called() == ["migrate vm1 node02"]


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
def test_a_guest_starts_and_neither_holds_the_lock_nor_the_output(
    host: Host, shell: tuple[str, ...]
) -> None:
    host.program("start", 'echo $$ >guest; touch "running/$1"; exec sleep 60')
    began = time.monotonic()
    assert host.start("vm1", 20, shell=shell) == (0, "ok started vm1\n", "")
    assert time.monotonic() - began < 15
    pid = (host.here / "guest").read_text().strip()
    try:
        held = subprocess.run(
            ["ls", "-l", f"/proc/{pid}/fd"], capture_output=True, text=True, check=True
        )
        assert "busy" not in held.stdout
        # The next change on this host need not wait for the guest to end.
        assert host.start("vm1", shell=shell) == (0, "ok started vm1\n", "")
    finally:
        subprocess.run(["kill", pid], check=True)
    assert host.called() == ["start vm1"]


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
def test_a_guest_that_does_not_start_is_named(host: Host, shell: tuple[str, ...]) -> None:
    host.program("start", "echo its disk is locked >&2; exit 1")
    said = "gate: guest-not-started: vm1: the command ended with 1: its disk is locked\n"
    assert host.start("vm1", shell=shell) == (70, "", said)
    host.program("start", "exit 0")
    said = "gate: guest-not-started: vm1 does not run after 2 s\n"
    assert host.start("vm1", 2, shell=shell) == (70, "", said)


@needs_root
def test_no_guest_starts_without_its_volume(host: Host) -> None:
    other = VOLUME.replace("ocfs2", "ext4")
    status, _, said = host.start("vm1", info=other)  # after a minute in which it might come
    assert (status, said) == (75, "gate: not-mounted: /srv/images has 98:16 ext4 mounted\n")
    assert not (host.here / "called").exists()


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
def test_no_guest_starts_because_another_volume_is_there(
    host: Host, shell: tuple[str, ...]
) -> None:
    other = VOLUME.replace("/srv/images", "/srv/other")
    status, _, said = host.start("vm1", shell=shell, info=other)
    assert (status, said) == (75, "gate: not-mounted: /srv/images has nothing mounted\n")
    assert not (host.here / "called").exists()


@needs_root
def test_a_command_is_a_program_whatever_it_is_called(host: Host) -> None:
    host.guest("vm1")
    (host.here / "tools").mkdir()
    host.program("tools/clean", 'rm "running/$1"')
    words = (host.words("list"), "clean\nvm1")
    assert host.gate("stop-guest", "vm1", "3", *words) == (0, "ok stopped vm1\n", "")


@needs_root
@pytest.mark.parametrize(
    "words",
    [
        ("stop-guest", "-vm", "5", "list", "stop"),
        ("stop-guest", "a b", "5", "list", "stop"),
        ("stop-guest", "a\nb", "5", "list", "stop"),
        ("stop-guest", "", "5", "list", "stop"),
        ("stop-guest", "a" * 129, "5", "list", "stop"),
        ("stop-guest", "vm1", "5s", "list", "stop"),
        ("stop-guest", "vm1", "5", "", "stop"),
        ("stop-guest", "vm1", "5", "list", "stop\n"),
        ("stop-guest", "vm1", "5", "list", "stop\n\nvm1"),
        ("stop-guest", "vm1", "5", "list", "stop\tvm1"),
        ("stop-guest", "vm1", "5", "list"),
        ("migrate-guest", "vm1", "5", "list", "stop"),
        ("start-guest", "srv", "vm1", "5", "list", "start"),
    ],
)
def test_anything_else_is_a_wrong_call(words: tuple[str, ...]) -> None:
    status, out, said = gate(*words)
    assert (status, out, said[:11]) == (64, "", "gate: usage")
