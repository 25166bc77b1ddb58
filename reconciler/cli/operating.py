"""What `unlock`, `pause` and `resume` share: the hosts of a file, and how their answers are told."""

from __future__ import annotations

import difflib
import getpass
import socket
from collections.abc import Mapping, Sequence

import click

from reconciler.cli.terminal import plain
from reconciler.errors import UsageError
from reconciler.execution.operating import Answer, ScopedHost
from reconciler.hosts import Host
from reconciler.model.addresses import (
    CLUSTER,
    MEMBER,
    cluster_address,
    member_address,
    parse_address,
    parse_target,
)
from reconciler.model.desired import Cluster, Desired
from reconciler.model.roles import contacted_members, staying
from reconciler.observation import HostFactory
from reconciler.observation.live_hosts import member_hosts, storage
from reconciler.planning.checks.storage_hosts import non_member_hosts

REFUSED = 3
PARTLY = 4
LONGEST_REASON = 1024  # bytes, as the gate takes it
REASON = click.option(
    "--reason", required=True, metavar="TEXT", help="Why; everybody will read it."
)


def exit_code(answers: Sequence[Answer]) -> int:
    """0 where all hosts did it, 4 some, 3 none."""
    failed = [answer for answer in answers if answer.code]
    if not failed:
        return 0
    return PARTLY if len(failed) < len(answers) else REFUSED


def tell(answers: Sequence[Answer], what: str) -> None:
    """Which hosts did not do it, and why."""
    for one in answers:
        if one.code:
            text = f"{one.host}: {one.code}: {one.message}: {what}"
            click.echo(plain(text), err=True)


def document(answers: Sequence[Answer]) -> list[dict[str, object]]:
    """Each host's answer for a program."""
    return [
        {"host": a.host, "done": not a.code, "code": a.code or None, "message": a.message}
        for a in answers
    ]


def check_reason(reason: str) -> str:
    """The reason of a pause without blanks around it. Raises UsageError."""
    told = reason.strip()
    if not told or not reason.isprintable() or len(reason.encode()) > LONGEST_REASON:
        raise UsageError(f"--reason is one line of up to {LONGEST_REASON} bytes")
    return told


def author() -> str:
    """Who does this, in a word that fits into a line."""
    words = f"{getpass.getuser()}@{socket.gethostname()}"
    return "".join(c if c.isprintable() else "?" for c in words)[:200]


def places(fleet: HostFactory, desired: Desired) -> dict[str, ScopedHost]:
    """Members, and the hosts that help them, each once."""
    found: dict[str, ScopedHost] = {}
    for cluster in desired.clusters:
        for name, host in member_hosts(fleet, cluster).items():
            found[name if name not in found else f"{cluster.name}/{name}"] = ScopedHost(host)
    helped = {cluster.name: non_member_hosts(cluster) for cluster in desired.clusters}
    for cluster in desired.clusters:
        for name, host in storage(fleet, cluster).items():
            scopes = tuple(other for other, names in helped.items() if name in names)
            found.setdefault(name, ScopedHost(host, scopes))
    return found


def find_members(desired: Desired, target: str) -> list[tuple[Cluster, tuple[str, ...]]]:
    """The members that a cluster's or a host's name means, by their cluster.

    Of a cluster those that stay. Raises UsageError for a name that the file does not have, that
    means both, or of a host that the file says is not to be asked.
    """
    kind, name = parse_target(target, (CLUSTER, MEMBER))
    clusters = [c for c in desired.clusters if c.name == name and kind != MEMBER]
    having = [
        c for c in desired.clusters if name in {m.name for m in c.members} and kind != CLUSTER
    ]
    if clusters and having:
        raise UsageError(
            f"{name} is a cluster and a host: say {cluster_address(name)} or {member_address(name)}"
        )
    if not clusters and not having:
        raise _unknown(desired, target)
    for cluster in having:
        if name not in {m.name for m in contacted_members(cluster)}:
            raise UsageError(f"{name} is asked for nothing: the file says that it is away")
    return [*((c, (name,)) for c in having), *((c, staying(c)) for c in clusters)]


def _unknown(desired: Desired, target: str) -> UsageError:
    known = [
        *(c.name for c in desired.clusters),
        *(m.name for c in desired.clusters for m in c.members),
    ]
    near = difflib.get_close_matches(parse_address(target).last, known, 1)
    hint = (
        f"did you mean {near[0]}?" if near else f"there are {', '.join(dict.fromkeys(known))}"
    )
    return UsageError(f"no cluster and no host of the file is called {target!r}; {hint}")


def choose_hosts(
    fleet: HostFactory, found: Sequence[tuple[Cluster, Sequence[str]]]
) -> Mapping[str, tuple[str, Host]]:
    """The hosts that were meant, each with its cluster."""
    hosts: dict[str, tuple[str, Host]] = {}
    for cluster, names in found:
        for name, host in member_hosts(fleet, cluster).items():
            if name in names:
                key = name if name not in hosts else f"{cluster.name}/{name}"
                hosts[key] = (cluster.name, host)
    return hosts
