"""Who uses a volume, what mounts by itself, which units run, who can be reached."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.model.observed import Automount, Connection, Process, Unit, Unknown
from reconciler.probe.sections import read, split
from reconciler.resources import SECTIONS
from tests.unit.gate.calls import SHELLS, needs_root, within
from tests.unit.probe.calls import run

MOUNT = r"36 1 98:16 / {path} rw,relatime shared:1 - ocfs2 /dev/ubdb rw"
HOLD = {
    "an open file": "file = open(sys.argv[1] + '/held')",
    "a mapping": "file = open(sys.argv[1] + '/held'); m = mmap.mmap(file.fileno(), 0, "
    "prot=mmap.PROT_READ); file.close(); import os; os.closerange(3, 20)",
}
CGROUPS = [
    ("0::/system.slice/a.service\n", "a.service"),
    ("0::/user.slice/user-0.slice/session-3.scope\n", "session-3.scope"),
    ("0::/system.slice/docker-1.scope/system.slice/b.service\n", "docker-1.scope"),
    ("0::/user.slice/user-7.slice/user@7.service/app.slice/b.service\n", "user@7.service"),
    ("0::/system.slice/_cgroup.service\n", "cgroup.service"),
    ("4:memory:/a.service\n1:name=systemd:/system.slice/b.service\n", "b.service"),
    ("0::/\n", ""),
    ("0::/machine/guest\n", ""),
    ("", ""),
]
SYSTEMCTL = """\
#!/bin/sh
shift 3
for name; do case $name in
a.service) printf 'Id=%s\\nLoadState=masked\\nActiveState=active\\nSubState=running\\n' b.service
    printf 'UnitFileState=masked-runtime\\n\\n' ;;
*) printf 'Id=%s\\nLoadState=loaded\\nActiveState=inactive\\nSubState=dead\\n' "$name"
    printf 'UnitFileState=enabled\\n\\n' ;;
esac; done
"""


def seen(section: str, *arguments: str, script: str, shell: tuple[str, ...]) -> object:
    text = run(shell, *arguments, "--only", section, prefix=within(script, ()))
    return read(split(text)[section], SECTIONS[section])


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    """A directory, with a blank in its name, that PID 1's mountinfo says to be a volume."""
    path = tmp_path / "my images"
    path.mkdir()
    (path / "held").write_bytes(b"x" * 4096)
    escaped = str(path).replace(" ", r"\040")
    (tmp_path / "mountinfo").write_text(MOUNT.format(path=escaped) + "\n")
    return path


@pytest.fixture
def user(request: pytest.FixtureRequest, volume: Path) -> Iterator[int]:
    code = f"import sys, mmap; {HOLD[request.param]}; print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, volume], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        process.stdout.readline()
        yield process.pid


def users(volume: Path, user: int, group: str, shell: tuple[str, ...]) -> object:
    (volume.parent / "cgroup").write_text(group)
    script = (
        f"mount --bind {volume.parent}/mountinfo /proc/1/mountinfo && "
        f"mount --bind {volume.parent}/cgroup /proc/{user}/cgroup"
    )
    return seen("processes", "--path", str(volume), script=script, shell=shell)


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("user", HOLD, indirect=True)
def test_a_process_is_told_with_its_file_and_its_unit(
    volume: Path, user: int, shell: tuple[str, ...]
) -> None:
    command = Path(f"/proc/{user}/comm").read_text().strip()
    found = users(volume, user, CGROUPS[0][0], shell)
    assert found == (Process(user, command, f"{volume}/held", "a.service"),)


@needs_root
@pytest.mark.parametrize("user", ["an open file"], indirect=True)
@pytest.mark.parametrize(("group", "unit"), CGROUPS)
def test_the_unit_is_the_hosts_own(volume: Path, user: int, group: str, unit: str) -> None:
    command = Path(f"/proc/{user}/comm").read_text().strip()
    found = users(volume, user, group, ("dash",))
    assert found == (Process(user, command, f"{volume}/held", unit),)


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
def test_units_are_told_by_the_names_asked_for(tmp_path: Path, shell: tuple[str, ...]) -> None:
    (tmp_path / "systemctl").write_text(SYSTEMCTL)
    (tmp_path / "systemctl").chmod(0o755)
    asked = ("a.service", "o2cb.service", "c.timer", "a.service")
    words = [word for name in asked for word in ("--unit", name)]
    script = f"mount --bind {tmp_path} /usr/local/sbin"
    found = seen("services", *words, script=script, shell=shell)
    storage = ("multipathd", "iscsid", "open-iscsi", "iscsi")
    usual = ("o2cb", "ocfs2", *storage, "firewalld", "nftables")
    assert isinstance(found, tuple)
    assert tuple(replace(unit, written=None, link="") for unit in found) == (
        *(Unit(f"{name}.service", "loaded", "inactive", "dead", True) for name in usual),
        Unit("a.service", "masked", "active", "running", enabled=False),
        Unit("c.timer", "loaded", "inactive", "dead", enabled=True),
    )


