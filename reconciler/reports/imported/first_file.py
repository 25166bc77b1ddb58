"""A first desired-state file, with comments: of hosts that are in no cluster yet, or of none."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import field
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from reconciler.frozen import frozen
from reconciler.model.host_names import host_key
from reconciler.model.observed import Address, HostFacts, Unknown, Unreachable
from reconciler.model.ssh_access import Ssh
from reconciler.reports.imported.first_disks import MARK, disk_lines
from reconciler.reports.imported.roster import Hosts
from reconciler.reports.imported.writing import HEAD, comment, scalar, ssh_block

NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
EXAMPLES = ("node01", "node02", "node03")
GUESS = (
    f"{MARK}: the interconnect is a guess among its addresses; it is to be the one by which the "
    "members of the cluster reach each other."
)
DOCUMENTATION = IPv4Network("192.0.2.0/24")  # RFC 5737: no host has such an address


@frozen
class Asked:
    """Hosts by the words that they were asked for by: what they said, or why they did not."""

    facts: Hosts
    lost: Mapping[str, Unreachable] = field(default_factory=dict)
    doors: Mapping[str, str] = field(default_factory=dict)


@frozen
class FirstMember:
    """A member as the file is to have it; ``told`` is what is to be said of it."""

    name: str
    interconnect: str
    door: str
    told: tuple[str, ...]


def first_file(cluster: str, asked: Asked, ssh: Ssh, origin: str, file: str) -> str:
    """The text of the file; ``file`` is what its own comments call it."""
    members = first_members(asked)
    lines = [
        *(line for text in _top(origin, file) for line in comment(text, 0)),
        "version: 1",
        *_ssh(ssh),
        "",
        "clusters:",
        "  # 1 to 16 letters and digits; new volumes are stamped with it.",
        f"  - name: {scalar(cluster)}",
        "    members:",
        *(line for member in members for line in _member(member)),
        *_settings(),
        *disk_lines(asked.facts),
    ]
    return HEAD + "".join(f"{line}\n" for line in lines)


def first_members(asked: Asked) -> tuple[FirstMember, ...]:
    """Who was asked, each by a name and an address of its own; without anybody, examples."""
    taken: set[str] = set()
    found = []
    addresses, guesses = interconnects(asked.facts), find_guesses(asked.facts)
    for number, host in enumerate((*asked.facts, *asked.lost) or EXAMPLES, 1):
        name = _name(host, number, taken)
        taken.add(host_key(name))
        placeholder = str(DOCUMENTATION[10 + number % 200])
        address = addresses.get(host) or (host if _is_address(host) else placeholder)
        guess = [GUESS] if host in guesses else []
        told = (*_said(host, name, address, asked), *guess)
        found.append(FirstMember(name, address, asked.doors.get(host, host), told))
    return tuple(found)


def interconnects(hosts: Hosts) -> Mapping[str, str]:
    """By host its address in the network that most of them are in; the others have none here."""
    return {host: str(ranked[0].ip) for host, ranked, _counts in _ranked(hosts) if ranked}


def find_guesses(hosts: Hosts) -> frozenset[str]:
    """The hosts of which another address would have done as well, or that meet nobody there."""
    return frozenset(
        host
        for host, _ranked, counts in _ranked(hosts)
        if (counts[1:] and counts[0] == counts[1]) or (len(hosts) > 1 and counts[:1] == [1])
    )


def _ranked(hosts: Hosts) -> Iterator[tuple[str, list[IPv4Interface], list[int]]]:
    """By host its addresses, the best first, and how many of the hosts are in the network of each."""
    own = {host: _usable(facts, hosts) for host, facts in hosts.items()}
    networks = Counter(n for found in own.values() for n in {a.network for a in found})
    order = sorted(networks, key=lambda network: (-networks[network], network))
    for host, found in own.items():
        ranked = sorted(found, key=lambda a: (order.index(a.network), a))
        yield host, ranked, [networks[a.network] for a in ranked]


def _usable(facts: HostFacts, hosts: Hosts) -> tuple[IPv4Interface, ...]:
    """Addresses that others could reach, and that nobody else has as well (bridges do)."""
    common = Counter(
        item.ip for other in hosts.values() for item in {a.ip: a for a in _of(other)}.values()
    )
    found = (IPv4Interface(f"{a.ip}/{a.prefix}") for a in _of(facts) if common[a.ip] == 1)
    return tuple(a for a in found if not (a.is_loopback or a.is_link_local))


def _of(facts: HostFacts) -> tuple[Address, ...]:
    return () if isinstance(facts.addresses, Unknown) else facts.addresses


def _name(host: str, number: int, taken: set[str]) -> str:
    """The first label of a host's name; where that is none, or taken, a name by its number."""
    short = host.partition(".")[0]
    if NAME.fullmatch(short) and not _is_address(host) and host_key(short) not in taken:
        return short
    free = (f"node{n:02}" for n in range(number, number + len(taken) + 1))
    return next(name for name in free if name not in taken)


def _is_address(text: str) -> bool:
    try:
        IPv4Address(text)
    except ValueError:
        return False
    return True


def _said(host: str, name: str, address: str, asked: Asked) -> Iterator[str]:
    if lost := asked.lost.get(host):
        yield f"not read: {lost.code} (reconcile explain {lost.code})"
        yield f"{MARK}: the name is to be what 'hostname -s' prints there."
    facts = asked.facts.get(host)
    if facts is not None:
        others = [f"{a.ip} ({a.interface})" for a in _of(facts) if a.ip != address]
        others = [word for word in others if not word.startswith("127.")]
        yield from [f"{name} has also: {', '.join(others)}"] if others else []
    if facts is None and not lost:
        yield f"{MARK}: an example; name and address of your own host."
    elif IPv4Address(address) in DOCUMENTATION and address != host:
        yield f"{MARK}: the address is an example; 'ip -4 -brief address' there shows its own."


def _top(origin: str, file: str) -> Iterator[str]:
    yield f"A first file, written by reconcile init{origin}. Nothing was changed on any host."
    yield f"Mend what is marked {MARK}, then:"
    yield f"  reconcile validate {file}: checks this file, offline"
    yield f"  reconcile plan {file}: shows what would be done, and why"
    yield f"  reconcile apply {file}: does it, after asking"
    yield "What a key means: reconcile explain volumes.size. All keys: reconcile manual file."


def _ssh(ssh: Ssh) -> Iterator[str]:
    yield ""
    if text := ssh_block(ssh).strip():
        yield from text.splitlines()
        return
    yield from comment("How all hosts are reached; what is not said comes from ssh_config.", 0)
    yield from comment("Of a user that is not root: sudo, by the rule of reconcile sudoers.", 0)
    yield "# ssh:"
    yield "#   user: root"
    yield "#   identity: ~/.ssh/id_ed25519"


def _member(member: FirstMember) -> Iterator[str]:
    for text in member.told:
        yield from comment(text, 6)
    yield f"      - name: {scalar(member.name)}"
    yield f"        interconnect: {member.interconnect}"
    if member.door != member.name:
        yield f"        ssh: {{host: {scalar(member.door)}}}"


def _settings() -> Iterator[str]:
    yield ""
    yield from comment(
        "What is usual stands here as comments; without the '# ' it can differ.", 4
    )
    yield "    # heartbeat: {dead_threshold: 31}      # silent for (31 - 1) x 2 s: dead"
    yield "    # network: {idle_timeout_ms: 30000}"
    yield "    # packages: {manage: true}             # what is missing is installed"
