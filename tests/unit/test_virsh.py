"""Probe and gate against a real libvirtd, with libvirt's own test driver as hypervisor."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.model.desired import Cluster
from reconciler.model.observed import Guest, Unknown
from reconciler.pipeline import probe_for
from reconciler.probe.sections import read, split
from reconciler.resources import SECTIONS
from tests.builders import spec, volume
from tests.unit.gate.calls import needs_root, permitted_call, within
from tests.unit.virsh import Libvirt, hypervisor, need_virsh

pytestmark = needs_root
LIST = "virsh\nlist\n--name"
MOUNTED = "36 1 98:16 / /srv/images rw shared:1 - ocfs2 /dev/ubdb rw"


@pytest.fixture(scope="module")
def libvirt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Libvirt]:
    need_virsh()
    with hypervisor(tmp_path_factory.mktemp("libvirt")) as host:
        yield host


def cluster() -> Cluster:
    return spec(volumes=[volume(workloads={"guests": {"kind": "libvirt"}})])


def within_libvirt(libvirt: Libvirt) -> tuple[str, ...]:
    """A shell where /srv/images is mounted, as far as the gate can see."""
    tools = libvirt.here / "tools"
    tools.mkdir(exist_ok=True)
    (tools / "cat").write_text(f"#!/bin/sh\necho '{MOUNTED}'\n")
    (tools / "cat").chmod(0o755)
    script = f"mount -t tmpfs tmpfs /var/lib && mount --bind {tools} /usr/local/sbin"
    return within(script, ("dash",))


def ran(libvirt: Libvirt, *words: str) -> tuple[int, str, str]:
    done = subprocess.run(
        words,
        env=libvirt.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
    )
    return done.returncode, done.stdout, done.stderr


def guests(libvirt: Libvirt) -> object:
    command = probe_for(cluster(), (), ("guests",))
    text = ran(libvirt, *within_libvirt(libvirt), *command.argv[1:])[1]
    return read(split(text)["guests"], SECTIONS["guests"])


def gate(libvirt: Libvirt, *words: str) -> tuple[int, str, str]:
    return ran(libvirt, *permitted_call(within_libvirt(libvirt), words))


def test_of_the_running_domains_those_are_told_that_have_a_disk_on_the_volume(
    libvirt: Libvirt,
) -> None:
    libvirt.run("vm1", "/srv/images/vm1.qcow2")
    libvirt.run("blank disk", "/srv/images2/x")  # no name for us, and none of ours
    libvirt.run("passing", "/srv/images/deep/down/passing.img", transient=True)
    libvirt.run("off", "/srv/images/off.img")
    libvirt.virsh("destroy", "--domain", "off")
    assert guests(libvirt) == (
        Guest("/srv/images", "passing", persistent=False),
        Guest("/srv/images", "vm1"),
    )


def test_a_domain_is_shut_down_and_started_again(libvirt: Libvirt) -> None:
    libvirt.run("vm2", "/srv/images/vm2.qcow2")
    shut = ("virsh\nshutdown\n--domain\nvm2", "virsh\nstart\n--domain\nvm2")
    assert gate(libvirt, "stop-guest", "vm2", "20", LIST, shut[0]) == (
        0,
        "ok stopped vm2\n",
        "",
    )
    assert "vm2" not in libvirt.running()
    words = ("start-guest", "/srv/images", "vm2", "20", LIST, shut[1])
    assert gate(libvirt, *words) == (0, "ok started vm2\n", "")
    assert "vm2" in libvirt.running()
    assert gate(libvirt, *words) == (0, "ok started vm2\n", "")


def test_a_domain_that_libvirt_does_not_know_is_not_started(libvirt: Libvirt) -> None:
    start = "virsh\nstart\n--domain\nnobody"
    status, _, said = gate(libvirt, "start-guest", "/srv/images", "nobody", "20", LIST, start)
    assert status == 70
    assert said.startswith("gate: guest-not-started: nobody: the command ended with 1: error:")


def test_a_domain_with_an_odd_name_on_the_volume_is_not_overlooked(libvirt: Libvirt) -> None:
    libvirt.run("win 10", "/srv/images/my disk.img")
    found = guests(libvirt)
    libvirt.virsh("destroy", "--domain", "win 10")
    assert found == Unknown("/srv/images: a guest's name is none: win 10")


def test_without_an_answer_of_libvirt_the_guests_are_unknown(
    libvirt: Libvirt, tmp_path: Path
) -> None:
    gone = Libvirt(tmp_path)
    assert guests(gone) == Unknown("/srv/images: virsh ended with status 1")
