"""Whoever may only look: real sshd and sudo, the rule and the program as they are printed."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reconciler.cli import run
from reconciler.errors import HostUnreachable
from reconciler.hosts.looking import LookedAtHost
from reconciler.hosts.observer import observe_one
from reconciler.hosts.ssh import SshHost, SshSettings
from reconciler.model.observed import HostFacts, Unknown, Unreachable
from reconciler.model.plan import Command
from reconciler.probe import probe_command
from reconciler.probe.installed import PROGRAM
from reconciler.resources import SECTIONS
from tests.unit.gate.calls import needs_root
from tests.unit.hosts.openssh import needs_sshd, openssh
from tests.unit.hosts.ssh_server import LOOPBACK, Lab

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = [
    needs_root,
    needs_sshd,
    pytest.mark.skipif(not shutil.which("sudo"), reason="no sudo"),
]

USER = "reconcile-looks"
FILE = """\
version: 1
clusters:
  - name: ocfs2
    members: [{name: node01, interconnect: 192.0.2.11}]
    volumes:
      - {label: images, device: {wwid: '3600140512345678'}, size: 1GiB, mount: {path: /srv/images}}
"""
ASKED = {
    "want": ["wwid=3600140512345678"],
    "paths": ["/srv/images"],
    "orders": ["srv-images.mount"],
}
# What of the machine is another one there, so that nothing of the real one is touched.
BINDS = {
    "passwd": "/etc/passwd",
    "group": "/etc/group",
    "sudoers": "/etc/sudoers",
    "sbin": "/usr/local/sbin",
    "kernel": "/sys/kernel",
}


@dataclass
class Station:
    """A host with a user who may look: its files, and how to log in."""

    folder: Path
    lab: Lab
    port: int = 0

    def host(self) -> SshHost:
        settings = SshSettings(LOOPBACK, port=self.port, user=USER, sudo=True)
        return SshHost("node01", settings, self.lab.share())

    def looked_at(self) -> LookedAtHost:
        return LookedAtHost(self.host())

    async def as_user(self, text: str) -> tuple[int, str]:
        """What the user's shell says."""
        settings = SshSettings(LOOPBACK, port=self.port, user=USER)
        host = SshHost("node01", settings, self.lab.share())
        ended = await host.run(Command(("sh", "-c", text)))
        return ended.status, ended.stdout + ended.stderr

    def keys(self, options: str = "") -> None:
        """Who may log in, with these options of sshd's."""
        public = self.lab.key.export_public_key().decode()
        (self.folder / "authorized_keys").write_text(f"{options} {public}".lstrip())

    @property
    def program(self) -> Path:
        return self.folder / "sbin" / Path(PROGRAM).name


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert run(["sudoers", "--read-only", "--user", USER, *words]) == 0
    return capsys.readouterr().out


@pytest.fixture
async def station(
    lab: Lab,
    privileges: None,
    capsys: pytest.CaptureFixture[str],
) -> AsyncIterator[Station]:
    with tempfile.TemporaryDirectory() as name:
        there = furnished(Path(name), lab, capsys)
        binds = [f"mount --bind {name}/{one} {place}" for one, place in BINDS.items()]
        within = " && ".join((*binds, 'exec "$@"'))
        async with openssh(
            lab, there.folder, "unshare", "-m", "sh", "-c", within, "sh"
        ) as port:
            there.port = port
            yield there
            await lab.share().close()


