"""Keys, the client's configuration and commands over ssh."""

import subprocess
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.lab.network import inside
from tests.lab.shell import LabError, ask, run
from tests.lab.world import World

CONFIG = """\
Host *
    User root
    IdentityFile {directory}/id
    IdentitiesOnly yes
    UserKnownHostsFile {directory}/known_hosts
    StrictHostKeyChecking yes
    BatchMode yes
    ConnectTimeout 10
    ServerAliveInterval 5
    ServerAliveCountMax 3
    LogLevel ERROR
"""
# A host that boots, or works hard, may take its time for the first word.
PATIENT = ("-o", "ConnectTimeout=30")


def make_key(path: Path, comment: str) -> None:
    """An ed25519 key pair without a passphrase."""
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", path)


def write_client_files(world: World) -> None:
    """known_hosts from the hosts' keys, and ssh_config."""
    known, config = [], []
    for name, host in world.plan.hosts.items():
        key = (world.of_host(name) / "hostkey.pub").read_text().split()
        names = [name, *(address for nic in host.nics for address in nic.addresses)]
        known.append(f"{','.join(names)} {key[0]} {key[1]}\n")
        config.append(f"Host {name}\n    HostName {host.address('mgmt')}\n")
    config.append(CONFIG.format(directory=world.directory))
    (world.directory / "known_hosts").write_text("".join(known))
    (world.directory / "ssh_config").write_text("".join(config))


def ssh_command(world: World, name: str, user: str, *command: str) -> list[object]:
    """The command that runs one on a host, through the namespace."""
    world.plan.host(name)
    config = world.directory / "ssh_config"
    return inside(world.netns, "ssh", "-F", config, *PATIENT, "-l", user, name, *command)


def on_host(
    world: World, name: str, command: str, user: str = "root", timeout: float = 60
) -> subprocess.CompletedProcess:
    """Run a shell command on a host; 255 is ssh's own failure, LabError is no answer."""
    return ask(*ssh_command(world, name, user, command), timeout=timeout)


def send_tree(world: World, name: str, source: Path, place: str) -> None:
    """Copy what is in a directory of this machine into a directory of a host."""
    argv = ["tar", "-C", str(source), "-c", "."]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as tar:
        unpack = ssh_command(world, name, "root", f"tar -C {place} -x --no-same-owner")
        run(*unpack, stdin=tar.stdout, timeout=120)


def wait_for_ssh(world: World, names: Iterable[str], timeout: float) -> dict[str, float]:
    """Wait until hosts run commands and have finished booting; seconds until the first."""
    with ThreadPoolExecutor(len(world.plan.hosts)) as pool:
        waiting = {name: pool.submit(wait_for_one, world, name, timeout) for name in names}
        return {name: result.result() for name, result in waiting.items()}


def wait_for_one(world: World, name: str, timeout: float) -> float:
    """Wait for one host."""
    started = time.monotonic()
    while time.monotonic() - started < timeout:
        if not world.is_on(name):
            raise LabError(f"{name} died while booting:\n{console_tail(world, name)}")
        if on_host(world, name, "true").returncode == 0:
            took = time.monotonic() - started
            on_host(world, name, "systemctl is-system-running --wait", timeout=timeout)
            return round(took, 1)
        time.sleep(0.3)
    raise LabError(f"{name}: no ssh in {timeout} s:\n{console_tail(world, name)}")


def console_tail(world: World, name: str) -> str:
    """The last that a host wrote to its console."""
    console = (world.of_host(name) / "console.log").read_text(errors="replace")
    return "\n".join(console.splitlines()[-15:])