SHOWN = """\
#!/bin/sh
shift 3
for name; do printf 'Id=%s\\nRequiredBy=%s\\nWantedBy=%s\\n' "$name" "$REQUIRED" "$WANTED"
printf 'LoadState=%s\\nActiveState=%s\\nSubState=dead\\nUnitFileState=enabled\\n' "$LOAD" "$ACTIVE"
printf 'InactiveExitTimestampMonotonic=%s\\n' "$BEGAN"
printf 'ConditionTimestampMonotonic=%s\\n\\n' "$TESTED"; done
"""
MULTI = "multi-user.target"


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("shown", "told"),
    [
        (("loaded", "inactive", MULTI, "", "0", "0"), "missed"),
        (("loaded", "inactive", "", MULTI, "0", "0"), "missed"),
        (("loaded", "inactive", MULTI, "", "0", "10010827"), "unmet"),
        (("loaded", "inactive", MULTI, "", "10806075", "10648219"), "ran"),
        (("loaded", "active", MULTI, "", "10309838", "10166448"), "ran"),
        (("loaded", "failed", MULTI, "", "10161218", "10013841"), "ran"),
        (("loaded", "inactive", "", "", "10806075", "10648219"), "ran"),
        # Nothing wants it: it may have run, and be forgotten.
        (("loaded", "inactive", "", "", "0", "0"), ""),
        # It was tried, and could not even begin; or is about to.
        (("loaded", "failed", MULTI, "", "0", "5"), ""),
        (("loaded", "activating", MULTI, "", "0", "5"), ""),
        (("masked", "inactive", MULTI, "", "0", "0"), ""),
        (("not-found", "inactive", MULTI, "", "0", "0"), ""),
        (("loaded", "inactive", MULTI, "", "", ""), ""),
        (("loaded", "inactive", MULTI, "", "0", ""), ""),
    ],
)
def test_what_came_of_a_unit_since_the_boot_is_told(
    tmp_path: Path, shell: tuple[str, ...], shown: tuple[str, ...], told: str
) -> None:
    names = ("LOAD", "ACTIVE", "WANTED", "REQUIRED", "BEGAN", "TESTED")
    head, _, body = SHOWN.partition("\n")
    lines = [head, *(f"{name}={value}" for name, value in zip(names, shown, strict=True)), body]
    (tmp_path / "systemctl").write_text("\n".join(lines))
    (tmp_path / "systemctl").chmod(0o755)
    script = f"mount --bind {tmp_path} /usr/local/sbin"
    found = seen("services", "--unit", "a.service", script=script, shell=shell)
    assert isinstance(found, tuple)
    assert {unit.since_boot for unit in found} == {told}


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    """What is bound over /etc."""
    units = tmp_path / "systemd/system"
    units.mkdir(parents=True)
    (tmp_path / "auto.master.d").mkdir()
    for name, text in {
        "srv-a.mount": "[Mount]\nWhat=/dev/sda\n Where = /srv/a/ \nType=ext4\n",
        "srv-a.automount": "[Automount]\nWhere=/srv/a\n",
        "srv-b.mount": "[Mount]\nWhat=/dev/sda\nWhere=/srv/b\nType = ocfs2\n",
        "srv-Type.mount": "[Mount]\nWhat=/dev/sda\nWhere=/srv/Type\nType=ext4\n",
        "srv-c.mount": "[Mount]\n#Where=/srv/a\nWhere=/srv/a2\nType=ocfs2x\n",
        "srv-d.service": "[Mount]\nWhere=/srv/a\n",
    }.items():
        (units / name).write_text(text)
    (units / "srv-e.mount").symlink_to("/dev/null")
    (tmp_path / "auto.master").write_text("# /srv/a\n/srv/a\t/etc/auto.a\n/srv /etc/auto.x\n")
    (tmp_path / "auto.x").write_text("b -fstype=ocfs2,rw :/dev/x\nc -fstype=nfs h:/srv/a2\n")
    (tmp_path / "auto.master.d/y").write_text("/- /srv/a/map\n")
    return tmp_path


