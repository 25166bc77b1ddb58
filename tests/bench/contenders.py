"""The contenders: each its command line, what tells that all hosts answered, its own files."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from reconciler.probe import probe_text
from tests.bench.farm import PORT, Farm, interconnect

ROOT = Path(__file__).parents[2]
VENV = ROOT / ".venv" / "rivals"
# Pinned, and never among what the product or its tests need.
RIVALS = ("asyncssh==2.24.1", "pyinfra==3.10.0", "ansible-core==2.19.14")
TUNED = (
    "KexAlgorithms=curve25519-sha256",
    "Ciphers=aes128-gcm@openssh.com",
    "AddressFamily=inet",
    "GSSAPIAuthentication=no",
)
FACTS = (
    "server.Hostname",
    "server.Kernel",
    "server.KernelVersion",
    "server.Users",
    "server.Mounts",
    "server.Uptime",
    "deb.DebPackages",
)
PLAY = """\
- hosts: all
  gather_facts: true
  tasks:
    - command: cat /proc/mounts
    - command: cat /proc/partitions
    - command: dpkg-query -W
    - stat: {path: /etc/ocfs2/cluster.conf}
    - command: systemctl is-active o2cb
      failed_when: false
"""


@dataclass(frozen=True, slots=True)
class Contender:
    """A client: the most hosts and runs that it is given, and how many hosts answered it."""

    name: str
    command: Callable[[Farm], Sequence[str]]
    answered: Callable[[str, Farm], int]
    most_hosts: int = 255
    most_runs: int = 255


def install() -> None:
    """The rivals, in a folder of their own, by pip's own configuration."""
    if not (VENV / "installed").exists():
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
        pip = [VENV / "bin/pip", "install", "-q", "--disable-pip-version-check"]
        subprocess.run([*pip, *RIVALS], check=True)
        (VENV / "installed").touch()


def probe() -> str:
    """The product's own probe as one command line, as its own runs send it."""
    return shlex.join(("sh", "-c", probe_text(), "probe"))


def desired_state(farm: Farm) -> dict[str, object]:
    """The desired-state file of all hosts, as data."""
    clusters: dict[str, list[dict[str, object]]] = {}
    for host in farm.hosts:
        member = {"name": host.name, "interconnect": interconnect(host)}
        entry = {**member, "ssh": {"host": host.address, "port": PORT}}
        clusters.setdefault(host.cluster, []).append(entry)
    return {
        "version": 1,
        "ssh": {
            "user": "root",
            "identity": str(farm.identity),
            "known_hosts": str(farm.known_hosts),
        },
        "clusters": [
            {"name": name, "members": members, "volumes": []}
            for name, members in clusters.items()
        ],
    }


def write_files(farm: Farm) -> None:
    """What each contender reads: configurations, inventories, the command."""
    place, hosts = farm.place, farm.hosts
    # JSON is YAML, and a file that people write is read by the same reader.
    (place / "cluster.yaml").write_text(json.dumps(desired_state(farm), indent=1))
    (place / "hosts").write_text("".join(f"{host.address}\n" for host in hosts))
    (place / "command").write_text(probe())
    (place / "ssh_config").write_text(
        f"Port {PORT}\nUser root\nIdentityFile {farm.identity}\nIdentitiesOnly yes\n"
        f"UserKnownHostsFile {farm.known_hosts}\nGlobalKnownHostsFile /dev/null\n"
        "StrictHostKeyChecking yes\nBatchMode yes\nLogLevel ERROR\n"
    )
    data = {
        "ssh_user": "root",
        "ssh_port": PORT,
        "ssh_key": str(farm.identity),
        "ssh_known_hosts_file": str(farm.known_hosts),
        "ssh_strict_host_key_checking": "yes",
    }
    inventory = [(host.address, data) for host in hosts]
    (place / "inventory.py").write_text(f"hosts = {inventory!r}\n")
    arguments = f"-F {place / 'ssh_config'} -o ControlMaster=auto -o ControlPersist=60s"
    words = f"ansible_port={PORT} ansible_user=root ansible_python_interpreter=/usr/bin/python3"
    (place / "inventory.ini").write_text(
        "".join(f"{host.address} {words} ansible_ssh_args='{arguments}'\n" for host in hosts)
    )
    (place / "play.yml").write_text(PLAY)


def contenders() -> tuple[Contender, ...]:
    """All of them; the first is what the others are compared with."""
    rivals = VENV / "bin"
    return (
        Contender("ssh, tuned, `xargs -P 8`", lambda farm: ssh(farm, TUNED), count_ends),
        Contender(
            "ssh, defaults, `xargs -P 8`", lambda farm: ssh(farm, ()), count_ends, 255, 3
        ),
        Contender(
            "asyncssh alone, tuned",
            lambda farm: [
                str(rivals / "python"),
                str(ROOT / "tests/bench/bare.py"),
                str(farm.place),
                str(PORT),
            ],
            count_ends,
        ),
        Contender(
            "pyinfra, 7 facts",
            lambda _: [str(rivals / "pyinfra"), "inventory.py", "fact", *FACTS],
            lambda text, _: text.count(f"Loaded fact {FACTS[-1]}"),
            255,
            3,
        ),
        Contender(
            "Ansible, setup and 5 tasks",
            lambda _: [
                str(rivals / "ansible-playbook"),
                "-i",
                "inventory.ini",
                "--forks",
                "50",
                "play.yml",
            ],
            lambda text, _: text.count("unreachable=0    failed=0"),
            100,
            2,
        ),
        Contender(
            "reconcile observe",
            lambda _: [
                str(Path(sys.executable).with_name("reconcile")),
                "observe",
                "cluster.yaml",
                "--output",
                "seen.facts.json",
            ],
            seen,
        ),
    )


def warm(_farm: Farm) -> Sequence[str]:
    """A second look by a process whose connections are open; it tells its own CPU."""
    return [sys.executable, str(ROOT / "tests/bench/warm.py"), "cluster.yaml"]


def ssh(farm: Farm, options: Sequence[str]) -> list[str]:
    """A client process a host, eight at a time."""
    words = [word for option in options for word in ("-o", option)]
    client = ["ssh", "-F", str(farm.place / "ssh_config"), *words, "@HOST@", probe()]
    return ["xargs", "-P", "8", "-a", "hosts", "-I", "@HOST@", *client]


def count_ends(text: str, _farm: Farm) -> int:
    """Answers of the probe that are whole."""
    return text.count("@@done")


def seen(_text: str, farm: Farm) -> int:
    """Hosts whose facts stand in the document, and none that is unreachable."""
    document = json.loads((farm.place / "seen.facts.json").read_text())
    (farm.place / "seen.facts.json").unlink()
    return sum("kernel" in host for host in document["hosts"].values())
