"""A libvirtd of the tests' own with libvirt's test driver: a hypervisor in memory."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

DOMAIN = """\
<domain type='test'>
  <name>{name}</name>
  <memory>8192</memory>
  <os><type>hvm</type></os>
  <devices>
    <disk type='file' device='disk'><source file='{disk}'/><target dev='vda'/></disk>
    <disk type='file' device='cdrom'><target dev='hdc'/><readonly/></disk>
  </devices>
</domain>
"""
CONF = """\
unix_sock_dir = "{here}/sock"
auth_unix_rw = "none"
auth_unix_ro = "none"
host_uuid_source = "machine-id"
"""
# Without the drivers of real hypervisors and networks; the test driver is in the library.
ALONE = """\
mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /usr/lib/*/libvirt/connection-driver &&
exec libvirtd -f "$0" -p "$1"
"""
WAIT = 20.0


def need_virsh() -> None:
    """Skip without libvirt; fail instead when RECONCILE_REQUIRE_LAB=1."""
    if all(map(shutil.which, ("virsh", "libvirtd"))) and os.geteuid() == 0:
        return
    refuse = pytest.fail if os.environ.get("RECONCILE_REQUIRE_LAB") == "1" else pytest.skip
    refuse("needs root, virsh and libvirtd: apt install libvirt-clients libvirt-daemon")


class Libvirt:
    """One hypervisor; ``environment`` leads virsh to it, as libvirt.conf does on a host."""

    def __init__(self, here: Path) -> None:
        self.here = here
        self.uri = f"test+unix:///default?socket={here}/sock/libvirt-sock"

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "LIBVIRT_DEFAULT_URI": self.uri}

    def virsh(self, *words: str) -> str:
        """What virsh says."""
        done = subprocess.run(
            ["virsh", *words],
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
        return done.stdout

    def run(self, name: str, disk: str, *, transient: bool = False) -> None:
        """A running domain with that disk."""
        file = self.here / f"{name.replace(' ', '_')}.xml"
        file.write_text(DOMAIN.format(name=name, disk=disk))
        if transient:
            self.virsh("create", str(file))
        else:
            self.virsh("define", str(file))
            self.virsh("start", "--domain", name)

    def running(self) -> list[str]:
        """The names of the running domains."""
        return self.virsh("list", "--name").split("\n")[:-2]


@contextmanager
def hypervisor(here: Path) -> Iterator[Libvirt]:
    """Its state lives as long as somebody is connected: a virsh that waits for words."""
    (here / "sock").mkdir(parents=True)
    (here / "libvirtd.conf").write_text(CONF.format(here=here))
    host = Libvirt(here)
    with (here / "log").open("w") as log:
        daemon = subprocess.Popen(
            [
                *("unshare", "-mn", "sh", "-c", ALONE),
                *(f"{here}/libvirtd.conf", f"{here}/pid"),
            ],
            stdout=log,
            stderr=log,
        )
    try:
        end = time.monotonic() + WAIT
        while not (here / "sock/libvirt-sock").exists():
            assert daemon.poll() is None, (here / "log").read_text()
            assert time.monotonic() < end, (here / "log").read_text()
            time.sleep(0.1)
        with subprocess.Popen(
            ["virsh"],
            env=host.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as holder:
            assert holder.stdin
            assert holder.stdout
            holder.stdin.write("uri\n")
            holder.stdin.flush()
            while host.uri not in holder.stdout.readline():
                assert holder.poll() is None
            yield host
            holder.stdin.close()
    finally:
        daemon.terminate()
        daemon.wait(WAIT)