def furnished(folder: Path, lab: Lab, capsys: pytest.CaptureFixture[str]) -> Station:
    """All that an operator installs, in a folder."""
    file = lab.home / "cluster.yaml"
    file.write_text(FILE)
    folder.chmod(0o755)
    for name in ("home", "sbin", "kernel"):
        (folder / name).mkdir(mode=0o755)
    node = (
        folder / "kernel/config/cluster/ocfs2/node/node01"
    )  # so that it is not tried to reach
    node.mkdir(parents=True)
    (node / "ipv4_address").write_text("192.0.2.11\n")
    line = f"{USER}:*:64990:64990::{folder}/home:/bin/sh\n"
    (folder / "passwd").write_text(Path("/etc/passwd").read_text() + line)
    (folder / "group").write_text(Path("/etc/group").read_text() + f"{USER}:x:64990:\n")
    (folder / "sudoers").write_text(printed(capsys, str(file)))
    (folder / "sudoers").chmod(0o440)
    there = Station(folder, lab)
    there.program.write_text(printed(capsys, "--program", str(file)))
    there.program.chmod(0o500)
    there.keys()
    return there


def asks(**more: list[str]) -> Command:
    return probe_command(**{**ASKED, **more})


async def test_it_reads_what_the_file_asks_for(station: Station) -> None:
    seen = await observe_one(station.looked_at(), asks(), SECTIONS)
    assert isinstance(seen, HostFacts)
    assert not isinstance(seen.identity, Unknown)
    assert seen.identity.uid == 0
    assert not isinstance(seen.wanted, Unknown)
    assert [view.ref for view in seen.wanted] == ["wwid=3600140512345678"]
    assert isinstance(seen.mounts, tuple)


async def test_what_it_was_not_made_to_look_at_is_unknown_by_name(station: Station) -> None:
    more = asks(want=["wwid=3600140599999999"], connect=["10.0.0.99:7777"])
    seen = await observe_one(station.looked_at(), more, SECTIONS)
    assert isinstance(seen, HostFacts)
    why = "the probe that is installed there does not look at"
    assert (seen.wanted, seen.interconnect) == (
        Unknown(f"{why}: wwid=3600140599999999"),
        Unknown(f"{why}: 10.0.0.99:7777"),
    )
    assert not isinstance(seen.disks, Unknown)


SUDO = f"sudo -n -- {PROGRAM}"
REFUSED = {
    "another program": "sudo -n -- id",
    "a shell": "sudo -n -- sh -c id",
    "an argument": f"{SUDO} alone",
    "an empty argument": f"{SUDO} ''",
    "an option of the probe": f"{SUDO} --want path=/dev/sda",
    "another user": f"sudo -n -u daemon -- {PROGRAM}",
    "another group": f"sudo -n -g daemon -- {PROGRAM}",
    "a variable": f"sudo -n PATH=/tmp -- {PROGRAM}",
    "the environment": f"sudo -n -E -- {PROGRAM}",
    "a directory": f"sudo -n -D /tmp -- {PROGRAM}",
    "to edit it": f"sudo -n -e {PROGRAM}",
    "by another path": f"ln -s {PROGRAM} /tmp/probe-$$; sudo -n -- /tmp/probe-$$; s=$?; rm /tmp/probe-$$; exit $s",
    "to read it": f"cat {PROGRAM}",
    "to write it": f": >>{PROGRAM}",
    "to hold its lock": f"flock -n {PROGRAM} true",
}


async def test_the_user_gets_nothing_else(station: Station) -> None:
    told = {what: await station.as_user(text) for what, text in REFUSED.items()}
    assert [
        (what, said)
        for what, (status, said) in told.items()
        if status == 0 or "@@" in said or "uid=0" in said
    ] == []


