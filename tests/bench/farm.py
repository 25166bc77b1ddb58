"""Real sshd on loopback addresses, in namespaces that end with the process that made them.

Sixteen addresses, 127.1.x.y, to an sshd. Each sshd has a mount namespace of its own where its
hosts are the members of one running cluster, so that an observation is one look at each host.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

PORT = 2222
SHARED_BY = 16
SSHD = "/usr/sbin/sshd"
# Where configfs is mounted; the folder above it stands in a kernel without configfs, too.
KERNEL = "/sys/kernel"
CONFIGFS = "config"
# What a start-up file of the user's shell costs would be charged to every contender.
STARTUP_FILES = (".bashrc", ".profile", ".bash_profile", ".ssh/rc")
SERVER = """\
Port {port}
{addresses}
HostKey {key}
AuthorizedKeysFile {keys}
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin yes
MaxStartups 1000
MaxSessions 100
UseDNS no
LogLevel ERROR
Subsystem sftp internal-sftp
"""


@dataclass(frozen=True, slots=True)
class Remote:
    """One host of the farm: the member ``name`` of ``cluster`` at ``address``."""

    name: str
    cluster: str
    number: int
    address: str


@dataclass(frozen=True, slots=True)
class Farm:
    """Hosts that answer, and the files with which they are reached."""

    hosts: tuple[Remote, ...]
    place: Path
    servers: tuple[subprocess.Popen[bytes], ...]

    @property
    def identity(self) -> Path:
        """The private key that every host lets in."""
        return self.place / "identity"

    @property
    def known_hosts(self) -> Path:
        """All their host keys."""
        return self.place / "known_hosts"

    def close(self) -> None:
        """End the servers, each by its id."""
        for server in self.servers:
            server.kill()
            server.wait()


def enter(module: str, arguments: Sequence[str]) -> NoReturn:
    """Become ``module`` as the first process of namespaces of its own.

    However this process ends, the kernel ends all of its descendants and removes the network.
    """
    if os.geteuid() != 0 or not Path(SSHD).exists():
        raise SystemExit("needs root, unshare of util-linux and sshd of the distribution")
    namespaces = ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
    command = [*namespaces, sys.executable, "-m", module, *arguments]
    os.execvp("unshare", command)  # noqa: S606  # what stayed between would outlive its end


def settle() -> None:
    """In the new namespaces: loopback up, no start-up files."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    Path("/run/sshd").mkdir(exist_ok=True)
    home = Path("~").expanduser()
    for name in STARTUP_FILES:
        if (home / name).is_file():
            subprocess.run(["mount", "--bind", "/dev/null", home / name], check=True)


def plant(count: int, place: Path) -> Farm:
    """``count`` hosts that let root in by one key, their files in the new folder ``place``."""
    place.mkdir()
    make_key(place / "identity")
    shutil.copy(place / "identity.pub", place / "authorized_keys")
    hosts = tuple(host_of(index) for index in range(count))
    known, servers = [], []
    for first in range(0, count, SHARED_BY):
        group = hosts[first : first + SHARED_BY]
        key = place / f"server{first}"
        make_key(key)
        public = " ".join(key.with_suffix(".pub").read_text().split()[:2])
        known += [f"[{host.address}]:{PORT} {public}" for host in group]
        servers.append(serve(group, place, key))
    (place / "known_hosts").write_text("\n".join(known) + "\n")
    for host in hosts:
        await_answer(host.address)
    return Farm(hosts, place, tuple(servers))


def host_of(index: int) -> Remote:
    """The host of this index, from 0."""
    group, number = divmod(index, SHARED_BY)
    return Remote(f"host{index:03}", f"bench{group}", number, f"127.1.{group}.{number + 1}")


def make_key(path: Path) -> None:
    """An Ed25519 key and its public half."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)


def serve(group: Sequence[Remote], place: Path, key: Path) -> subprocess.Popen[bytes]:
    """An sshd for these hosts, where their cluster runs."""
    listen = "\n".join(f"ListenAddress {host.address}" for host in group)
    keys = place / "authorized_keys"
    config = key.with_suffix(".conf")
    config.write_text(SERVER.format(port=PORT, addresses=listen, key=key, keys=keys))
    tree = key.with_suffix(".kernel")
    for host in group:
        node = tree / CONFIGFS / "cluster" / host.cluster / "node" / host.name
        node.mkdir(parents=True)
        attributes = {
            "num": host.number,
            "ipv4_address": interconnect(host),
            "ipv4_port": 7777,
            "local": 0,
        }
        for name, value in attributes.items():
            (node / name).write_text(f"{value}\n")
    script = 'mount --bind "$1" "$2" && exec "$3" -D -e -f "$4"'
    names = [str(tree), KERNEL, SSHD, str(config)]
    command = ["unshare", "--mount", "sh", "-c", script, "sshd", *names]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL)  # it tells of awaited answers


def interconnect(host: Remote) -> str:
    """Its address for the traffic of its cluster."""
    return host.address.replace("127.", "10.", 1)


def await_answer(address: str) -> None:
    """Until an sshd listens there; ten seconds at most."""
    for _ in range(1000):
        with socket.socket() as tried:
            if tried.connect_ex((address, PORT)) == 0:
                return
        time.sleep(0.01)
    raise SystemExit(f"no sshd answers at {address}")
