"""What makes one host different from the others: files that it copies at its first boot."""

import hashlib
import os
from pathlib import Path

from tests.lab import repository
from tests.lab.files import symlink
from tests.lab.plan import SAN, Host
from tests.lab.recipe import USERS
from tests.lab.san import initiator_files, target_files
from tests.lab.ssh import make_key
from tests.lab.world import World

STORAGE = ("sa", "sb")
# Bytes that a node lets the SAN send before it has taken what came: more than UML's vector driver
# takes in one go stays where it is until the next packet comes, which may be a time-out later.
WINDOW = 65535

FIRST_UID = 1000  # useradd's first; USERS are added in order

HIDE_MODULE = """\
#!/bin/sh
# A kernel without OCFS2, as Debian's cloud kernels are: no file, no entry in the indexes.
release=$(uname -r)
mkdir -p /lab/hidden
mv "/lib/modules/$release/kernel/fs/ocfs2" /lab/hidden/
depmod "$release"
"""


def write_seed(world: World, host: Host) -> None:
    """Everything of one host, below its directory."""
    own = world.of_host(host.name)
    seed = Seed(own / "seed")
    make_key(own / "hostkey", host.name)
    seed.put("etc/ssh/ssh_host_ed25519_key", (own / "hostkey").read_text(), 0o600)
    seed.put("etc/ssh/ssh_host_ed25519_key.pub", (own / "hostkey.pub").read_text())
    identity = hashlib.sha256(str(own).encode()).hexdigest()[:32]
    seed.put("etc/machine-id", identity + "\n")
    seed.put("etc/hostname", host.name + "\n")
    seed.put("etc/hosts", names_file(world))
    url = repository.url(world.plan.controller, host.suite)
    seed.put("etc/apt/sources.list", f"deb [trusted=yes] {url} ./\n")
    seed.authorise((world.directory / "id.pub").read_text())
    (seed.directory / "net").write_text(network_batch(host))
    if host.role == SAN:
        seed.add(target_files(world.plan))
        for unit in ("o2cb.service", "ocfs2.service"):
            symlink(seed.files / "etc/systemd/system" / unit, "/dev/null")
    elif world.plan.storage == "san":
        seed.add(initiator_files(world.plan, host.name))
    if not host.has_module:
        seed.hide_module()


def names_file(world: World) -> str:
    """/etc/hosts: NAME, NAME-ic and the controller."""
    lines = ["127.0.0.1 localhost", f"{world.plan.controller} controller"]
    for name, host in world.plan.hosts.items():
        lines.append(f"{host.address('mgmt')} {name}")
        if host.address("ic"):
            lines.append(f"{host.address('ic')} {name}-ic")
    return "\n".join(lines) + "\n"


def network_batch(host: Host) -> str:
    """The commands of `ip` that bring a host's network up."""
    lines = ["link set lo up"]
    for number, nic in enumerate(host.nics):
        lines += [f"addr add {address}/24 brd + dev vec{number}" for address in nic.addresses]
        lines.append(f"link set vec{number} up")
        if nic.net in STORAGE and host.role != SAN:
            (address,) = nic.addresses
            subnet = address.rpartition(".")[0]
            lines.append(
                f"route change {subnet}.0/24 dev vec{number} src {address} window {WINDOW}"
            )
    return "\n".join(lines) + "\n"


class Seed:
    """The directory that a guest sees through hostfs."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.files = directory / "files"
        self.files.mkdir(parents=True)

    def put(self, name: str, text: str, mode: int = 0o644) -> Path:
        """A file of the guest."""
        path = self.files / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        return path

    def add(self, files: dict[str, str]) -> None:
        """Files of the guest; a text that starts with `->` is a symbolic link."""
        for name, text in files.items():
            if text.startswith("->"):
                symlink(self.files / name, text.removeprefix("->"))
            else:
                self.put(name, text)

    def authorise(self, public_key: str) -> None:
        """Let the lab's key in as root and as every unprivileged user."""
        homes = {"root": 0, **{f"home/{u}": FIRST_UID + n for n, u in enumerate(USERS)}}
        for home, uid in homes.items():
            keys = self.put(f"{home}/.ssh/authorized_keys", public_key, 0o600)
            for path in (keys, keys.parent, keys.parents[1]):
                os.chown(path, uid, uid)
            keys.parent.chmod(0o700)
            keys.parents[1].chmod(0o700)

    def hide_module(self) -> None:
        """Let the guest have no ocfs2 module."""
        self.put("etc/modprobe.d/no-ocfs2.conf", "install ocfs2 /bin/false\n")
        script = self.directory / "first-boot"
        script.write_text(HIDE_MODULE)
        script.chmod(0o755)