@needs_root
@pytest.mark.parametrize("shell", SHELLS)
def test_what_mounts_by_itself_is_told(etc: Path, shell: tuple[str, ...]) -> None:
    script = f"mount --bind {etc} /etc"
    found = seen("automounts", "--path", "/srv/a", script=script, shell=shell)
    units = "/etc/systemd/system"
    assert found == (
        Automount("unit", "srv-a.mount", f"{units}/srv-a.mount"),
        Automount("unit", "srv-b.mount", f"{units}/srv-b.mount"),
        Automount("unit", "srv-a.automount", f"{units}/srv-a.automount"),
        Automount("autofs", "/etc/auto.master", "/srv/a /etc/auto.a"),
        Automount("autofs", "/etc/auto.x", "b -fstype=ocfs2,rw :/dev/x"),
        Automount("autofs", "/etc/auto.master.d/y", "/- /srv/a/map"),
    )


@needs_root
def test_a_map_that_may_not_be_read_is_not_absent(etc: Path) -> None:
    (etc / "auto.x").chmod(0o600)
    etc.chmod(0o755)
    script = f"mount --bind {etc} /etc"
    user = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "dash")
    found = seen("automounts", script=script, shell=user)
    assert found == Unknown("/etc/auto.x is not readable")


@pytest.fixture
def ports() -> Iterator[tuple[int, int, int]]:
    """A port that answers, one where nobody listens, one whose queue is full."""
    with (
        socket.create_server(("127.0.0.1", 0)) as opened,
        socket.create_server(("127.0.0.1", 0), backlog=0) as full,
        socket.create_connection(full.getsockname()),
    ):
        with socket.create_server(("127.0.0.1", 0)) as closed:
            nobody = closed.getsockname()[1]
        yield opened.getsockname()[1], nobody, full.getsockname()[1]


@pytest.mark.parametrize("shell", SHELLS)
def test_connections_are_tried_and_told_in_order(
    ports: tuple[int, int, int], shell: tuple[str, ...]
) -> None:
    words = [word for port in ports for word in ("--connect", f"127.0.0.1:{port}")]
    text = run(shell, *words, "--only", "interconnect")
    found = read(split(text)["interconnect"], SECTIONS["interconnect"])
    states = zip(ports, ("open", "refused", "timeout"), strict=True)
    assert found == tuple(Connection(f"127.0.0.1:{port}", state) for port, state in states)


@needs_root
def test_a_network_without_a_route_is_unreachable() -> None:
    text = run(
        ("dash",), "--connect", "192.0.2.1:7777", "--only", "interconnect",
        prefix=("unshare", "-n"),
    )  # fmt: skip
    assert split(text)["interconnect"] == (("connect", "192.0.2.1:7777", "unreachable"),)


@needs_root
def test_without_bash_netcat_is_asked(ports: tuple[int, int, int]) -> None:
    without = "for file in /bin/bash /usr/bin/bash; do mount --bind /dev/null $file; done"
    words = [word for port in ports for word in ("--connect", f"127.0.0.1:{port}")]
    text = run(("dash",), *words, "--only", "interconnect", prefix=within(without, ()))
    states = [row[2] for row in split(text)["interconnect"]]  # type: ignore[union-attr]
    assert states == ["open", "refused", "timeout"]


@needs_root
def test_without_any_tool_a_connection_is_unknown(ports: tuple[int, int, int]) -> None:
    without = (
        "for tool in bash nc busybox; do for dir in /bin /usr/bin; do "
        "if [ -e $dir/$tool ]; then mount --bind /dev/null $dir/$tool; fi; done; done"
    )
    target = f"127.0.0.1:{ports[0]}"
    text = run(
        ("dash",), "--connect", target, "--only", "interconnect", prefix=within(without, ())
    )
    assert split(text)["interconnect"] == (("connect", target, "unknown"),)


@pytest.mark.parametrize(
    "without",
    [
        pytest.param("", id="bash"),
        pytest.param("/bin/bash /usr/bin/bash", id="netcat", marks=needs_root),
    ],
)
def test_a_connection_is_not_ended_before_it_is_accepted(without: str) -> None:
    """An end that arrives earlier sends o2net of some kernels into a recursion without end."""
    with socket.create_server(("127.0.0.1", 0)) as late, ThreadPoolExecutor(1) as pool:
        target = f"127.0.0.1:{late.getsockname()[1]}"
        ended = pool.submit(ends_at_once, late)
        script = f"for file in {without}; do mount --bind /dev/null $file; done"
        prefix = within(script, ()) if without else ()
        text = run(("dash",), "--connect", target, "--only", "interconnect", prefix=prefix)
        assert split(text)["interconnect"] == (("connect", target, "open"),)
        assert not ended.result(timeout=30)


def ends_at_once(server: socket.socket) -> bool:
    """Whether whoever connects says or ends anything within a third of a second."""
    accepted, _ = server.accept()
    with accepted:
        accepted.settimeout(0.3)
        try:
            accepted.recv(1)
        except TimeoutError:
            return False
        return True