async def test_nothing_of_the_user_reaches_it(station: Station, tmp_path: Path) -> None:
    """No variable, input or directory; a program found by them would leave its mark."""
    spoilt = station.folder / "spoilt"
    spoilt.mkdir(mode=0o777)
    spoilt.chmod(0o777)
    for name in ("stat", "grep", "modinfo", "timeout", "env", "ls"):
        (spoilt / name).write_text(f"#!/bin/sh\ntouch {spoilt}/mark\n")
        (spoilt / name).chmod(0o755)
    clean = (await station.as_user(SUDO))[1]
    tricks = (
        f"cd {spoilt}; export PATH={spoilt}:$PATH ENV={spoilt}/ls BASH_ENV={spoilt}/ls "
        f"IFS=/ PS4='$(touch {spoilt}/mark)' SHELLOPTS=xtrace LVM_SYSTEM_DIR={spoilt} "
        f"DPKG_ADMINDIR={spoilt} TZ=:{spoilt}/x LC_ALL=tr_TR HOME={spoilt} LD_PRELOAD={spoilt}/ls; "
        f"echo 'touch {spoilt}/mark' | /usr/bin/{SUDO}"
    )
    status, said = await station.as_user(tricks)
    assert (status, (spoilt / "mark").exists()) == (0, False)
    assert sections(said) == sections(clean)


def sections(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("@@")]


async def test_one_that_was_altered_is_run_by_nobody(station: Station) -> None:
    with station.program.open("a") as file:
        file.write("# a word more\n")
    seen = await observe_one(station.looked_at(), asks(), SECTIONS)
    assert isinstance(seen, Unreachable)
    assert seen.code == "sudo-refused"
    assert "reconcile sudoers --read-only" in seen.message


async def test_one_of_another_version_is_not_believed(station: Station) -> None:
    text = station.program.read_text()
    mark = text.partition("@@reconcile-installed\t")[2][:64]
    install(station, text.replace(mark, "0" * 64))
    seen = await observe_one(station.looked_at(), asks(), SECTIONS)
    assert isinstance(seen, Unreachable)
    assert (seen.code, "is of another version" in seen.message) == ("probe-differs", True)


async def test_what_stands_there_and_is_no_probe_is_not_believed(station: Station) -> None:
    install(station, "#!/bin/sh\nprintf '@@reconcile-probe\\t1\\n@@done\\n'\n")
    seen = await observe_one(station.looked_at(), asks(), SECTIONS)
    assert isinstance(seen, Unreachable)
    assert (seen.code, "is no installed probe" in seen.message) == ("probe-differs", True)


def install(station: Station, text: str) -> None:
    """As an operator does: the program, and its digest in the rule."""
    old = sum_of(station.program)
    station.program.write_text(text)
    rule = (station.folder / "sudoers").read_text().replace(old, sum_of(station.program))
    (station.folder / "sudoers").write_text(rule)


def sum_of(path: Path) -> str:
    return subprocess.check_output(["sha256sum", path], text=True).split()[0]


async def test_nothing_but_a_probe_is_ever_sent(station: Station) -> None:
    for argv in (("sh", "-c", "# reconcile-gate 1", "gate", "unmount"), ("umount", "/srv")):
        with pytest.raises(TypeError):
            await station.looked_at().run(Command(argv))


async def test_a_key_that_sshd_ties_to_it_gives_no_shell(station: Station) -> None:
    station.keys(f'restrict,command="{SUDO}"')
    seen = await observe_one(station.looked_at(), asks(), SECTIONS)
    assert isinstance(seen, HostFacts)
    _status, said = await station.as_user("id; echo done")
    assert ("uid=" in said, "@@reconcile-installed" in said) == (False, True)


async def test_looks_come_one_after_the_other_and_all_are_answered(station: Station) -> None:
    _status, said = await station.as_user(
        f"for n in 1 2 3; do {SUDO} | grep -c '^@@done$' & done; wait"
    )
    assert said.split() == ["1", "1", "1"]


async def test_the_rule_is_of_this_program_alone(station: Station) -> None:
    _status, said = await station.as_user("sudo -n -l")
    rights = said.partition("may run the following")[2].strip().splitlines()[1:]
    assert [shlex.split(line)[-2:] for line in rights] == [[PROGRAM, ""]]


async def test_without_the_rule_it_says_what_to_install(station: Station) -> None:
    (station.folder / "sudoers").write_text("")
    with pytest.raises(HostUnreachable) as caught:
        await station.looked_at().run(asks())
    assert caught.value.code == "sudo-refused"
